"""Vision transformer over vertical patches of a log-mel picture, with coordinates and knowledge transfer.

Paper (003): speech emotion recognition from log-mel spectrograms with vertically long patches, image coordinate
encoding (ICE) and knowledge transfer, IEEE Access, 2024, doi 10.1109/ACCESS.2024.3447770.

    log-mel picture 128 x 128 (4 s)
    teacher:  6 convolutions  ->  + 2 coordinate planes  ->  128 patches of 3 x 128 x 1  ->  LN, linear, LN
    student:  128 patches of 128 x 1  ->  LN, linear, LN
    then:     class token before 129 tokens of 256  ->  depth x (attention, feed-forward)  ->  LN of the class token
              (256 values, which feature matching compares)  ->  linear

Variants: "teacher_6" and "teacher_12" (depth and heads 6/5 and 12/12), "teacher_6_no_position" (no coordinate planes),
"teacher_6_square" (patches of 16 x 16), and the student (depth 3, 5 heads), which is the default.

The student cannot know the order of its columns: it reads a class token, has no positions, and treats every patch
alike, so that shuffling the 128 columns leaves its answer as it is.  Whatever the teacher passes on, it is not place.

Where paper and release differ, and what stands here:
- width of a head and of the feed-forward part are not in the paper: 64 and 1024, which fit its FLOPs for teacher_6
  (1.43 G) and nearly for the student (0.32 G); its teacher_12 (3.58 G) would need 2048 and stands here with 1024 too.
- dropout is not stated, and zero; so is the start, which is PyTorch's, with a class token drawn from N(0, 1).
- clips longer than 4 s are cut into pieces of 4 s every 2 s, the last one ending with the clip, and their logits are
  averaged; the paper knows only the first 4 s and drops the rest.
- where the zeros of a shorter clip stand is not said: behind it.
- values of the picture are not stated: decibels with a floor 80 dB below the loudest cell, scaled to 0..1 per picture.
  The release reads the red channel of a coloured image file, so that its features hang on the colour map.
- how 1001 frames become 128 columns is not said: antialiased linear interpolation over time.
- the printed mel formula is the HTK one, the text describes Slaney's: Slaney's, 128 bands from 0 to 8 kHz.
- row 0 is the highest band, as in the paper's figures; that only sets the sign of the vertical coordinate.
- the coordinate planes run from -1 to 1 over columns (time) and rows, in this order behind the stem's output; the
  release divides by the wrong side's length, which only a square picture forgives.
- instance norm and GELU also follow the last convolution, as released; the norm has no weights of its own.
- the classifier called an MLP is one linear layer, as released.

Maps: "layer<i>.attention" (heads, 129 queries, 129 keys; seconds, without a place for the class token), "cls" (last
layer, mean over heads, what the class token looks at, 128 columns), "rollout" (the same followed through all layers
with their residuals, arXiv 2005.00928), "stripes" ("cls" smoothed by a Gaussian of 62.5 ms and brought to 0..1, as the
paper's masks; which layer and how smooth it does not say, so last layer and width are ours).  There is no frequency in
any of them: one token is all 128 bands of 31.25 ms.  Only with square patches "cls" and "rollout" have 8 rows (middle
of 16 bands, hertz) and 8 columns of 0.5 s; there the 65 queries and keys repeat each column's time row by row.  The
class token's weight on itself is left out of "cls" and "rollout", which therefore sum to less than 1.  The teacher's
stem and instance norms have mixed neighbouring columns and the level of the whole picture before any token is cut.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal

import torch
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass
from torch import Tensor, nn

from ser_core.features import LogMelImage
from ser_core.models.base import System
from ser_core.models.patches import PatchGrid, class_token_after
from ser_core.models.pre_norm import PreNormLayer
from ser_core.models.registry import register
from ser_core.preparation import Preparation

SIDE = 128  # mel bands, and columns of 31.25 ms


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class VitVerticalConfig:
    """stem: the teacher's convolutions.  coordinates: ICE's two planes.  patch: one column, or 16 x 16.

    depth, heads, width (of a token), head_width, hidden (of the feed-forward part): of the transformer.
    stem_width: channels of the first convolution; the next have 2, 4, 2 and 1 times as many, the last has one.
    """

    num_classes: Annotated[int, Field(ge=2)] = 7
    stem: bool = False
    coordinates: bool = False
    patch: Literal["vertical", "square"] = "vertical"
    depth: Annotated[int, Field(ge=1, le=24)] = 3
    heads: Annotated[int, Field(ge=1, le=32)] = 5
    width: Annotated[int, Field(ge=1, le=4096)] = 256
    head_width: Annotated[int, Field(ge=1, le=1024)] = 64
    hidden: Annotated[int, Field(ge=1, le=16384)] = 1024
    stem_width: Annotated[int, Field(ge=1, le=256)] = 16


TEACHER = VitVerticalConfig(stem=True, coordinates=True, depth=6)

VARIANTS = {
    "default": VitVerticalConfig(),
    "student": VitVerticalConfig(),
    "teacher_6": TEACHER,
    "teacher_12": VitVerticalConfig(stem=True, coordinates=True, depth=12, heads=12),
    "teacher_6_no_position": VitVerticalConfig(stem=True, depth=6),
    "teacher_6_square": VitVerticalConfig(stem=True, coordinates=True, depth=6, patch="square"),
}

# Tables 2 and 3 of the paper.
PAPER_FLOPS = {"default": 0.32e9, "student": 0.32e9, "teacher_6": 1.43e9, "teacher_12": 3.58e9}


def coordinate_planes(side: int = SIDE) -> Tensor:
    """ICE: how far right and how far down a cell lies, each from -1 to 1.  Shape = (2, side, side)."""
    line = torch.linspace(-1, 1, side)
    return torch.stack([line.expand(side, side), line[:, None].expand(side, side)])


class Stem(nn.Sequential):
    """Six convolutions that keep the picture's size.  [B, 1, 128, 128] -> same."""

    def __init__(self, width: int) -> None:
        channels = (1, width, 2 * width, 4 * width, 2 * width, width, 1)
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise(channels):
            layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.InstanceNorm2d(outputs), nn.GELU()]
        super().__init__(*layers)


