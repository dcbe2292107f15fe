"""Where, in the paths of somebody's recordings, emotion and speaker stand."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from ser_core.corpora.own.base import emotion_of

PIECES: Final = re.compile(r"[ _.\-]+")
MOST_WORDS: Final = 200  # different words at one place; more are no labels


@dataclass(frozen=True)
class Spot:
    """A place in a path where a word can stand.

    kind: "folder", counted from the file outwards; "name", a piece of the file's name between _, -, . and spaces,
    counted from its beginning.  number: from 1.
    """

    kind: Literal["folder", "name"]
    number: int

    @property
    def title(self) -> str:
        if self.kind == "name":
            return f"part {self.number} of the file name"
        return "folder" if self.number == 1 else f"folder, {self.number - 1} further up"

    def word(self, inside: str) -> str:
        """What stands there in a path below the corpus, e.g. "s01/angry/s01_angry_3.wav"; empty: nothing."""
        *folders, name = inside.split("/")
        if self.kind == "folder":
            return folders[-self.number] if self.number <= len(folders) else ""
        pieces = PIECES.split(name.rpartition(".")[0])
        return pieces[self.number - 1] if self.number <= len(pieces) else ""


@dataclass(frozen=True)
class Mapping:
    """How paths become labels.

    emotion, speaker: where they stand; speaker None: nobody says who speaks.  emotions: word -> emotion of the
    vocabulary, for every word that is to be taken in.  sexes: speaker -> "female" or "male", where it is known.
    language: of all recordings, e.g. "en".
    """

    emotion: Spot
    emotions: dict[str, str]
    speaker: Spot | None = None
    sexes: dict[str, str] = field(default_factory=dict)
    language: str = ""


def spots(paths: Sequence[str]) -> dict[Spot, Counter[str]]:
    """Every place at which two words or more stand in these paths, with how often each stands there."""
    folders = max((path.count("/") for path in paths), default=0)
    pieces = max((len(PIECES.split(path.rpartition("/")[2].rpartition(".")[0])) for path in paths), default=0)
    every = [Spot("folder", n) for n in range(1, folders + 1)] + [Spot("name", n) for n in range(1, pieces + 1)]
    counted = {spot: Counter(spot.word(path) for path in paths) for spot in every}
    return {spot: words for spot, words in counted.items() if 2 <= len(words) <= MOST_WORDS}


def guess_emotion(found: dict[Spot, Counter[str]]) -> Spot | None:
    """The place whose words are most often known emotions; None where there is no place at all."""

    def known(spot: Spot) -> int:
        return sum(count for word, count in found[spot].items() if emotion_of(word))

    return max(found, key=known, default=None)


def guess_emotions(words: Iterable[str]) -> dict[str, str]:
    """Word -> emotion of the vocabulary, empty where the word is not known."""
    return {word: emotion_of(word) or "" for word in words}
