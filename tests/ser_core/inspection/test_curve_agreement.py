"""Curves that agree, contradict each other, or cannot be compared."""

import numpy as np
import pytest

from ser_core.inspection.agreement import agreement
from tests.ser_core.inspection.made import curve, wandering


def test_the_same_curve_and_its_reverse() -> None:
    one = wandering(2.0, 0)
    found = agreement({"a": curve(one), "b": curve(3 * one + 1), "c": curve(-one)})
    assert found.rho[0][1] == pytest.approx(1.0)
    assert found.rho[0][2] == found.rho[2][0] == pytest.approx(-1.0)
    assert found.mean == pytest.approx((1 - 1 - 1) / 3)


def test_models_with_other_grids_are_compared_on_the_time_they_share() -> None:
    one = wandering(3.0, 1)
    trimmed = curve(one[100:200], begin=1.0)
    coarse = curve(one.reshape(-1, 5).mean(1), step=0.05)
    found = agreement({"whole": curve(one), "trimmed": trimmed, "coarse": coarse})
    assert found.mean is not None
    assert found.mean > 0.98


def test_a_constant_curve_is_left_out_of_the_mean() -> None:
    one = wandering(2.0, 2)
    found = agreement({"a": curve(one), "b": curve(one), "even": curve(np.ones(200))})
    assert found.mean == pytest.approx(1.0)
    assert found.rho[0][2] is None


def test_nothing_to_compare_is_said_in_words() -> None:
    one = wandering(1.0, 3)
    assert "nothing to compare" in agreement({"a": curve(one)}).reason
    assert "constant" in agreement({"a": curve(np.ones(100)), "b": curve(one)}).reason
    assert "too little time" in agreement({"a": curve(one), "b": curve(one, begin=5.0)}).reason
