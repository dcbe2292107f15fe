"""WA, UA, WF1, the figures of each emotion, the confusion matrix, and how far to trust them.

WA is accuracy, UA the mean recall over the emotions present, WF1 the support-weighted F1 (scikit-learn).
Intervals: 95 % bootstrap that first draws speakers, then clips of each speaker drawn, because clips of one
speaker are not independent.  With two or four test speakers such an interval is rough; it is still the honest one.
Of one it would know nothing of other voices, so there is none; of unknown ones clips alone are drawn: see `drawable`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, precision_recall_fscore_support, recall_score

from ser_core.checkpoints import Section
from ser_core.corpora.base import named

INTERVAL_DRAWS = 1000
Intervals = dict[str, tuple[float, float]]  # "wa", "ua", "wf1" -> low, high


@dataclass(frozen=True, eq=False)
class Scores:
    """WA, UA, WF1 as fractions."""

    wa: float
    ua: float
    wf1: float


class EmotionScores(Section):
    """One emotion against all others, as fractions.

    precision: right among the clips heard as this emotion, None where none was.  recall: right among the clips acted
    as this emotion, None where there is none.  support: the number of these.
    """

    emotion: str
    precision: float | None
    recall: float | None
    f1: float | None
    support: int


def score(truth: np.ndarray, predicted: np.ndarray) -> Scores:
    """truth, predicted: class indices, shape = (n,)."""
    return Scores(
        wa=float(accuracy_score(truth, predicted)),
        ua=float(recall_score(truth, predicted, labels=np.unique(truth), average="macro", zero_division=0)),
        wf1=float(f1_score(truth, predicted, average="weighted", zero_division=0)),
    )


def emotion_scores(truth: np.ndarray, predicted: np.ndarray, labels: Sequence[str]) -> tuple[EmotionScores, ...]:
    """The figures of every label, in the order of the labels; truth, predicted: indices into them, shape = (n,)."""
    columns = precision_recall_fscore_support(truth, predicted, labels=range(len(labels)), zero_division=np.nan)
    return tuple(
        EmotionScores(
            emotion=name,
            precision=_defined(precision),
            recall=_defined(recall),
            f1=_defined(f1),
            support=int(support),
        )
        for name, precision, recall, f1, support in zip(labels, *columns, strict=True)
    )


def _defined(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def confusion(
    truth: np.ndarray, predicted: np.ndarray, classes: int, share_of: Literal["", "row", "column"] = ""
) -> np.ndarray:
    """Rows are what was acted, columns what was heard, shape = (classes, classes).

    share_of: "" gives counts; "row" the shares of each acted emotion (the diagonal is recall); "column" the shares of
    each answer (the diagonal is precision).  A row or column without a clip holds NaN: there is nothing to share.
    """
    counts = confusion_matrix(truth, predicted, labels=range(classes))
    if not share_of:
        return counts
    total = counts.sum(axis=1 if share_of == "row" else 0, keepdims=True)
    return np.divide(counts, total, out=np.full(counts.shape, np.nan), where=total > 0)


def several(speakers: Iterable[str]) -> bool:
    """Whether two speakers or more are known."""
    return sum(map(named, set(speakers))) > 1


def drawable(speakers: Iterable[str]) -> bool:
    """Whether there is an interval to show: of several speakers, or of clips alone where nobody is known."""
    names = set(speakers)
    return several(names) or not any(map(named, names))


def intervals(
    truth: np.ndarray, predicted: np.ndarray, speakers: np.ndarray, draws: int = INTERVAL_DRAWS, seed: int = 0
) -> Intervals:
    """95 % bootstrap intervals of WA, UA and WF1: speakers are drawn with replacement, then the clips of each."""
    generator = np.random.default_rng(seed)
    clips = [np.flatnonzero(speakers == speaker) for speaker in np.unique(speakers)]
    drawn = []
    for _ in range(draws):
        chosen = [clips[i] for i in generator.integers(len(clips), size=len(clips))]
        index = np.concatenate([generator.choice(own, size=len(own)) for own in chosen])
        drawn.append(quick_score(truth[index], predicted[index]))
    low, high = np.percentile(np.array(drawn), [2.5, 97.5], axis=0)
    return {name: (float(low[i]), float(high[i])) for i, name in enumerate(("wa", "ua", "wf1"))}


def quick_score(truth: np.ndarray, predicted: np.ndarray) -> tuple[float, float, float]:
    """`score` on counts alone, a hundred times faster than scikit-learn; a test holds the two equal."""
    classes = int(max(truth.max(), predicted.max())) + 1
    table = np.bincount(truth * classes + predicted, minlength=classes * classes).reshape(classes, classes)
    hits, support, guesses = table.diagonal(), table.sum(1), table.sum(0)
    present = support > 0
    f1 = 2 * hits / np.maximum(support + guesses, 1)
    return (
        float(hits.sum() / len(truth)),
        float((hits[present] / support[present]).mean()),
        float((f1 * support).sum() / len(truth)),
    )
