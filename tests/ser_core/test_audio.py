"""Every format becomes the same Waveform, and a Waveform is what it says."""

from __future__ import annotations

import struct
import tempfile
from pathlib import Path

import numpy as np
import pytest
import soxr

from ser_core.audio import SAMPLE_RATE, Waveform, load
from ser_core.errors import AudioError
from tests.ser_core.clips import EXTENSIBLE, FORMATS, brought, encode, sound, wav


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_read_as_the_same_sound(name: str, channels: int) -> None:
    clip = load(brought(name, 1.0, channels), name)
    assert clip.samples.dtype == np.float32
    assert clip.seconds == pytest.approx(1.0, abs=0.001)
    assert (clip.original_rate, clip.original_channels) == (FORMATS[name][2], channels)
    assert clip.notes == ()
    middle = slice(2_000, 14_000)  # away from the edges, where codecs fade
    assert np.abs(clip.samples - sound(1.0))[middle].max() < 0.05


def test_16_khz_mono_comes_out_bit_exact() -> None:
    pcm = np.random.default_rng(0).integers(-32_768, 32_768, 40_000).astype(np.int16)
    assert np.array_equal(load(encode(pcm)).samples, pcm / np.float32(32_768))


def test_resampling_block_by_block_equals_resampling_at_once() -> None:
    samples = sound(3.0, 44_100).astype(np.float32)
    clip = load(encode(samples, 44_100, subtype="FLOAT"))
    whole = soxr.resample(samples, 44_100, SAMPLE_RATE)
    assert len(clip.samples) == len(whole)
    assert np.abs(clip.samples - whole).max() < 1e-6


def test_channels_are_averaged() -> None:
    left, right = sound(0.5), np.full(8_000, 0.25)
    clip = load(encode(np.stack([left, right], axis=1), subtype="DOUBLE"))
    assert np.allclose(clip.samples, (left + right) / 2, atol=1e-6)


def test_samples_cannot_be_changed() -> None:
    clip = load(brought("wav-16"))
    with pytest.raises(ValueError, match="read-only"):
        clip.samples[0] = 1.0


def test_the_same_sound_has_the_same_digest_whatever_file_it_came_in() -> None:
    pcm = np.round(sound(0.5) * 32_767).astype(np.int16)
    digests = {load(encode(pcm, kind=kind), kind).digest for kind in ("WAV", "FLAC", "AIFF")}
    assert digests == {Waveform.from_array(pcm, SAMPLE_RATE).digest}
    assert load(encode(pcm + 1)).digest not in digests


def test_bytes_like_objects_and_paths_give_the_same_clip(tmp_path: Path) -> None:
    data = brought("flac-16")
    path = tmp_path / "folder" / "clip.wav"  # the name does not decide
    path.parent.mkdir()
    path.write_bytes(data)
    clips = [load(source) for source in (data, bytearray(data), memoryview(data), path, str(path))]
    assert len({clip.digest for clip in clips}) == 1


def test_the_source_is_a_name_without_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "who said it.wav"
    path.write_bytes(brought("wav-16"))
    assert load(path).source == "who said it.wav"
    assert load(path.read_bytes(), "C:\\Users\\me\\voice.wav").source == "voice.wav"
    assert load(path.read_bytes(), "/home/me/voice.wav").source == "voice.wav"


def test_nothing_is_written_to_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: object, **__: object) -> None:
        raise AssertionError("a temporary file was asked for")

    for name in ("mkstemp", "NamedTemporaryFile", "TemporaryFile", "mkdtemp"):
        monkeypatch.setattr(tempfile, name, forbidden)
    assert load(brought("mp3")).seconds > 0.9


@pytest.mark.parametrize("rate", [4_000, 384_000])
def test_the_outermost_rates_are_read(rate: int) -> None:
    assert load(encode(sound(0.5, rate), rate)).seconds == pytest.approx(0.5, abs=0.001)


def test_sixteen_channels_are_read() -> None:
    assert load(encode(sound(0.5, channels=16))).original_channels == 16


def test_a_tenth_of_a_second_is_enough() -> None:
    assert load(encode(sound(0.1, 44_100), 44_100)).seconds == pytest.approx(0.1)


def test_a_very_quiet_clip_is_not_silence() -> None:
    quiet = load(encode(sound(1.0) * 0.002))  # peak below 0.1 % of full scale
    assert np.abs(quiet.samples).max() < 0.001


