"""Every figure of an evaluation as plain values: what `evaluation.json` holds and what a page shows."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import SerializerFunctionWrapHandler, field_validator, model_serializer

from ser_core.checkpoints import Section
from ser_core.evaluation.calibration import Calibration
from ser_core.evaluation.groups import Group, Spread
from ser_core.evaluation.scores import EmotionScores, Intervals

Facet = Literal["speaker", "sex", "language", "fold"]


def check_id(utterance: str) -> str:
    """The id, where it is one: `<corpus>/<name>`, never a path of this machine.  Raises ValueError else."""
    if not utterance or utterance.startswith(("/", "~", "\\")) or utterance[1:3] in (":\\", ":/"):
        raise ValueError("an utterance goes by its id, <corpus>/<name>, not by a path")
    return utterance


class Unreadable(Section):
    """A clip that could not be recognised, and why (one sentence)."""

    utterance: str
    reason: str

    @field_validator("utterance")
    @classmethod
    def _relative(cls, utterance: str) -> str:
        return check_id(utterance)


class NoisePoint(Section):
    """WA, UA and the interval of UA with white noise at a signal-to-noise ratio in dB."""

    snr_db: float
    wa: float
    ua: float
    interval: tuple[float, float]


class Report(Section):
    """All figures; scores are fractions.

    emotions: of each label.  groups: by speaker, by sex, by language, and by fold where there are several; folds: mean
    and deviation over these.  calibration: at temperature 1 and at the checkpoint's own; empty where the
    probabilities only rank.  noise: as far as it was asked for.  weights: digest of those that answered, empty where
    they are not known or are several.
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

    @model_serializer(mode="wrap")
    def _without_what_is_unknown(self, values: SerializerFunctionWrapHandler) -> dict[str, Any]:
        written: dict[str, Any] = values(self)
        if not self.weights:
            written.pop("weights", None)
        return written
