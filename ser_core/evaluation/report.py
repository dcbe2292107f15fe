"""Every figure of an evaluation as plain values: what `evaluation.json` holds and what a page shows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from pydantic import SerializerFunctionWrapHandler, field_validator, model_serializer

from ser_core.checkpoints import Section
from ser_core.corpora.base import named
from ser_core.evaluation.calibration import Calibration
from ser_core.evaluation.groups import Group, Spread
from ser_core.evaluation.scores import EmotionScores, Intervals, drawable

Facet = Literal["speaker", "sex", "language", "fold"]


def check_id(utterance: str) -> str:
    """The id, where it is one: `<corpus>/<name>`, never a path of this machine.  Raises ValueError else."""
    if not utterance or utterance.startswith(("/", "~", "\\")) or utterance[1:3] in (":\\", ":/"):
        raise ValueError("an utterance goes by its id, <corpus>/<name>, not by a path")
    return utterance


def voices(speakers: Iterable[str]) -> str:
    """How many speakers these are, in words, such as "4 speakers"; those that nobody names cannot be counted."""
    names = set(speakers)
    known = sum(map(named, names))
    counted = f"{known} speaker" + ("s" if known != 1 else "")
    if known == len(names):
        return counted
    return f"{counted} and unknown ones" if known else "unknown speakers"


def no_interval(speakers: Iterable[str]) -> str:
    """Why of these speakers there is no interval, in words; empty where there is one."""
    names = set(speakers)
    if drawable(names):
        return ""
    return "one speaker" if len(names) == 1 else "one known speaker"


def of_clips(speakers: Iterable[str]) -> bool:
    """Whether an interval of these speakers rests on clips alone, as nobody knows who speaks."""
    return not any(map(named, set(speakers)))


class Unreadable(Section):
    """A clip that could not be recognised, and why (one sentence)."""

    utterance: str
    reason: str

    @field_validator("utterance")
    @classmethod
    def _relative(cls, utterance: str) -> str:
        return check_id(utterance)


class NoisePoint(Section):
    """WA, UA and the interval of UA with white noise at a signal-to-noise ratio in dB.

    Of one speaker the interval stands here, too: where the report has none, it is not to be shown.
    """

    snr_db: float
    wa: float
    ua: float
    interval: tuple[float, float]


class Report(Section):
    """All figures; scores are fractions.

    excluded, learnt: clips left out because their speaker was heard, or their very sound learnt from, see `Evaluation`.
    intervals: empty where one speaker is known; of clips alone where none is.  emotions: of each label.  groups: by
    speaker, by sex, by language, and by fold where there are several; folds: mean and deviation over these.
    calibration: at temperature 1 and at the checkpoint's own; empty where the probabilities only rank.  noise: as far
    as it was asked for.  weights: digest of those that answered, empty where they are not known or are several.
    """

    checkpoint: str
    corpus: str
    protocol: str
    command: str
    note: str
    labels: tuple[str, ...]
    n: int
    speakers: int
    excluded: int
    outside: int
    unreadable: int
    seen_included: bool
    wa: float
    ua: float
    wf1: float
    intervals: Intervals
    confusion: tuple[tuple[int, ...], ...]
    emotions: tuple[EmotionScores, ...]
    groups: dict[Facet, tuple[Group, ...]]
    folds: Spread | None
    temperature: float | None
    calibration: tuple[Calibration, ...]
    noise: tuple[NoisePoint, ...]
    problems: tuple[Unreadable, ...]
    weights: str = ""
    learnt: int = 0

    def voices(self) -> str:
        """Who was judged, in words."""
        return voices(group.name for group in self.groups["speaker"])

    def no_interval(self) -> str:
        """Why there is none, in words; empty where there is one."""
        return no_interval(group.name for group in self.groups["speaker"])

    def of_clips(self) -> bool:
        """Whether the intervals rest on clips alone, as nobody knows who speaks."""
        return of_clips(group.name for group in self.groups["speaker"])

    @model_serializer(mode="wrap")
    def _without_what_is_unknown(self, values: SerializerFunctionWrapHandler) -> dict[str, Any]:
        written: dict[str, Any] = values(self)
        if not self.weights:
            written.pop("weights", None)
        return written
