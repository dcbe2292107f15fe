"""AST on the log-mel picture of `vit_vertical`: a baseline of paper 003, from scratch.

"AST: Audio Spectrogram Transformer" (arXiv 2104.01778), in the shape that paper 003 names:

    log-mel picture 128 x 128 (4 s)  ->  12 x 12 patches of 16 x 16, overlapping by 6  ->  linear 768
    ->  class token, + learnt places  ->  12 layers of 12 heads, 3072 in the feed-forward  ->  LN of the class token
    ->  linear

Where paper and release differ, and what stands here:
- it starts from random weights; both papers start from weights learnt on ImageNet, so compare their scores with that
  in mind.
- paper 003 names tokens of 768 and 12 heads, which cost 12.7 G multiply-adds a picture; the 3.32 G it prints fit
  tokens of 384 and 6 heads: variant "small" (3.29 G).
- one class token; the second one of AST's own paper belongs to the pretrained weights.
- 12 patches of stride 10 cover 126 of 128 cells: the two lowest bands and the last 62.5 ms are not seen.
- the picture goes in as `vit_vertical` sees it, from 0 to 1; AST's paper brings its own to mean 0, deviation 0.5.

Maps: "layer<i>.attention" (heads, 145 queries, 145 keys, seconds, each column's time repeated row by row; no place for
the class token); "cls", "rollout" (12 bands in hertz, 12 times) and "stripes" (12 times), as in `vit_vertical`.  A cell
of theirs is a patch of half a second by 16 bands, which shares 6 of its 16 columns and rows with each neighbour.
"""

from __future__ import annotations

from typing import Annotated

import torch
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass
from torch import Tensor, nn

from ser_core.models.patches import PatchGrid, class_token_after
from ser_core.models.pre_norm import PreNormLayer
from ser_core.models.registry import register
from ser_core.models.vit_vertical import SIDE, PictureSystem
from ser_core.preparation import Preparation

PATCH, STRIDE = (16, 16), (10, 10)
PAPER_FLOPS = {"default": 3.32e9}


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class AstConfig:
    """A token is as wide as all heads together, the feed-forward part `expansion` times as wide."""

    num_classes: Annotated[int, Field(ge=2)] = 7
    depth: Annotated[int, Field(ge=1, le=24)] = 12
    heads: Annotated[int, Field(ge=1, le=32)] = 12
    head_width: Annotated[int, Field(ge=1, le=1024)] = 64
    expansion: Annotated[int, Field(ge=1, le=8)] = 4


@register({"default": AstConfig(), "small": AstConfig(heads=6)})
class Ast(PictureSystem):
    """Log-mel pictures [B, 128, 128] -> logits [B, C]."""

    name = "ast"
    title = "AST, from scratch"
    baseline_of = "vit_vertical"
    batch = 8
    paper_flops = PAPER_FLOPS

    def __init__(self, config: AstConfig, preparation: Preparation) -> None:
        super().__init__(preparation)
        self.config = config
        width = config.heads * config.head_width
        self.grid = PatchGrid(self.front_end, (SIDE, SIDE), PATCH, STRIDE)
        self.to_token = nn.Linear(PATCH[0] * PATCH[1], width)
        self.class_token = nn.Parameter(0.02 * torch.randn(1, 1, width))
        self.places = nn.Parameter(0.02 * torch.randn(1, 1 + len(self.grid), width))
        self.layers = nn.ModuleList(
            PreNormLayer(width, config.heads, config.head_width, config.expansion * width, qkv_bias=True, eps=1e-6)
            for _ in range(config.depth)
        )
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.output = nn.Linear(width, config.num_classes)

    def embed(self, features: Tensor, lengths: Tensor | None = None) -> Tensor:
        tokens = self.to_token(self.grid.cut(features.unsqueeze(1)))
        tokens = torch.cat([self.class_token.expand(len(tokens), -1, -1), tokens], dim=1) + self.places
        return self.norm(class_token_after(self.layers, tokens, self.grid))

    def classify(self, embedding: Tensor) -> Tensor:
        return self.output(embedding)
