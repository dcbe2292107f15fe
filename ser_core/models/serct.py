"""SERCT: seven convolutions over the raw wave and a deformable transformer, whose tokens vote.

Paper (001): "Speech Emotion Recognition Based on CNN and Transformer" (SERCT).  Its transformer is DST's, see
`deformable.py`.

    raw wave, 16 kHz, up to 9 s  ->  conv 10/5, GroupNorm, GELU  ->  4 x (conv 3/2, GELU)  ->  2 x (conv 2/2, GELU)
        ->  LayerNorm, linear 512 -> 1024, LayerNorm, + position  ->  4 x block
        ->  linear 1024 -> 512 -> 256 -> classes for each token  ->  mean over the tokens

    block   x = LN(x + deformable attention(x)),  x = LN(x + feed-forward(x))

Tokens: token t sees samples 320 t - 160 to 320 t + 239 and is centred on sample 39.5 + 320 t, one every 20 ms.  A clip
of n samples, 400 at least, gives 1 + (n - 240) // 320 of them: 450 for 9 s, 150 for 3 s.  The last convolution pads one
frame at both ends; at the head that gives token 0, which hears samples 0 to 239 only; at the end a token that would
reach past the clip is left out.

Where paper and release differ, and what stands here:
- sample rate: the release reads each corpus at its own rate; here everything is 16 kHz, where a token's step is the
  20 ms that the transformer's first window widths assume.
- length: the release pads or cuts every clip to 144,000 samples; here a clip keeps its length up to 9 s, and a longer
  one is cut every 4.5 s.  A clip below 400 samples is padded with zeros to 400.
- padding: the release lets padding vote, attends to it, and takes the first norm's statistics over it; here none of it
  reaches the answer.  `published=True` brings the release's way back: every segment is padded to 144,000 samples (a
  longer clip is still cut into segments, where the release drops what is over).
- position: the release means a sinusoid but overwrites it with weak random noise; the sinusoid stands here, and noise
  (a fixed draw) under `published=True`.
- windows: the release lets a window leave the clip, whereupon its row attends to everything alike; here its centre is
  kept on the clip.  `published=True` lets it go.
- convolutions: the paper counts six, calls them two-dimensional and norms each with a LayerNorm; the release has seven
  along time, and one GroupNorm behind the first.  Variant "layer_norm" norms all seven.
- start of the convolutions: PyTorch's own shrinks speech to 2e-4 over seven layers, below what the LayerNorm behind
  them can bring back to 1 (measured); Kaiming's stands here.
- biases in the transformer: the paper has none, the release has them, and so do we.
- depth: the paper says 4, 5 and "3 to 4"; the release has 4.  Variants "depth_1" to "depth_6" have the others.
- variant "no_transformer": the paper's figures equal those of its separate CNN baseline; here it is what the name
  says, the encoder with the mean and the classifier behind it.
- variant "no_cnn": the paper does not say what its tokens are; here frames of 400 samples every 320, on the same grid.
- softmax: the paper ends in one; here the logits go to the cross entropy, which takes it once.

Maps: "token_logits" (time in seconds, emotion): what each token votes. The clip's logits are exactly their mean, so
they are an additive account of the logits, though not of the probabilities (captured in a batch of clips of unequal
length, the tokens behind a shorter clip's end count for nothing); a token has heard its whole window by then, and
through four blocks more, not only its own 25 ms. "block<i>.attention" (8 heads, query and key in seconds) and, for
every head and query, the window it looks at: "block<i>.start" and ".end", the centres of its first and last token,
and ".anchor", its centre, values in seconds. There is no frequency axis anywhere. Attention tells what was mixed, not
what decided.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

import torch
import torch.nn.functional as F
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass
from torch import Tensor, nn

from ser_core.audio import SAMPLE_RATE
from ser_core.features import Wave
from ser_core.maps import Axis, capturing, index_axis, record
from ser_core.models.attention import attend, join_heads, split_heads
from ser_core.models.base import System
from ser_core.models.deformable import DeformableAttention, TokenClock
from ser_core.models.registry import register
from ser_core.models.wave_encoder import FIELD, REAL_FIELD, STRIDE, ConvEncoder, FrameEncoder
from ser_core.preparation import Preparation

LONGEST = 144_000  # samples: 9 s
POSITIONS = 2000  # rows of the table; 450 are ever reached
CLOCK = TokenClock((REAL_FIELD - 1 - FIELD / 2 + 0.5) / SAMPLE_RATE, STRIDE / SAMPLE_RATE)


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class SerctConfig:
    """channels: of the convolutions.  width, heads, hidden, depth: of the transformer.

    encoder, norm, attention: what the paper's ablations exchange.
    """

    num_classes: Annotated[int, Field(ge=2)] = 7
    channels: Annotated[int, Field(ge=1, le=1024)] = 512
    width: Annotated[int, Field(ge=8, le=4096, multiple_of=8)] = 1024
    heads: Literal[1, 2, 4, 8] = 8
    hidden: Annotated[int, Field(ge=2, le=4096)] = 512
    depth: Annotated[int, Field(ge=0, le=12)] = 4
    encoder: Literal["cnn", "frames"] = "cnn"
    norm: Literal["group", "layer"] = "group"
    attention: Literal["deformable", "plain"] = "deformable"
    published: bool = False


VARIANTS = {
    "default": SerctConfig(),
    **{f"depth_{depth}": SerctConfig(depth=depth) for depth in range(1, 7)},
    "vanilla": SerctConfig(attention="plain"),
    "no_transformer": SerctConfig(depth=0),
    "no_cnn": SerctConfig(encoder="frames"),
    "layer_norm": SerctConfig(norm="layer"),
}


class PlainAttention(nn.Module):
    """The variant "vanilla": every token looks at all.  Tokens [B, T, width] -> same."""

    def __init__(self, config: SerctConfig, block: str) -> None:
        super().__init__()
        self.heads, self.name = config.heads, f"{block}.attention"
        self.query_key_value = nn.Linear(config.width, 3 * config.width)
        self.project = nn.Linear(config.width, config.width)

    def forward(self, tokens: Tensor, valid: Tensor | None, axes: tuple[Axis, Axis]) -> Tensor:
        query, key, value = (split_heads(x, self.heads) for x in self.query_key_value(tokens).chunk(3, dim=2))
        bias = None
        if valid is not None:
            padding = ~real(tokens, valid)
            bias = tokens.new_zeros(padding.shape).masked_fill_(padding, -math.inf)[:, None, None]
        by_head = index_axis("head", self.heads, "head")
        return self.project(join_heads(attend(query, key, value, self.name, (by_head, *axes), bias)))


class Block(nn.Module):
    """Attention and feed-forward, each with its norm behind the residual sum.  Tokens [B, T, width] -> same."""

    def __init__(self, config: SerctConfig, name: str) -> None:
        super().__init__()
        width = config.width
        if config.attention == "deformable":
            clamped = not config.published
            self.attention: nn.Module = DeformableAttention(width, config.heads, name, CLOCK, clamped)
        else:
            self.attention = PlainAttention(config, name)
        self.dropout = nn.Dropout(0.1)
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.feed_forward = nn.Sequential(
            nn.Linear(width, config.hidden), nn.ReLU(), nn.Dropout(0.1), nn.Linear(config.hidden, width)
        )

    def forward(self, x: Tensor, valid: Tensor | None, axes: tuple[Axis, Axis]) -> Tensor:
        x = self.norm1(x + self.dropout(self.attention(x, valid, axes)))
        return self.norm2(x + self.feed_forward(x))


def real(tokens: Tensor, valid: Tensor) -> Tensor:
    """Which tokens are real, shape = (B, T).  tokens: (B, T, width).  valid: how many of each item, (B,)."""
    return torch.arange(tokens.shape[1], device=tokens.device) < valid[:, None]


def sinusoid(positions: int, width: int) -> Tensor:
    """Sines and cosines in turn, wavelengths from 2 pi to 10000 * 2 pi tokens, shape = (positions, width)."""
    rates = 10_000.0 ** (-torch.arange(0, width, 2, dtype=torch.float64) / width)
    angles = torch.arange(positions, dtype=torch.float64)[:, None] * rates
    return torch.stack([angles.sin(), angles.cos()], dim=2).flatten(1).float()


def released_noise(positions: int, width: int) -> Tensor:
    """What the release adds instead: Xavier's uniform noise over the whole table, here always the same draw."""
    bound = math.sqrt(6 / (positions + width))
    noise = torch.rand(positions, width, generator=torch.Generator().manual_seed(0), device="cpu")
    return bound * (2 * noise - 1)


