"""What attention is held against: how loud a clip is from moment to moment, how voiced, and where somebody speaks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import librosa
import numpy as np

from ser_core.audio import SAMPLE_RATE, Waveform
from ser_core.quality import find_speech

STEP = 0.01  # seconds
WINDOW = 0.025  # seconds, of the RMS envelope
PITCH_HZ = (65.0, 800.0)  # from a low male voice to a scream
PITCH_FRAME = 1024  # samples: two periods of the lowest pitch, and a lag besides
VOICED_RANGE_DB = 40.0  # below the loudest frame; what is softer is not called voiced
BLOCK = 3_000  # frames whose pitch is found at a time
SILENT = 1e-6  # RMS below this is no sound at all


@dataclass(frozen=True, eq=False)
class Sound:
    """A clip every 10 ms.

    times: seconds, shape = (G,).  loudness: RMS over 25 ms around each, full scale 1.  voicing: 0 to 1, how much the
    wave repeats itself after one period.  speech: (start, end) in seconds of each stretch of detected speech.
    noise: RMS of the quietest twentieth of the clip.
    """

    times: np.ndarray
    loudness: np.ndarray
    voicing: np.ndarray
    speech: tuple[tuple[float, float], ...]
    noise: float

    def loudness_at(self, times: np.ndarray) -> np.ndarray:
        return np.interp(times, self.times, self.loudness)

    def voicing_at(self, times: np.ndarray) -> np.ndarray:
        return np.interp(times, self.times, self.voicing)

    def in_speech(self, times: np.ndarray) -> np.ndarray:
        """Whether each of these moments lies in detected speech, shape = (n,)."""
        inside = np.zeros(len(times), dtype=bool)
        for start, end in self.speech:
            inside |= (times >= start) & (times < end)
        return inside


def listen(waveform: Waveform, speech: Sequence[tuple[float, float]] | None = None) -> Sound:
    """Measure a clip once, for all the curves that are held against it.

    speech: the stretches of speech where they are known already, e.g. from `quality.assess`.
    """
    samples = waveform.samples
    times = STEP * (np.arange(max(1, round(waveform.seconds / STEP))) + 0.5)
    loud = loudness(samples, times)
    return Sound(
        times=times,
        loudness=loud,
        voicing=voicing(samples, times, loud),
        speech=tuple(find_speech(samples) if speech is None else speech),
        noise=float(np.percentile(loud, 5)),
    )


def loudness(samples: np.ndarray, times: np.ndarray, window: float = WINDOW) -> np.ndarray:
    """RMS over a window around each moment, less of it at the clip's ends.  times: seconds, (G,).  Returns (G,)."""
    energy = np.concatenate([[0.0], np.cumsum(np.square(samples, dtype=np.float64))])
    first = np.clip(np.round((times - window / 2) * SAMPLE_RATE).astype(int), 0, len(samples) - 1)
    last = np.clip(np.round((times + window / 2) * SAMPLE_RATE).astype(int), first + 1, len(samples))
    return np.sqrt(np.maximum(energy[last] - energy[first], 0) / (last - first))


def voicing(samples: np.ndarray, times: np.ndarray, loud: np.ndarray) -> np.ndarray:
    """How voiced each moment is, from 0 to 1: the correlation of the wave with itself one period later.

    The period is YIN's (librosa); YIN names one for noise too, and there the wave does not repeat itself after it.
    loud: RMS at those moments; one VOICED_RANGE_DB below the loudest is not voiced.  times, loud: (G,).  Returns (G,).
    """
    if loud.max() < SILENT:
        return np.zeros(len(times))
    parts = [_voicing(samples, times[start : start + BLOCK]) for start in range(0, len(times), BLOCK)]
    heard = loud > loud.max() * 10 ** (-VOICED_RANGE_DB / 20)
    return np.where(heard, np.concatenate(parts), 0.0)


def _voicing(samples: np.ndarray, times: np.ndarray) -> np.ndarray:
    """The moments of one block, evenly spaced."""
    hop = round(STEP * SAMPLE_RATE)
    first = round(float(times[0]) * SAMPLE_RATE) - PITCH_FRAME // 2
    last = first + hop * (len(times) - 1) + PITCH_FRAME
    inside = samples[max(0, first) : last]
    padded = np.pad(inside, (max(0, -first), max(0, last - len(samples)))).astype(np.float64)
    low, high = PITCH_HZ
    pitch = librosa.yin(padded, fmin=low, fmax=high, sr=SAMPLE_RATE, frame_length=PITCH_FRAME, hop_length=hop,
                        center=False)  # fmt: skip
    frames = np.lib.stride_tricks.sliding_window_view(padded, PITCH_FRAME)[::hop]
    lags = np.clip(np.round(SAMPLE_RATE / pitch).astype(int), 1, PITCH_FRAME // 2)
    now = frames[:, : PITCH_FRAME // 2]
    later = np.take_along_axis(frames, lags[:, None] + np.arange(PITCH_FRAME // 2), axis=1)
    now, later = now - now.mean(1, keepdims=True), later - later.mean(1, keepdims=True)
    size = np.sqrt((now**2).sum(1) * (later**2).sum(1))
    return np.clip((now * later).sum(1) / np.maximum(size, 1e-12), 0.0, 1.0)
