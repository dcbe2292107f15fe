"""MHSA-FACA: multi-head self-attention with a focus per query (FA) and a gate per head (CA), over half a second.

Paper (004): "Improving Speech Emotion Recognition Through Focus and Calibration Attention Mechanisms", Interspeech
2022.

    40 MFCC x 50 frames (0.5 s)  ->  2 convolutions along the coefficients  ->  512 per frame  ->  BiLSTM x 2
    ->  8 heads of attention between the 50 frames  ->  mean over frames  ->  512 - 256 - C

    FA   u = tanh(W_p Q_i + W_g mean(Q)),  mu = 50 sigmoid(U_c u),  sigma = 50 sigmoid(U_d u)  (eqs 3, 4: the same u)
         f_ij = -2 (j - mu_i)^2 / sigma_i^2  is added to the logits: sigma is two standard deviations of the Gaussian
    CA   s = sigmoid(W_s g + b),  g_h = the largest weight of head h's softmax map;  the map of head h times s_h

What the paper leaves open, and what stands here:
- the features' settings are not stated: 16 kHz, 40 MFCC of 128 mel bands, windows and FFT of 25 ms every 10 ms, as in
  the first author's earlier release.
- normalisation is not stated: mean 0 and deviation 1 per coefficient over the clip's own frames, each counted once.
- MFCC are computed for the whole clip and windows of 50 frames cut from them; a frame centred on the clip's very end
  is left out, so that 0.5 s are exactly one window.
- the last window ends with the clip and a clip shorter than 0.5 s is repeated; the earlier release dropped both.
- the convolutions have no padding and a ReLU: that gives exactly the 512 values per frame that the attention expects.
- "head size of 8" is read as 8 heads of 64: heads of 8 would be 64 heads, and no longer the usual layout.
- the logits are divided by sqrt(64), the width of a head, not by the printed sqrt(512), which does not fit the heads.
- of FA the two matrices serve all heads and read the projected queries; the two vectors are each head's own, without
  bias; frames count from 0; sigma is at least one frame, or the formula could divide by almost nothing.
- CA gates the softmax map, as printed, so that its rows no longer sum to 1; g is the maximum over the whole map.
- what follows the attention is not stated: mean over the frames, 512 to 256 with ReLU, dropout 0.3, and the linear
  output, with neither residual nor norm around the attention, as none is described.
- how windows become a clip is not stated: the mean of their logits, as in the earlier release.
- the paper says that FA finds the loudest part; nothing in its loss or input asks for that: hold the map against the
  sound's level before believing it.

Maps: "attention" (8 heads, 50 query frames, 50 key frames, seconds), the softmax before the gates; "calibrated", the
same after them; "mu" and "sigma" (8 heads, 50 queries), whose values are seconds too, from the window's start;
"calibration" (8 heads), the gates.  There is no hertz axis: the convolutions and the flattening mix all coefficients.
Nor is a key only its own 10 ms: it is a BiLSTM state, which has already read the whole half second both ways.
"""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
import torch
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass
from torch import Tensor, nn

from ser_core.features import Mfcc, Normaliser
from ser_core.maps import capturing, index_axis, record, seconds_axis
from ser_core.models.attention import attend, join_heads, split_heads
from ser_core.models.base import System
from ser_core.models.registry import register
from ser_core.preparation import Preparation
from ser_core.segments import Cutting, Segments, cut, repeat_fill, speech_span

COEFFICIENTS, FRAMES, HOP = 40, 50, 160  # HOP: samples between frames
FRAME_SECONDS = HOP / System.sample_rate
CENTRES = FRAME_SECONDS * np.arange(FRAMES)
QUERIES, KEYS = seconds_axis("query", CENTRES), seconds_axis("key", CENTRES)


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class MhsaFacaConfig:
    """attention: plain multi-head self-attention, with FA, or with FA and CA, by the paper's names.

    channels: of the convolutions.  hidden: of the LSTM in each direction; the attention is twice as wide.
    classifier: width of the hidden layer before the output.
    """

    num_classes: Annotated[int, Field(ge=2)] = 4
    attention: Literal["bmhsa", "fa", "faca"] = "faca"
    channels: Annotated[int, Field(ge=1, le=1024)] = 64
    hidden: Annotated[int, Field(ge=8, le=4096, multiple_of=8)] = 256
    heads: Literal[1, 2, 4, 8] = 8
    classifier: Annotated[int, Field(ge=1, le=4096)] = 256
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.3


