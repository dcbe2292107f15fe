"""Curves whose alignment with the sound is known: the envelope itself, its reverse, a constant, silence."""

import json
from dataclasses import asdict

import numpy as np
import pytest
from scipy.stats import spearmanr

from ser_core.inspection.alignment import align, concentration
from ser_core.inspection.correlation import shifted_correlation
from ser_core.inspection.sound import listen
from tests.ser_core.inspection.made import curve, silent, sound, speechlike, wandering


@pytest.fixture(scope="module")
def envelope() -> np.ndarray:
    return wandering(2.0, seed=1)


def test_a_map_equal_to_the_envelope(envelope: np.ndarray) -> None:
    found = align(curve(envelope), sound(envelope))
    assert found.energy.rho == pytest.approx(1.0)
    assert found.energy.p == pytest.approx(1 / (found.energy.shifts + 1))  # no shift does as well
    assert found.energy.shifts == 151  # of 200 points, all that move it by 0.25 s or more either way
    assert found.pointing.hit
    assert found.pointing.peak == found.pointing.loudest
    assert found.pointing.chance == pytest.approx(0.1)  # 0.2 s of 2 s


def test_a_reversed_map_is_as_significant_and_misses(envelope: np.ndarray) -> None:
    found = align(curve(envelope.max() - envelope), sound(envelope))
    assert found.energy.rho == pytest.approx(-1.0)
    assert found.energy.p is not None
    assert found.energy.p < 0.01
    assert found.pointing.hit is False


def test_a_constant_map_has_no_order_and_no_peak_but_an_even_mass(envelope: np.ndarray) -> None:
    found = align(curve(np.full(200, 0.3)), sound(envelope, speech=((0.5, 1.5),)))
    assert found.energy.rho is None
    assert "the curve is constant" in found.energy.reason
    assert found.pointing.hit is None
    assert "no peak" in found.pointing.reason
    assert found.pointing.chance == pytest.approx(0.1)  # of the sound alone, so it is known all the same
    assert found.concentration.entropy == pytest.approx(1.0)
    assert found.concentration.share_80 == pytest.approx(0.8)
    assert found.speech.mass == pytest.approx(found.speech.share)


def test_a_map_on_silence_is_measured_in_words() -> None:
    found = align(curve(wandering(2.0, seed=3)), listen(silent(2.0)))
    assert "silent" in found.energy.reason
    assert "voicing is constant" in found.voicing.reason
    assert "no loudest moment" in found.pointing.reason
    assert "no speech" in found.speech.reason
    assert found.concentration.entropy is not None  # the curve alone has one


@pytest.mark.parametrize("seconds", [0.01, 0.03, 0.1, 0.4, 3.0])
def test_no_figure_is_ever_nan(seconds: float) -> None:
    heard = listen(speechlike(max(seconds, 0.1)))
    for values in (wandering(seconds, 0), np.zeros(round(seconds / 0.01)), -np.ones(round(seconds / 0.01))):
        found = align(curve(values), heard)
        json.dumps(asdict(found), allow_nan=False)
        json.dumps(found.figures(), allow_nan=False)
        for one in (found.energy, found.pointing, found.speech, found.concentration):
            assert one.reason or None not in asdict(one).values()


def test_p_values_of_smooth_curves_that_have_nothing_to_do_with_each_other() -> None:
    """The usual p-value calls most of them significant; that of the shifts about as many as it should."""
    pairs = [(wandering(3.0, seed=2 * i), wandering(3.0, seed=2 * i + 1)) for i in range(200)]
    shifted = [shifted_correlation(one, other, 0.01).p for one, other in pairs]
    usual = [spearmanr(one, other).pvalue for one, other in pairs]
    assert np.mean([p < 0.05 for p in shifted]) < 0.1
    assert np.mean([p < 0.05 for p in usual]) > 0.5


def test_rho_and_its_shifts_are_those_of_scipy() -> None:
    one, other = wandering(1.0, seed=4), wandering(1.0, seed=5)
    found = shifted_correlation(one, other, 0.01, min_shift=0.3)
    rho = [spearmanr(np.roll(one, shift), other).statistic for shift in range(30, 71)]
    assert found.rho == pytest.approx(spearmanr(one, other).statistic)
    assert found.p == pytest.approx((1 + np.sum(np.abs(rho) >= abs(found.rho))) / 42)


def test_a_short_clip_has_rho_and_no_p(envelope: np.ndarray) -> None:
    found = shifted_correlation(envelope[:40], envelope[:40], 0.01)
    assert found.rho == pytest.approx(1.0)
    assert found.p is None
    assert "too short" in found.reason


def test_the_window_covers_less_at_the_edge_of_a_clip() -> None:
    loud = np.linspace(0.1, 1.0, 100)
    found = align(curve(np.linspace(0, 1, 100)), sound(loud), window=0.1)
    assert found.pointing.hit
    assert found.pointing.chance == pytest.approx(0.105)  # from 0.895 s to the end at 1 s


def test_mass_in_speech() -> None:
    values = np.zeros(100)
    values[20:30] = 1.0
    inside = align(curve(values), sound(np.linspace(0.1, 1, 100), speech=((0.2, 0.4),))).speech
    assert (inside.mass, inside.share) == (1.0, 0.2)
    beside = align(curve(values), sound(np.linspace(0.1, 1, 100), speech=((0.5, 0.9),))).speech
    assert beside.mass == 0.0


def test_concentration_of_one_moment_and_of_two_levels() -> None:
    spike = np.zeros(50)
    spike[7] = 2.0
    assert concentration(spike).entropy == 0.0
    assert concentration(spike).share_80 == pytest.approx(1 / 50)
    half = np.repeat([0.0, 1.0], 25)
    assert concentration(half).entropy == pytest.approx(np.log(25) / np.log(50))
    assert concentration(half).share_80 == pytest.approx(0.4)


def test_votes_against_an_emotion_are_no_mass() -> None:
    votes = np.repeat([-5.0, 1.0], 50)
    found = align(curve(votes), sound(np.linspace(0.1, 1, 100), speech=((0.0, 0.5),)))
    assert found.speech.mass == 0.0


def test_a_curve_is_compared_with_its_own_stretch_of_the_clip(envelope: np.ndarray) -> None:
    part = curve(envelope[50:150], begin=0.5)
    assert align(part, sound(envelope)).energy.rho == pytest.approx(1.0)
