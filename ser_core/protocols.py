"""How the utterances of one corpus are split into training, validation and test.

Splitting happens before cutting into segments and before augmenting, so a segment never has a sibling elsewhere.

speaker_independent   no speaker stands in two parts; the parts of the known corpora are listed below, so that every
                      model and every reader means the same clips
random                by utterance, stratified by emotion: speakers stand in all parts, so scores come out higher
                      (the held-out synthetic voices stay in the test part)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ser_core.corpora import Utterance
from ser_core.corpora.synthetic import HELD_OUT_SPEAKERS, VALIDATION_SPEAKERS
from ser_core.errors import ProtocolError

PROTOCOLS = ("speaker_independent", "random")

# Both sexes in every part where the corpus has both.
VALIDATION = {
    "ravdess": ("ravdess/17", "ravdess/18", "ravdess/19", "ravdess/20"),
    "emodb": ("emodb/12", "emodb/13"),
    "savee": ("savee/JK",),
    "synthetic": VALIDATION_SPEAKERS,
}
TEST = {
    "ravdess": ("ravdess/21", "ravdess/22", "ravdess/23", "ravdess/24"),
    "emodb": ("emodb/15", "emodb/16"),
    "savee": ("savee/KL",),
    "synthetic": HELD_OUT_SPEAKERS,
}


@dataclass(frozen=True)
class Split:
    """The three parts of a corpus (or of several, joined), each sorted by utterance id."""

    train: tuple[Utterance, ...]
    validation: tuple[Utterance, ...]
    test: tuple[Utterance, ...]

    def __add__(self, other: Split) -> Split:
        return Split(self.train + other.train, self.validation + other.validation, self.test + other.test)

    def parts(self) -> dict[str, tuple[Utterance, ...]]:
        return {"train": self.train, "validation": self.validation, "test": self.test}


def split(utterances: Sequence[Utterance], protocol: str, seed: int = 0) -> Split:
    """Split the utterances of one corpus.

    Raises ProtocolError for an unknown protocol and for a corpus with too few speakers or utterances.
    """
    if protocol == "speaker_independent":
        return by_speaker(utterances, seed)
    if protocol == "random":
        return at_random(utterances, seed)
    raise ProtocolError(f"There is no protocol {protocol!r}: choose one of {', '.join(PROTOCOLS)}.")


def by_speaker(utterances: Sequence[Utterance], seed: int) -> Split:
    """The listed speakers of a known corpus; else a seeded draw of a fifth of the speakers for each held-out part."""
    corpora = {u.corpus for u in utterances}
    if len(corpora) != 1:
        raise ProtocolError("A protocol splits one corpus at a time: split each, then join the parts.")
    corpus = corpora.pop()
    speakers = sorted({u.speaker for u in utterances})
    if corpus in TEST:
        validation, test = set(VALIDATION[corpus]), set(TEST[corpus])
    else:
        if len(speakers) < 3:
            raise ProtocolError(
                f"{corpus} has {len(speakers)} speaker(s): a speaker-independent split needs at least three "
                "(choose the protocol random and read its scores as optimistic)."
            )
        order = np.random.default_rng(seed).permutation(speakers).tolist()
        share = max(1, round(len(speakers) / 5))
        validation, test = set(order[:share]), set(order[share : 2 * share])
    return _assign(
        utterances, lambda u: "test" if u.speaker in test else "validation" if u.speaker in validation else "train"
    )


def at_random(utterances: Sequence[Utterance], seed: int, held_out: float = 0.1) -> Split:
    """A tenth of each emotion for validation and a tenth for test, whoever speaks.

    The synthetic voices that no model may hear stay out of it: all their clips are test clips.
    """
    generator = np.random.default_rng(seed)
    part = {u.id: "test" for u in utterances if u.speaker in HELD_OUT_SPEAKERS}
    for emotion in sorted({u.emotion for u in utterances}):
        free = sorted(u.id for u in utterances if u.emotion == emotion and u.id not in part)
        ids = generator.permutation(free).tolist()
        share = max(1, round(len(ids) * held_out))
        if len(ids) < 3:
            raise ProtocolError(f"Only {len(ids)} clip(s) of {emotion}: a split needs at least three of each emotion.")
        part |= dict.fromkeys(ids[:share], "validation") | dict.fromkeys(ids[share : 2 * share], "test")
    return _assign(utterances, lambda u: part.get(u.id, "train"))


def _assign(utterances: Sequence[Utterance], part_of: Callable[[Utterance], str]) -> Split:
    parts: dict[str, list[Utterance]] = {"train": [], "validation": [], "test": []}
    for utterance in sorted(utterances, key=lambda u: u.id):
        parts[part_of(utterance)].append(utterance)
    return Split(*(tuple(parts[name]) for name in ("train", "validation", "test")))
