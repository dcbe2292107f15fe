"""Loudness and voicing of sounds that are known."""

import numpy as np
import pytest

from ser_core.audio import SAMPLE_RATE, Waveform
from ser_core.corpora.synthetic import samples
from ser_core.inspection import sound as module
from ser_core.inspection.sound import listen, loudness, voicing
from tests.ser_core.inspection.made import grid, silent, speechlike


def test_loudness_is_the_rms_around_each_moment() -> None:
    wave = np.repeat([0.1, 0.5], SAMPLE_RATE // 2).astype(np.float32)
    found = loudness(wave, grid(1.0))
    np.testing.assert_allclose(found[:48], 0.1, rtol=1e-5)
    np.testing.assert_allclose(found[52:], 0.5, rtol=1e-5)


def test_a_buzz_is_voiced_and_noise_and_silence_are_not() -> None:
    t = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    buzz = sum(np.sin(2 * np.pi * 120 * k * t) / k for k in range(1, 12))
    hiss = np.random.default_rng(0).standard_normal(SAMPLE_RATE)
    heard = listen(Waveform.from_array(np.concatenate([0.2 * buzz, 0.05 * hiss, 1e-7 * hiss]), SAMPLE_RATE))
    assert np.median(heard.voicing[5:95]) > 0.95
    assert np.median(heard.voicing[105:195]) < 0.5
    assert heard.voicing[205:295].max() == 0.0
    assert heard.noise < 1e-6


def test_silence_is_silent() -> None:
    heard = listen(silent(1.0))
    assert heard.loudness.max() == heard.voicing.max() == 0.0
    assert heard.speech == ()


def test_a_long_clip_is_heard_in_blocks_and_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    wave, times = speechlike(2.0).samples, grid(2.0)
    whole = voicing(wave, times, loudness(wave, times))
    monkeypatch.setattr(module, "BLOCK", 37)
    np.testing.assert_allclose(voicing(wave, times, loudness(wave, times)), whole, atol=1e-6)


def test_speech_is_what_the_voice_detector_finds() -> None:
    from ser_core.audio import load

    heard = listen(load(samples()[0].path))
    assert heard.speech
    (start, end), *_ = heard.speech
    assert heard.in_speech(np.array([start, (start + end) / 2])).all()
    assert not heard.in_speech(np.array([end + 100])).any()


@pytest.mark.parametrize("seconds", [0.1, 0.4])
def test_short_clips(seconds: float) -> None:
    heard = listen(speechlike(seconds))
    assert len(heard.times) == len(heard.loudness) == len(heard.voicing) == round(seconds / 0.01)
    assert np.isfinite(heard.voicing).all()
