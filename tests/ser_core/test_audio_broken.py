"""A file that was cut off, or lies about its length, is used as far as it goes and says so; nothing else escapes."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ser_core import audio
from ser_core.audio import load
from ser_core.errors import AudioError
from tests.ser_core.clips import FORMATS, brought, encode, sound, wav, without_index


@pytest.mark.parametrize("size", [0, 1, 0xFFFFFFFF, 0x7FFFF000, 10**6])
@pytest.mark.parametrize("riff_size", [None, 0xFFFFFFFF])
def test_a_wav_whose_length_field_lies_is_used_whole_and_says_so(size: int, riff_size: int | None) -> None:
    clip = load(wav(sound(1.0), data_size=size, riff_size=riff_size))
    assert clip.seconds == 1.0
    (note,) = clip.notes
    assert "1.00 s" in note


def test_a_wav_of_a_writer_that_was_stopped_is_used_whole() -> None:
    clip = load(wav(sound(1.0), data_size=0, riff_size=36))
    assert clip.seconds == 1.0
    assert "does not give the length" in clip.notes[0]


@pytest.mark.parametrize("tail", [b"LIST\x04\x00\x00\x00abcd", b"TAG" + bytes(125)])
def test_what_follows_the_sound_is_not_heard(tail: bytes) -> None:
    data = wav(sound(1.0), after=tail, riff_size=36 + 32_000 if tail[:3] == b"TAG" else None)
    clip = load(data)
    assert (clip.seconds, clip.notes) == (1.0, ())


def test_an_rf64_without_its_length_is_used_whole() -> None:
    data = bytearray(brought("rf64"))
    at = data.index(b"ds64") + 16
    data[at : at + 8] = bytes(8)
    clip = load(bytes(data))
    assert clip.seconds == pytest.approx(1.0)
    assert clip.notes


@pytest.mark.parametrize("extra", [0, 0xFFFFFFFF])
def test_an_aiff_without_its_length_is_used_whole(extra: int) -> None:
    data = bytearray(brought("aiff-16"))
    at = data.index(b"SSND") + 4
    data[at : at + 4] = struct.pack(">I", extra)
    clip = load(bytes(data))
    assert clip.seconds == pytest.approx(1.0, abs=0.001)
    assert clip.notes


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_that_was_cut_off_is_used_as_far_as_it_goes_and_says_so(name: str) -> None:
    data = brought(name, 3.0, hiss=0.05)  # hiss, so that even a good codec fills several pages
    whole = load(data)
    clip = load(data[: len(data) * 6 // 10])
    assert 0.5 < clip.seconds < 2.9
    (note,) = clip.notes
    assert f"{clip.seconds:.2f} s" in note
    reach = len(clip.samples) - 3_000
    assert np.abs(clip.samples[:reach] - whole.samples[:reach]).max() < 0.05


@pytest.mark.parametrize("total", [0, 2_000, 2**36 - 1])
def test_a_flac_is_decoded_to_its_end_whatever_its_header_counts(total: int) -> None:
    data = bytearray(encode(sound(1.0), kind="FLAC"))
    data[21] = data[21] & 0xF0 | total >> 32
    data[22:26] = struct.pack(">I", total & 0xFFFFFFFF)
    clip = load(bytes(data))
    assert clip.seconds == 1.0
    assert bool(clip.notes) == bool(total)  # 0 is the format's own "unknown", which is no lie


def test_a_flac_damaged_in_the_middle_keeps_what_came_before() -> None:
    data = bytearray(encode(sound(3.0), kind="FLAC"))
    data[len(data) // 2 : len(data) // 2 + 300] = bytes(300)
    clip = load(bytes(data))
    assert 0.5 < clip.seconds < 2.9
    assert "ends early" in clip.notes[0]


@pytest.mark.parametrize("mode", ["CONSTANT", "VARIABLE"])
def test_an_mp3_without_an_index_is_heard_to_its_end(mode: str) -> None:
    samples = sound(3.0, 44_100)
    samples[:44_100] *= 0.001  # a quiet beginning has a low bit rate, by which the length would be guessed wrong
    data = encode(samples, 44_100, "MP3", "MPEG_LAYER_III", bitrate_mode=mode, compression_level=0.5)
    clip = load(without_index(data))
    assert clip.seconds == pytest.approx(3.0, abs=0.1)
    assert clip.notes == ()


def test_a_header_that_promises_hours_does_not_make_a_clip_too_long() -> None:
    data = bytearray(encode(sound(1.0), kind="FLAC"))
    data[22:26] = struct.pack(">I", 10 * 3_600 * 16_000)
    clip = load(bytes(data))
    assert clip.seconds == 1.0
    assert "36000.00 s" in clip.notes[0]


EXAMPLES = {name: brought(name, 0.3) for name in FORMATS}
ANYTHING = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


def survives(data: bytes) -> None:
    try:
        clip = load(data)
    except AudioError:
        return
    assert clip.seconds >= audio.MIN_SECONDS
    assert np.isfinite(clip.samples).all()


@ANYTHING
@given(st.binary(max_size=3_000))
def test_random_bytes_give_a_clip_or_an_audio_error(data: bytes) -> None:
    survives(data)


@ANYTHING
@given(st.sampled_from([data[:16] for data in EXAMPLES.values()]), st.binary(max_size=2_000))
def test_random_bytes_behind_a_magic_word_give_a_clip_or_an_audio_error(magic: bytes, data: bytes) -> None:
    survives(magic + data)


@pytest.mark.parametrize("name", FORMATS)
@ANYTHING
@given(
    changes=st.lists(st.tuples(st.integers(0, 120), st.integers(0, 255)), min_size=1, max_size=6),
    keep=st.integers(1, 100),
)
def test_a_file_with_a_mutated_header_gives_a_clip_or_an_audio_error(
    name: str, changes: list[tuple[int, int]], keep: int
) -> None:
    data = bytearray(EXAMPLES[name])
    for at, value in changes:
        data[at] = value
    survives(bytes(data[: len(data) * keep // 100]))