class PictureSystem(System):
    """What this system and its baselines share: the picture, and how clips are cut.

    16 kHz, windows of 512 (Hamming) in an FFT of 1024 every 64 samples; 4 s -> [128 bands, 128 columns].
    """

    segment_seconds = 4.0
    hop_seconds = 2.0
    fill = "zeros"
    tail = True

    def __init__(self, preparation: Preparation) -> None:
        super().__init__(preparation)
        self.front_end = LogMelImage(n_fft=1024, window=512, hop=64, n_mels=SIDE, step=500)
        self.normaliser = self.build_normaliser()


@register(VARIANTS)
class VitVertical(PictureSystem):
    """Log-mel pictures [B, 128, 128] (rows, columns) -> logits [B, C].  Segment 4 s, hop 2 s for longer clips."""

    name = "vit_vertical"
    title = "ViT with vertical patches"
    batch = 16
    paper_flops = PAPER_FLOPS

    def __init__(self, config: VitVerticalConfig, preparation: Preparation) -> None:
        super().__init__(preparation)
        self.config = config
        self.stem = Stem(config.stem_width) if config.stem else nn.Identity()
        self.planes: Tensor | None
        self.register_buffer("planes", coordinate_planes() if config.coordinates else None, persistent=False)
        size = (SIDE, 1) if config.patch == "vertical" else (16, 16)
        self.grid = PatchGrid(self.front_end, (SIDE, SIDE), size, stride=size)
        inputs = (3 if config.coordinates else 1) * size[0] * size[1]
        self.to_token = nn.Sequential(nn.LayerNorm(inputs), nn.Linear(inputs, config.width), nn.LayerNorm(config.width))
        self.class_token = nn.Parameter(torch.randn(1, 1, config.width))
        self.layers = nn.ModuleList(
            PreNormLayer(config.width, config.heads, config.head_width, config.hidden) for _ in range(config.depth)
        )
        self.norm = nn.LayerNorm(config.width)
        self.output = nn.Linear(config.width, config.num_classes)

    def embed(self, features: Tensor, lengths: Tensor | None = None) -> Tensor:
        picture = self.stem(features.unsqueeze(1))
        if self.planes is not None:
            picture = torch.cat([picture, self.planes.expand(len(picture), -1, -1, -1)], dim=1)
        tokens = self.to_token(self.grid.cut(picture))
        tokens = torch.cat([self.class_token.expand(len(tokens), -1, -1), tokens], dim=1)
        return self.norm(class_token_after(self.layers, tokens, self.grid))

    def classify(self, embedding: Tensor) -> Tensor:
        return self.output(embedding)
