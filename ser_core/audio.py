"""Bytes or path -> `Waveform` (mono, float32, 16 kHz), and every reason why not.

A clip is decoded once, in memory, block by block: each block is averaged to mono and resampled before the next is read,
so memory holds the file, one block, and the 16 kHz result, whatever the file's header promises.  The bounds below are
part of the interface.
"""

from __future__ import annotations

import hashlib
import io
import os
import stat
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

import numpy as np
import soundfile
import soxr

from ser_core.containers import Container, identify
from ser_core.decoding import BLOCK, Decoder, damaged, header_only, outlasts
from ser_core.errors import AudioError

SAMPLE_RATE: Final = 16_000  # Hz

MAX_BYTES: Final = 64 * 2**20
MIN_CHANNELS: Final = 1
MAX_CHANNELS: Final = 16
MIN_RATE: Final = 4_000  # Hz
MAX_RATE: Final = 384_000  # Hz
MIN_SECONDS: Final = 0.1
MAX_SECONDS: Final = 3_600.0
MAX_DECODED: Final = 3_600 * 96_000 * 2  # sample values: an hour of 96 kHz stereo; a packed file may hold far more
MAX_SAMPLE: Final = 100.0  # full scale is 1; float files overshoot a little, unscaled integers by thousands
SILENCE: Final = 10 ** (-70 / 20)  # half the peak-to-peak range: ten steps of a 16-bit recording

_SLACK: Final = {"MP3": 0.1, "OGG": 0.02}  # s by which a codec's own delay and padding may miss the announced length
_EXACT: Final = 0.001  # s, for the other containers


