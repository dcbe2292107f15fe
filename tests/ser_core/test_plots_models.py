"""The figures of the pages Models and Corpora: they hold the numbers that they were given."""

from __future__ import annotations

import pytest

from ser_core.models.diagram import draw
from ser_core.plots.corpus import emotion_counts, speaker_counts, spread_by_emotion
from ser_core.plots.costs import Point, accuracy_against_cost
from ser_core.plots.diagram import block_diagram, lay_out, lines_of, ranks
from ser_core.plots.theme import DARK, LIGHT, Palette


@pytest.mark.parametrize("inside", ["", "stem", "blocks.0", "blocks.0.attention"])
def test_no_two_boxes_overlap_and_all_lie_inside(inside: str) -> None:
    diagram = draw("ctmam", "default", inside)
    rows = ranks(diagram)
    texts = [lines_of(diagram, block, rows.count(row)) for block, row in zip(diagram.blocks, rows, strict=True)]
    places = lay_out(diagram.blocks, rows, texts)
    for number, one in enumerate(places):
        assert one.x - one.width / 2 >= 0
        assert one.x + one.width / 2 <= 1
        for other in places[:number]:
            apart = abs(one.x - other.x) >= (one.width + other.width) / 2
            assert apart or one.top >= other.bottom or other.top >= one.bottom


def test_every_block_of_a_diagram_stands_below_what_it_is_computed_from() -> None:
    diagram = draw("tf_transformer")
    rows = ranks(diagram)
    assert all(rows[a] < rows[b] for a, b in diagram.arrows)


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_the_diagram_names_parameters_and_wears_the_palette(colours: Palette) -> None:
    figure = block_diagram(draw("ctmam"), colours)
    boxes = [one for one in figure.layout.annotations if one.text and "CNN stem" in one.text]
    assert "120,720 parameters" in boxes[0].text
    assert boxes[0].font.color == colours.text


def test_a_point_lies_at_its_cost_and_score() -> None:
    ours = Point("ctmam", "ctmam-general", 4e8, 62.0, 55.0, 70.0, "a checkpoint")
    printed = Point("ctmam", "ctmam", 4e8, 72.0, 72.0, 72.0, "a paper", filled=False)
    figure = accuracy_against_cost([ours, printed], "Multiply-adds", "per second", 14.3, LIGHT)
    assert [(one.x[0], one.y[0]) for one in figure.data] == [(4e8, 62.0), (4e8, 72.0)]
    assert figure.data[0].error_y.array[0] == pytest.approx(8.0)
    assert figure.data[0].error_y.arrayminus[0] == pytest.approx(7.0)
    assert (figure.data[0].marker.symbol, figure.data[1].marker.symbol) == ("circle", "circle-open")
    assert figure.layout.shapes[0].y0 == 14.3


def test_bars_are_the_counts_beside_what_was_published() -> None:
    figure = emotion_counts({"sad": 3, "angry": 5}, {"angry": 5, "happy": 2, "sad": 4}, LIGHT)
    frames, bars = figure.data
    assert dict(zip(bars.y, bars.x, strict=True)) == {"angry": 5, "happy": 0, "sad": 3}
    assert dict(zip(frames.y, frames.x, strict=True)) == {"angry": 5, "happy": 2, "sad": 4}
    assert [one.text for one in figure.layout.annotations] == ["5", "0 of 2", "3 of 4"]
    assert list(bars.marker.color) == [LIGHT.emotions[name] for name in ("angry", "happy", "sad")]


def test_speakers_stand_by_sex_and_keep_their_counts() -> None:
    counts = {"angry": {"c/b": 2, "c/a": 1}, "sad": {"c/a": 4}}
    figure = speaker_counts(counts, {"c/a": "male", "c/b": "female"}, LIGHT)
    assert list(figure.layout.xaxis.ticktext) == ["b", "a"]
    assert {one.name: list(one.y) for one in figure.data} == {"angry": [2, 1], "sad": [0, 4]}


def test_a_box_holds_every_value_of_its_emotion() -> None:
    figure = spread_by_emotion({"sad": [1.0, 2.0], "angry": [3.0]}, {"sad": ["x", "y"], "angry": ["z"]}, "a", "s", DARK)
    assert [(one.y[0], list(one.x)) for one in figure.data] == [("angry", [3.0]), ("sad", [1.0, 2.0])]
    assert figure.layout.xaxis.title.text == "a (s)"
