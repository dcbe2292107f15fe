"""What the three kinds of corpora of one's own share: words for emotions, safe ids, and what is refused."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Final, Self

from ser_core.corpora.base import AUDIO_SUFFIXES, UNKNOWN, Corpus, Problem, Scan, Utterance, condense
from ser_core.corpora.licences import UNKNOWN_TERMS
from ser_core.emotions import EMOTIONS
from ser_core.errors import CorpusError

_WORDS: Final = {
    "anger": "angry",
    "disgusted": "disgust",
    "fearful": "fear",
    "happiness": "happy",
    "joy": "happy",
    "sadness": "sad",
    "surprised": "surprise",
    "bored": "boredom",
    "excitement": "excited",
    "frustration": "frustrated",
}
_SEXES: Final = {"f": "female", "female": "female", "m": "male", "male": "male"}
VOCABULARY: Final = ", ".join(EMOTIONS)


def emotion_of(word: str) -> str | None:
    """The emotion of the vocabulary that a word of a user's corpus means, e.g. Anger -> angry; None: not one of it."""
    plain = word.strip().lower()
    return plain if plain in EMOTIONS else _WORDS.get(plain)


def sex_of(word: str) -> str:
    return _SEXES.get(word.strip().lower(), UNKNOWN)


def inner_path(given: str) -> str | None:
    """A path out of a table as part of an id: normalised, with /; None where it is absolute or leads out."""
    plain = os.path.normpath(given.strip().replace("\\", "/"))
    outside = os.path.isabs(plain) or plain.split("/")[0] in ("..", ".") or re.match(r"[A-Za-z]:", plain)
    return None if outside or not plain.isprintable() else plain


def trouble(path: Path) -> str | None:
    """Why a file that a table names cannot be used, without opening it; None: nothing speaks against it."""
    if path.suffix.lower() not in AUDIO_SUFFIXES:
        return "not an audio file"
    return None if path.is_file() else "no such file"


@dataclass(frozen=True)
class OwnCorpus(Corpus):
    """A corpus named by its path.  place: the path as given; options: by name."""

    place: str = ""
    options: dict[str, str] = field(default_factory=dict)

    OPTIONS: ClassVar[tuple[str, ...]] = ("name", "language")

    @classmethod
    def make(cls, name: str, kind: str, place: str, options: dict[str, str]) -> Self:
        """name: as `get_corpus` takes it.  Raises CorpusError for an option that makes no sense."""
        stem = options.get("name") or Path(os.path.normpath(place)).stem
        word = re.sub(r"[\W_]+", "-", stem.lower()).strip("-")[:40] or "corpus"
        return cls(
            name=name,
            title=f"{kind} corpus {word}",
            language=options.get("language", UNKNOWN),
            licence=UNKNOWN_TERMS,
            homepage="",
            citation="",
            key=f"{kind}-{word}",
            place=os.path.expanduser(place),
            options=options,
        )

    def locate(self, data: Path | None) -> Path:
        """The folder or file itself.  Raises CorpusError where it is not there."""
        bases = [data, Path()] if data else [Path()]
        places = [Path(os.path.abspath(base / self.place)) for base in bases]
        for place in places:
            if os.path.exists(place):  # unlike Path.exists it does not mind an endless name
                return place
        tried = " nor at ".join(str(place) for place in dict.fromkeys(places))
        raise CorpusError(f"There is nothing at {tried}: check the path of {self.name}.")

    def utterance(self, path: Path, inside: str, emotion: str, **told: str) -> Utterance:
        """inside: the path within the corpus, with / between its parts.

        told: speaker, sex, language, text, session, as far as the corpus tells.
        """
        session = told.get("session", "")
        return Utterance(
            id=f"{self.key}/{inside}",
            path=path,
            corpus=self.name,
            emotion=emotion,
            speaker=f"{self.key}/{told.get('speaker') or UNKNOWN}",
            sex=sex_of(told.get("sex", "")),
            language=told.get("language") or self.language,
            text=f"{self.key}/{told.get('text') or UNKNOWN}",
            session=f"{self.key}/{session}" if session else "",
        )

    def finish(self, root: Path, found: Iterable[Utterance], problems: Iterable[Problem]) -> Scan:
        """Sort, drop what stands twice, and refuse what nothing can be learnt from.

        Raises CorpusError where no utterance or fewer than two emotions are left.
        """
        left_out = list(problems)
        unique: dict[str, Utterance] = {}
        for utterance in found:
            if utterance.id in unique:
                left_out.append(Problem(utterance.path, "a second line for the same recording"))
            else:
                unique[utterance.id] = utterance
        told = condense(left_out)
        emotions = {u.emotion for u in unique.values()}
        if not emotions:
            first = f" (first problem: {told[0].path.name}: {told[0].reason.removesuffix('.')})" if told else ""
            raise CorpusError(f"{root} holds no recording with an emotion{first}; emotions are {VOCABULARY}.")
        if len(emotions) == 1:
            raise CorpusError(f"{root} holds only the emotion {emotions.pop()}: a corpus needs two or more.")
        return Scan(self.name, root, tuple(unique[key] for key in sorted(unique)), told)
