"""What SERCT is compared with: an MLP, an LSTM, a CNN with a BiLSTM, and a CNN, all on the raw wave.

Paper (001) names these baselines and no layer of theirs ("hyper-parameters at their default values").  So these are
our layers, never reproduced: plain ones under five million parameters, and their figures are not the paper's.  The
fifth baseline, the SVM, has a file of its own.

    3 s of the wave, mean 0 and deviation 1  ->  layers  ->  dropout, linear  ->  logits

    mlp         linear 48,000 -> 64 -> 64, ReLU
    lstm        frames of 25 ms every 10 ms  ->  LSTM of 128  ->  mean over frames
    cnn_bilstm  two convolutions with pooling  ->  BiLSTM of 2 x 64  ->  mean over frames
    cnn         two convolutions of 32 channels with pooling  ->  32 stretches of time  ->  linear to 128, ReLU

What the paper leaves open, and what stands here:
- layers and widths are not stated: plain ones of ours; the released CNN has 147.5 million parameters and the released
  LSTM 512.3 million.
- length: the release pads or cuts every clip to 144,000 samples, the LSTM's to 8,000; here segments of 3 s every 1.5 s,
  zeros behind a shorter clip, and the mean of the segments' logits.
- level: the paper speaks of uniform amplitude and describes no such step; here each segment is brought to mean 0 and
  deviation 1.
- the release takes the softmax twice in CNN and LSTM; here the cross entropy takes it once.
- the released CNN drops out at test time, which makes its answers random; here only in training.
- the released LSTM reads 8,000 samples as one single step; here it runs over frames.
- the released BiLSTM answers from its last step, which here would often be padding; the mean over all frames instead.

Maps: none, these models have no attention.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass
from torch import Tensor, nn

from ser_core.features import Wave
from ser_core.models.base import System
from ser_core.models.registry import register
from ser_core.preparation import Preparation

SAMPLES = 48_000  # 3 s
FRAME, FRAME_HOP = 400, 160  # samples: 25 ms every 10 ms


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class RawConfig:
    """width: hidden units of the MLP or of one direction of an LSTM, or channels of the CNN."""

    num_classes: Annotated[int, Field(ge=2)] = 7
    width: Annotated[int, Field(ge=1, le=128)] = 64


def standardise(samples: Tensor) -> Tensor:
    """Every segment to mean 0 and deviation 1; digital silence stays silence.  [B, n] -> same."""
    centred = samples - samples.mean(1, keepdim=True)
    return centred / centred.square().mean(1, keepdim=True).sqrt().clamp_min(1e-5)


class RawBaseline(System):
    """Raw wave [B, 1, 48000] -> logits [B, C].  A subclass builds `network`: [B, 48000] -> [B, embedding]."""

    baseline_of = "serct"
    segment_seconds = 3.0
    hop_seconds = 1.5
    fill = "zeros"
    tail = True

    network: nn.Module

    def __init__(self, config: RawConfig, preparation: Preparation, embedding: int) -> None:
        super().__init__(preparation)
        self.config = config
        self.front_end = Wave()
        self.normaliser = self.build_normaliser()
        self.dropout = nn.Dropout(0.2)
        self.output = nn.Linear(embedding, config.num_classes)

    def embed(self, features: Tensor, lengths: Tensor | None = None) -> Tensor:
        return self.network(standardise(features.squeeze(1)))

    def classify(self, embedding: Tensor) -> Tensor:
        return self.output(self.dropout(embedding))


class Frames(nn.Module):
    """Samples [B, n] -> overlapping frames [B, T, 400]."""

    def forward(self, samples: Tensor) -> Tensor:
        return samples.unfold(1, FRAME, FRAME_HOP)


class Convolutions(nn.Sequential):
    """Samples [B, n] -> [B, width, T]: kernels of 5 ms and of three steps, each with ReLU and pooling, 16 ms a step."""

    def __init__(self, width: int) -> None:
        super().__init__(
            nn.Unflatten(1, (1, -1)),
            nn.Conv1d(1, width, 80, stride=16), nn.ReLU(), nn.MaxPool1d(4),
            nn.Conv1d(width, width, 3, padding=1), nn.ReLU(), nn.MaxPool1d(4),
        )  # fmt: skip


class MeanOfLstm(nn.Module):
    """Mean over time of an LSTM's outputs.  [B, T, inputs] -> [B, width], both directions [B, 2 * width]."""

    def __init__(self, inputs: int, width: int, bidirectional: bool = False) -> None:
        super().__init__()
        self.lstm = nn.LSTM(inputs, width, batch_first=True, bidirectional=bidirectional)

    def forward(self, x: Tensor) -> Tensor:
        return self.lstm(x)[0].mean(1)


class Transposed(nn.Module):
    """[B, channels, T] -> [B, T, channels]."""

    def forward(self, x: Tensor) -> Tensor:
        return x.transpose(1, 2)


@register({"default": RawConfig(width=64)})
class Mlp(RawBaseline):
    name = "mlp"
    title = "MLP on the raw wave"

    def __init__(self, config: RawConfig, preparation: Preparation) -> None:
        super().__init__(config, preparation, embedding=config.width)
        width = config.width
        self.network = nn.Sequential(nn.Linear(SAMPLES, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU())


@register({"default": RawConfig(width=128)})
class Lstm(RawBaseline):
    name = "lstm"
    title = "LSTM on the raw wave"

    def __init__(self, config: RawConfig, preparation: Preparation) -> None:
        super().__init__(config, preparation, embedding=config.width)
        self.network = nn.Sequential(Frames(), MeanOfLstm(FRAME, config.width))


@register({"default": RawConfig(width=64)})
class CnnBiLstm(RawBaseline):
    name = "cnn_bilstm"
    title = "CNN and BiLSTM on the raw wave"

    def __init__(self, config: RawConfig, preparation: Preparation) -> None:
        super().__init__(config, preparation, embedding=2 * config.width)
        width = config.width
        self.network = nn.Sequential(Convolutions(width), Transposed(), MeanOfLstm(width, width, bidirectional=True))


@register({"default": RawConfig(width=32)})
class Cnn(RawBaseline):
    name = "cnn"
    title = "CNN on the raw wave"

    def __init__(self, config: RawConfig, preparation: Preparation) -> None:
        super().__init__(config, preparation, embedding=128)
        stretches = 32
        self.network = nn.Sequential(
            Convolutions(config.width),
            nn.AdaptiveAvgPool1d(stretches), nn.Flatten(), nn.Linear(config.width * stretches, 128), nn.ReLU(),
        )  # fmt: skip
