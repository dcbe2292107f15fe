"""The answers to a set of clips, and every figure that follows from them.

An `Evaluation` needs neither audio nor a checkpoint: made by recognising, by a baseline, or read from a folder, it is
the same object with the same figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np

from ser_core.errors import EvaluationError
from ser_core.evaluation.calibration import Calibration, calibrate
from ser_core.evaluation.groups import Group, grouped, spread
from ser_core.evaluation.report import Facet, NoisePoint, Report, Unreadable
from ser_core.evaluation.scores import (
    EmotionScores,
    Intervals,
    Scores,
    confusion,
    drawable,
    emotion_scores,
    intervals,
    score,
)

NOISE = " --noise"  # what `evaluate` is asked for a noise curve with


@dataclass(frozen=True)
class Clip:
    """One clip that was recognised.  id: that of the utterance, which finds its file wherever the corpus lies.

    fold: what was held out in the fold of a cross-validation that tested it, in words; empty without one.
    """

    id: str
    speaker: str
    sex: str
    language: str
    fold: str = ""


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What came out.

    truth: indices into labels, shape = (n,).  probabilities: at temperature 1, shape = (n, C).
    excluded: clips left out because the card lists their speaker as seen; learnt: clips of other speakers left out
    because the checkpoint learnt from, or was chosen on, the very same sound under whatever name; outside: clips whose
    emotion the checkpoint has no label for; seen_included: whether seen speakers were kept, which marks every figure.
    temperature: of the checkpoint's card, 1 where pooled folds have several, None where the probabilities only rank the
    emotions (an SVM's).
    command: what to type to see these figures again; a report adds `NOISE` where there is a noise curve.
    noise: this curve, empty where it was not asked for.
    weights: digest of the weights that answered, see `weights_digest`; empty where they are not known or are several.
    stored: the report as it was read from a folder.
    """

    checkpoint: str
    corpus: str
    protocol: str
    labels: tuple[str, ...]
    clips: tuple[Clip, ...]
    truth: np.ndarray
    probabilities: np.ndarray
    excluded: int
    outside: int
    problems: tuple[Unreadable, ...] = ()
    seen_included: bool = False
    temperature: float | None = None
    command: str = ""
    note: str = ""
    noise: tuple[NoisePoint, ...] = ()
    weights: str = ""
    stored: Report | None = None
    learnt: int = 0

    @property
    def predicted(self) -> np.ndarray:
        """Indices into labels, shape = (n,); between equals the first label."""
        return self.probabilities.argmax(axis=1)

    @property
    def speakers(self) -> np.ndarray:
        return np.array([clip.speaker for clip in self.clips])

    def scores(self) -> Scores:
        return score(self.truth, self.predicted)

    def intervals(self) -> Intervals:
        """Empty where one speaker is known."""
        return self.bootstrapped() if drawable(self.speakers) else {}

    def bootstrapped(self) -> Intervals:
        """Of one speaker, too, where they know nothing of other voices."""
        return (self.stored.intervals if self.stored else {}) or self._intervals

    @cached_property
    def _intervals(self) -> Intervals:
        return intervals(self.truth, self.predicted, self.speakers)

    def confusion(self, share_of: Literal["", "row", "column"] = "") -> np.ndarray:
        """Counts or shares, shape = (C, C): rows are what was acted, columns what the model heard."""
        return confusion(self.truth, self.predicted, len(self.labels), share_of)

    def emotions(self) -> tuple[EmotionScores, ...]:
        return emotion_scores(self.truth, self.predicted, self.labels)

    def by(self, facet: Facet) -> tuple[Group, ...]:
        """The figures of each speaker, sex, language or fold."""
        names = np.array([getattr(clip, facet) for clip in self.clips])
        return grouped(names, self.truth, self.predicted, self.speakers)

    def calibration(self) -> tuple[Calibration, ...]:
        """As the model answers, and after its card's temperature; empty where the probabilities only rank."""
        if self.temperature is None:
            return ()
        both = dict.fromkeys((1.0, self.temperature))
        return tuple(calibrate(self.truth, self.probabilities, temperature) for temperature in both)

    def summary(self) -> dict[str, Any]:
        """The figures that a card keeps, as plain values."""
        scores = self.scores()
        return {
            "checkpoint": self.checkpoint,
            "corpus": self.corpus,
            "protocol": self.protocol,
            "n": len(self.truth),
            "speakers": len(set(self.speakers)),
            "excluded": self.excluded,
            "learnt": self.learnt,
            "outside": self.outside,
            "unreadable": len(self.problems),
            "seen_included": self.seen_included,
            "wa": scores.wa,
            "ua": scores.ua,
            "wf1": scores.wf1,
            "intervals": {name: list(pair) for name, pair in self.intervals().items()},
            "labels": list(self.labels),
            "confusion": self.confusion().tolist(),
        }

    def report(self) -> Report:
        """Every figure; where the evaluation was read from a folder, those that stand there."""
        if self.stored:
            return self.stored
        facets: list[Facet] = ["speaker", "sex", "language"]
        if len({clip.fold for clip in self.clips}) > 1:
            facets.append("fold")
        groups = {facet: self.by(facet) for facet in facets}
        return Report(
            **self.summary(),
            command=self.command + (NOISE if self.noise and self.command else ""),
            note=self.note,
            emotions=self.emotions(),
            groups=groups,
            folds=spread(groups["fold"]) if "fold" in groups else None,
            temperature=self.temperature,
            calibration=self.calibration(),
            noise=self.noise,
            problems=self.problems,
            weights=self.weights,
        )


