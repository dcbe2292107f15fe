"""Front ends: waveform windows -> the picture a model sees, with its time and frequency grid.

Every front end is an `nn.Module` on torchaudio, works on batches and on any device, and knows where each
row and column of its output lies in hertz and seconds.  The numbers equal librosa's (tested to 1e-4).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
import torchaudio.functional as AF
import torchaudio.transforms as AT
from torch import Tensor, nn

from ser_core.audio import SAMPLE_RATE

PadMode = Literal["reflect", "constant"]


@dataclass(frozen=True)
class Rows:
    """What the rows of a feature tensor are.

    unit: "Hz" for mel bands (centres = band centres), "coefficient" for MFCC (centres = 0, 1, 2, ...), "amplitude"
    for the wave itself (one row).  A cepstral coefficient is a shape over the whole spectrum: it has no place in hertz.
    """

    name: str
    unit: Literal["Hz", "coefficient", "amplitude"]
    centres: np.ndarray


class FrontEnd(nn.Module):
    """Waveform windows [B, n] -> features [B, rows, frames].

    hop, window: samples; frame i is centred on sample `offset + i * hop`.
    """

    hop: int
    window: int
    centred: bool
    rows: Rows

    def frames(self, samples: int) -> int:
        """How many frames a window of so many samples gives."""
        if self.centred:
            return 1 + samples // self.hop
        return 1 + (samples - self.window) // self.hop

    def times(self, frames: int) -> np.ndarray:
        """Centre of each frame in seconds from the start of the window, shape = (frames,)."""
        first = 0.0 if self.centred else self.window / 2
        return (first + self.hop * np.arange(frames)) / SAMPLE_RATE


class Wave(FrontEnd):
    """The samples themselves, for systems that read the raw wave.  [B, n] -> [B, 1, n]; a frame is one sample."""

    def __init__(self) -> None:
        super().__init__()
        self.hop, self.window, self.centred = 1, 1, False
        self.rows = Rows("sample", "amplitude", np.zeros(1))

    def times(self, frames: int) -> np.ndarray:
        return np.arange(frames) / SAMPLE_RATE

    def forward(self, samples: Tensor) -> Tensor:
        return samples.unsqueeze(1)


class Mel(FrontEnd):
    """Power in mel bands, the common first half of `LogMel` and `Mfcc`.

    Slaney's mel scale and area normalisation, as librosa's default: torchaudio's own defaults differ by orders
    of magnitude.
    """

    def __init__(
        self,
        n_fft: int,
        window: int,
        hop: int,
        n_mels: int,
        *,
        window_shape: Literal["hann", "hamming"] = "hann",
        centred: bool = True,
        pad_mode: PadMode = "reflect",
        f_max: float = SAMPLE_RATE / 2,
    ) -> None:
        super().__init__()
        self.hop, self.window, self.n_fft, self.centred = hop, window, n_fft, centred
        with torch.device("cpu"):  # real filters even where the network is only counted, on the meta device
            self.spectrogram = AT.Spectrogram(
                n_fft=n_fft,
                win_length=window,
                hop_length=hop,
                window_fn={"hann": torch.hann_window, "hamming": torch.hamming_window}[window_shape],
                power=2.0,
                center=centred,
                pad_mode=pad_mode,
            )
            self.mel = AT.MelScale(
                n_mels=n_mels,
                sample_rate=SAMPLE_RATE,
                f_min=0.0,
                f_max=f_max,
                n_stft=n_fft // 2 + 1,
                norm="slaney",
                mel_scale="slaney",
            )
            self.spectrogram.window = self.spectrogram.window.clone()  # a view of a longer one cannot be saved
        self.rows = Rows("mel band", "Hz", mel_centres(n_mels, f_max))

    def power(self, samples: Tensor) -> Tensor:
        """[B, n] -> mel power [B, n_mels, frames]."""
        if not self.centred and self.window < self.n_fft:
            # torch centres a short window in the FFT's frame: pad, so that frame 0 starts at sample 0.
            before = (self.n_fft - self.window) // 2
            samples = F.pad(samples, (before, self.n_fft - self.window - before))
        return self.mel(self.spectrogram(samples))


class LogMel(Mel):
    """Log-mel spectrogram in decibels relative to full scale, floored `top_db` below the loudest cell of its window."""

    def __init__(
        self,
        n_fft: int,
        window: int,
        hop: int,
        n_mels: int,
        *,
        top_db: float = 80.0,
        window_shape: Literal["hann", "hamming"] = "hann",
        centred: bool = True,
        pad_mode: PadMode = "reflect",
    ) -> None:
        super().__init__(n_fft, window, hop, n_mels, window_shape=window_shape, centred=centred, pad_mode=pad_mode)
        self.top_db = top_db

    def forward(self, samples: Tensor) -> Tensor:
        return decibels(self.power(samples), self.top_db)


class Mfcc(LogMel):
    """Mel-frequency cepstral coefficients: the orthonormal DCT-II of the log-mel spectrogram, first `n_mfcc` rows."""

    def __init__(
        self,
        n_mfcc: int,
        n_fft: int,
        window: int,
        hop: int,
        n_mels: int = 128,
        *,
        top_db: float = 80.0,
        pad_mode: PadMode = "reflect",
    ) -> None:
        super().__init__(n_fft, window, hop, n_mels, top_db=top_db, pad_mode=pad_mode)
        self.dct: Tensor
        self.register_buffer("dct", AF.create_dct(n_mfcc, n_mels, norm="ortho"))
        self.rows = Rows("MFCC", "coefficient", np.arange(n_mfcc, dtype=np.float64))

    def forward(self, samples: Tensor) -> Tensor:
        log_mel = super().forward(samples)
        return torch.matmul(self.dct.T, log_mel)


class EmphasisedLogMel(Mel):
    """Natural logarithm of the mel power, ln(power + floor), of a window whose high frequencies were raised first.

    Pre-emphasis: y[n] = x[n] - emphasis * x[n - 1], within each window; its first sample is kept.
    """

    def __init__(
        self,
        n_fft: int,
        window: int,
        hop: int,
        n_mels: int,
        *,
        emphasis: float = 0.97,
        floor: float = 1e-6,
        window_shape: Literal["hann", "hamming"] = "hamming",
        centred: bool = False,
    ) -> None:
        super().__init__(n_fft, window, hop, n_mels, window_shape=window_shape, centred=centred)
        self.emphasis, self.floor = emphasis, floor

    def forward(self, samples: Tensor) -> Tensor:
        return torch.log(self.power(AF.preemphasis(samples, self.emphasis)) + self.floor)


class LogMelImage(Mel):
    """Log-mel spectrogram as a picture in [0, 1]: the highest band is row 0, and a column comes every `step` samples.

    10 log10, floored `top_db` below the loudest cell; then scaled so that a window's quietest cell is 0 and its
    loudest 1 (silence is 0 throughout); then the frames are shrunk to `samples // step` columns by antialiased
    linear interpolation: triangular weights that reach one column to either side.
    Column j is centred on (j + 0.5) * step samples, to within half a frame's hop.
    """

    def __init__(
        self,
        n_fft: int,
        window: int,
        hop: int,
        n_mels: int,
        *,
        step: int,
        top_db: float = 80.0,
        window_shape: Literal["hann", "hamming"] = "hamming",
        pad_mode: PadMode = "reflect",
    ) -> None:
        super().__init__(n_fft, window, hop, n_mels, window_shape=window_shape, pad_mode=pad_mode)
        self.spectrogram.power = None  # complex: its squared parts are summed at half the cost of |z| ** 2
        self.hop, self.top_db = step, top_db
        self.rows = Rows("mel band", "Hz", self.rows.centres[::-1].copy())

    def power(self, samples: Tensor) -> Tensor:
        spectrum = self.spectrogram(samples)
        return self.mel(spectrum.real.square() + spectrum.imag.square())

    def frames(self, samples: int) -> int:
        return max(1, samples // self.hop)

    def times(self, frames: int) -> np.ndarray:
        return self.hop * (np.arange(frames) + 0.5) / SAMPLE_RATE

    def forward(self, samples: Tensor) -> Tensor:
        picture = decibels(self.power(samples), self.top_db).flip(1)
        darkest, brightest = picture.amin((1, 2), keepdim=True), picture.amax((1, 2), keepdim=True)
        scaled = (picture - darkest) / (brightest - darkest).clamp_min(1e-5)
        size = (scaled.shape[1], self.frames(samples.shape[-1]))
        # Antialiasing exists for pictures only; along the rows, whose number stays, it changes nothing.
        return F.interpolate(scaled.unsqueeze(1), size, mode="bilinear", antialias=True).squeeze(1)


def decibels(power: Tensor, top_db: float) -> Tensor:
    """10 log10(power), floored at 1e-10 and at `top_db` below the maximum of each item.  [B, rows, frames] -> same.

    The channel axis is there because torchaudio would otherwise take the maximum over the whole batch, and a
    clip's answer would depend on its neighbours.
    """
    return AF.amplitude_to_DB(
        power.unsqueeze(1), multiplier=10.0, amin=1e-10, db_multiplier=0.0, top_db=top_db
    ).squeeze(1)


def mel_centres(n_mels: int, f_max: float = SAMPLE_RATE / 2) -> np.ndarray:
    """Centre frequencies in hertz of Slaney mel bands from 0 to f_max, shape = (n_mels,)."""
    # Slaney's scale: linear to 1 kHz (66.7 Hz a mel), logarithmic above (27 steps to 6.4 kHz).
    step, break_hz, log_step = 200.0 / 3, 1000.0, np.log(6.4) / 27.0
    top = f_max / step if f_max < break_hz else break_hz / step + np.log(f_max / break_hz) / log_step
    mels = np.linspace(0.0, top, n_mels + 2)[1:-1]
    return np.where(mels < 15.0, mels * step, break_hz * np.exp(log_step * (mels - 15.0)))


class Normaliser(nn.Module):
    """Brings feature rows to mean 0 and deviation 1.

    mode: "none"; "clip": statistics of the clip itself, which takes the microphone and the voice's level out;
    "corpus": statistics of the training set, learnt once by `fit` and kept in the checkpoint.
    """

    def __init__(self, mode: Literal["none", "clip", "corpus"], rows: int) -> None:
        super().__init__()
        self.mode = mode
        self.mean: Tensor
        self.deviation: Tensor
        if mode == "corpus":
            self.register_buffer("mean", torch.zeros(rows, 1))
            self.register_buffer("deviation", torch.ones(rows, 1))

    def fit(self, clips: list[Tensor]) -> None:
        """Learn the training set's statistics from features of clips, each [S, rows, frames]."""
        if self.mode != "corpus":
            return
        rows = torch.cat([clip.transpose(0, 1).flatten(1).double() for clip in clips], dim=1)
        self.mean.copy_(rows.mean(1, keepdim=True))
        self.deviation.copy_(rows.std(1, keepdim=True).clamp_min(1e-5))

    def forward(self, clip: Tensor) -> Tensor:
        """Features of one clip [S, rows, frames] -> normalised, same shape."""
        if self.mode == "none":
            return clip
        if self.mode == "corpus":
            return (clip - self.mean) / self.deviation
        mean = clip.mean(dim=(0, 2), keepdim=True)
        deviation = clip.std(dim=(0, 2), keepdim=True).clamp_min(1e-5)
        return (clip - mean) / deviation
