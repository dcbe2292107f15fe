"""SepTr on the log-mel picture of `vit_vertical`: a baseline of paper 003, from scratch.

"SepTr: Separable Transformer for Audio Spectrogram Processing" (arXiv 2203.09581), in the shape that paper 003 names:

    log-mel picture 128 x 128 (4 s)  ->  every cell a token of 256
    ->  vertical:    3 layers within each column of 128 bands, behind a class token   ->  mean of the class tokens
    ->  horizontal:  3 layers within each row of 128 columns, behind that class token ->  mean of the class tokens
    ->  linear

Where paper and release differ, and what stands here:
- it starts from random weights; the published results may not, so compare scores with that in mind.
- paper 003 puts all vertical layers before all horizontal ones; SepTr's own paper alternates them.
- width of a head and of the feed-forward part: 256 and 256, SepTr's own defaults; they cost 175.6 G multiply-adds a
  picture, paper 003 prints 175.81 G.  It is by far the slowest model here: many seconds for a clip on a CPU.
- learnt places are added once before each of the two stages, and no norm stands before the last linear layer.

Maps, of the class tokens only, as all weights together would fill 250 MB: "vertical<i>.cls" (heads, 128 columns, 129
keys in hertz), where each column's class token looks among its bands; "horizontal<i>.cls" (heads, 128 bands, 129 keys
in seconds), where each band's class token looks along time; the first key, without a place, is the class token itself.
"cls" (128 bands, 128 times): the last horizontal one without that key, mean over heads.  Weights compare along one
column or one row, never across: each sums to 1 by itself.  After the vertical stage every cell knows its whole column.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
import torch
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass
from torch import Tensor, nn

from ser_core.maps import Axis, index_axis, record, seconds_axis
from ser_core.models.pre_norm import PreNormLayer
from ser_core.models.registry import register
from ser_core.models.vit_vertical import SIDE, PictureSystem
from ser_core.preparation import Preparation

PAPER_FLOPS = {"default": 175.81e9}


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class SeptrConfig:
    """depth: layers of each of the two stages.  hidden: of the feed-forward part."""

    num_classes: Annotated[int, Field(ge=2)] = 7
    depth: Annotated[int, Field(ge=1, le=24)] = 3
    heads: Annotated[int, Field(ge=1, le=32)] = 5
    width: Annotated[int, Field(ge=1, le=4096)] = 256
    head_width: Annotated[int, Field(ge=1, le=1024)] = 256
    hidden: Annotated[int, Field(ge=1, le=16384)] = 256


class Stage(nn.Module):
    """Layers within each line of a picture; the lines are its columns or its rows.

    name: of its maps.  lines: where the lines lie, which is where their class tokens stand.  along: where the cells of
    a line lie.
    """

    def __init__(self, config: SeptrConfig, name: str, lines: Axis, along: Axis) -> None:
        super().__init__()
        self.name = name
        keys = Axis(along.name, along.unit, np.concatenate([[np.nan], along.centres]))
        self.axes = (index_axis("head", config.heads), lines, keys)
        self.places = nn.Parameter(torch.randn(1, 1 + len(along), config.width))
        self.layers = nn.ModuleList(
            PreNormLayer(config.width, config.heads, config.head_width, config.hidden) for _ in range(config.depth)
        )

    def forward(self, cells: Tensor, class_token: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:
        """Cells [B, lines, n, D] and one class token each [B, 1, D] -> cells, the lines' class tokens [B, lines, D].

        Also returns what the last layer's class tokens look at, [B, heads, lines, 1 + n], while somebody looks.
        """
        batch, lines = cells.shape[:2]
        tokens = torch.cat([class_token.unsqueeze(1).expand(-1, lines, -1, -1), cells], dim=2)
        tokens = tokens.flatten(0, 1) + self.places
        looked_at = None
        for number, layer in enumerate(self.layers):
            tokens, weights = layer(tokens)
            if weights is not None:
                looked_at = weights[:, :, 0].unflatten(0, (batch, lines)).transpose(1, 2)
                record(f"{self.name}{number}.cls", looked_at, *self.axes, softmax=True)
        tokens = tokens.unflatten(0, (batch, lines))
        return tokens[:, :, 1:], tokens[:, :, 0], looked_at


@register({"default": SeptrConfig()})
class Septr(PictureSystem):
    """Log-mel pictures [B, 128, 128] -> logits [B, C], with a token for each of 16,384 cells."""

    name = "septr"
    title = "SepTr, from scratch"
    baseline_of = "vit_vertical"
    batch = 1
    paper_flops = PAPER_FLOPS

    def __init__(self, config: SeptrConfig, preparation: Preparation) -> None:
        super().__init__(preparation)
        self.config = config
        self.to_token = nn.Linear(1, config.width)
        self.class_token = nn.Parameter(torch.randn(1, 1, config.width))
        times = self.front_end.times(SIDE)
        self.bands, self.times = Axis("band", "Hz", self.front_end.rows.centres), seconds_axis("time", times)
        self.vertical = Stage(config, "vertical", seconds_axis("query", times), self.bands)
        self.horizontal = Stage(config, "horizontal", self.bands, self.times)
        self.output = nn.Linear(config.width, config.num_classes)

    def embed(self, features: Tensor, lengths: Tensor | None = None) -> Tensor:
        cells = self.to_token(features.unsqueeze(-1))  # [B, rows, columns, D]
        start = self.class_token.repeat(len(cells), 1, 1)
        by_column, seen, _ = self.vertical(cells.transpose(1, 2), start)
        _, seen, looked_at = self.horizontal(by_column.transpose(1, 2), seen.mean(1, keepdim=True))
        if looked_at is not None:
            record("cls", looked_at[..., 1:].mean(1), self.bands, self.times)
        return seen.mean(1)

    def classify(self, embedding: Tensor) -> Tensor:
        return self.output(embedding)
