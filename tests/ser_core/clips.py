"""Clips made in memory, whole and broken, for the tests of `audio` and `quality`."""

from __future__ import annotations

import io
import struct
from typing import Final

import numpy as np
import soundfile
from scipy import signal

# what a person may bring, as soundfile writes it
FORMATS: Final = {
    "wav-u8": ("WAV", "PCM_U8", 22_050),
    "wav-16": ("WAV", "PCM_16", 44_100),
    "wav-24": ("WAV", "PCM_24", 48_000),
    "wav-32": ("WAV", "PCM_32", 48_000),
    "wav-float": ("WAV", "FLOAT", 44_100),
    "wav-double": ("WAV", "DOUBLE", 96_000),
    "wav-extensible": ("WAVEX", "PCM_16", 48_000),
    "rf64": ("RF64", "PCM_16", 48_000),
    "flac-16": ("FLAC", "PCM_16", 44_100),
    "flac-24": ("FLAC", "PCM_24", 48_000),
    "ogg-vorbis": ("OGG", "VORBIS", 44_100),
    "ogg-opus": ("OGG", "OPUS", 48_000),
    "mp3": ("MP3", "MPEG_LAYER_III", 44_100),
    "aiff-16": ("AIFF", "PCM_16", 44_100),
    "aiff-float": ("AIFF", "FLOAT", 48_000),
}

# what WAVE_FORMAT_EXTENSIBLE adds to the format chunk: 16 valid bits, no channel mask, PCM
EXTENSIBLE: Final = struct.pack("<HHI", 22, 16, 0) + bytes.fromhex("0100000000001000800000aa00389b71")


def sound(seconds: float, rate: int = 16_000, channels: int = 1) -> np.ndarray:
    """A tone that swells and fades; shape (n,) or (n, channels), every channel the same."""
    t = np.arange(round(seconds * rate)) / rate
    mono = 0.3 * np.sin(2 * np.pi * 220 * t) * (1 + 0.5 * np.sin(2 * np.pi * 3 * t))
    return mono if channels == 1 else np.stack([mono] * channels, axis=1)


def encode(samples: np.ndarray, rate: int = 16_000, kind: str = "WAV", subtype: str = "PCM_16", **how: object) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate, format=kind, subtype=subtype, **how)
    return buffer.getvalue()


def brought(name: str, seconds: float = 1.0, channels: int = 1, hiss: float = 0.0) -> bytes:
    """`sound`, with noise of the given level, in one of FORMATS."""
    kind, subtype, rate = FORMATS[name]
    samples = sound(seconds, rate, channels)
    return encode(samples + hiss * np.random.default_rng(0).standard_normal(samples.shape), rate, kind, subtype)


def wav(
    samples: np.ndarray,
    rate: int = 16_000,
    channels: int = 1,
    *,
    data_size: int | None = None,
    riff_size: int | None = None,
    tag: int = 1,
    more_format: bytes = b"",
    after: bytes = b"",
) -> bytes:
    """A 16-bit WAV file whose header may say anything.  samples: floats, shape (n,), laid out as they are."""
    sound_bytes = np.round(np.asarray(samples) * 32_767).astype("<i2").tobytes()
    layout = struct.pack("<HHIIHH", tag, channels, rate, 2 * rate * channels % 2**32, 2 * channels, 16) + more_format
    size = len(sound_bytes) if data_size is None else data_size
    body = (
        b"WAVEfmt " + struct.pack("<I", len(layout)) + layout + b"data" + struct.pack("<I", size) + sound_bytes + after
    )
    return b"RIFF" + struct.pack("<I", len(body) if riff_size is None else riff_size) + body


def without_index(mp3: bytes) -> bytes:
    """An MP3 as a stream has it: without the first frame, which holds the index."""
    rates = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
    length = 144_000 * rates[mp3[2] >> 4] // 44_100 + (mp3[2] >> 1 & 1)
    return mp3[length:]


def noises(seconds: float, seed: int) -> dict[str, np.ndarray]:
    """Sounds in which nobody speaks, by name: float, peak 1, shape (n,)."""
    random = np.random.default_rng(seed)
    n = round(seconds * 16_000)
    t = np.arange(n) / 16_000
    spectrum = np.fft.rfft(random.standard_normal(n))
    pink = np.fft.irfft(spectrum / np.sqrt(np.maximum(np.arange(len(spectrum)), 1)), n)
    clicks = np.zeros(n)
    clicks[random.integers(0, 1_000) :: 3_200] = 1.0
    made = {
        "white": random.standard_normal(n),
        "pink": pink,
        "tone": np.sin(2 * np.pi * 440 * t),
        "low tone": np.sin(2 * np.pi * 220 * t),
        "clicks": clicks,
        "clicks over hiss": clicks + 1e-3 * random.standard_normal(n),
        "hum": sum(np.sin(2 * np.pi * 50 * k * t + random.uniform(0, 6)) / k for k in range(1, 12)),
        "odd hum": sum(np.sin(2 * np.pi * 60 * k * t) / k for k in (1, 3, 5, 7, 9)),
        "buzz": signal.sawtooth(2 * np.pi * 150 * t),
        "pulsed noise": random.standard_normal(n) * (np.sin(2 * np.pi * 3 * t) > 0),
    }
    return {name: samples / np.abs(samples).max() for name, samples in made.items()}
