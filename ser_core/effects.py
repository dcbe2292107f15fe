"""Changes to the sound and to its picture, shared by training (augmentation) and by the pages (what if?).

Sound: samples of shape [..., n] in, same shape out unless said otherwise; on any device.  A random effect takes
the generator that draws it, so a run can be repeated.
"""

from __future__ import annotations

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
    """Higher or lower at the same length (phase vocoder); fractions of a semitone count."""
    return AF.pitch_shift(samples, SAMPLE_RATE, round(100 * semitones), bins_per_octave=1200) if semitones else samples


def shift(samples: Tensor, seconds: float) -> Tensor:
    """Later (positive) or earlier, filled with zeros, same length; a shift past the end leaves silence."""
    length = samples.shape[-1]
    step = max(-length, min(length, round(seconds * SAMPLE_RATE)))
    kept = samples[..., max(0, -step) : length - max(0, step)]
    return F.pad(kept, (max(0, step), max(0, -step)))


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
