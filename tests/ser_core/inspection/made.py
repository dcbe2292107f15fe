"""Sounds, curves and small models whose answers are known, for the tests of `inspection`."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ser_core.audio import SAMPLE_RATE, Waveform
from ser_core.features import LogMel
from ser_core.inspection.sound import Sound
from ser_core.maps import AttentionMap, seconds_axis
from ser_core.models import System, create
from ser_core.preparation import Preparation

# of each published system a small copy, by name
SMALL: dict[str, dict[str, Any]] = {
    "ctmam": {"variant": "default", "blocks": 2},
    "serct": {"channels": 8, "width": 64, "hidden": 16, "depth": 2},
    "tf_transformer": {"channels": 4, "hidden": 16, "joint_hidden": 16},
    "vit_vertical": {"width": 32, "heads": 2, "head_width": 8, "hidden": 32, "depth": 2},
    "mhsa_faca": {"channels": 4, "hidden": 16},
}


def small(system: str, seed: int = 0, classes: int = 3, **changes: Any) -> System:
    """A small model with random weights, as a loaded one: in eval mode, without gradients."""
    torch.manual_seed(seed)
    settings = {"variant": "default", **SMALL[system], **changes}
    return create(system, num_classes=classes, **settings).eval().requires_grad_(False)


def speechlike(seconds: float, seed: int = 0) -> Waveform:
    """A buzz of 120 Hz in syllables of changing loudness, over a little noise."""
    random = np.random.default_rng(seed)
    t = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    levels = random.uniform(0.1, 1.0, int(seconds / 0.2) + 2)
    envelope = np.interp(t, 0.2 * np.arange(len(levels)), levels) * (0.6 + 0.4 * np.sin(2 * np.pi * 4 * t))
    buzz = sum(np.sin(2 * np.pi * 120 * k * t) / k for k in range(1, 12))
    return Waveform.from_array(0.2 * envelope * buzz + 1e-3 * random.standard_normal(len(t)), SAMPLE_RATE)


def silent(seconds: float) -> Waveform:
    """What a file with it would be refused for, but a part of a clip may be."""
    return Waveform(np.zeros(round(seconds * SAMPLE_RATE), dtype=np.float32), "silence")


def grid(seconds: float, step: float = 0.01, begin: float = 0.0) -> np.ndarray:
    return begin + step * (np.arange(round(seconds / step)) + 0.5)


def curve(values: np.ndarray, begin: float = 0.0, step: float = 0.01) -> AttentionMap:
    """A curve with these values every 10 ms."""
    times = begin + step * (np.arange(len(values)) + 0.5)
    return AttentionMap("made", np.asarray(values, dtype=np.float32), (seconds_axis("time", times),))


def sound(loudness: np.ndarray, speech: tuple[tuple[float, float], ...] = ()) -> Sound:
    """A sound of this loudness every 10 ms, voiced as it is loud."""
    loudness = np.asarray(loudness, dtype=np.float64)
    return Sound(grid(0.01 * len(loudness)), loudness, loudness / max(loudness.max(), 1e-12), speech, 1e-3)


def wandering(seconds: float, seed: int, smooth: float = 0.1) -> np.ndarray:
    """A smooth positive curve that has nothing to do with any other seed's, every 10 ms."""
    random = np.random.default_rng(seed)
    width = round(smooth / 0.01)
    noise = random.standard_normal(round(seconds / 0.01) + 8 * width)
    kernel = np.exp(-0.5 * (np.arange(-4 * width, 4 * width + 1) / width) ** 2)
    return np.exp(np.convolve(noise, kernel / kernel.sum(), "valid")[: round(seconds / 0.01)])


class Linear(System):
    """Logits linear in the features, so that every attribution is known.  Segment 0.5 s, hop 0.25 s."""

    name, title = "linear", "a linear model"
    segment_seconds, hop_seconds, fill, tail = 0.5, 0.25, "zeros", True
    batch = 4

    def __init__(self, config: Any, preparation: Preparation) -> None:
        super().__init__(preparation)
        self.config = config
        self.front_end = LogMel(n_fft=512, window=400, hop=160, n_mels=8)
        self.normaliser = self.build_normaliser()
        self.output = nn.Linear(8, config.num_classes)

    def embed(self, features: Tensor, lengths: Tensor | None = None) -> Tensor:
        return features.mean(2)

    def classify(self, embedding: Tensor) -> Tensor:
        return self.output(embedding)


def linear(classes: int = 3) -> Linear:
    torch.manual_seed(0)
    config = type("Config", (), {"num_classes": classes})()
    return Linear(config, Preparation()).eval().requires_grad_(False)
