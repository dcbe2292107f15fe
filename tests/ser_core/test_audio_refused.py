"""Each clip that cannot be used is refused in one sentence, for the reason that is its own."""

from __future__ import annotations

import io
import socket
from itertools import count
from pathlib import Path

import numpy as np
import pytest
import soundfile

from ser_core import audio
from ser_core.audio import load
from ser_core.errors import AudioError
from tests.ser_core.clips import EXTENSIBLE, brought, encode, sound, wav

HEADER_ONLY = wav(np.empty(0))  # the 44 bytes that a recorder hands over when the microphone gives nothing


def refused(source: object, **how: object) -> AudioError:
    with pytest.raises(AudioError) as caught:
        load(source, **how)  # type: ignore[arg-type]
    message = str(caught.value)
    assert message.endswith(".")
    assert "\n" not in message
    assert "Error" not in message  # a sentence for people, not an exception's name
    return caught.value


REFUSED = {
    "empty": b"",
    "header_only": HEADER_ONLY,
    "not_audio": b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(2_000),
    "no_channel": wav(sound(1.0), channels=0),
    "too_many_channels": wav(sound(1.0), channels=17),
    "rate_out_of_range": wav(sound(1.0), rate=0),
    "zero_length": wav(np.empty(0), data_size=1) + b"\0",
    "too_short": encode(sound(0.099)),
    "too_large": bytes(audio.MAX_BYTES + 1),
    "damaged": wav(sound(1.0), tag=0x0055),
    "silent": encode(np.zeros(16_000)),
    "out_of_scale": encode(sound(1.0) * 32_767, subtype="FLOAT"),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_each_unusable_clip_is_refused_with_its_reason(reason: str) -> None:
    assert refused(REFUSED[reason]).reason == reason


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"hello, this is no sound at all\n" * 50, "not_audio"),
        ("hello in UTF-16".encode("utf-16") * 50, "not_audio"),
        (b"\x89PNG\r\n\x1a\n" + bytes(500), "not_audio"),
        (b"PK\x03\x04" + bytes(500), "not_audio"),
        (b"RIFF\x00\x00\x00\x00WEBP" + bytes(500), "not_audio"),
        (bytes(1_000), "not_audio"),
        (b"R", "not_audio"),
        (b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f" + bytes(100), "not_audio"),
        (HEADER_ONLY[:30], "header_only"),
        (HEADER_ONLY[:12], "header_only"),
        (wav(np.empty(0), data_size=0xFFFFFFFF), "header_only"),
        (wav(np.empty(0), data_size=32_000), "header_only"),
        (encode(np.empty(0), kind="AIFF"), "header_only"),
        (encode(np.empty(0), kind="OGG", subtype="VORBIS"), "zero_length"),
        (wav(sound(1.0), channels=1025), "too_many_channels"),
        (wav(sound(1.0), rate=3_999), "rate_out_of_range"),
        (wav(sound(1.0), rate=384_001), "rate_out_of_range"),
        (wav(sound(1.0), rate=0xFFFFFFFF), "rate_out_of_range"),
        (brought("ogg-vorbis")[:100], "damaged"),
        (brought("flac-16")[:100], "damaged"),
        (brought("flac-16")[:30], "damaged"),
        (wav(sound(1.0), tag=0xFFFE, more_format=EXTENSIBLE[:8] + bytes(16)), "damaged"),
    ],
    ids=count(),  # not the bytes: an Ogg stream's number is drawn by lot
)
def test_odd_files_are_refused_for_what_is_wrong_with_them(data: bytes, reason: str) -> None:
    assert refused(data).reason == reason