@register(VARIANTS)
class Serct(System):
    """Raw wave [B, 1, n] -> logits [B, C].  A clip up to 9 s is one segment of its own length, longer ones overlap."""

    name = "serct"
    title = "SERCT"
    segment_seconds = LONGEST / SAMPLE_RATE
    hop_seconds = 4.5
    fill = "none"
    tail = True
    batch = 8

    def __init__(self, config: SerctConfig, preparation: Preparation) -> None:
        super().__init__(preparation)
        self.config = config
        self.front_end = Wave()
        self.normaliser = self.build_normaliser()
        width, hidden = config.width, config.hidden
        by_frames = config.encoder == "frames"
        self.encoder = FrameEncoder(width) if by_frames else ConvEncoder(config.channels, width, config.norm)
        self.norm = nn.LayerNorm(width)
        self.blocks = nn.ModuleList(Block(config, f"block{i}") for i in range(config.depth))
        self.hidden = nn.Sequential(
            nn.Linear(width, hidden), nn.ReLU(), nn.Dropout(0.1),
            nn.Linear(hidden, hidden // 2), nn.ReLU(), nn.Dropout(0.1),
        )  # fmt: skip
        self.output = nn.Linear(hidden // 2, config.num_classes)
        self.position: Tensor
        table = released_noise if config.published else sinusoid
        rows = table(POSITIONS, width).to(self.norm.weight.device)
        self.register_buffer("position", rows, persistent=config.published)
        for part in (self.blocks, self.hidden, self.output):
            part.apply(init_linear)
        for module in self.modules():
            if isinstance(module, DeformableAttention):
                module.reset_windows()

    def embed(self, features: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Segments [B, 1, n], true lengths in samples (B,) -> the hidden layer's mean over real tokens [B, 256].

        The last layer is linear, so this mean's logits are the mean of the tokens' logits.
        """
        heard = features.shape[2]
        samples, lengths = self.fitted(features.squeeze(1), lengths)
        valid = None if lengths is None else 1 + (lengths - REAL_FIELD) // STRIDE
        x = self.norm(self.encoder(samples, lengths))
        tokens, sounding = x.shape[1], math.ceil(heard / STRIDE)
        if len(self.blocks):
            x = x + self.position[:tokens]
        axes = CLOCK.axis("query", tokens, sounding), CLOCK.axis("key", tokens, sounding)
        for block in self.blocks:
            x = block(x, valid, axes)
        x = self.hidden(x)
        if capturing():
            emotions = index_axis("emotion", self.config.num_classes, "emotion")
            record("token_logits", self.output(x), CLOCK.axis("time", tokens, sounding), emotions)
        if valid is None:
            return x.mean(1)
        return (x * real(x, valid).unsqueeze(2)).sum(1) / valid[:, None]

    def fitted(self, samples: Tensor, lengths: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """Samples [B, n] with nothing behind each item's length, long enough for a token, and the lengths to heed."""
        if lengths is not None:
            samples = samples * (torch.arange(samples.shape[1], device=samples.device) < lengths[:, None])
            lengths = lengths.clamp_min(FIELD)
        least = LONGEST if self.config.published else FIELD
        samples = F.pad(samples, (0, max(0, least - samples.shape[1])))
        return samples, None if self.config.published else lengths

    def classify(self, embedding: Tensor) -> Tensor:
        return self.output(embedding)


def init_linear(module: nn.Module) -> None:
    """Xavier's start, as in the transformer's release."""
    if isinstance(module, nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(module.bias)
