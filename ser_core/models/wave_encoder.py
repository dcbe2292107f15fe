"""From the raw wave to tokens: SERCT's seven convolutions, and the plain frames of its ablation.

Token t sees samples 320 t - 160 to 320 t + 239 of its clip.  The convolutions of stride 2 pad nothing but one frame at
the head, so a token depends on the samples it sees and on nothing behind them; only the first norm looks further, and
it is told how much of an item is real.
"""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

STRIDE, FIELD, REAL_FIELD = 320, 400, 240  # samples: step of tokens, what a token sees, what token 0 really sees
KERNELS: tuple[Literal[2, 3], ...] = (3, 3, 3, 3, 2, 2)  # of the convolutions behind the first, all of stride 2
STRETCH = 100  # tokens convolved at a time when recognising: what they need stays in the processor's cache


def token_count(samples: int) -> int:
    """Tokens whose field ends within a clip of so many samples, 240 at least."""
    return 1 + (samples - REAL_FIELD) // STRIDE


class FirstConvolution(nn.Module):
    """Convolution 10/5 and GroupNorm with one group for each channel.  Samples [B, n] -> [B, frames, channels].

    For given statistics the norm is linear, and the statistics of a convolution's output follow from the mean and
    the covariance of what its kernel reads.  So the norm goes into the kernel, and the largest map of the network is
    written once; in double precision, which costs nothing on a 10 x 10 matrix.
    """

    kernel, stride = 10, 5

    def __init__(self, channels: int, norm: bool) -> None:
        super().__init__()
        self.conv = nn.Conv1d(1, channels, self.kernel, self.stride, bias=False)
        self.norm = nn.GroupNorm(channels, channels) if norm else None

    def folded(self, samples: Tensor, lengths: Tensor | None) -> tuple[Tensor, Tensor]:
        """Kernel [B, 10, channels] and bias [B, 1, channels] of each item, the norm over its real frames included."""
        weight = self.conv.weight.squeeze(1)
        if self.norm is None:
            return weight.T.repeat(len(samples), 1, 1), weight.new_zeros(len(samples), 1, len(weight))
        read = samples.double().unfold(1, self.kernel, self.stride)
        real = 1 + (lengths - self.kernel) // self.stride if lengths is not None else None
        w, mean, covariance = weight.double(), *moments(read, real)
        scale = self.norm.weight / (((w @ covariance) * w).sum(-1) + self.norm.eps).sqrt()
        bias = self.norm.bias - (mean @ w.T) * scale
        return (w * scale.unsqueeze(2)).transpose(1, 2).to(samples.dtype), bias.unsqueeze(1).to(samples.dtype)

    def forward(self, samples: Tensor, kernel: Tensor, bias: Tensor) -> Tensor:
        return torch.baddbmm(bias, samples.unfold(1, self.kernel, self.stride), kernel)


def moments(rows: Tensor, real: Tensor | None) -> tuple[Tensor, Tensor]:
    """Mean [B, K] and covariance [B, K, K] over rows [B, N, K], the first `real` (B,) of each item or all of them."""
    if real is None:
        mean = rows.mean(1)
        centred = rows - mean.unsqueeze(1)
        return mean, centred.transpose(1, 2) @ centred / rows.shape[1]
    inside = (torch.arange(rows.shape[1], device=rows.device) < real[:, None]).unsqueeze(2)
    mean = (rows * inside).sum(1) / real[:, None]
    centred = (rows - mean.unsqueeze(1)) * inside
    return mean, centred.transpose(1, 2) @ centred / real[:, None, None]


class HalvingConvolution(nn.Module):
    """Convolution of stride 2 along time, without bias.  [B, T, C] -> [B, 1 + (T - kernel) // 2, C].

    With time in rows, two neighbours are one row of a matrix of half the height: a kernel of 2 is one matrix product
    without any copying, a kernel of 3 one more on every second row.
    """

    def __init__(self, channels: int, kernel: Literal[2, 3]) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(kernel, channels, channels))  # kernel, inputs, outputs
        # Kaiming's start keeps the signal's size through seven layers; PyTorch's own for convolutions shrinks it to
        # 2e-4 (measured on speech), where the LayerNorm behind them no longer brings it to 1.
        nn.init.normal_(self.weight, std=(2 / (kernel * channels)) ** 0.5)

    def forward(self, x: Tensor) -> Tensor:
        kernel = len(self.weight)
        frames = 1 + (x.shape[1] - kernel) // 2
        y = x[:, : 2 * frames].reshape(len(x), frames, -1) @ self.weight[:2].flatten(0, 1)
        if kernel == 2:
            return y
        return y.baddbmm_(x[:, 2::2][:, :frames].to(y.dtype), self.weight[2].to(y.dtype).expand(len(x), -1, -1))


class ConvEncoder(nn.Module):
    """Samples [B, n] -> tokens [B, T, width]."""

    def __init__(self, channels: int, width: int, norm: Literal["group", "layer"]) -> None:
        super().__init__()
        by_layer = norm == "layer"
        self.first = FirstConvolution(channels, norm=not by_layer)
        self.convs = nn.ModuleList(HalvingConvolution(channels, kernel) for kernel in KERNELS)
        count = 1 + len(KERNELS)
        self.norms = nn.ModuleList(nn.LayerNorm(channels) if by_layer else nn.Identity() for _ in range(count))
        self.norm = nn.LayerNorm(channels)
        self.project = nn.Linear(channels, width)

    def forward(self, samples: Tensor, lengths: Tensor | None) -> Tensor:
        folded = self.first.folded(samples, lengths)
        tokens = token_count(samples.shape[1])
        # Training keeps every map for the backward pass anyway: it takes all tokens at once.
        step = tokens if torch.is_grad_enabled() else STRETCH
        stretches = [self.convolve(samples, folded, t, min(t + step, tokens)) for t in range(0, tokens, step)]
        return self.project(self.norm(torch.cat(stretches, dim=1)))

    def convolve(self, samples: Tensor, folded: tuple[Tensor, Tensor], begin: int, end: int) -> Tensor:
        """Tokens begin ... end - 1 before the projection, from the samples they see.  [B, n] -> [B, T, channels]."""
        seen = samples[:, max(0, STRIDE * begin - FIELD + REAL_FIELD) : STRIDE * (end - 1) + REAL_FIELD]
        x = F.gelu(self.norms[0](self.first(seen, *folded)))
        for number, conv in enumerate(self.convs, 1):
            if begin == 0 and number == len(self.convs):
                x = F.pad(x, (0, 0, 1, 0))  # the last convolution's padding, at the head of the clip
            x = F.gelu(self.norms[number](conv(x)))
        return x


class FrameEncoder(nn.Module):
    """Samples [B, n] -> tokens [B, T, width]: frames of the wave on the same grid, mapped by one linear layer."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.project = nn.Linear(FIELD, width)

    def forward(self, samples: Tensor, lengths: Tensor | None) -> Tensor:
        return self.project(F.pad(samples, (FIELD - REAL_FIELD, 0)).unfold(1, FIELD, STRIDE))
