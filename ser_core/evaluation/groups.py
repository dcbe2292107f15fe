"""The same figures by speaker, sex, language or fold: a mean may hide a voice that is never understood."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ser_core.checkpoints import Section
from ser_core.evaluation.scores import Intervals, intervals, score, several


class Group(Section):
    """The clips that share a speaker, a sex, a language or a fold; WA and UA as fractions.

    UA is over the emotions this group has.  intervals: of WA and UA, None where one speaker alone, or
    unknown ones, say nothing about another.
    """

    name: str
    n: int
    speakers: int
    wa: float
    ua: float
    intervals: Intervals | None


class Spread(Section):
    """How folds differ: the mean of their figures and the standard deviation between them (n - 1; 0 of one fold)."""

    folds: int
    wa: float
    wa_deviation: float
    ua: float
    ua_deviation: float


def grouped(
    names: Sequence[str] | np.ndarray, truth: np.ndarray, predicted: np.ndarray, speakers: np.ndarray
) -> tuple[Group, ...]:
    """A group for every name, sorted.  names, speakers: of each clip, truth, predicted: class indices; shape (n,)."""
    names = np.asarray(names)
    found = []
    for name in np.unique(names):
        own = names == name
        scores, voices = score(truth[own], predicted[own]), len(np.unique(speakers[own]))
        both = None
        if several(speakers[own]):
            drawn = intervals(truth[own], predicted[own], speakers[own])
            both = {key: drawn[key] for key in ("wa", "ua")}
        found.append(
            Group(name=str(name), n=int(own.sum()), speakers=voices, wa=scores.wa, ua=scores.ua, intervals=both)
        )
    return tuple(found)


def spread(folds: Sequence[Group]) -> Spread:
    """Mean and standard deviation over folds, each fold counting once whatever its size."""
    wa, ua = np.array([fold.wa for fold in folds]), np.array([fold.ua for fold in folds])
    freedom = 1 if len(folds) > 1 else 0
    return Spread(
        folds=len(folds),
        wa=float(wa.mean()),
        wa_deviation=float(wa.std(ddof=freedom)),
        ua=float(ua.mean()),
        ua_deviation=float(ua.std(ddof=freedom)),
    )
