"""What every system has in common: a front end, a way of cutting clips, and a network over segments."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn

from ser_core.features import FrontEnd, Normaliser
from ser_core.preparation import Preparation
from ser_core.segments import Cutting, Segments, cut


class System(nn.Module):
    """A published architecture with its front end.

    A subclass sets the class variables, builds `front_end`, `normaliser` and its layers, and defines `embed` and
    `classify`.

    name, title: the id everywhere in code, and the name shown.  baseline_of: the system whose paper compares with it.
    segment_seconds, hop_seconds, fill, tail: how clips are cut, see `segments.Cutting`.
    usual: the preparation that the paper names, or ours where it names none.  batch: segments in one forward call.
    paper_parameters, paper_flops: what the paper prints, by variant.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    baseline_of: ClassVar[str | None] = None
    segment_seconds: ClassVar[float]
    hop_seconds: ClassVar[float]
    fill: ClassVar[Literal["repeat", "zeros", "none"]] = "repeat"
    tail: ClassVar[bool] = False
    usual: ClassVar[Preparation] = Preparation()
    batch: ClassVar[int] = 64
    paper_parameters: ClassVar[Mapping[str, int]] = {}
    paper_flops: ClassVar[Mapping[str, float]] = {}
    sample_rate: ClassVar[int] = 16_000

    front_end: FrontEnd
    normaliser: Normaliser
    config: Any

    def __init__(self, preparation: Preparation) -> None:
        super().__init__()
        self.preparation = preparation
        hop = self.hop_seconds if preparation.hop is None else preparation.hop
        self.cutting = Cutting(
            length=round(self.segment_seconds * self.sample_rate),
            hop=round(hop * self.sample_rate),
            trim_db=preparation.trim_db,
            fill=self.fill,
            tail=self.tail,
        )

    @classmethod
    def deviations(cls) -> tuple[str, ...]:
        """Where the system departs from its paper or its release, in words: the list in its module's docstring."""
        text = sys.modules[cls.__module__].__doc__ or ""
        listed = text.partition("what stands here:\n")[2].partition("\n\n")[0]
        return tuple(" ".join(item.split()) for item in re.split(r"^- ", listed, flags=re.M)[1:])

    def build_normaliser(self) -> Normaliser:
        return Normaliser(self.preparation.normalise, len(self.front_end.rows.centres))

    def raw_segments(self, samples: Tensor, cutting: Cutting | None = None, batch: int = 256) -> Segments:
        """Cut a clip and compute its features, not yet normalised.

        samples: one clip, shape = (n,), on the model's device.  `batch` bounds the memory of long clips.
        """
        chosen = cutting or self.cutting
        windows, starts, span = cut(samples, chosen)
        features = torch.cat([self.front_end(part) for part in windows.split(batch)])
        return Segments(features, starts, chosen.length / self.sample_rate, span, chosen.fill == "repeat")

    def prepare(self, samples: Tensor, cutting: Cutting | None = None) -> Segments:
        """One clip (n,) -> its segments with normalised features [S, rows, frames]."""
        raw = self.raw_segments(samples, cutting)
        return replace(raw, features=self.normaliser(raw.features))

    def embed(self, features: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Segments [B, rows, frames] -> what the last linear layer reads [B, D].

        lengths: true frames of each segment where shorter ones were padded, shape = (B,); only a system that takes
        segments of any length (fill "none") ever gets it.
        """
        raise NotImplementedError

    def classify(self, embedding: Tensor) -> Tensor:
        """[B, D] -> logits [B, C]."""
        raise NotImplementedError

    def weights(self) -> dict[str, Tensor]:
        """All that training learnt, on the CPU; the front end's filter banks follow from the config: left out."""
        state = self.state_dict()
        return {k: v.detach().cpu().contiguous() for k, v in state.items() if not k.startswith("front_end.")}

    def load_weights(self, tensors: dict[str, Tensor]) -> None:
        """Raises ValueError where names or shapes do not fit this model."""
        expected = self.weights()
        if expected.keys() != tensors.keys() or any(expected[k].shape != tensors[k].shape for k in expected):
            raise ValueError("the weights belong to another model")
        self.load_state_dict({k: v.to(expected[k].dtype) for k, v in tensors.items()}, strict=False)

    def forward(self, features: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Segments [B, rows, frames] -> logits [B, C]."""
        return self.classify(self.embed(features, lengths))


def count_parameters(model: nn.Module) -> int:
    """Trainable parameters."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)