def test_an_mp3_behind_an_id3_tag_is_read() -> None:
    tag = b"ID3\x04\x00\x00\x00\x00\x07\x68" + bytes(1_000)
    assert load(tag + brought("mp3")).digest == load(brought("mp3")).digest


def test_a_big_endian_wav_is_read() -> None:
    assert load(encode(sound(1.0), endian="BIG")).digest == load(encode(sound(1.0))).digest


def test_an_extensible_wav_with_an_odd_channel_mask_is_read() -> None:
    strange = struct.pack("<HHI", 22, 16, 0xFFFFFFFF) + EXTENSIBLE[8:]
    assert load(wav(sound(1.0), tag=0xFFFE, more_format=strange)).seconds == 1.0


@pytest.mark.parametrize("dtype", [np.int16, np.int32, np.uint8, np.float64])
def test_an_array_is_scaled_by_its_type(dtype: type) -> None:
    samples = sound(1.0)
    scale = {np.int16: 32_767, np.int32: 2**31 - 1, np.uint8: 127, np.float64: 1}[dtype]
    clip = Waveform.from_array((samples * scale + (128 if dtype is np.uint8 else 0)).astype(dtype), SAMPLE_RATE)
    assert np.abs(clip.samples - samples).max() < 0.02


@pytest.mark.parametrize(
    ("samples", "rate", "reason"),
    [
        ([], 16_000, "zero_length"),
        (np.zeros((100, 0)), 16_000, "no_channel"),
        (np.zeros((17, 2_000)).T, 16_000, "too_many_channels"),
        (sound(1.0), 3_000, "rate_out_of_range"),
        (sound(0.05), 16_000, "too_short"),
        (np.full(16_000, np.nan), 16_000, "not_finite"),
        (np.zeros(16_000), 16_000, "silent"),
        (sound(1.0) * 32_767, 16_000, "out_of_scale"),
        (np.zeros((2, 2, 2)), 16_000, "not_audio"),
        (np.array(["a", "b"]), 16_000, "not_audio"),
    ],
)
def test_an_array_goes_through_the_same_checks(samples: np.ndarray, rate: int, reason: str) -> None:
    with pytest.raises(AudioError) as caught:
        Waveform.from_array(samples, rate)
    assert caught.value.reason == reason


def test_an_array_equals_its_file() -> None:
    samples = sound(1.0, 44_100, 2).astype(np.float32)
    assert Waveform.from_array(samples, 44_100).digest == load(encode(samples, 44_100, subtype="FLOAT")).digest


def test_a_cut_is_the_part_between_two_moments() -> None:
    clip = load(brought("mp3", 3.0), "voice.mp3")
    part = clip.cut(1.0, 1.5)
    assert part.seconds == 0.5
    assert np.array_equal(part.samples, clip.samples[16_000:24_000])
    assert (part.source, part.original_rate) == ("voice.mp3", 44_100)
    assert not part.samples.flags.writeable
    assert part.digest != clip.digest
    assert clip.cut(-1.0, 99.0).digest == clip.digest


@pytest.mark.parametrize(("start", "end", "reason"), [(1.0, 1.05, "too_short"), (2.0, 1.0, "zero_length")])
def test_a_cut_that_leaves_nothing_is_refused(start: float, end: float, reason: str) -> None:
    with pytest.raises(AudioError) as caught:
        load(brought("wav-16", 3.0)).cut(start, end)
    assert caught.value.reason == reason


def test_the_wav_for_a_player_is_the_clip() -> None:
    pcm = np.random.default_rng(0).integers(-32_768, 32_768, 16_000).astype(np.int16)
    clip = load(encode(pcm))
    assert load(clip.to_wav()).digest == clip.digest


def test_the_wav_for_a_player_does_not_clip() -> None:
    samples = sound(1.0) * 4  # peak 1.8
    played = load(Waveform.from_array(samples, SAMPLE_RATE).to_wav()).samples
    assert np.abs(played - samples / np.abs(samples).max()).max() < 1e-4


def test_a_waveform_is_float32_of_one_dimension() -> None:
    with pytest.raises(ValueError, match="float32"):
        Waveform(np.zeros(16_000), "x")


def test_a_tag_behind_complete_sound_breaks_nothing() -> None:
    """Some programs put an ID3v1 tag behind a FLAC file."""
    content = encode(sound(1.0), kind="FLAC")
    assert load(content + b"TAG" + bytes(125)).notes == load(content).notes == ()