@dataclass(frozen=True, eq=False)
class Waveform:
    """Mono speech at 16 kHz, with where it came from.  Made only by this module: `load`, `from_array`, `cut`.

    samples: float32, shape = (n,), full scale 1.0, read-only.
    source: base name of the file, never its folder.
    notes: sentences for the person, such as "The file ends early: ...".
    """

    samples: np.ndarray
    source: str
    original_rate: int = SAMPLE_RATE
    original_channels: int = 1
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.samples.dtype != np.float32 or self.samples.ndim != 1:
            raise ValueError(f"a Waveform holds float32 of shape (n,), not {self.samples.dtype} {self.samples.shape}")
        self.samples.setflags(write=False)

    @classmethod
    def from_array(cls, samples: Any, rate: int, source: str = "array") -> Waveform:
        """A Waveform from samples at hand, through the same checks as a file.

        samples: shape (n,) or (n, channels); floats with full scale 1.0, or integers with their type's full scale.
        rate: Hz.  Raises AudioError.
        """
        array = _to_float(np.asarray(samples))
        if array.ndim not in (1, 2):
            raise AudioError("not_audio", f"Samples come in shape (n,) or (n, channels), not {array.shape}.")
        array = array[:, None] if array.ndim == 1 else array
        intake = _Intake(rate, array.shape[1])
        for begin in range(0, len(array), BLOCK):
            intake.add(array[begin : begin + BLOCK])
        return intake.finish(_base_name(source))

    @property
    def seconds(self) -> float:
        return len(self.samples) / SAMPLE_RATE

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) of the samples: the same sound has the same digest whatever file it came in."""
        return hashlib.sha256(self.samples.data).hexdigest()

    def cut(self, start_s: float, end_s: float) -> Waveform:
        """The part from start_s to end_s (seconds), clamped to the clip; it shares the samples.

        Raises AudioError `too_short` where less than 0.1 s is left.
        """
        first, last = (round(min(max(t, 0.0), self.seconds) * SAMPLE_RATE) for t in (start_s, end_s))
        _check_length(last - first, SAMPLE_RATE)
        return replace(self, samples=self.samples[first:last])

    def to_wav(self) -> bytes:
        """The clip as a 16-bit PCM WAV file, for a player; turned down where it would clip."""
        peak = float(np.abs(self.samples).max())
        scaled = np.rint(self.samples * np.float32(32_768 / max(peak, 1.0)))
        buffer = io.BytesIO()
        pcm = np.clip(scaled, -32_768, 32_767).astype(np.int16)
        soundfile.write(buffer, pcm, SAMPLE_RATE, format="WAV", subtype="PCM_16")
        return buffer.getvalue()


def load(source: bytes | bytearray | memoryview | str | os.PathLike[str], name: str | None = None) -> Waveform:
    """Decode a clip: WAV (8 to 32 bit, float), FLAC, OGG Vorbis, Opus, MP3, AIFF.

    source: the file's bytes, or a path to it; name: what to call bytes.
    Raises AudioError, whose `reason` is one of: missing, not_a_file, unreadable, empty, too_large, not_audio,
    unsupported, damaged, header_only, no_channel, too_many_channels, rate_out_of_range, zero_length, too_short,
    too_long, not_finite, out_of_scale, silent.
    """
    if isinstance(source, bytes | bytearray | memoryview):
        _check_size(source.nbytes if isinstance(source, memoryview) else len(source))
        data, label = bytes(source), name or "clip"
    else:
        path = os.fsdecode(source)
        data, label = _read_file(path), name or path
    if not data:
        raise AudioError("empty", "This file is empty (0 bytes): record or export it again.")
    return _decode(identify(data), data, _base_name(label))


def _read_file(path: str) -> bytes:
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):  # a folder, or a device that never ends
            raise AudioError("not_a_file", "This path is a folder or a device, not a file: give the path of a clip.")
        _check_size(status.st_size)
        with open(path, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError, ValueError):  # ValueError: a null character in the path
        raise AudioError("missing", "There is no file at this path: check the folder and the spelling.") from None
    except OSError as error:
        raise AudioError(
            "unreadable", f"This file cannot be read ({error.strerror}): check its permissions, or copy it elsewhere."
        ) from None
    _check_size(len(data))
    return data


def _base_name(name: str) -> str:
    return name.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1] or "clip"


def _decode(container: Container, original: bytes, source: str) -> Waveform:
    """original: the bytes as they came, before `identify` repaired a length field."""
    _check_shape(container.rate, container.channels)
    decoder = Decoder(container)
    intake = _Intake(decoder.rate, decoder.channels)
    announced = decoder.frames / decoder.rate if container.seconds is None else container.seconds
    if announced > MAX_SECONDS and outlasts(original, MAX_SECONDS):
        raise _too_long()
    for block in decoder.blocks():
        intake.add(block)
    if not intake.frames and container.payload == 0:
        raise header_only()
    if not intake.frames and decoder.broken:
        raise damaged(container.kind)
    return intake.finish(source, _length_note(container, decoder, intake.seconds))


def _length_note(container: Container, decoder: Decoder, used: float) -> str | None:
    """What to tell the person where the length that was used (seconds) is not the one that the file announces."""
    if container.unfinished:
        return f"The header does not give the length: all sound up to the end of the file, {used:.2f} s, is used."
    announced = container.seconds
    if container.ratio is not None:
        announced = container.ratio * used
    elif announced is None and not container.open_ended:
        announced = decoder.frames / decoder.rate
    slack = _SLACK.get(container.kind, _EXACT)
    if announced is not None and announced > used + slack:
        return f"The file ends early: it announces {announced:.2f} s, and the {used:.2f} s that are there are used."
    if announced is not None and announced < used - slack:
        return f"The header announces {announced:.2f} s, but the file holds {used:.2f} s, and all of it is used."
    if container.cut or (decoder.broken and announced is None):  # a tag behind complete sound breaks nothing
        return f"The file breaks off before its end: the first {used:.2f} s could be decoded and are used."
    return None


class _Intake:
    """Blocks in, one checked 16 kHz Waveform out."""

    def __init__(self, rate: int, channels: int) -> None:
        _check_shape(rate, channels)
        self.rate, self.channels, self.frames = rate, channels, 0
        self._stream = None if rate == SAMPLE_RATE else soxr.ResampleStream(rate, SAMPLE_RATE, 1, "float32", "HQ")
        self._samples = bytearray()  # grows in place
        self._low, self._high = np.inf, -np.inf
        self._loudest = 0.0

    @property
    def seconds(self) -> float:
        return self.frames / self.rate

    def add(self, block: np.ndarray) -> None:
        """block: float32, shape (n, channels)."""
        low, high = float(block.min()), float(block.max())
        if not (low >= -MAX_SAMPLE and high <= MAX_SAMPLE):
            raise _bad_samples(low, high)
        self._loudest = max(self._loudest, high, -low)
        mono = block[:, 0].copy()
        for channel in range(1, self.channels):
            mono += block[:, channel]
        mono /= np.float32(self.channels)
        # before resampling, which would turn the edges of a constant into a wave
        self._low, self._high = min(self._low, float(mono.min())), max(self._high, float(mono.max()))
        self.frames += len(block)
        if self.seconds > MAX_SECONDS:
            raise _too_long()
        if self.frames * self.channels > MAX_DECODED:
            raise AudioError("too_large", "This file unpacks to more than an hour of 96 kHz stereo: cut it first.")
        self._samples += (mono if self._stream is None else self._stream.resample_chunk(mono)).tobytes()

    def finish(self, source: str, note: str | None = None) -> Waveform:
        _check_length(self.frames, self.rate)
        quiet = (self._high - self._low) / 2 < SILENCE
        if quiet and self.channels > 1 and self._loudest > 100 * SILENCE:
            raise AudioError(
                "silent", "The channels of this clip cancel each other out: export one of them alone, as mono."
            )
        if quiet:
            raise AudioError(
                "silent", "This clip is silent: check that the right microphone is on and not muted, and record again."
            )
        if self._stream is not None:
            self._samples += self._stream.resample_chunk(np.empty(0, np.float32), last=True).tobytes()
        samples = np.frombuffer(self._samples, np.float32)
        return Waveform(samples, source, int(self.rate), self.channels, (note,) if note else ())


def _to_float(array: np.ndarray) -> np.ndarray:
    """float32 with full scale 1.0 from any real number type."""
    if array.dtype.kind in "iu":
        half = 2.0 ** (8 * array.dtype.itemsize - 1)
        return ((array - (half if array.dtype.kind == "u" else 0.0)) / half).astype(np.float32)
    if array.dtype.kind != "f":
        raise AudioError("not_audio", f"Samples are real numbers, not {array.dtype}: give floats or integers.")
    with np.errstate(over="ignore"):  # what overflows becomes infinite and is refused as such
        return array.astype(np.float32)


def _check_size(size: int) -> None:
    if size > MAX_BYTES:
        raise AudioError("too_large", "This file is larger than 64 MiB: cut it, or save it as FLAC or MP3.")


def _check_shape(rate: int | None, channels: int | None) -> None:
    if channels is not None and channels < MIN_CHANNELS:
        raise AudioError("no_channel", "This clip has no channel by its header: export it again with one or two.")
    if channels is not None and channels > MAX_CHANNELS:
        raise AudioError(
            "too_many_channels", f"This clip has {channels} channels and at most {MAX_CHANNELS} are read: mix it down."
        )
    if rate is not None and not MIN_RATE <= rate <= MAX_RATE:
        raise AudioError(
            "rate_out_of_range", f"This clip has a sample rate of {rate} Hz: 4 kHz to 384 kHz work, 16 kHz is enough."
        )


def _check_length(frames: int, rate: int) -> None:
    if frames <= 0:
        raise AudioError("zero_length", "This clip holds no sound at all (zero length): record or export it again.")
    if frames < MIN_SECONDS * rate:
        raise AudioError(
            "too_short", f"This clip lasts {frames / rate:.3f} s and at least 0.1 s is needed: record a whole sentence."
        )


def _too_long() -> AudioError:
    return AudioError("too_long", "This clip is longer than 60 minutes: cut out the part that you want to hear about.")


def _bad_samples(low: float, high: float) -> AudioError:
    if not np.isfinite([low, high]).all():
        return AudioError("not_finite", "This clip holds NaN or infinite samples, which are no sound: export it again.")
    return AudioError(
        "out_of_scale",
        f"The samples of this clip reach {max(-low, high):.6g} where full scale is 1: scale them to -1..1, or save "
        "them as 16-bit integers.",
    )
