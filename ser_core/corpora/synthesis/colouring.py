"""Voice quality: what the rules ask for and eSpeak NG cannot do.

Every function takes samples, float64, shape = (n,), and their rate in hertz, and gives new ones.  The constants here
are ours.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d, map_coordinates

TREMOR_HZ = 6.0
JITTER_HZ = 25.0  # the irregular part of the pitch changes no faster than this
GROWL_HZ = 30.0
TILT_FROM_HZ = 500.0
TILT_LIMIT_DB = 12.0
BREATH_HZ = (800.0, 6000.0)
FRAME_SECONDS = 0.02
AUDIBLE_DB = 40.0  # below the loudest frame by this much counts as silence


def waver(samples: np.ndarray, rate: int, tremor: float, jitter: float, generator: np.random.Generator) -> np.ndarray:
    """Let the pitch waver by playing the sound a little faster and slower.

    tremor: semitones either way; jitter: standard deviation in semitones.
    """
    if tremor == 0 and jitter == 0:
        return samples
    seconds = np.arange(len(samples)) / rate
    rough = gaussian_filter1d(generator.standard_normal(len(samples)), rate / (2 * np.pi * JITTER_HZ))
    semitones = tremor * np.sin(2 * np.pi * (TREMOR_HZ * seconds + generator.random()))
    semitones += jitter * rough / max(float(np.std(rough)), 1e-12)
    # where the playing head stands after each sample
    head = np.cumsum(2 ** (semitones / 12))
    head -= head[0]
    wavering: np.ndarray = map_coordinates(samples, head[None, head <= len(samples) - 1], order=3, mode="nearest")
    return wavering


def growl(samples: np.ndarray, rate: int, depth: float, generator: np.random.Generator) -> np.ndarray:
    """Rough, low voice: the loudness flutters about thirty times a second, a little irregularly."""
    if depth == 0:
        return samples
    drift = gaussian_filter1d(generator.standard_normal(len(samples)), rate / (2 * np.pi * 5))
    pace = GROWL_HZ * (1 + 0.1 * drift / max(float(np.std(drift)), 1e-12))
    beat = np.sin(2 * np.pi * np.cumsum(pace) / rate)
    rough: np.ndarray = samples * (1 + depth * beat) / np.sqrt(1 + depth**2 / 2)
    return rough


def tilt(samples: np.ndarray, rate: int, slope: float) -> np.ndarray:
    """Brighter (slope > 0, as with a tense voice) or duller, in decibels per octave above 500 Hz, 12 dB at most."""
    if slope == 0:
        return samples
    spectrum = np.fft.rfft(samples)
    octaves = np.log2(np.maximum(np.fft.rfftfreq(len(samples), 1 / rate), TILT_FROM_HZ) / TILT_FROM_HZ)
    gain = np.clip(slope * octaves, -TILT_LIMIT_DB, TILT_LIMIT_DB)
    return np.fft.irfft(spectrum * 10 ** (gain / 20), len(samples))


def breathe(samples: np.ndarray, rate: int, level: float, generator: np.random.Generator) -> np.ndarray:
    """Add breath: noise that follows the loudness, `level` decibels from the voice's own.

    It lies between 0.8 and 6 kHz and falls by 6 dB per octave.
    """
    spectrum = np.fft.rfft(generator.standard_normal(len(samples)))
    hertz = np.fft.rfftfreq(len(samples), 1 / rate)
    spectrum /= np.maximum(hertz, 1)
    spectrum[(hertz < BREATH_HZ[0]) | (hertz > BREATH_HZ[1])] = 0
    noise = np.fft.irfft(spectrum, len(samples))
    noise /= np.std(noise)
    envelope = np.sqrt(np.maximum(gaussian_filter1d(samples**2, 0.015 * rate), 0))
    breathy: np.ndarray = samples + 10 ** (level / 20) * envelope * noise
    return breathy


def fade(samples: np.ndarray, change: float) -> np.ndarray:
    """Grow louder (change > 0) or softer from the first to the last sample, in decibels, evenly about the middle."""
    faded: np.ndarray = samples * 10 ** (change * np.linspace(-0.5, 0.5, len(samples)) / 20)
    return faded


def frame_levels(samples: np.ndarray, rate: int) -> np.ndarray:
    """Level of each 20 ms in decibels re full scale."""
    size = int(FRAME_SECONDS * rate)
    frames = np.pad(samples, (0, -len(samples) % size)).reshape(-1, size)
    levels: np.ndarray = 10 * np.log10(np.mean(frames**2, axis=1) + 1e-12)
    return levels


def trim(samples: np.ndarray, rate: int) -> np.ndarray:
    """Cut the silence before the first and after the last audible 20 ms."""
    levels = frame_levels(samples, rate)
    audible = np.flatnonzero(levels > levels.max() - AUDIBLE_DB)
    size = int(FRAME_SECONDS * rate)
    return samples[audible[0] * size : (audible[-1] + 1) * size]


def level(samples: np.ndarray, rate: int, target: float) -> np.ndarray:
    """Scale so that the speech, without its silences, has `target` decibels re full scale."""
    levels = frame_levels(samples, rate)
    speech = levels[levels > levels.max() - 25]
    scaled: np.ndarray = samples * 10 ** ((target - 10 * np.log10(np.mean(10 ** (speech / 10)))) / 20)
    return scaled
