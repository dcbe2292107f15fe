"""The calibration error on cases whose answer is known, and what a temperature does to it."""

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.calibration import calibration_curve

from ser_core.evaluation import calibrate
from ser_core.evaluation.calibration import tempered
from tests.ser_core.evaluation.made import drawn, made


def answers(confidence: float, right: int, n: int = 10) -> tuple[np.ndarray, np.ndarray]:
    """n answers of two emotions at one confidence, so many of them right."""
    return np.array([0] * right + [1] * (n - right)), np.tile([confidence, 1 - confidence], (n, 1))


def test_eight_of_ten_right_at_80_percent_is_no_error() -> None:
    calibration = calibrate(*answers(0.8, right=8))
    assert calibration.ece == pytest.approx(0.0)
    (full,) = [one for one in calibration.bins if one.n]
    assert full.low < 0.8 <= full.high
    assert (full.n, full.confidence, full.accuracy) == (10, pytest.approx(0.8), 0.8)


@pytest.mark.parametrize(("right", "error"), [(10, 0.2), (5, 0.3), (0, 0.8)])
def test_the_error_is_the_gap(right: int, error: float) -> None:
    assert calibrate(*answers(0.8, right)).ece == pytest.approx(error)


def test_bins_are_weighted_by_their_clips() -> None:
    sure, unsure = answers(0.95, right=10, n=10), answers(0.55, right=0, n=30)
    truth, probabilities = (np.concatenate(pair) for pair in zip(sure, unsure, strict=True))
    assert calibrate(truth, probabilities).ece == pytest.approx(0.25 * 0.05 + 0.75 * 0.55)


@pytest.mark.parametrize("temperature", [1.0, 1.7])
def test_bins_and_error_equal_scikit_learn(temperature: float) -> None:
    one = drawn(5)
    found = calibrate(one.truth, one.probabilities, temperature)
    filled = [part for part in found.bins if part.n]
    confidence = softmax(np.log(one.probabilities) / temperature, axis=1).max(axis=1)
    shares, means = calibration_curve(one.truth == one.predicted, confidence, n_bins=15)
    assert [part.accuracy for part in filled] == pytest.approx(shares)
    assert [part.confidence for part in filled] == pytest.approx(means)
    assert found.ece == pytest.approx(np.average(np.abs(shares - means), weights=[part.n for part in filled]))


def test_certainty_falls_into_the_last_bin_and_every_clip_into_one() -> None:
    calibration = calibrate(*answers(1.0, right=10))
    assert [one.n for one in calibration.bins] == [0] * 14 + [10]
    assert (calibration.bins[0].confidence, calibration.bins[0].accuracy) == (None, None)
    one = drawn(3)
    assert sum(part.n for part in calibrate(one.truth, one.probabilities).bins) == len(one.truth)


def test_a_temperature_divides_the_logits_and_changes_no_answer() -> None:
    logits = np.random.default_rng(1).normal(0, 4, (50, 5))
    assert tempered(softmax(logits, axis=1), 2.5) == pytest.approx(softmax(logits / 2.5, axis=1))
    sure = softmax(100 * logits, axis=1)
    assert (tempered(sure, 2.5).argmax(1) == logits.argmax(1)).all()


def test_a_probability_of_zero_stays_zero() -> None:
    assert tempered(np.array([[1.0, 0.0]]), 3.0).tolist() == [[1.0, 0.0]]


def test_before_and_after_the_temperature_of_the_card() -> None:
    before, after = made([0] * 10, [0] * 4 + [1] * 6, temperature=1.5).calibration()
    assert (before.temperature, after.temperature) == (1.0, 1.5)
    assert before.ece == pytest.approx(0.7 - 0.4)  # three steps too sure
    assert after.ece < before.ece
    assert made([0, 1], [0, 1], temperature=None).calibration() == ()
    assert len(made([0, 1], [0, 1], temperature=1.0).calibration()) == 1
