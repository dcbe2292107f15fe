"""Pictures cut into patches: where each patch lies, and what the class token looks at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ser_core.features import FrontEnd
from ser_core.maps import Axis, index_axis, record, seconds_axis

SMOOTHING = 0.0625  # seconds: deviation of the Gaussian over the stripes, two columns of 31.25 ms


class PatchGrid:
    """Patches of `size` (rows, columns) every `stride` over a picture; token = patch row * columns + patch column.

    shape: patches in (rows, columns).  times: centre of each patch column in seconds from the picture's left edge.
    bands: centre of each patch row in hertz, the middle of its mel bands; None where a patch holds all rows.
    """

    def __init__(
        self, front_end: FrontEnd, picture: tuple[int, int], size: tuple[int, int], stride: tuple[int, int]
    ) -> None:
        self.size, self.stride = size, stride
        rows, columns = ((picture[i] - size[i]) // stride[i] + 1 for i in (0, 1))
        self.shape = (rows, columns)
        self.times = middles(front_end.times(picture[1]), size[1], stride[1], columns)
        self.bands = None if rows == 1 else middles(front_end.rows.centres, size[0], stride[0], rows)

    def __len__(self) -> int:
        return self.shape[0] * self.shape[1]

    def cut(self, picture: Tensor) -> Tensor:
        """[B, C, rows, columns] -> [B, patches, C * size], each patch flattened channel by channel, row by row."""
        return F.unfold(picture, self.size, stride=self.stride).transpose(1, 2)

    def tokens(self, name: str) -> Axis:
        """The class token, which has no place, and the patches by their times: each as often as there are rows."""
        return seconds_axis(name, np.concatenate([[np.nan], np.tile(self.times, self.shape[0])]))

    def axes(self) -> tuple[Axis, ...]:
        """Of a map over the patches: (band in hertz, time), or time alone where a patch holds all rows."""
        time = seconds_axis("time", self.times)
        return (time,) if self.bands is None else (Axis("band", "Hz", self.bands), time)


def middles(centres: np.ndarray, size: int, stride: int, count: int) -> np.ndarray:
    """Middle of each stretch of `size` cells, mean of the two innermost centres where there is no middle cell."""
    return np.array([np.median(centres[stride * i : stride * i + size]) for i in range(count)])


def rollout(layers: Sequence[Tensor]) -> Tensor:
    """Attention followed through all layers, each half itself and half its residual (arXiv 2005.00928).

    layers: softmax maps, first layer first, each [B, heads, N, N].  Returns [B, N, N], whose rows sum to 1.
    """
    traced = torch.eye(layers[0].shape[-1], device=layers[0].device, dtype=layers[0].dtype)
    for weights in layers:
        mixed = 0.5 * weights.mean(1) + 0.5 * torch.eye(weights.shape[-1], device=weights.device, dtype=weights.dtype)
        traced = mixed / mixed.sum(-1, keepdim=True) @ traced
    return traced


def stripes(curve: Tensor, times: np.ndarray, deviation: float = SMOOTHING) -> Tensor:
    """A curve over time [B, T] smoothed by a Gaussian (deviation in seconds) and brought to 0..1."""
    place = torch.as_tensor(times, dtype=curve.dtype, device=curve.device)
    kernel = (-0.5 * ((place[:, None] - place[None, :]) / deviation).square()).softmax(-1)
    smooth = curve @ kernel.T
    lowest, highest = smooth.amin(1, keepdim=True), smooth.amax(1, keepdim=True)
    return (smooth - lowest) / (highest - lowest).clamp_min(torch.finfo(curve.dtype).tiny)


def class_token_after(layers: Iterable[nn.Module], tokens: Tensor, grid: PatchGrid) -> Tensor:
    """Tokens [B, 1 + patches, D] through layers that hand out their softmax while somebody looks; token 0 [B, D].

    What the layers and the class token looked at is recorded then.
    """
    looked_at = []
    for layer in layers:
        tokens, weights = layer(tokens)
        if weights is not None:
            looked_at.append(weights)
    if looked_at:
        record_class_token(looked_at, grid)
    return tokens[:, 0]


def record_class_token(layers: Sequence[Tensor], grid: PatchGrid) -> None:
    """Record every layer's attention, and what the class token (token 0) looks at: "cls", "rollout" and "stripes".

    layers: softmax maps of all layers, each [B, heads, 1 + patches, 1 + patches].
    """
    heads = index_axis("head", layers[0].shape[1])
    for number, weights in enumerate(layers):
        record(f"layer{number}.attention", weights, heads, grid.tokens("query"), grid.tokens("key"), softmax=True)
    last = layers[-1].mean(1)[:, 0, 1:].unflatten(1, grid.shape)  # [B, patch rows, patch columns]
    traced = rollout(layers)[:, 0, 1:].unflatten(1, grid.shape)
    for name, picture in (("cls", last), ("rollout", traced)):
        record(name, picture if grid.bands is not None else picture.squeeze(1), *grid.axes())
    record("stripes", stripes(last.mean(1), grid.times), seconds_axis("time", grid.times))
