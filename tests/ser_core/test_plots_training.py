"""The curves of a training."""

from __future__ import annotations

import pytest

from ser_core.plots.theme import DARK
from ser_core.plots.training import Course, Quantity, course

ROWS = [{"train_loss": 2.0, "validation_loss": 1.9, "validation_ua": 0.3, "learning_rate": 1e-3}]


@pytest.mark.parametrize(
    ("quantity", "from_", "to"), [("ua", 0.0, 1.03), ("learning_rate", -5, -2)], ids=["ua", "learning_rate"]
)
def test_before_the_first_epoch_the_axis_shows_where_values_will_come(
    quantity: Quantity, from_: float, to: float
) -> None:
    axis = course([Course("one", {})], quantity, 20, DARK).layout.yaxis
    assert tuple(axis.range) == (from_, to)


def test_a_growing_curve_moves_no_axis_of_epochs() -> None:
    ranges = {
        course([Course("one", {"training": ROWS * done})], "loss", 20, DARK).layout.xaxis.range for done in (0, 1, 20)
    }
    assert ranges == {(0.5, 20.5)}


def test_epochs_are_counted_through_all_stages() -> None:
    figure = course([Course("one", {"teacher": ROWS * 2, "student": ROWS * 3})], "ua", 5, DARK)
    assert list(figure.data[0].x) == [1, 2, 3, 4, 5]
    assert list(figure.data[0].customdata) == ["teacher"] * 2 + ["student"] * 3
    assert [note.text for note in figure.layout.annotations] == ["teacher", "student"]
