"""Pictures of a clip: spectrogram, log-mel and MFCC with any settings, and the very one that a system reads."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
import torch
from torch import Tensor

from ser_core.audio import SAMPLE_RATE
from ser_core.changes import FeatureMask
from ser_core.features import LogMel, LogMelImage, Mel, Mfcc, Normaliser, Rows, decibels
from ser_core.models.base import System
from ser_core.models.serct import Serct
from ser_core.models.wave_encoder import FIELD, STRIDE
from ser_core.segments import Cutting

Reads = Literal["wave", "log-mel", "MFCC"]
Loudness = Literal["decibels", "amplitude"]

RANGE_DB: Final = 80.0  # below the loudest cell, where a system names no range of its own
COEFFICIENTS: Final = 26  # of the MFCC, where a system reads none
BANDS: Final = 80  # mel bands, where a system has none


@dataclass(frozen=True)
class Analysis:
    """How sound becomes a picture.

    window, hop, n_fft: samples; a window shorter than n_fft has zeros around it.  bands: of the mel scale.
    coefficients: of the MFCC, at most as many as bands.
    """

    window: int
    hop: int
    n_fft: int
    bands: int = BANDS
    coefficients: int = COEFFICIENTS
    window_shape: Literal["hann", "hamming"] = "hann"

    @classmethod
    def of_length(cls, window: int, hop: int, bands: int, coefficients: int) -> Analysis:
        """With the FFT that fits: a power of two, long enough that rows lie closer than mel bands."""
        return cls(window, hop, max(512, 1 << (window - 1).bit_length()), bands, min(coefficients, bands))

    @classmethod
    def own(cls, system: System) -> Analysis:
        """A system's own settings.  One that reads the wave itself has none: SERCT's tokens see 25 ms every 20 ms, and
        for the others stand 25 ms every 10 ms."""
        front = system.front_end
        if not isinstance(front, Mel):
            return cls(FIELD, STRIDE if isinstance(system, Serct) else 160, 512)
        window = front.spectrogram.window
        return cls(
            window=front.window,
            hop=front.spectrogram.hop_length,
            n_fft=front.n_fft,
            bands=front.mel.n_mels,
            coefficients=len(front.rows.centres) if isinstance(front, Mfcc) else COEFFICIENTS,
            window_shape="hann" if torch.equal(window, torch.hann_window(len(window))) else "hamming",
        )


@dataclass(frozen=True, eq=False)
class Picture:
    """values: shape = (rows, frames), the lowest row first.  times: centre of each frame in seconds, (frames,).

    rows: what the rows are, lowest first.  unit: of the values.
    """

    name: str
    values: np.ndarray
    times: np.ndarray
    rows: Rows
    unit: str

    def csv(self) -> str:
        """A line per frame: its time in seconds, then the value of each row; rows are named by hertz or number."""
        numbered = self.rows.unit == "coefficient"
        names = [f"coefficient {row:.0f}" if numbered else f"{row:.1f} Hz" for row in self.rows.centres]
        file = io.StringIO()
        file.write(",".join(["seconds", *names]) + "\n")
        np.savetxt(file, np.column_stack([self.times, self.values.T]), fmt="%.5g", delimiter=",")
        return file.getvalue()

    def between(self, start: float, end: float) -> Picture:
        """The frames from start to end (seconds), and one more on either side."""
        inside = np.flatnonzero((self.times >= start) & (self.times <= end))
        if len(inside) == 0:
            inside = np.array([np.abs(self.times - (start + end) / 2).argmin()])
        part = slice(max(0, inside[0] - 1), inside[-1] + 2)
        return replace(self, values=self.values[:, part], times=self.times[part])


def reads(system: System) -> Reads:
    """Which of the pictures a system reads."""
    kinds: dict[str, Reads] = {"amplitude": "wave", "Hz": "log-mel", "coefficient": "MFCC"}
    return kinds[system.front_end.rows.unit]


@torch.inference_mode()
def spectrogram(samples: np.ndarray, analysis: Analysis, loudness: Loudness = "decibels") -> Picture:
    """The short-time spectrum, a row per FFT bin from 0 to 8 kHz.  A sine at full scale has 0 dB, or amplitude 1.

    samples: shape = (n,), more than half of `n_fft`.
    """
    front = _log_mel(analysis)
    power = front.spectrogram(_batch(samples)) * (2 / float(front.spectrogram.window.sum())) ** 2
    hertz = np.linspace(0, SAMPLE_RATE / 2, power.shape[1])
    return _picture("Spectrogram", power, front, Rows("FFT bin", "Hz", hertz), loudness)


@torch.inference_mode()
def log_mel(samples: np.ndarray, analysis: Analysis, loudness: Loudness = "decibels") -> Picture:
    """The same power summed in mel bands.  samples: shape = (n,)."""
    front = _log_mel(analysis)
    return _picture("Log-mel spectrogram", front.power(_batch(samples)), front, front.rows, loudness)


@torch.inference_mode()
def mfcc(samples: np.ndarray, analysis: Analysis) -> Picture:
    """The cosine transform of the log-mel spectrogram, each coefficient in deviations from its mean over the clip.

    As they come the coefficients differ a hundredfold in size, and only the first would be seen.
    """
    front = Mfcc(analysis.coefficients, analysis.n_fft, analysis.window, analysis.hop, analysis.bands, top_db=RANGE_DB)
    values = Normaliser("clip", analysis.coefficients)(front(_batch(samples)))
    return Picture("MFCC", values[0].numpy(), front.times(values.shape[-1]), front.rows, "deviations")


@torch.inference_mode()
def as_read(system: System, samples: np.ndarray, mask: FeatureMask | None = None) -> Picture:
    """The picture that a system reads, by its own code: normalised as it has learnt, on request masked.

    The whole clip is taken as one segment; in use each segment is floored, scaled and masked for itself.  MFCC that
    a system reads as they come are brought to deviations from their mean all the same, for the eye.
    Raises ValueError for a system that reads the wave itself.
    """
    front = system.front_end
    if not isinstance(front, Mel):
        raise ValueError(f"{system.title} reads the wave itself")
    device = next(system.parameters()).device
    cutting = Cutting(len(samples), len(samples), fill="none")
    features = system.prepare(torch.tensor(samples, device=device), cutting).features[0]
    times = front.times(features.shape[-1])
    raw = system.preparation.normalise == "none"
    if raw and isinstance(front, Mfcc):
        features = Normaliser("clip", len(features))(features[None])[0]
    if mask:
        features = mask.on(features, times, front)
    rows = front.rows
    if isinstance(front, LogMelImage):
        features, rows = features.flip(0), replace(rows, centres=rows.centres[::-1].copy())
        unit = "brightness" if raw else "deviations"
    else:
        unit = "ln power" if raw and not isinstance(front, Mfcc) else "deviations"
    name = "MFCC" if isinstance(front, Mfcc) else "Log-mel spectrogram"
    return Picture(name, features.cpu().numpy(), times, rows, unit)


def _log_mel(analysis: Analysis) -> LogMel:
    return LogMel(
        analysis.n_fft, analysis.window, analysis.hop, analysis.bands,
        top_db=RANGE_DB, window_shape=analysis.window_shape,
    )  # fmt: skip


def _batch(samples: np.ndarray) -> Tensor:
    return torch.tensor(samples)[None]


def _picture(name: str, power: Tensor, front: Mel, rows: Rows, loudness: Loudness) -> Picture:
    """power: [1, rows, frames]."""
    values = decibels(power, 200.0) if loudness == "decibels" else power.sqrt()
    unit = "dB" if loudness == "decibels" else "amplitude"
    return Picture(name, values[0].numpy(), front.times(values.shape[-1]), rows, unit)
