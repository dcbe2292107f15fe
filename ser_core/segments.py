"""Cutting a clip into the fixed windows a system works on, and putting scores and maps back on the clip's time line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ser_core.audio import SAMPLE_RATE


@dataclass(frozen=True)
class Cutting:
    """How a system cuts a clip.

    length, hop: samples.  trim_db: if set, the quiet head and tail of a clip (below so many dB under its loudest
    frame) are left out before cutting, so that no segment of pure silence votes.
    fill: what a clip shorter than a segment becomes: "repeat" itself, "zeros" behind it, "none" keeps its own length.
    tail: whether a last segment that ends with the clip is added where the hop would leave a rest.
    """

    length: int
    hop: int
    trim_db: float | None = None
    fill: Literal["repeat", "zeros", "none"] = "repeat"
    tail: bool = False


@dataclass(frozen=True, eq=False)
class Segments:
    """The segments of one clip, ready for a model.

    features: shape = (S, rows, frames).  starts: seconds on the clip's own time line, shape = (S,).
    seconds: length of a segment.  span: the stretch of the clip that was cut, (start, end) in seconds.
    wraps: whether a segment that runs past the end of the span goes on at its start (repeat-filling); else there is
    nothing behind the end.
    """

    features: Tensor
    starts: np.ndarray
    seconds: float
    span: tuple[float, float]
    wraps: bool = True

    def __len__(self) -> int:
        return len(self.features)

    def ends(self) -> np.ndarray:
        """End of each segment on the clip's time line, never past the span, shape = (S,)."""
        return np.minimum(self.starts + self.seconds, self.span[1])


def speech_span(samples: Tensor, trim_db: float, frame: int = 400, hop: int = 160) -> tuple[int, int]:
    """First and last sample of what is louder than `trim_db` below the loudest 25 ms frame.

    samples: shape = (n,).  The same rule as librosa's `effects.trim`, on torch so that training can run it on a GPU.
    """
    if len(samples) < frame:
        return 0, len(samples)
    power = samples.unfold(0, frame, hop).square().mean(1)
    loud = torch.nonzero(power > power.max() * 10 ** (-trim_db / 10)).flatten()
    if len(loud) == 0:
        return 0, len(samples)
    end = int(loud[-1]) * hop + frame
    # The last incomplete hop belongs to the last frame.
    return int(loud[0]) * hop, len(samples) if len(samples) - end < hop else end


def repeat_fill(samples: Tensor, length: int) -> Tensor:
    """Repeat a clip shorter than `length` as often as needed; the whole repeated signal is returned (CTMAM's rule)."""
    if len(samples) >= length:
        return samples
    return samples.repeat(-(-length // len(samples)))


def cut(samples: Tensor, cutting: Cutting) -> tuple[Tensor, np.ndarray, tuple[float, float]]:
    """Cut one clip into overlapping windows.

    samples: shape = (n,).  Returns windows (S, length), their starts in seconds on the clip's time line (S,), and
    the span that was cut.  Without `tail` a rest shorter than the hop is dropped, as most papers do.
    """
    first, last = 0, len(samples)
    if cutting.trim_db is not None:
        first, last = speech_span(samples, cutting.trim_db)
    filled = samples[first:last]
    if cutting.fill == "repeat":
        filled = repeat_fill(filled, cutting.length)
    elif cutting.fill == "zeros":
        filled = F.pad(filled, (0, max(0, cutting.length - len(filled))))
    length = min(cutting.length, len(filled))
    windows = filled.unfold(0, length, cutting.hop)
    starts = cutting.hop * np.arange(len(windows))
    if cutting.tail and starts[-1] + length < len(filled):
        windows = torch.cat([windows, filled[None, -length:]])
        starts = np.append(starts, len(filled) - length)
    return windows, (first + starts) / SAMPLE_RATE, (first / SAMPLE_RATE, last / SAMPLE_RATE)


def collate(clips: Sequence[Tensor]) -> tuple[Tensor, Tensor | None]:
    """Segments of several clips, [S, rows, frames] each, as one tensor [N, rows, frames], zeros behind the shorter.

    Returns with it the true number of frames of each segment, shape = (N,); None where all are alike.
    """
    frames = [clip.shape[-1] for clip in clips]
    if len(set(frames)) <= 1:
        return torch.cat(list(clips)), None
    lengths = torch.tensor([count for clip, count in zip(clips, frames, strict=True) for _ in range(len(clip))])
    return torch.cat([F.pad(clip, (0, max(frames) - clip.shape[-1])) for clip in clips]), lengths


def clip_logits(logits: Tensor) -> Tensor:
    """The clip's logits are the mean of its segments' logits.  [S, C] -> [C].

    Not the mean of probabilities: the two can disagree about the winner.
    """
    return logits.mean(0)


def overlap_add(
    curves: np.ndarray,
    times: np.ndarray,
    starts: np.ndarray,
    span: tuple[float, float],
    step: float,
    wraps: bool = True,
) -> tuple[np.ndarray, np.ndarray]:
    """Average per-segment curves into one curve on the clip's time line.

    curves: shape = (S, T) or (S, T, K).  times: centre of each column from the segment's start, seconds, (T,).
    Columns that run past the span wrap to its start, as repeat-filling does, or without `wraps` are padding and left
    out.  Returns the grid (G,) in seconds, spaced by `step`, and the mean curve (G,) or (G, K); a grid cell no column
    falls into is interpolated.
    """
    begin, end = span
    length = max(end - begin, step)
    grid = begin + step * (np.arange(max(1, round(length / step))) + 0.5)
    after = starts[:, None] + times[None, :] - begin
    inside = np.ones(after.shape, dtype=bool) if wraps else after < length
    if not inside.any():  # a clip shorter than the first column's centre
        inside[:, 0] = True
    # A column may lie on the edge of a cell, and then 0.29 / 0.01 must not come out below 29.
    cells = np.clip(((after % length if wraps else after) / step + 1e-6).astype(int), 0, len(grid) - 1)[inside]
    flat = curves.reshape(after.size, -1)[inside.ravel()]
    total = np.zeros((len(grid), flat.shape[1]))
    np.add.at(total, cells, flat)
    count = np.bincount(cells, minlength=len(grid))
    filled = count > 0
    mean = np.empty_like(total)
    mean[filled] = total[filled] / count[filled, None]
    for column in range(mean.shape[1]):
        mean[~filled, column] = np.interp(grid[~filled], grid[filled], mean[filled, column])
    return grid, mean.reshape(len(grid), *curves.shape[2:])
