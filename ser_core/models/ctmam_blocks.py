"""The map that CTMAM's blocks work on, what they share, and the blocks its paper puts in the LCT's place (Table VI).

    transformer     plain pre-LN layers over the map's 84 cells
    MobileViT v1    arXiv 2110.02178: local convolutions, attention between the cells at one place of all 2 x 2 patches,
                    then joined with the block's input
    MobileViT v2    arXiv 2206.02680: separable attention, whose cost grows with the number of patches, not its square
    MobileViT v3    arXiv 2209.15159: v2's attention, joined with the local features, and the input added at the end

The paper gives MobileViT's depth (layers), the 128 input channels, an MLP of four times the input channels, and inner
widths of 192 (v1, v2) and 128 (v3).  Patches of 2 x 2 divide the 6 x 14 map into 3 x 7.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from ser_core.maps import index_axis, record, seconds_axis
from ser_core.models.depthwise import DepthwiseConv2d
from ser_core.models.pre_norm import PreNormLayer

ROWS, COLUMNS = 6, 14  # the map after the stem: 26 // 4 cepstral groups x 57 // 4 time columns
WIDTH = 128

# Where the map's cells lie from the start of a segment: a column stands for 4 frames of 32 ms, a key column for 8.
CEPSTRUM = index_axis("row", ROWS, "MFCC coefficient group")
TIME = seconds_axis("time", 0.048 + 0.128 * np.arange(COLUMNS))
QUERIES = seconds_axis("query", np.tile(TIME.centres, ROWS))  # token = row * 14 + column
KEYS = seconds_axis("key", np.tile(0.112 + 0.256 * np.arange(COLUMNS // 2), ROWS // 2))  # token = row * 7 + column
CELLS = seconds_axis("key", QUERIES.centres)  # the same cells as queries, where they are looked at
CHANNELS = index_axis("channel", WIDTH)


def to_tokens(x: Tensor) -> Tensor:
    """[B, C, rows, columns] -> [B, rows * columns, C]; token index = row * columns + column."""
    return x.flatten(2).transpose(1, 2)


def to_map(tokens: Tensor) -> Tensor:
    """[B, 84, C] -> [B, C, 6, 14], the inverse of `to_tokens` on the full map.

    Contiguous, because batch norm on a CPU is three times slower where map and gradient differ in layout.
    """
    return tokens.transpose(1, 2).contiguous().unflatten(2, (ROWS, COLUMNS))


def to_patches(x: Tensor) -> Tensor:
    """[B, C, 6, 14] -> [B, C, 4, 21]: for each of the 4 places in a 2 x 2 patch the 21 patches."""
    by_patch = x.unflatten(3, (COLUMNS // 2, 2)).unflatten(2, (ROWS // 2, 2))  # [B, C, 3, 2, 7, 2]
    return by_patch.permute(0, 1, 3, 5, 2, 4).flatten(4).flatten(2, 3)


def from_patches(x: Tensor) -> Tensor:
    """The inverse of `to_patches`."""
    by_patch = x.unflatten(3, (ROWS // 2, COLUMNS // 2)).unflatten(2, (2, 2))  # [B, C, 2, 2, 3, 7]
    return by_patch.permute(0, 1, 4, 2, 5, 3).flatten(4).flatten(2, 3)


def conv_bn(
    inputs: int, outputs: int, kernel: int | tuple[int, int], activation: nn.Module | None = None, *, bias: bool = False
) -> nn.Sequential:
    """Convolution that keeps the map's size, batch norm, and an activation if one is given."""
    size = kernel if isinstance(kernel, tuple) else (kernel, kernel)
    padding = (size[0] // 2, size[1] // 2)
    layers: list[nn.Module] = [
        nn.Conv2d(inputs, outputs, size, padding=padding, bias=bias),
        nn.BatchNorm2d(outputs),
    ]
    return nn.Sequential(*layers, *([activation] if activation else []))


class LocalConvolution(nn.Module):
    """Lightweight local convolution: depthwise with a residual, then pointwise.  [B, 128, 6, 14] -> same."""

    def __init__(self) -> None:
        super().__init__()
        self.depthwise = nn.Sequential(DepthwiseConv2d(WIDTH, 7, ROWS, COLUMNS), nn.GELU(), nn.BatchNorm2d(WIDTH))
        self.pointwise = nn.Sequential(nn.Conv2d(WIDTH, WIDTH, 1), nn.GELU(), nn.BatchNorm2d(WIDTH))

    def forward(self, x: Tensor) -> Tensor:
        return self.pointwise(x + self.depthwise(x))


class TransformerLayers(nn.Module):
    """Pre-LN attention between all 84 cells, feed-forward of three times the width.  [B, 128, 6, 14] -> same."""

    def __init__(self, heads: int, depth: int, name: str) -> None:
        super().__init__()
        self.name, self.heads = name, heads
        self.layers = nn.ModuleList(
            PreNormLayer(WIDTH, heads, WIDTH // heads, 3 * WIDTH, eps=1e-6) for _ in range(depth)
        )

    def forward(self, x: Tensor) -> Tensor:
        tokens = to_tokens(x)
        for number, layer in enumerate(self.layers):
            tokens, weights = layer(tokens)
            if weights is not None:
                axes = (index_axis("head", self.heads), QUERIES, CELLS)
                record(f"{self.name}.layer{number}.attention", weights, *axes, softmax=True)
        return to_map(tokens)


class MobileVit1(nn.Module):
    """[B, 128, 6, 14] -> same.  The published counts leave room for neither batch norm nor a full 3 x 3 at the start:
    a depthwise and a pointwise convolution with biases, 8 heads of 64 and an MLP of 4 x 192 give them exactly."""

    HEADS, INNER = 8, 192

    def __init__(self, depth: int, name: str) -> None:
        super().__init__()
        self.name = name
        self.local = nn.Sequential(
            DepthwiseConv2d(WIDTH, 3, ROWS, COLUMNS), nn.Conv2d(WIDTH, WIDTH, 1), nn.SiLU(),
            nn.Conv2d(WIDTH, self.INNER, 1),
        )  # fmt: skip
        self.layers = nn.ModuleList(
            PreNormLayer(self.INNER, self.HEADS, 64, 4 * self.INNER, activation=nn.SiLU) for _ in range(depth)
        )
        self.back = nn.Sequential(nn.Conv2d(self.INNER, WIDTH, 1), nn.SiLU())
        self.join = nn.Sequential(nn.Conv2d(2 * WIDTH, WIDTH, 3, padding=1), nn.SiLU())

    def forward(self, x: Tensor) -> Tensor:
        patches = to_patches(self.local(x))  # [B, 192, 4, 21]
        tokens = patches.permute(0, 2, 3, 1).flatten(
            0, 1
        )  # attention between the 21 cells at one place: [B * 4, 21, 192]
        for number, layer in enumerate(self.layers):
            tokens, weights = layer(tokens)
            if weights is not None:
                self.record_attention(number, weights)
        patches = tokens.unflatten(0, (-1, 4)).permute(0, 3, 1, 2)
        return self.join(torch.cat([x, self.back(from_patches(patches))], dim=1))

    def record_attention(self, number: int, weights: Tensor) -> None:
        """[B * 4, heads, 21, 21] -> recorded as [B, heads, 84 cells, 21 patches]."""
        by_place = weights.unflatten(0, (-1, 4)).permute(0, 2, 4, 1, 3)  # [B, heads, 21 keys, 4, 21 queries]
        by_cell = from_patches(by_place.flatten(1, 2)).flatten(2).unflatten(1, (self.HEADS, -1)).transpose(2, 3)
        record(
            f"{self.name}.layer{number}.attention", by_cell, index_axis("head", self.HEADS), QUERIES, KEYS, softmax=True
        )


class SeparableAttention(nn.Module):
    """One query score per cell weighs the keys into a single context vector, which gates the values.

    [B, C, 4, 21] -> same, each of the 4 places by itself.
    """

    def __init__(self, width: int, name: str) -> None:
        super().__init__()
        self.name = name
        self.qkv = nn.Conv2d(width, 1 + 2 * width, 1)
        self.project = nn.Conv2d(width, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        width = x.shape[1]
        scores, keys, values = self.qkv(x).split([1, width, width], dim=1)
        scores = scores.softmax(-1)
        record(self.name, from_patches(scores).squeeze(1), CEPSTRUM, TIME)
        context = (keys * scores).sum(-1, keepdim=True)
        return self.project(values.relu() * context)


class SeparableLayer(nn.Module):
    """x1 = x + attention(GN(x));  out = x1 + feed-forward(GN(x1)).  [B, C, 4, 21] -> same."""

    def __init__(self, width: int, hidden: int, name: str) -> None:
        super().__init__()
        self.attention = nn.Sequential(nn.GroupNorm(1, width), SeparableAttention(width, name))
        self.feed_forward = nn.Sequential(
            nn.GroupNorm(1, width), nn.Conv2d(width, hidden, 1), nn.SiLU(), nn.Conv2d(hidden, width, 1)
        )

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(x)
        return x + self.feed_forward(x)


class MobileVit2(nn.Module):
    """[B, 128, 6, 14] -> same.  An MLP of 4 x 128; joined: as v3 does."""

    def __init__(self, inner: int, depth: int, name: str, *, joined: bool) -> None:
        super().__init__()
        self.local = nn.Sequential(
            DepthwiseConv2d(WIDTH, 3, ROWS, COLUMNS, bias=False), nn.BatchNorm2d(WIDTH), nn.SiLU(),
            nn.Conv2d(WIDTH, inner, 1, bias=False),
        )  # fmt: skip
        layers = [SeparableLayer(inner, 4 * WIDTH, f"{name}.layer{number}.context") for number in range(depth)]
        self.layers = nn.Sequential(*layers, nn.GroupNorm(1, inner))
        self.back = conv_bn(inner, WIDTH, 1, nn.SiLU() if joined else None)
        self.join = conv_bn(inner + WIDTH, WIDTH, 1, nn.SiLU()) if joined else None

    def forward(self, x: Tensor) -> Tensor:
        local = self.local(x)
        seen = self.back(from_patches(self.layers(to_patches(local))))
        return seen if self.join is None else x + self.join(torch.cat([local, seen], dim=1))


def mobilevit(version: Literal["mobilevit_v1", "mobilevit_v2", "mobilevit_v3"], depth: int, name: str) -> nn.Module:
    """The block of this version with so many layers."""
    if version == "mobilevit_v1":
        return MobileVit1(depth, name)
    if version == "mobilevit_v2":
        return MobileVit2(192, depth, name, joined=False)
    return MobileVit2(128, depth, name, joined=True)


def init_block(module: nn.Module) -> None:
    """The release's start of the LCT: truncated normal for linear layers, Kaiming (fan out) for convolutions."""
    if isinstance(module, nn.Linear):
        nn.init.trunc_normal_(module.weight, std=0.02)
    elif isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, mode="fan_out")
    if isinstance(module, nn.Linear | nn.Conv2d) and module.bias is not None:
        nn.init.zeros_(module.bias)
