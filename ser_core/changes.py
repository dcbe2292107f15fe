"""What if a clip were noisier, faster, higher, softer, or holed?  Changes to its sound or to what is read of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from ser_core import effects
from ser_core.audio import SAMPLE_RATE, Waveform
from ser_core.errors import AudioError
from ser_core.features import FrontEnd
from ser_core.segments import Segments

NOTHING = (0.0, 0.0)  # no hole
SEED = 0  # of the noise: the same choice sounds the same each time
_LOST = "Nothing is left to hear after these changes: mute less, shift less, or raise the gain."
_BRIEF = "So fast, the clip becomes shorter than 0.1 s: choose a lower speed."


@dataclass(frozen=True)
class Changes:
    """What is done to a sound, in this order; what passes full scale in the end is cut off, as a recorder would.

    speed: factor, as a tape would.  semitones: pitch at the same length.  shift: seconds later.  gain_db.
    snr_db: of added white noise, None for none.
    stopped: band in hertz that is taken out.  muted: stretch that falls silent, from and to as shares of the clip's
    length.  Both last, so that the hole lies where the changed clip's axes say; equal ends: no hole.
    """

    speed: float = 1.0
    semitones: float = 0.0
    shift: float = 0.0
    gain_db: float = 0.0
    snr_db: float | None = None
    stopped: tuple[float, float] = (0.0, 0.0)
    muted: tuple[float, float] = (0.0, 0.0)

    def __bool__(self) -> bool:
        """Whether anything is changed at all."""
        return replace(self, stopped=_hole(self.stopped), muted=_hole(self.muted)) != Changes()

    def apply(self, waveform: Waveform) -> Waveform:
        """The changed clip.  Raises AudioError where nothing is left of it."""
        samples = self._sound(torch.tensor(waveform.samples)).clamp(-1.0, 1.0)
        if not samples.any():
            raise AudioError("silent", _LOST)
        try:
            return Waveform.from_array(samples.numpy(), SAMPLE_RATE, waveform.source)
        except AudioError as error:
            words = {"silent": _LOST, "too_short": _BRIEF}.get(error.reason, str(error))
            raise AudioError(error.reason, words) from None

    def _sound(self, samples: Tensor) -> Tensor:
        samples = effects.speed(samples, self.speed)
        samples = effects.pitch(samples, self.semitones)
        samples = effects.shift(samples, self.shift)
        samples = effects.gain(samples, self.gain_db)
        if self.snr_db is not None and samples.any():
            samples = effects.add_noise(samples, self.snr_db, torch.Generator().manual_seed(SEED))
        if _hole(self.stopped) != NOTHING:
            samples = effects.band_stop(samples, *self.stopped)
        first, last = (round(share * len(samples)) for share in self.muted)
        return effects.mute(samples, first, last - first) if last > first else samples


def _hole(ends: tuple[float, float]) -> tuple[float, float]:
    """The hole, or NOTHING where its ends are equal."""
    return ends if ends[1] > ends[0] else NOTHING


@dataclass(frozen=True)
class FeatureMask:
    """SpecAugment's masks on what a model reads, as in training; the mean of the whole stands in the hole.

    seconds: stretch of the clip.  rows: from and to in the unit of the front end's rows, hertz or coefficients; a
    system that reads the wave has no rows to mask.  Equal ends: no hole.
    """

    seconds: tuple[float, float] = NOTHING
    rows: tuple[float, float] = NOTHING

    def __bool__(self) -> bool:
        return _hole(self.seconds) != NOTHING or _hole(self.rows) != NOTHING

    def on_segments(self, clip: Segments, front_end: FrontEnd) -> Segments:
        """Masked features of a clip that was cut; each segment's hole is filled with its own mean."""
        times = clip.starts[:, None] + front_end.times(clip.features.shape[-1])
        if clip.wraps:  # repeat-filling: what comes behind the clip's end is its start again
            begin, end = clip.span
            length = max(1, round((end - begin) * SAMPLE_RATE))
            times = begin + np.round((times - begin) * SAMPLE_RATE) % length / SAMPLE_RATE
        masked = [self.on(features, seen, front_end) for features, seen in zip(clip.features, times, strict=True)]
        return replace(clip, features=torch.stack(masked))

    def on(self, features: Tensor, times: np.ndarray, front_end: FrontEnd) -> Tensor:
        """One picture [rows, frames], masked.  times: seconds of its frames on the clip's time line, (frames,)."""
        if _hole(self.seconds) != NOTHING:
            for start, width in _runs((times >= self.seconds[0]) & (times < self.seconds[1])):
                features = effects.mask_time(features, start, width)
        if _hole(self.rows) != NOTHING and front_end.rows.unit != "amplitude":
            centres = front_end.rows.centres
            for start, width in _runs((centres >= self.rows[0]) & (centres <= self.rows[1])):
                features = effects.mask_rows(features, start, width)
        return features


def _runs(inside: np.ndarray) -> Iterator[tuple[int, int]]:
    """Start and width of each run of True.  inside: bool, shape = (n,)."""
    edges = np.flatnonzero(np.diff(inside, prepend=False, append=False))
    yield from zip(edges[::2].tolist(), (edges[1::2] - edges[::2]).tolist(), strict=True)