@pytest.mark.parametrize(
    ("magic", "name"),
    [
        (b"\x00\x00\x00\x20ftypM4A ", "M4A"),
        (b"\x00\x00\x00\x20ftypisom", "MP4"),
        (bytes.fromhex("1a45dfa3") + b"\x9f\x42\x82\x84webm", "WebM"),
        (bytes.fromhex("1a45dfa3") + b"\x9f\x42\x82\x88matroska", "MKV"),
        (bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c"), "WMA"),
        (bytes.fromhex("fff15080"), "AAC"),
        (bytes.fromhex("fff95080"), "AAC"),
        (b"#!AMR\n", "AMR"),
        (b"caff\x00\x01\x00\x00desc", "CAF"),
    ],
)
def test_a_format_that_needs_another_decoder_says_what_to_convert_to(magic: bytes, name: str) -> None:
    error = refused(magic + bytes(2_000))
    assert error.reason == "unsupported"
    assert name in str(error)
    assert "WAV" in str(error)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("channels", [1, 2])
def test_a_short_burst_of_what_is_no_number_is_refused(value: float, channels: int) -> None:
    samples = sound(2.0, 48_000, channels)
    samples[70_000:70_003] = value
    assert refused(encode(samples, 48_000, subtype="FLOAT")).reason == "not_finite"


def test_double_samples_beyond_float_range_are_refused() -> None:
    samples = sound(1.0)
    samples[500] = 1e300
    assert refused(encode(samples, subtype="DOUBLE")).reason == "not_finite"


@pytest.mark.parametrize("rate", [16_000, 44_100])
@pytest.mark.parametrize("level", [0.0, 0.5])
def test_silence_and_a_constant_are_silent(rate: int, level: float) -> None:
    dither = np.random.default_rng(0).integers(-2, 3, rate) / 32_768
    assert refused(encode(level + dither, rate)).reason == "silent"


@pytest.fixture(scope="module")
def packed_hour() -> bytes:
    """A FLAC of a little more than an hour, a few hundred kilobytes long."""
    buffer = io.BytesIO()
    with soundfile.SoundFile(buffer, "w", audio.MIN_RATE, 1, format="FLAC", subtype="PCM_16") as file:
        minute = np.zeros(60 * audio.MIN_RATE, np.int16)
        minute[::1_000] = 1_000
        for _ in range(61):
            file.write(minute)
    return buffer.getvalue()


def test_more_than_an_hour_is_refused_by_one_seek(packed_hour: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audio._Intake, "add", lambda *_: pytest.fail("sound was decoded"))
    assert refused(packed_hour).reason == "too_long"


def test_more_than_an_hour_is_refused_where_the_header_is_silent_about_it(
    packed_hour: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = bytearray(packed_hour)
    data[21], data[22:26] = data[21] & 0xF0, bytes(4)  # total number of samples: unknown
    decoded = []
    add = audio._Intake.add
    monkeypatch.setattr(audio._Intake, "add", lambda self, block: (decoded.append(len(block)), add(self, block)))
    assert refused(bytes(data)).reason == "too_long"
    assert sum(decoded) <= audio.MAX_SECONDS * audio.MIN_RATE + audio.BLOCK  # it stopped at the limit


def test_a_file_that_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audio, "MAX_DECODED", 100_000)
    assert refused(encode(sound(1.0, 48_000, 8), 48_000, "FLAC")).reason == "too_large"


def test_bad_paths_are_refused(tmp_path: Path) -> None:
    assert refused(tmp_path / "nothing.wav").reason == "missing"
    assert refused("").reason == "missing"
    assert refused("a\0b.wav").reason == "missing"
    assert refused(tmp_path).reason == "not_a_file"
    assert refused("/dev/null").reason == "not_a_file"
    file = tmp_path / "clip.wav"
    file.write_bytes(brought("wav-16"))
    assert refused(file / "clip.wav").reason == "missing"


def test_a_large_file_is_refused_before_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "large.wav"
    with path.open("wb") as file:
        file.truncate(audio.MAX_BYTES + 1)
    monkeypatch.setattr("builtins.open", lambda *_: pytest.fail("the file was opened"))
    assert refused(path).reason == "too_large"


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "clip.wav"
    path.write_bytes(brought("wav-16"))

    def denied(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", denied)
    error = refused(path)
    assert error.reason == "unreadable"
    assert str(tmp_path) not in str(error)


def test_a_socket_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        assert refused(path).reason == "not_a_file"


def test_channels_that_cancel_are_told_from_silence() -> None:
    one = sound(1.0)
    error = refused(encode(np.stack([one, -one], axis=1)))
    assert error.reason == "silent"
    assert "cancel each other" in str(error)
