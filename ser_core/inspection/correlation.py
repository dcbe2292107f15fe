"""Spearman's rank correlation of two curves, and how often chance does as well."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

MIN_SHIFT = 0.25  # seconds; two curves shifted by less are still much alike
MIN_SHIFTS = 19  # with fewer, p could not fall to 0.05
MIN_POINTS = 5
FLAT = 1e-5  # a curve that varies by less than this share of its size is constant: float32 has not much more


@dataclass(frozen=True)
class Correlation:
    """rho: from -1 to 1.  p: share of circular shifts of the curve, the true place counted in, that reach |rho|.

    shifts: how many.  Where rho or p is None, reason says why.
    """

    rho: float | None
    p: float | None
    shifts: int = 0
    reason: str = ""


def is_flat(values: np.ndarray) -> bool:
    return bool(np.ptp(values) <= FLAT * np.abs(values).max(initial=0.0))


def rank_correlation(one: np.ndarray, other: np.ndarray) -> float | None:
    """Spearman's rho of two curves on one grid, shape = (G,); None where one is constant or too short."""
    if len(one) < MIN_POINTS or is_flat(one) or is_flat(other):
        return None
    return float(np.clip(_standard_ranks(one) @ _standard_ranks(other), -1.0, 1.0))


def shifted_correlation(
    curve: np.ndarray, reference: np.ndarray, step: float, min_shift: float = MIN_SHIFT, name: str = "reference"
) -> Correlation:
    """Spearman's rho with its p-value from every circular shift of the curve by `min_shift` seconds or more.

    Speech and attention are smooth, so that neighbouring points are no independent witnesses and the usual p-value
    is far too small; a shifted curve is just as smooth, and has nothing to do with what is said where.  All shifts
    are taken, so nothing is drawn; p cannot fall below 1 / (shifts + 1).

    curve, reference: on one grid of `step` seconds, shape = (G,).  name: of the reference, for the reason.
    """
    rho = rank_correlation(curve, reference)
    if rho is None:
        if len(curve) < MIN_POINTS:
            return Correlation(None, None, reason="the clip is too short")
        flat = "curve" if is_flat(curve) else name
        return Correlation(None, None, reason=f"the {flat} is constant, so it has no ranks")
    least = max(1, round(min_shift / step))
    shifts = np.arange(least, len(curve) - least + 1)
    if len(shifts) < MIN_SHIFTS:
        return Correlation(rho, None, len(shifts), f"the clip is too short to shift it by {min_shift:g} s or more")
    chance = _at_all_shifts(_standard_ranks(curve), _standard_ranks(reference))[shifts]
    reached = int((np.abs(chance) >= abs(rho) - 1e-9).sum())
    return Correlation(rho, (1 + reached) / (1 + len(shifts)), len(shifts))


def _standard_ranks(values: np.ndarray) -> np.ndarray:
    """Ranks with mean 0 and length 1, equal values sharing theirs."""
    ranks = rankdata(values)
    ranks -= ranks.mean()
    return ranks / np.linalg.norm(ranks)


def _at_all_shifts(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Dot products of `other` with `one` moved on by 0, 1, ... points, around the end.  (G,), (G,) -> (G,)"""
    n = len(one)
    return np.fft.irfft(np.conj(np.fft.rfft(one)) * np.fft.rfft(other), n)
