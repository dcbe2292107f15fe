"""Do several curves of one clip say the same?  Across heads, across models, across seeds of one recipe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np

from ser_core.inspection.correlation import rank_correlation
from ser_core.maps import AttentionMap


@dataclass(frozen=True)
class Agreement:
    """names: of the curves.  rho: Spearman's, for each pair (i, j) the same as (j, i), 1 on the diagonal; None for a
    pair that cannot be compared.  mean: over the pairs that can; where there is none, reason says why."""

    names: tuple[str, ...]
    rho: tuple[tuple[float | None, ...], ...]
    mean: float | None
    reason: str = ""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def agreement(curves: Mapping[str, AttentionMap]) -> Agreement:
    """Compare curves pair by pair on the time that all of them cover.

    curves: of one clip, by name (a head, a checkpoint), one axis, "time".  Grids may differ: the coarsest is used.
    """
    names, grids = tuple(curves), [curve.axis("time").centres for curve in curves.values()]
    if len(names) < 2:
        return Agreement(names, ((1.0,),) * len(names), None, "there is nothing to compare with")
    times = common_grid(grids)
    rows = [np.interp(times, grid, curve.values) for grid, curve in zip(grids, curves.values(), strict=True)]
    rho: list[list[float | None]] = [[1.0] * len(names) for _ in names]
    for i, j in combinations(range(len(names)), 2):
        rho[i][j] = rho[j][i] = rank_correlation(rows[i], rows[j])
    pairs = [rho[i][j] for i, j in combinations(range(len(names)), 2)]
    usable = [value for value in pairs if value is not None]
    if usable:
        return Agreement(names, tuple(map(tuple, rho)), float(np.mean(usable)))
    short = len(times) < 5
    reason = "the curves have too little time in common" if short else "the curves are constant"
    return Agreement(names, tuple(map(tuple, rho)), None, reason)


def common_grid(grids: list[np.ndarray]) -> np.ndarray:
    """The moments, evenly spaced, that all these grids cover, as coarse as the coarsest; empty where there are none."""
    begin, end = max(grid[0] for grid in grids), min(grid[-1] for grid in grids)
    step = max(float(grid[1] - grid[0]) if len(grid) > 1 else 0.0 for grid in grids) or 1.0
    return begin + step * np.arange(max(0, int((end - begin) / step + 1e-6) + 1))
