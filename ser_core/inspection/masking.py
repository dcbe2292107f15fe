"""A clip in short stretches of time that can be masked one by one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from ser_core.audio import SAMPLE_RATE, Waveform
from ser_core.inspection.curves import span_of
from ser_core.inspection.sound import Sound
from ser_core.maps import AttentionMap

Mask = Literal["noise", "silence"]

STRETCH = 0.05  # seconds
FEWEST = 10  # stretches of a short clip, as long as they stay 10 ms
FADE = 80  # samples, 5 ms: a hard edge would be a click, which is something to hear
FLOOR = 1e-4  # RMS, -80 dB re full scale: the noise of a clip whose pauses are digital silence


@dataclass(frozen=True, eq=False)
class Stretches:
    """The part of a clip that a curve covers, cut into equal stretches.

    clip: that part alone, so that what a model never saw plays no role.  edges: in samples, shape = (n + 1,).
    weights, energies: what the curve gives each stretch on average, and its mean square, shape = (n,).
    filling: what masked time is replaced by, one sample for each of the clip's.
    """

    clip: Waveform
    edges: np.ndarray
    weights: np.ndarray
    energies: np.ndarray
    filling: np.ndarray

    def __len__(self) -> int:
        return len(self.weights)

    @property
    def seconds(self) -> float:
        """Length of one stretch."""
        return float(self.edges[1] - self.edges[0]) / SAMPLE_RATE

    def masked(self, kept: np.ndarray) -> Waveform:
        """The clip with everything but the kept stretches masked.  kept: bool, shape = (n,)."""
        gain = np.repeat(kept.astype(np.float64), np.diff(self.edges))
        ramp = np.pad(gain, FADE // 2, mode="edge")
        total = np.concatenate([[0.0], np.cumsum(ramp)])
        faded = (total[FADE:] - total[:-FADE])[: len(gain)] / FADE
        samples = faded * self.clip.samples + (1 - faded) * self.filling
        # not through `from_array`, whose checks are for what people bring: a masked clip may well be silent
        return replace(self.clip, samples=samples.astype(np.float32))


def stretches(waveform: Waveform, curve: AttentionMap, sound: Sound, mask: Mask, seed: int = 0) -> Stretches:
    """Cut the part of a clip that a curve covers.

    mask: "noise" fills with white noise as loud as the clip's own quietest moments, which sounds like a pause;
    "silence" with zeros, which no recording has.  seed: of the noise.
    """
    begin, end = span_of(curve)
    first = max(0, round(begin * SAMPLE_RATE))
    last = min(len(waveform.samples), round(end * SAMPLE_RATE))
    clip = replace(waveform, samples=waveform.samples[first:last])
    count = max(round(clip.seconds / STRETCH), min(FEWEST, int(clip.seconds / 0.01)), 1)
    edges = np.linspace(0, last - first, count + 1).astype(int)
    power = np.concatenate([[0.0], np.cumsum(np.square(clip.samples, dtype=np.float64))])
    level = 0.0 if mask == "silence" else max(sound.noise, FLOOR)
    noise = np.random.default_rng(seed).standard_normal(last - first)
    return Stretches(
        clip=clip,
        edges=edges,
        weights=_means(curve.values, len(curve.values) * edges / max(1, edges[-1])),
        energies=np.diff(power[edges]) / np.maximum(np.diff(edges), 1),
        filling=level * noise,
    )


def _means(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Mean of a curve between edges that may lie inside its cells.  values: (G,).  edges: in cells, (n + 1,)."""
    total = np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])
    return np.diff(np.interp(edges, np.arange(len(total)), total)) / np.diff(edges)
