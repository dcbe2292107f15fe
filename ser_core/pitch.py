"""The pitch of a voice from moment to moment, and how far a moment is voiced at all.

YIN (de Cheveigné and Kawahara, 2002, librosa's) names the period after which the wave comes back most alike.  It names
one for a hiss and for a pause too, so each is checked: does the wave really repeat itself after that time?  A single
moment that leaps away from both its neighbours takes the median of the three.
"""

from __future__ import annotations

from dataclasses import dataclass

import librosa
import numpy as np

from ser_core.audio import SAMPLE_RATE

STEP = 0.01  # seconds between moments
RANGE_HZ = (65.0, 800.0)  # from a low male voice to a scream
FRAME = 1024  # samples: two periods of the lowest pitch, and a lag besides
BLOCK = 3_000  # moments at a time, which bounds the memory of long clips
VOICED = 0.5  # repetition from which a moment counts as voiced
SOFTEST_DB = 40.0  # below the loudest moment; what is softer is not called voiced
SILENT = 1e-6  # RMS below this is no sound at all


@dataclass(frozen=True, eq=False)
class PitchTrack:
    """times: seconds, shape = (T,).  hertz: the pitch there, NaN where the voice is not voiced, shape = (T,)."""

    times: np.ndarray
    hertz: np.ndarray

    def between(self, start: float, end: float) -> PitchTrack:
        """The moments within a stretch, in seconds."""
        within = (self.times >= start) & (self.times <= end)
        return PitchTrack(self.times[within], self.hertz[within])

    def csv(self) -> str:
        """A row per moment: seconds, hertz; empty where there is no pitch."""
        rows = zip(self.times, self.hertz, strict=True)
        body = "".join(f"{time:.3f},{'' if np.isnan(hertz) else format(hertz, '.1f')}\n" for time, hertz in rows)
        return f"seconds,hertz\n{body}"


def track(samples: np.ndarray) -> PitchTrack:
    """The pitch of a clip every 10 ms.  samples: 16 kHz, full scale 1, shape = (n,)."""
    times = STEP * (np.arange(max(1, round(len(samples) / SAMPLE_RATE / STEP))) + 0.5)
    parts = [_follow(samples, times[start : start + BLOCK]) for start in range(0, len(times), BLOCK)]
    hertz, repetition, loud = (np.concatenate(part) for part in zip(*parts, strict=True))
    voiced = (repetition >= VOICED) & (loud > max(SILENT, loud.max() * 10 ** (-SOFTEST_DB / 20)))
    return PitchTrack(times, without_leaps(np.where(voiced, hertz, np.nan)))


def without_leaps(hertz: np.ndarray) -> np.ndarray:
    """Each moment between two voiced ones becomes the median of the three.  hertz: NaN unvoiced, shape = (T,)."""
    smooth = hertz.copy()
    three = np.stack([hertz[:-2], hertz[1:-1], hertz[2:]])
    whole = ~np.isnan(three).any(0)
    smooth[1:-1][whole] = np.median(three[:, whole], axis=0)
    return smooth


def _follow(samples: np.ndarray, times: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Evenly spaced moments (T,) -> YIN's pitch in hertz, the wave's correlation with itself one period later
    (0 to 1), and its RMS there, all (T,)."""
    hop = round(STEP * SAMPLE_RATE)
    first = round(float(times[0]) * SAMPLE_RATE) - FRAME // 2
    last = first + hop * (len(times) - 1) + FRAME
    inside = samples[max(0, first) : last]
    padded = np.pad(inside, (max(0, -first), max(0, last - len(samples)))).astype(np.float64)
    low, high = RANGE_HZ
    hertz = librosa.yin(padded, fmin=low, fmax=high, sr=SAMPLE_RATE, frame_length=FRAME, hop_length=hop, center=False)
    frames = np.lib.stride_tricks.sliding_window_view(padded, FRAME)[::hop]
    lags = np.clip(np.round(SAMPLE_RATE / hertz).astype(int), 1, FRAME // 2)
    now = frames[:, : FRAME // 2]
    later = np.take_along_axis(frames, lags[:, None] + np.arange(FRAME // 2), axis=1)
    now, later = now - now.mean(1, keepdims=True), later - later.mean(1, keepdims=True)
    size = np.sqrt((now**2).sum(1) * (later**2).sum(1))
    repetition = np.clip((now * later).sum(1) / np.maximum(size, 1e-12), 0.0, 1.0)
    return hertz, repetition, np.sqrt(np.mean(frames**2, axis=1))
