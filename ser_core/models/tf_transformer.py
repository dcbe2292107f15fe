"""Time-Frequency Transformer: attention between frames, attention between mel bands, and a third one that joins them.

Paper (002): "Time-Frequency Transformer: A Novel Time Frequency Joint Learning Method for Speech Emotion Recognition",
ICONIP 2023.

    log-mel 80 x 80 (0.81 s)
        -> convolutions that shrink the bands to 20   -> 80 frame tokens -> Time Transformer       -> linear: queries
        -> convolutions that shrink the frames to 20  -> 80 band tokens  -> Frequency Transformer  -> linear: keys
        -> convolutions that shrink both to 20 x 20   ->                                              values
    LayerNorm(values + softmax(Q K^T / sqrt(d)) V), feed-forward (eq 8)  ->  mean and deviation over tokens  ->  linear

What the paper leaves open, and what stands here:
- the step between segments is not stated: 0.4 s, about half a segment, in training and recognising; the last segment
  ends with the clip, and a clip shorter than 0.81 s is repeated.
- mel scale, logarithm and its floor are not stated: Slaney's 80 bands from 0 to 8 kHz and ln(power + 1e-6).
- normalisation is not stated: mean 0 and deviation 1 per band over the training set, because the tokens reach a
  LayerNorm through nothing but convolutions and a mean over channels, which need values of a sane size.
- the first sample of a segment has no predecessor for the pre-emphasis and is kept as it is.
- the number of layers per encoder is not stated: one, with the norm behind each residual sum.
- dropout and activation of the encoders are not stated: 0.1 behind each sublayer and inside the feed-forward, ReLU.
- no position is added to the tokens, as the equations show none; `positions=True` adds sinusoids to frames and bands.
- the linear maps to queries and keys act along the tokens, 80 to 20: the only reading that gives the stated shapes.
- the deviation over tokens is the square root of the biased variance + 1e-5, so that its gradient stays finite.
- the paper writes a softmax before the cross entropy (eqs 12, 13); the linear layer's logits go to it directly here,
  or the softmax would be taken twice.
- the ablations are not spelt out: t_f pools both encoders' tokens, t_tf takes the values as keys, f_tf as queries.
- how segments become a clip is not stated: the mean of their logits.

Maps: "time.attention" (2 heads, 80 query frames, 80 key frames, seconds) and "time", what each frame receives of it,
the mean over heads and queries; "frequency.attention" (2 heads, 80 query bands, 80 key bands, hertz) and "band",
likewise; "cross.attention" (4 heads, 20 queries, 20 keys), whose axes are neither hertz nor seconds: a query is one
feature of the frame tokens and a key a learnt weighted sum of all 80 bands, so each mixes the whole spectrum and only
an index is left; time lies inside the tokens.  It is NOT a time-frequency map, whatever the paper's figure suggests.
"time" times "band" laid over the log-mel is a product of two marginals: no cell of it was ever attended to as such.
"""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
import torch
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass
from torch import Tensor, nn

from ser_core.features import EmphasisedLogMel
from ser_core.maps import Axis, capturing, index_axis, record, seconds_axis
from ser_core.models.attention import attend, join_heads, split_heads
from ser_core.models.base import System
from ser_core.models.registry import register
from ser_core.preparation import Preparation

BANDS = FRAMES = 80
WIDTH = 20  # two convolutions of stride 2 leave a quarter of an axis, which becomes the width of the other's tokens
HEADS, JOINT_HEADS = 2, 4
MIXED = "mixed band group"  # what the joint attention's indices count


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class TfTransformerConfig:
    """parts: which of the transformers there are, t (time), f (frequency) and tf (joint).

    channels: of the convolutions.  hidden, joint_hidden: inner width of the encoders' and the joint feed-forward.
    positions: whether sinusoids tell the encoders the order of frames and bands.
    """

    num_classes: Annotated[int, Field(ge=2)] = 4
    parts: Literal["t_f_tf", "t_f", "t_tf", "f_tf"] = "t_f_tf"
    channels: Annotated[int, Field(ge=1, le=1024)] = 64
    hidden: Annotated[int, Field(ge=1, le=8192)] = 512
    joint_hidden: Annotated[int, Field(ge=1, le=8192)] = 1024
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1
    positions: bool = False


