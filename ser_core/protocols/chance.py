"""Protocols that draw utterances, whoever speaks: speakers and sentences stand on both sides, scores come out higher.

random      a tenth of each emotion for validation and a tenth for test (the held-out synthetic voices stay in test)
paper:000   CTMAM: four fifths of the utterances to train on, the rest to test on, not stratified; the epoch is the
            best one on the test clips, by (WA + UA) / 2
paper:001   SERCT: nine tenths of each emotion and one; the epoch is chosen on the test clips
paper:003   ViT, vertical patches: three changed copies of every clip join it, and *then* the pool is split four to
            one, stratified: copies of a test clip stand in training; the epoch is chosen on the test clips
paper:004   MHSA-FACA: five folds of utterances (ten for IEMOCAP), one to choose the epoch, one to test on.  The paper
            does not say whether its folds are of utterances or of speakers; read as utterances here
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from ser_core.corpora import Utterance
from ser_core.corpora.synthetic import HELD_OUT_SPEAKERS
from ser_core.errors import ProtocolError
from ser_core.protocols.base import Split, assign

EFFECTS = ("noise", "shift", "speed")


@dataclass(frozen=True)
class ChangedCopy(Utterance):
    """A clip changed by one effect, with a place of its own in the split.  original: the id it is a copy of."""

    effect: str = ""
    original: str = ""


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
    return assign(utterances, lambda u: part.get(u.id, "train"))


def plain_fifth(utterances: Sequence[Utterance], seed: int) -> Split:
    """Paper 000."""
    own = usable(utterances)
    ids = np.random.default_rng(seed).permutation([u.id for u in own])
    test = set(ids[: len(ids) - 4 * len(ids) // 5].tolist())  # rounded up: 107 of EmoDB's 535, 1,107 of IEMOCAP's 5,531
    return assign(own, lambda u: "test" if u.id in test else "train", choose="test")


def tenth_of_each(utterances: Sequence[Utterance], seed: int) -> Split:
    """Paper 001."""
    return stratified(usable(utterances), 0.1, seed)


def copies_then_fifth(utterances: Sequence[Utterance], seed: int) -> Split:
    """Paper 003, fourfold."""
    own = usable(utterances)
    return stratified([*own, *(changed(u, effect) for u in own for effect in EFFECTS)], 0.2, seed)


def changed(utterance: Utterance, effect: str) -> ChangedCopy:
    values = {field.name: getattr(utterance, field.name) for field in fields(utterance)}
    return ChangedCopy(**{**values, "id": f"{utterance.id}+{effect}"}, effect=effect, original=utterance.id)


def stratified(utterances: Sequence[Utterance], share: float, seed: int) -> Split:
    """Chooses on the test part, as these papers do.  Raises ProtocolError where a share misses an emotion."""
    ids = sorted(u.id for u in utterances)
    emotion = {u.id: u.emotion for u in utterances}
    emotions = len(set(emotion.values()))
    if math.ceil(len(ids) * share) < emotions:
        raise ProtocolError(
            f"{share:.0%} of {len(ids)} clips cannot hold each of the {emotions} emotions: add clips, or choose "
            "another protocol."
        )
    from sklearn.model_selection import train_test_split  # here: a job that waits in line does without it

    _, test = train_test_split(ids, test_size=share, random_state=seed, stratify=[emotion[i] for i in ids])
    chosen = set(test)
    return assign(utterances, lambda u: "test" if u.id in chosen else "train", choose="test")


def utterance_folds(utterances: Sequence[Utterance], seed: int) -> tuple[Split, ...]:
    """Paper 004: the fold behind the test fold chooses the epoch."""
    from sklearn.model_selection import StratifiedKFold

    k = 10 if utterances[0].corpus.startswith("iemocap") else 5
    own = usable(utterances, least=k)
    fold = np.zeros(len(own), dtype=int)
    folds = StratifiedKFold(k, shuffle=True, random_state=seed)
    for number, (_, index) in enumerate(folds.split(own, [u.emotion for u in own])):
        fold[index] = number
    of = {u.id: int(f) for u, f in zip(own, fold, strict=True)}

    def split_of(test: int) -> Split:
        names = {test: "test", (test + 1) % k: "validation"}
        return assign(own, lambda u: names.get(of[u.id], "train"), f"fold {test + 1} of {k}")

    return tuple(split_of(number) for number in range(k))


def usable(utterances: Sequence[Utterance], least: int = 2) -> list[Utterance]:
    """Sorted, without the voices that no model may hear.  Raises ProtocolError with too few clips of an emotion."""
    own = sorted((u for u in utterances if u.speaker not in HELD_OUT_SPEAKERS), key=lambda u: u.id)
    for emotion, count in sorted(Counter(u.emotion for u in own).items()):
        if count < least:
            raise ProtocolError(f"Only {count} clip(s) of {emotion}: this protocol needs {least} of each emotion.")
    return own