VARIANTS = {
    "default": MhsaFacaConfig(),
    "bmhsa": MhsaFacaConfig(attention="bmhsa"),
    "fa": MhsaFacaConfig(attention="fa"),
    "faca": MhsaFacaConfig(attention="faca"),
}


class Stem(nn.Module):
    """Convolutions along the coefficients, each frame for itself.  [B, 40, 50] -> [B, 50, 8 * channels]"""

    def __init__(self, channels: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for inputs in (1, channels):  # 40 -> 38 -> 19 -> 17 -> 8 rows
            layers += [nn.Conv2d(inputs, channels, (3, 1)), nn.BatchNorm2d(channels), nn.ReLU(), nn.MaxPool2d((2, 1))]
        self.layers = nn.Sequential(*layers)

    def forward(self, features: Tensor) -> Tensor:
        return self.layers(features.unsqueeze(1)).flatten(1, 2).transpose(1, 2)


class FocusAttention(nn.Module):
    """A Gaussian over the keys per head and query, to be added to the logits.  Queries [B, m, D] -> [B, h, m, m]"""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.local = nn.Linear(width, width, bias=False)  # W_p
        self.overall = nn.Linear(width, width, bias=False)  # W_g
        bound = (width // heads) ** -0.5
        self.centre = nn.Parameter(torch.empty(heads, width // heads).uniform_(-bound, bound))  # U_c
        self.spread = nn.Parameter(torch.empty(heads, width // heads).uniform_(-bound, bound))  # U_d

    def forward(self, query: Tensor) -> Tensor:
        frames = query.shape[1]
        shared = torch.tanh(self.local(query) + self.overall(query.mean(1, keepdim=True)))
        by_head = split_heads(shared, self.heads)  # [B, h, m, d]
        mu = frames * torch.einsum("bhmd,hd->bhm", by_head, self.centre).sigmoid()
        sigma = (frames * torch.einsum("bhmd,hd->bhm", by_head, self.spread).sigmoid()).clamp_min(1.0)
        head = index_axis("head", self.heads)
        record("mu", FRAME_SECONDS * mu, head, QUERIES)
        record("sigma", FRAME_SECONDS * sigma, head, QUERIES)
        places = torch.arange(frames, device=mu.device, dtype=mu.dtype)
        return -2 * ((places - mu.unsqueeze(-1)) / sigma.unsqueeze(-1)).square()


class CalibrationAttention(nn.Module):
    """A gate for each head, from the largest weights of all heads.  Softmax maps [B, h, m, m] -> [B, h, 1, 1]"""

    def __init__(self, heads: int) -> None:
        super().__init__()
        self.gate = nn.Linear(heads, heads)

    def forward(self, weights: Tensor) -> Tensor:
        gates = self.gate(weights.amax((2, 3))).sigmoid()
        record("calibration", gates, index_axis("head", gates.shape[1]))
        return gates[:, :, None, None]


class SelfAttention(nn.Module):
    """Multi-head self-attention between frames, with FA and CA where the config says so.  [B, m, D] -> same"""

    def __init__(self, width: int, config: MhsaFacaConfig) -> None:
        super().__init__()
        self.heads = config.heads
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.project = nn.Linear(width, width)
        self.focus = None if config.attention == "bmhsa" else FocusAttention(width, config.heads)
        self.calibration = CalibrationAttention(config.heads) if config.attention == "faca" else None

    def forward(self, states: Tensor) -> Tensor:
        queries = self.query(states)
        bias = None if self.focus is None else self.focus(queries)
        query, key, value = (split_heads(x, self.heads) for x in (queries, self.key(states), self.value(states)))
        axes = (index_axis("head", self.heads), QUERIES, KEYS)
        if self.calibration is None:
            return self.project(join_heads(attend(query, key, value, "attention", axes, bias)))
        # The gates need the softmax map itself, which no fused kernel hands out: it is computed whoever looks.
        logits = query @ key.transpose(-2, -1) * query.shape[-1] ** -0.5
        weights = (logits if bias is None else logits + bias).softmax(-1)
        record("attention", weights, *axes, softmax=True)
        gates = self.calibration(weights)
        if capturing():
            record("calibrated", gates * weights, *axes)
        return self.project(join_heads(gates * (weights @ value)))  # as gating the map, at a fraction of the products


@register(VARIANTS)
class MhsaFaca(System):
    """MFCC windows [B, 40, 50] -> logits [B, C].  Window 0.5 s, hop 0.1 s."""

    name = "mhsa_faca"
    title = "MHSA-FACA"
    segment_seconds = 0.5
    hop_seconds = 0.1
    tail = True
    usual = Preparation(normalise="clip")

    def __init__(self, config: MhsaFacaConfig, preparation: Preparation) -> None:
        super().__init__(preparation)
        self.config = config
        self.front_end = Mfcc(n_mfcc=COEFFICIENTS, n_fft=400, window=400, hop=HOP, n_mels=128)
        self.normaliser = self.build_normaliser()
        self.stem = Stem(config.channels)
        width = 2 * config.hidden
        self.lstm = nn.LSTM(8 * config.channels, config.hidden, num_layers=2, bidirectional=True, batch_first=True)
        self.attention = SelfAttention(width, config)
        self.hidden = nn.Sequential(nn.Linear(width, config.classifier), nn.ReLU())
        self.dropout = nn.Dropout(config.dropout)
        self.output = nn.Linear(config.classifier, config.num_classes)

    def build_normaliser(self) -> Normaliser:
        """Statistics of the clip are taken in `raw_segments`, over frames: windows overlap and count them unevenly."""
        mode = self.preparation.normalise
        return Normaliser("none" if mode == "clip" else mode, COEFFICIENTS)

    def raw_segments(self, samples: Tensor, cutting: Cutting | None = None, batch: int = 256) -> Segments:
        """Features of the whole clip, cut into windows on the frame axis.

        samples: one clip, shape = (n,), on the model's device.  Length and hop of the cutting are rounded to frames.
        Frame j of a window lies 0.01 j s behind its start.  batch: not needed, as the clip is pictured at once.
        """
        chosen = cutting or self.cutting
        first, last = 0, len(samples)
        if chosen.trim_db is not None:
            first, last = speech_span(samples, chosen.trim_db)
        clip = repeat_fill(samples[first:last], chosen.length)
        count = -(-len(clip) // HOP)  # the frames whose centres lie inside the clip
        frames = self.front_end(clip[None])[..., :count]
        if self.preparation.normalise == "clip":
            frames = Normaliser("clip", COEFFICIENTS)(frames)
        by_frame = Cutting(round(chosen.length / HOP), max(1, round(chosen.hop / HOP)), tail=chosen.tail)
        numbers, _, _ = cut(torch.arange(count, device="cpu"), by_frame)  # [S, 50] frame numbers
        features = frames[0][:, numbers.to(frames.device)].transpose(0, 1).contiguous()
        starts = first / self.sample_rate + FRAME_SECONDS * numbers[:, 0].numpy()
        span = (first / self.sample_rate, last / self.sample_rate)
        return Segments(features, starts, chosen.length / self.sample_rate, span)

    def embed(self, features: Tensor, lengths: Tensor | None = None) -> Tensor:
        states = self.lstm(self.stem(features))[0]
        return self.hidden(self.attention(states).mean(1))

    def classify(self, embedding: Tensor) -> Tensor:
        return self.output(self.dropout(embedding))