VARIANTS = {
    "default": TfTransformerConfig(),
    "t_f": TfTransformerConfig(parts="t_f"),
    "t_tf": TfTransformerConfig(parts="t_tf"),
    "f_tf": TfTransformerConfig(parts="f_tf"),
}


def convolutions(channels: int, kernel: tuple[int, int]) -> nn.Sequential:
    """Two convolutions that halve each axis along which the kernel extends.  [B, 1, 80, 80] -> [B, C, 20 or 80, ...]"""
    stride = (2 if kernel[0] > 1 else 1, 2 if kernel[1] > 1 else 1)
    padding = (kernel[0] // 2, kernel[1] // 2)
    layers: list[nn.Module] = []
    for inputs in (1, channels):
        layers += [nn.Conv2d(inputs, channels, kernel, stride, padding), nn.BatchNorm2d(channels), nn.ReLU()]
    return nn.Sequential(*layers)


class TransformerLayer(nn.Module):
    """One encoder layer, norm behind each sum; the residual runs past the values (eq 8).

    With queries, keys and values alike it is self-attention, and equals `nn.TransformerEncoderLayer` in parameters
    and, but for the dropout of attention weights, in what it computes.
    """

    def __init__(self, heads: int, hidden: int, dropout: float, name: str, axes: tuple[Axis, Axis]) -> None:
        """name: of the recorded map.  axes: of queries and keys."""
        super().__init__()
        self.name, self.heads = name, heads
        self.axes = (index_axis("head", heads), *axes)
        self.query = nn.Linear(WIDTH, WIDTH)
        self.key = nn.Linear(WIDTH, WIDTH)
        self.value = nn.Linear(WIDTH, WIDTH)
        self.project = nn.Linear(WIDTH, WIDTH)
        self.norm1 = nn.LayerNorm(WIDTH)
        self.feed_forward = nn.Sequential(
            nn.Linear(WIDTH, hidden), nn.ReLU(), nn.Dropout(dropout), nn.Linear(hidden, WIDTH)
        )
        self.norm2 = nn.LayerNorm(WIDTH)
        self.dropout = nn.Dropout(dropout)

    def forward(self, queries: Tensor, keys: Tensor, values: Tensor, marginal: Axis | None = None) -> Tensor:
        """Queries [B, N, 20], keys [B, M, 20], values [B, M, 20] -> [B, N, 20]; the sum wants N = M.

        marginal: the axis, and by its name the map, of what each key receives on average over heads and queries.
        """
        query = split_heads(self.query(queries), self.heads)
        key = split_heads(self.key(keys), self.heads)
        value = split_heads(self.value(values), self.heads)
        attended = join_heads(attend(query, key, value, self.name, self.axes))
        if marginal and capturing():
            weights = (query @ key.transpose(-2, -1) * query.shape[-1] ** -0.5).softmax(-1)
            record(marginal.name, weights.mean((1, 2)), marginal, softmax=True)
        x = self.norm1(values + self.dropout(self.project(attended)))
        return self.norm2(x + self.dropout(self.feed_forward(x)))


class Encoder(nn.Module):
    """Time or Frequency Transformer: tokens along one axis hold the other, shrunk.  [B, 1, 80, 80] -> [B, 80, 20]"""

    def __init__(self, config: TfTransformerConfig, along: Literal["time", "frequency"], place: Axis) -> None:
        """place: where the tokens lie, in seconds or hertz."""
        super().__init__()
        self.along, self.place = along, place
        self.convolutions = convolutions(config.channels, (5, 1) if along == "time" else (1, 5))
        self.positions: Tensor | None
        self.register_buffer("positions", sinusoids(BANDS, WIDTH) if config.positions else None, persistent=False)
        axes = (Axis("query", place.unit, place.centres), Axis("key", place.unit, place.centres))
        self.layer = TransformerLayer(HEADS, config.hidden, config.dropout, f"{along}.attention", axes)

    def forward(self, picture: Tensor) -> Tensor:
        tokens = self.convolutions(picture).mean(1)
        if self.along == "time":  # [B, 20, 80 frames]
            tokens = tokens.transpose(1, 2)
        if self.positions is not None:
            tokens = tokens + self.positions
        return self.layer(tokens, tokens, tokens, self.place)


class JointEncoder(nn.Module):
    """Time-Frequency Transformer: queries from the frames, keys from the bands, values of its own.  -> [B, 20, 20]"""

    def __init__(self, config: TfTransformerConfig, time: bool, frequency: bool) -> None:
        """time, frequency: whether frame and band tokens come in; the values stand in for tokens that do not."""
        super().__init__()
        self.convolutions = convolutions(config.channels, (5, 5))
        self.to_queries = nn.Linear(FRAMES, WIDTH) if time else None
        self.to_keys = nn.Linear(BANDS, WIDTH) if frequency else None
        axes = (index_axis("query", WIDTH, MIXED), index_axis("key", WIDTH, MIXED))
        self.layer = TransformerLayer(JOINT_HEADS, config.joint_hidden, config.dropout, "cross.attention", axes)

    def forward(self, picture: Tensor, frames: Tensor | None, bands: Tensor | None) -> Tensor:
        """picture [B, 1, 80, 80], frames and bands [B, 80, 20]."""
        queries = keys = values = self.convolutions(picture).mean(1)  # [B, 20 band groups, 20 frame groups]
        if self.to_queries is not None and frames is not None:
            queries = self.to_queries(frames.transpose(1, 2))  # a frame token's 20 features become the tokens
        if self.to_keys is not None and bands is not None:
            keys = self.to_keys(bands.transpose(1, 2)).transpose(1, 2)  # 20 weighted sums of the 80 bands
        return self.layer(queries, keys, values)


def sinusoids(count: int, width: int) -> Tensor:
    """Sines and cosines of falling frequency, one row for each position, shape = (count, width)."""
    angles = torch.arange(count)[:, None] * 10_000 ** (-torch.arange(0, width, 2) / width)
    return torch.stack([angles.sin(), angles.cos()], dim=2).flatten(1)


def pooled(tokens: Tensor) -> Tensor:
    """Mean and deviation over the tokens.  [B, N, 20] -> [B, 40]"""
    deviation = (tokens.var(1, correction=0) + 1e-5).sqrt()
    return torch.cat([tokens.mean(1), deviation], dim=1)


@register(VARIANTS)
class TfTransformer(System):
    """Log-mel segments [B, 80, 80] -> logits [B, C].  Segment 0.81 s, hop 0.4 s."""

    name = "tf_transformer"
    title = "Time-Frequency Transformer"
    segment_seconds = 0.81
    hop_seconds = 0.4
    tail = True
    usual = Preparation(normalise="corpus")

    def __init__(self, config: TfTransformerConfig, preparation: Preparation) -> None:
        super().__init__(preparation)
        self.config = config
        self.front_end = EmphasisedLogMel(n_fft=512, window=320, hop=160, n_mels=BANDS)
        self.normaliser = self.build_normaliser()
        times = seconds_axis("time", self.front_end.times(FRAMES))
        bands = Axis("band", "Hz", np.asarray(self.front_end.rows.centres))
        parts = config.parts.split("_")
        self.time = Encoder(config, "time", times) if "t" in parts else None
        self.frequency = Encoder(config, "frequency", bands) if "f" in parts else None
        self.joint = JointEncoder(config, "t" in parts, "f" in parts) if "tf" in parts else None
        self.output = nn.Linear(2 * WIDTH if self.joint else 4 * WIDTH, config.num_classes)

    def embed(self, features: Tensor, lengths: Tensor | None = None) -> Tensor:
        picture = features.unsqueeze(1)
        frames = None if self.time is None else self.time(picture)
        bands = None if self.frequency is None else self.frequency(picture)
        if self.joint is not None:
            return pooled(self.joint(picture, frames, bands))
        return torch.cat([pooled(tokens) for tokens in (frames, bands) if tokens is not None], dim=1)

    def classify(self, embedding: Tensor) -> Tensor:
        return self.output(embedding)
