"""The pitch track on sounds whose pitch is known."""

from __future__ import annotations

import io

import numpy as np
import pytest

from ser_core import pitch
from ser_core.audio import SAMPLE_RATE


def voice(hertz: np.ndarray) -> np.ndarray:
    """Ten harmonics of a pitch that is given sample by sample."""
    phase = 2 * np.pi * np.cumsum(hertz) / SAMPLE_RATE
    return sum(np.sin(k * phase) / k for k in range(1, 11)).astype(np.float32) / 3


@pytest.mark.parametrize("hertz", [80.0, 155.0, 310.0, 620.0])
def test_a_steady_voice(hertz: float) -> None:
    track = pitch.track(voice(np.full(SAMPLE_RATE, hertz)))
    assert len(track.times) == 100
    inner = track.hertz[5:-5]
    np.testing.assert_allclose(inner, hertz, rtol=0.01)


def test_a_glide_is_followed_at_the_right_moments() -> None:
    glide = np.linspace(120, 360, 2 * SAMPLE_RATE)
    track = pitch.track(voice(glide))
    expected = np.interp(track.times, np.arange(len(glide)) / SAMPLE_RATE, glide)
    np.testing.assert_allclose(track.hertz[5:-5], expected[5:-5], rtol=0.03)


def test_a_pause_and_a_hiss_have_no_pitch() -> None:
    hiss = np.random.default_rng(0).normal(0, 0.1, SAMPLE_RATE // 2).astype(np.float32)
    spoken = voice(np.full(SAMPLE_RATE // 2, 200.0))
    track = pitch.track(np.concatenate([hiss, spoken, np.zeros(SAMPLE_RATE // 2, np.float32)]))
    heard = ~np.isnan(track.hertz)
    assert heard[:48].mean() < 0.1
    assert heard[55:95].all()
    assert not heard[105:].any()


def test_silence_and_the_shortest_clip() -> None:
    assert np.isnan(pitch.track(np.zeros(SAMPLE_RATE, np.float32)).hertz).all()
    assert len(pitch.track(voice(np.full(1_600, 200.0))).times) == 10


def test_a_single_leap_is_smoothed_and_an_edge_is_not() -> None:
    hertz = np.array([200.0, 201, 100, 202, 203, np.nan, 400, 401])
    np.testing.assert_array_equal(pitch.without_leaps(hertz), [200, 200, 201, 202, 203, np.nan, 400, 401])


def test_the_table_leaves_unvoiced_moments_empty() -> None:
    table = pitch.PitchTrack(np.array([0.005, 0.015]), np.array([200.0, np.nan])).csv()
    assert io.StringIO(table).read() == "seconds,hertz\n0.005,200.0\n0.015,\n"


def test_a_stretch_of_a_track_is_its_moments() -> None:
    part = pitch.PitchTrack(np.array([0.005, 0.015, 0.025]), np.array([200.0, np.nan, 210.0])).between(0.01, 0.02)
    assert part.csv() == "seconds,hertz\n0.015,\n"
