"""How good a recording is for the models: its level, its clipping, and where in it somebody speaks.

Speech is found by Silero VAD (https://github.com/snakers4/silero-vad, MIT; the network ships in the wheel).  Three
things are done around it, because acted emotion needs them:

- the clip is brought to full scale first, since a very quiet clip is still speech;
- the detector begins on the clip's own first half second played backwards: a hum or a tone that starts out of nothing
  looks like speech to it, and one that goes on does not;
- a clip in which little is heard is heard again slowed down: screamed speech (fundamental above 500 Hz) lies outside
  what the detector knows, and slowing brings it into range.

Measured: of 2,259 clips of RAVDESS, SAVEE and EmoDB none is refused (the detector alone, at 0.5, finds nothing in six
of them), and of 1,200 clips of noise, hum, tones and clicks none is accepted.  The threshold is not delicate: the
weakest 40 of the former pass at 0.7, and 600 of the latter fail at 0.35.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from threading import Lock
from typing import Any, Final

import numpy as np
import soxr
import torch
from threadpoolctl import ThreadpoolController

from ser_core.audio import SAMPLE_RATE, Waveform
from ser_core.errors import AudioError

_threads = torch.get_num_threads()
import silero_vad  # noqa: E402  its import sets the number of threads of the whole process to one

torch.set_num_threads(_threads)

VAD_FRAME: Final = 512  # samples that the detector judges at a time
VAD_CONTEXT: Final = 64  # samples of the frame before that it sees with them
VAD_THRESHOLD: Final = 0.5
MIN_SPEECH_MS: Final = 90  # as the detector hears it: three frames in a row
MIN_SPEECH_SECONDS: Final = 0.1  # in the whole clip; less is shorter than a syllable
LEAD_FRAMES: Final = 16  # half a second for the detector to settle
SLOWDOWNS: Final = (1.0, 1.6, 3.0)
LOUD_PERCENTILE: Final = 99.9  # of the samples, rather than the peak: a pop must not set the level of a quiet voice
LOUD_LEVEL: Final = 0.7
LOUD_FROM_SECONDS: Final = 60  # of sound are looked at for it at most
BLOCK_FRAMES: Final = 512  # that the detector is given at once, 16 s
ENOUGH_SECONDS: Final = 0.5  # of speech, after which no slower hearing is needed
MAX_SLOWED_SECONDS: Final = 60.0  # nobody screams for longer

FULL_SCALE: Final = 0.99
CLIPPED_RUN: Final = 3  # samples in a row at full scale; a peak that only just reaches it has fewer
CLIPPED_HINT: Final = 0.001
QUIET_HINT_DBFS: Final = -50.0
SHORT_HINT_SECONDS: Final = 1.0
NOISY_HINT_DB: Final = 10.0
NOISE_FRAME: Final = 320  # samples, 20 ms
NOISE_APART: Final = 5  # frames beside speech that count as neither: breath, and the room's echo
NOISE_FRAMES: Final = 10  # of a pause that are needed to say how loud the noise is
MOST_SNR_DB: Final = 60.0  # a pause that is quieter against the voice is as good as silent
FLOOR_DBFS: Final = -120.0


@dataclass(frozen=True)
class Quality:
    """What can be said of a recording before a model hears it.

    peak_dbfs, level_dbfs: peak, and RMS over the speech (over the whole clip where there is none), dB re full scale.
    clipped_share: share of samples that lie in a run at full scale.
    speech: (start, end) of each stretch of speech, seconds; speech_seconds: their sum.
    snr_db: how far the speech lies above the noise in its pauses, dB, an estimate; None without speech or a pause.
    """

    peak_dbfs: float
    level_dbfs: float
    clipped_share: float
    seconds: float
    speech_seconds: float
    speech: tuple[tuple[float, float], ...]
    snr_db: float | None = None

    def sentences(self) -> list[str]:
        """Hints for the person who recorded the clip; none where nothing is amiss."""
        hints = []
        if self.clipped_share >= CLIPPED_HINT:
            hints.append(
                f"The recording is clipped ({self.clipped_share:.1%} of it is cut off at full scale), which distorts "
                "the voice: turn the input level down or move back from the microphone."
            )
        if self.level_dbfs < QUIET_HINT_DBFS:
            hints.append(
                f"The voice is very quiet ({-self.level_dbfs:.0f} dB below full scale): move closer to the microphone "
                "or turn the input level up."
            )
        if self.snr_db is not None and self.snr_db < NOISY_HINT_DB:
            hints.append(
                f"Noise is loud behind the voice (about {self.snr_db:.0f} dB below it): record in a quieter place or "
                "move closer to the microphone."
            )
        if self.speech_seconds < SHORT_HINT_SECONDS:
            hints.append(f"Only {self.speech_seconds:.1f} s of speech was found: a whole sentence says more.")
        return hints


def assess(waveform: Waveform) -> Quality:
    """Measure a clip.  Safe to call from several threads at once: nothing is kept between calls."""
    samples = waveform.samples
    speech = find_speech(samples)
    voiced = [samples[int(start * SAMPLE_RATE) : int(end * SAMPLE_RATE)] for start, end in speech]
    return Quality(
        peak_dbfs=_dbfs(max(float(samples.max()), -float(samples.min()))),
        level_dbfs=_dbfs(_rms(voiced or [samples])),
        clipped_share=_clipped_share(samples),
        seconds=waveform.seconds,
        speech_seconds=sum(end - start for start, end in speech),
        speech=speech,
        snr_db=_snr_db(samples, speech),
    )


def require_speech(waveform: Waveform, quality: Quality | None = None) -> Quality:
    """The quality of a clip in which somebody speaks.  Raises AudioError `no_speech` where nobody does."""
    quality = quality or assess(waveform)
    if not quality.speech:
        raise AudioError(
            "no_speech",
            "No speech was found in this clip, only other sound or noise: bring one in which someone speaks.",
        )
    return quality


def find_speech(samples: np.ndarray) -> tuple[tuple[float, float], ...]:
    """(start, end) in seconds of each stretch of speech.  samples: float32 at 16 kHz, shape (n,)."""
    # of a long recording every so many samples are enough
    magnitude = np.abs(samples[:: 1 + len(samples) // (LOUD_FROM_SECONDS * SAMPLE_RATE)])
    loud = float(np.percentile(magnitude, LOUD_PERCENTILE)) or float(magnitude.max())
    if loud == 0:  # a pause cut out of a clip
        return ()
    gain = LOUD_LEVEL / loud
    heard: list[tuple[tuple[float, float], ...]] = []
    for slowdown in SLOWDOWNS:
        if slowdown > 1.0 and len(samples) > MAX_SLOWED_SECONDS * SAMPLE_RATE:
            break
        heard.append(_hear(samples, slowdown, gain))
        if _total(heard[-1]) >= ENOUGH_SECONDS:
            break
    most = max(heard, key=_total)
    return most if _total(most) >= MIN_SPEECH_SECONDS else ()


def _total(speech: tuple[tuple[float, float], ...]) -> float:
    return sum(end - start for start, end in speech)


def _hear(samples: np.ndarray, slowdown: float, gain: float) -> tuple[tuple[float, float], ...]:
    slowed = samples
    if slowdown != 1.0:
        slowed = soxr.resample(np.clip(samples * np.float32(gain), -1, 1), SAMPLE_RATE, SAMPLE_RATE * slowdown)
        gain = 1.0
    stretches = silero_vad.get_speech_timestamps_from_probs(
        speech_probabilities(slowed, gain).tolist(),
        threshold=VAD_THRESHOLD,
        min_speech_duration_ms=MIN_SPEECH_MS,
        audio_length_samples=len(slowed),
    )
    scale = slowdown * SAMPLE_RATE
    return tuple(
        (stretch["start"] / scale, min(stretch["end"] / scale, len(samples) / SAMPLE_RATE)) for stretch in stretches
    )


def speech_probabilities(samples: np.ndarray, gain: float = 1.0) -> np.ndarray:
    """Silero's probability of speech for each frame of 512 samples (32 ms), shape (ceil(n / 512),).

    gain: what the samples are multiplied by first, and then clipped; an hour is never copied whole for it.
    The parts of the shipped network are called on many frames at once and hand the recurrent state on; the wheel's own
    call goes frame by frame, several times slower, and keeps its state inside the model that all threads share.
    """
    frontend, recurrent, head = _network()
    lead = LEAD_FRAMES * VAD_FRAME
    # the beginning alone is mirrored; a clip shorter than the mirror is mirrored again and again
    begin = np.pad(samples[: lead + VAD_CONTEXT + 1], (lead + VAD_CONTEXT, 0), mode="reflect")[: lead + VAD_CONTEXT]
    total = LEAD_FRAMES + -(-len(samples) // VAD_FRAME)
    state, parts = None, []
    # One OpenMP thread, for the calling thread alone: a hundred tiny steps in a row only wait for a second one, and on
    # a busy machine they wait fifty times longer than they compute.
    torch.get_num_threads()  # in a fresh thread the first question sets the number, over any limit
    with torch.inference_mode(), _pools.limit(limits=1, user_api="openmp"):
        for first in range(0, total, BLOCK_FRAMES):
            count = min(BLOCK_FRAMES, total - first)
            piece = _between(begin, samples, first * VAD_FRAME, (first + count) * VAD_FRAME + VAD_CONTEXT)
            heard = np.clip(piece * np.float32(gain), -1, 1) if gain != 1.0 else piece
            block = torch.from_numpy(heard.astype(np.float32, copy=False)).unfold(0, VAD_CONTEXT + VAD_FRAME, VAD_FRAME)
            hidden, state = recurrent(frontend.encoder(frontend.run_extractors(block)).squeeze(-1), state)
            parts.append(head(hidden.unsqueeze(-1)).flatten(1).mean(1))
    return torch.cat(parts)[LEAD_FRAMES:].numpy()


def _between(begin: np.ndarray, samples: np.ndarray, first: int, last: int) -> np.ndarray:
    """Samples first to last of `begin` and `samples` in a row, zeros behind their end."""
    skip = len(begin)
    piece = np.concatenate([begin[first:last], samples[max(0, first - skip) : max(0, last - skip)]])
    return np.pad(piece, (0, last - first - len(piece)))


_loading = Lock()
_pools = ThreadpoolController()


def _network() -> tuple[Any, torch.nn.LSTM, Any]:
    with _loading:
        return _load_network()


@cache
def _load_network() -> tuple[Any, torch.nn.LSTM, Any]:
    """(frame encoder, recurrent layer, output layer) of the 16 kHz network, none of which keeps state."""
    model = silero_vad.load_silero_vad()._model
    weights = {f"{name}_l0": value for name, value in model.decoder.rnn.named_parameters()}
    # made on "meta", since drawing initial weights would move the random state of the whole process
    recurrent = torch.nn.LSTM(
        *model.decoder.rnn.weight_ih.shape[1:], model.decoder.rnn.weight_hh.shape[1], device="meta"
    )
    recurrent.load_state_dict(weights, assign=True)
    return model, recurrent.eval(), model.decoder.decoder


def _dbfs(amplitude: float) -> float:
    return max(20 * float(np.log10(max(amplitude, 1e-12))), FLOOR_DBFS)


def _rms(parts: list[np.ndarray]) -> float:
    """Of several pieces together, a minute of them at a time."""
    size = 60 * SAMPLE_RATE
    power = sum(
        float(np.square(part[at : at + size], dtype=np.float64).sum())
        for part in parts
        for at in range(0, len(part), size)
    )
    return float(np.sqrt(power / sum(len(part) for part in parts)))


def _snr_db(samples: np.ndarray, speech: tuple[tuple[float, float], ...]) -> float | None:
    """Power of the frames with speech, less the noise in them, over the noise, which is the median of the pauses."""
    frames = samples[: len(samples) // NOISE_FRAME * NOISE_FRAME].reshape(-1, NOISE_FRAME)
    # an offset is no sound; an hour is never copied whole for it
    power = np.einsum("ij,ij->i", frames, frames, dtype=np.float64) / NOISE_FRAME
    power -= frames.mean(1, dtype=np.float64) ** 2
    spoken, near = np.zeros((2, len(frames)), dtype=bool)
    for start, end in speech:
        first, last = int(start * SAMPLE_RATE / NOISE_FRAME), -int(-end * SAMPLE_RATE // NOISE_FRAME)
        spoken[first:last] = True
        near[max(0, first - NOISE_APART) : last + NOISE_APART] = True
    if not spoken.any() or np.count_nonzero(~near) < NOISE_FRAMES:
        return None
    noise = float(np.median(power[~near]))
    ratio = (float(power[spoken].mean()) - noise) / max(noise, 1e-20)
    return min(10 * float(np.log10(max(ratio, 0.1))), MOST_SNR_DB)


def _clipped_share(samples: np.ndarray) -> float:
    """Share of the samples in runs of at least CLIPPED_RUN at full scale, of one sign."""
    clipped = 0
    for side in (samples >= FULL_SCALE, samples <= -FULL_SCALE):
        edges = np.flatnonzero(np.diff(side, prepend=False, append=False))
        runs = edges[1::2] - edges[::2]
        clipped += int(runs[runs >= CLIPPED_RUN].sum())
    return clipped / len(samples)
