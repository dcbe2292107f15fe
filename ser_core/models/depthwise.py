"""Depthwise convolution on small maps, written so that a CPU trains it fast.

On a map of a few dozen cells a depthwise kernel is one small matrix per channel, and a batched matrix product
outruns the library's depthwise backward pass four times (measured for 512 channels, 7 x 7, on a 6 x 14 map).
Outside CPU training the library's own kernel runs; both give the same numbers to rounding.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class DepthwiseConv2d(nn.Conv2d):
    """One k x k kernel per channel, size kept.  [B, C, rows, columns] -> same."""

    def __init__(self, channels: int, kernel: int, rows: int, columns: int, bias: bool = True) -> None:
        super().__init__(channels, channels, kernel, padding=kernel // 2, groups=channels, bias=bias)
        self.taps: Tensor
        self.register_buffer("taps", taps(rows, columns, kernel), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or x.device.type != "cpu":
            return super().forward(x)
        channels, rows, columns = x.shape[1:]
        matrix = (self.weight.flatten(1) @ self.taps).view(channels, rows * columns, rows * columns)
        # Contiguous copies are cheap; strided operands would slow the product and the batch norms on both sides.
        if x.requires_grad:
            x.register_hook(lambda gradient: gradient.contiguous())
        by_channel = x.flatten(2).transpose(0, 1).contiguous()
        y = torch.bmm(by_channel, matrix).transpose(0, 1).contiguous().unflatten(2, (rows, columns))
        return y if self.bias is None else y + self.bias[:, None, None]


def taps(rows: int, columns: int, kernel: int) -> Tensor:
    """Which kernel tap joins input cell i to output cell j: one-hot, shape = (kernel**2, cells * cells)."""
    reach = kernel // 2
    row, column = torch.arange(rows), torch.arange(columns)
    down = (row[:, None] - row[None, :])[:, None, :, None].expand(rows, columns, rows, columns)
    right = (column[:, None] - column[None, :])[None, :, None, :].expand(rows, columns, rows, columns)
    inside = (down.abs() <= reach) & (right.abs() <= reach)
    tap = torch.where(inside, (down + reach) * kernel + right + reach, -1).flatten()
    return (tap == torch.arange(kernel * kernel)[:, None]).float()