def pooled(folds: Sequence[Evaluation], names: Sequence[str]) -> Evaluation:
    """The clips of all folds of a cross-validation in one evaluation, each tested by the model that did not hear it.

    Where the folds have several temperatures, their answers are judged as the models gave them, at temperature 1.

    names: what each fold held out, see `Split.fold`; a fold without one gets its number.
    Raises EvaluationError where the folds have other labels, or test a clip twice.
    """
    first = folds[0]
    named = [name or f"fold {number}" for number, name in enumerate(names, 1)]
    clips = tuple(replace(clip, fold=name) for name, one in zip(named, folds, strict=True) for clip in one.clips)
    if any(fold.labels != first.labels for fold in folds):
        raise EvaluationError("The folds do not have the same labels: train each with the labels of the whole corpus.")
    if len({clip.id for clip in clips}) != len(clips):
        raise EvaluationError("Two folds test the same clip: the test parts of a cross-validation do not overlap.")
    temperatures = {fold.temperature for fold in folds}
    return replace(
        first,
        clips=clips,
        truth=np.concatenate([fold.truth for fold in folds]),
        probabilities=np.concatenate([fold.probabilities for fold in folds]),
        excluded=sum(fold.excluded for fold in folds),
        learnt=sum(fold.learnt for fold in folds),
        outside=sum(fold.outside for fold in folds),
        problems=tuple(problem for fold in folds for problem in fold.problems),
        seen_included=any(fold.seen_included for fold in folds),
        temperature=first.temperature if len(temperatures) == 1 else None if None in temperatures else 1.0,
        noise=(),
        weights=first.weights if all(fold.weights == first.weights for fold in folds) else "",
        stored=None,
    )


def restricted(evaluation: Evaluation, labels: Sequence[str]) -> Evaluation:
    """The same clips with the choice cut down to some of the labels, as if the model knew no others.

    Probabilities are scaled to sum to 1 over those that stay, and the likeliest of them is the answer; clips acted as
    anything else are left out.  The labels keep the evaluation's order.
    """
    keep = [number for number, name in enumerate(evaluation.labels) if name in labels]
    own = np.flatnonzero(np.isin(evaluation.truth, keep))
    values = evaluation.probabilities[own][:, keep]
    total = values.sum(axis=1, keepdims=True)
    return replace(
        evaluation,
        labels=tuple(evaluation.labels[number] for number in keep),
        clips=tuple(evaluation.clips[number] for number in own),
        truth=np.searchsorted(keep, evaluation.truth[own]),
        probabilities=np.divide(values, total, out=np.full(values.shape, 1 / len(keep)), where=total > 0),
        outside=evaluation.outside + len(evaluation.truth) - len(own),
        noise=(),
        stored=None,
    )
