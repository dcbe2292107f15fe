"""Changes to the sound and to its picture, shared by training (augmentation) and by the pages (what if?).

Sound: samples of shape [..., n] in, same shape out unless said otherwise; on any device.  A random effect takes
the generator that draws it, so a run can be repeated.
"""

from __future__ import annotations

from fractions import Fraction

import torch
import torch.nn.functional as F
import torchaudio.functional as AF
from torch import Tensor

from ser_core.audio import SAMPLE_RATE


def add_noise(samples: Tensor, snr_db: float, generator: torch.Generator | None = None) -> Tensor:
    """White noise at a signal-to-noise ratio in dB over the whole clip."""
    noise = torch.randn(samples.shape, generator=generator, dtype=samples.dtype).to(samples.device)
    return AF.add_noise(samples, noise, torch.full(samples.shape[:-1], float(snr_db), device=samples.device))


def gain(samples: Tensor, db: float) -> Tensor:
    """Louder or softer, not limited: what passes full scale is left to the caller."""
    return AF.gain(samples, db)


def speed(samples: Tensor, factor: float) -> Tensor:
    """Faster (factor > 1) and higher, as a tape would; the length becomes n / factor."""
    return AF.resample(samples, round(100 * factor), 100) if factor != 1.0 else samples


def pitch(samples: Tensor, semitones: float) -> Tensor:
    """Higher or lower at the same length: stretched by a phase vocoder, then played faster; fractions count.

    The factor is a fraction of small numbers (off by less than a cent), because resampling builds a
    filter for each step of the denominator: torchaudio's `pitch_shift` needs gigabytes for a semitone.
    """
    factor = Fraction(2 ** (semitones / 12)).limit_denominator(1000)
    if factor == 1:
        return samples
    length, n_fft, hop = samples.shape[-1], 512, 128
    window = torch.hann_window(n_fft, device=samples.device)
    advance = torch.linspace(0, torch.pi * hop, n_fft // 2 + 1, device=samples.device)[:, None]
    spectrum = torch.stft(samples.reshape(-1, length), n_fft, hop, window=window, return_complex=True)
    slower = AF.phase_vocoder(spectrum, 1 / float(factor), advance)
    slow = torch.istft(slower, n_fft, hop, window=window, length=round(length * factor))
    shifted = AF.resample(slow, factor.numerator, factor.denominator)[..., :length]
    return F.pad(shifted, (0, length - shifted.shape[-1])).view(samples.shape)


def shift(samples: Tensor, seconds: float) -> Tensor:
    """Later (positive) or earlier, filled with zeros, same length; a shift past the end leaves silence."""
    length = samples.shape[-1]
    step = max(-length, min(length, round(seconds * SAMPLE_RATE)))
    kept = samples[..., max(0, -step) : length - max(0, step)]
    return F.pad(kept, (max(0, step), max(0, -step)))


def mute(samples: Tensor, start: int, width: int) -> Tensor:
    """Silence for `width` samples from `start`, faded in and out over 5 ms: a hard edge would be a click."""
    heard = torch.ones(samples.shape[-1], dtype=samples.dtype, device=samples.device)
    heard[start : start + width] = 0.0
    fade = SAMPLE_RATE // 200
    padded = F.pad(heard[None, None], (fade // 2, fade - 1 - fade // 2), mode="replicate")
    return samples * F.avg_pool1d(padded, fade, stride=1)[0, 0]


def band_stop(samples: Tensor, low_hz: float, high_hz: float) -> Tensor:
    """Without what lies between two frequencies: those rows of the clip's spectrum (64 ms windows) become zero."""
    n_fft, hop = 1024, 256
    window = torch.hann_window(n_fft, device=samples.device)
    flat = samples.reshape(-1, samples.shape[-1])
    spectrum = torch.stft(flat, n_fft, hop, window=window, pad_mode="constant", return_complex=True)
    rows = torch.arange(n_fft // 2 + 1, device=samples.device) * (SAMPLE_RATE / n_fft)
    spectrum[:, (rows >= low_hz) & (rows <= high_hz)] = 0.0
    return torch.istft(spectrum, n_fft, hop, window=window, length=samples.shape[-1]).view(samples.shape)


def mask_time(features: Tensor, start: int, width: int) -> Tensor:
    """Replace `width` columns of [..., rows, frames] by the mean of each row (SpecAugment's time mask)."""
    masked = features.clone()
    masked[..., start : start + width] = features.mean(-1, keepdim=True)
    return masked


def mask_rows(features: Tensor, start: int, width: int) -> Tensor:
    """Replace `width` rows of [..., rows, frames] by the mean of each column (SpecAugment's frequency mask)."""
    masked = features.clone()
    masked[..., start : start + width, :] = features.mean(-2, keepdim=True)
    return masked
