"""The figures of the page Evaluate: they hold the numbers that they were given."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ser_core.evaluation.cross import Cell
from ser_core.evaluation.latex import as_latex, escaped
from ser_core.evaluation.report import NoisePoint
from ser_core.plots.calibration import noise_curve, reliability
from ser_core.plots.confusion import cell_texts, confusion_difference, confusion_matrix, signed
from ser_core.plots.cross import cross_grid
from ser_core.plots.evaluation_page import evaluation_page, mistakes, noise_course
from ser_core.plots.leaks import Pair, honest_against_leaky, leak_shares
from ser_core.plots.scores import Line, emotion_figures, group_scores, score_intervals
from ser_core.plots.theme import DARK, LIGHT, Palette
from ser_core.protocols.leaks import Leak, Leaks
from tests.ser_core.evaluation.made import LABELS, drawn, made

TWO = made([0, 0, 0, 1, 1, 3], [0, 0, 1, 1, 3, 3])  # nobody acts or hears "neutral"


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_a_matrix_has_a_number_and_a_point_for_every_cell(colours: Palette) -> None:
    counts = TWO.confusion()
    figure = confusion_matrix(counts, counts, LABELS, "", colours, marked=("angry", "happy"))
    texts = {(one.y, one.x): one.text for one in figure.layout.annotations}
    assert texts["angry", "angry"] == "<b>2</b>"
    assert texts["angry", "happy"] == "1"
    assert len(texts) == 16
    heat, points = figure.data
    assert np.array(heat.z).tolist() == counts.tolist()
    assert [tuple(cell) for cell in points.customdata] == [(acted, heard) for acted in LABELS for heard in LABELS]
    assert points.text[1] == "acted angry, heard happy: 1 of 3 clips"
    (frame,) = figure.layout.shapes
    assert (frame.x0, frame.y0) == pytest.approx((0.53, -0.47))
    assert heat.colorscale[1][1] == colours.accent


def test_shares_are_whole_percent_and_nothing_to_share_is_a_dash() -> None:
    counts, rows = TWO.confusion(), TWO.confusion("row")
    assert cell_texts(counts, rows, "row")[0] == ["67%", "33%", "0%", "0%"]
    assert cell_texts(counts, rows, "row")[2] == ["–"] * 4


def test_a_number_is_dark_on_a_cell_that_is_half_full() -> None:
    """The colour goes to 100%, whatever the largest share is."""
    half = np.full((4, 4), 0.4)
    figure = confusion_matrix(TWO.confusion(), half, LABELS, "row", LIGHT)
    assert {one.font.color for one in figure.layout.annotations} == {LIGHT.text}
    figure = confusion_matrix(TWO.confusion(), 2 * half, LABELS, "row", LIGHT)
    assert {one.font.color for one in figure.layout.annotations} == {LIGHT.background}


def test_a_difference_is_the_second_minus_the_first() -> None:
    other = made([0, 0, 0, 1, 1, 3], [0, 0, 0, 1, 1, 3])
    figure = confusion_difference(TWO.confusion(), other.confusion(), LABELS, "", LIGHT)
    texts = {(one.y, one.x): one.text for one in figure.layout.annotations}
    assert texts["angry", "angry"] == "<b>+1</b>"
    assert texts["angry", "happy"] == "\N{MINUS SIGN}1"
    heat = figure.data[0]
    assert (heat.zmin, heat.zmax) == (-1, 1)
    shares = confusion_difference(TWO.confusion("row"), other.confusion("row"), LABELS, "row", LIGHT)
    texts = {(one.y, one.x): one.text for one in shares.layout.annotations}
    assert texts["angry", "angry"] == "<b>+33</b>"
    assert texts["neutral", "sad"] == "–"


@pytest.mark.parametrize(("most", "dtick"), [(1, 1), (2, 1), (4, 1), (5, None), (40, None)])
def test_the_legend_of_counts_says_each_whole_number_once(most: int, dtick: int | None) -> None:
    counts = np.diag([most, 0, 0, 0])
    assert confusion_matrix(counts, counts, LABELS, "", LIGHT).data[0].colorbar.dtick == dtick
    less = np.zeros((4, 4), dtype=int)
    assert confusion_difference(less, counts, LABELS, "", LIGHT).data[0].colorbar.dtick == (1 if most < 3 else None)
    assert confusion_matrix(counts, counts / most, LABELS, "row", LIGHT).data[0].colorbar.dtick is None


def test_two_that_are_alike_differ_nowhere() -> None:
    figure = confusion_difference(TWO.confusion(), TWO.confusion(), LABELS, "", LIGHT)
    assert {one.text for one in figure.layout.annotations} == {"0"}
    assert [signed(value) for value in (0.2, -0.4, 2, -12)] == ["0", "0", "+2", "\N{MINUS SIGN}12"]


def test_scores_stand_with_their_intervals_for_each_model() -> None:
    lines = [Line("UA", 0.7, 0.6, 0.8), Line("WA", 0.65)]
    figure = score_intervals({"one": lines, "two": lines}, 0.25, LIGHT)
    assert [list(trace.x) for trace in figure.data] == [[0.7, 0.65]] * 2
    assert list(figure.data[0].error_x.array) == pytest.approx([0.1, 0])
    assert list(figure.data[0].error_x.arrayminus) == pytest.approx([0.1, 0])
    texts = [one.text for one in figure.layout.annotations]
    assert "<b>70% (60 to 80)</b>" in texts
    assert "65%" in texts
    assert figure.data[0].marker.symbol != figure.data[1].marker.symbol


def test_an_interval_down_to_nought_reaches_nought() -> None:
    figure = score_intervals({"one": [Line("UA", 0.1, 0.0, 0.3)]}, None, LIGHT)
    assert list(figure.data[0].error_x.arrayminus) == pytest.approx([0.1])


def test_each_emotion_has_its_three_figures() -> None:
    rows = [one.model_dump() for one in TWO.emotions()]
    figure = emotion_figures(rows, LIGHT)
    assert [trace.name for trace in figure.data] == ["precision", "recall", "F1"]
    for trace, key in zip(figure.data, ("precision", "recall", "f1"), strict=True):
        assert list(trace.x) == [row[key] for row in rows]


def test_groups_are_sorted_the_worst_at_the_top() -> None:
    figure = group_scores([Line("a", 0.9), Line("b", 0.2), Line("c", 0.5, 0.4, 0.6)], 0.6, LIGHT)
    assert list(figure.layout.yaxis.ticktext) == ["b", "c", "a"]
    assert figure.layout.yaxis.range[0] > figure.layout.yaxis.range[1]


def test_reliability_draws_the_bins_that_hold_clips() -> None:
    tables = drawn(1).calibration()
    _, *traces = reliability(tables, LIGHT).data
    assert len(traces) == 2
    for trace, table in zip(traces, tables, strict=True):
        filled = [one for one in table.bins if one.n]
        assert list(trace.x) == [one.confidence for one in filled]
        assert list(trace.y) == [one.accuracy for one in filled]
        assert f"{100 * table.ece:.1f}%" in trace.name


def test_the_noise_curve_begins_without_noise() -> None:
    points = [NoisePoint(snr_db=snr, wa=0.5, ua=ua, interval=(ua - 0.1, ua + 0.1)) for snr, ua in ((30, 0.6), (0, 0.3))]
    _, curve = noise_curve(points, (0.7, 0.6, 0.8), 0.25, LIGHT).data
    assert list(curve.x) == ["none", "30", "0"]
    assert list(curve.y) == [0.7, 0.6, 0.3]


@pytest.mark.parametrize("speakers", [["demo/a"], ["demo/a", "demo/b"]], ids=["one", "two"])
def test_of_one_speaker_nothing_is_drawn_around_a_point(speakers: list[str]) -> None:
    points = tuple(NoisePoint(snr_db=snr, wa=0.5, ua=ua, interval=(0.1, 0.9)) for snr, ua in ((30, 0.6), (0, 0.3)))
    heard = replace(made([0, 1] * 6, [0, 0, 1, 1] * 3, speakers * (12 // len(speakers))), noise=points)
    alone, report = len(speakers) == 1, heard.report()
    *band, curve = noise_course(report, LIGHT).data
    assert list(curve.y) == [0.5, 0.6, 0.3]
    assert (len(band), list(curve.text)[1:]) == (
        (0, ["60%", "30%"]) if alone else (1, ["60% (10 to 90)", "30% (10 to 90)"])
    )
    page, table = evaluation_page(heard, [], LIGHT), as_latex(report)
    assert ("No bars: clips of one speaker do not tell" in page) == alone
    assert ("Bars: 95 % intervals" in page) != alone
    assert ("50% (" in page) != alone
    assert ("12 clips of 1 speaker, in percent; one speaker: no interval." in table) == alone
    assert ("{50.0}" in table, "{50.0 [" in table) == (alone, not alone)


def leaky(speakers: int, on_test: bool, unknown: int = 0) -> Leaks:
    none, nobody = Leak("utterances", 0, ""), Leak("unknown_speakers", unknown, "")
    return Leaks(10, Leak("speakers", speakers, ""), Leak("texts", 10, ""), none, none, on_test, False, nobody, none)


def test_leaks_are_shares_of_the_test_clips() -> None:
    found = {"honest": leaky(0, False), "paper": leaky(4, True), "nameless": leaky(0, False, unknown=10)}
    figure = leak_shares(found, LIGHT)
    texts = {(one.y, one.x): one.text for one in figure.layout.annotations}
    assert texts["nameless", "its speaker"] == "unknown"
    assert texts["honest", "its speaker"] == "none"
    assert texts["paper", "its speaker"] == "40%"
    assert texts["paper", "its sentence"] == "100%"
    assert [texts[name, "epoch chosen<br>on it"] for name in ("honest", "paper")] == ["no", "yes"]
    shaded = [dict(zip(trace.x, trace.z[1], strict=True)) for trace in figure.data]
    assert [one["its speaker"] for one in shaded] == [0.4, None]  # under its title, not beside it
    assert [one["its sentence"] for one in shaded] == [None, 1.0]


def test_what_was_not_measured_or_printed_is_not_drawn() -> None:
    pairs = [Pair("a", 0.4, (0.3, 0.5), 0.9, None), Pair("b", None, None, 0.8, None)]
    figure = honest_against_leaky(pairs, LIGHT)
    assert {trace.name: list(trace.x) for trace in figure.data} == {
        "every speaker new to the model": [0.4],
        "under the paper's split": [0.9, 0.8],
    }
    assert len(figure.layout.shapes) == 1


def test_the_grid_shows_scores_and_says_why_a_cell_is_empty() -> None:
    full = Cell("a", "demo", "en", TWO, "", new_corpus=True, new_language=False)
    empty = replace(full, checkpoint="b", evaluation=None, reason="the corpus is not here")
    figure = cross_grid([full, empty], {("demo", "en"): "Demo<br>English"}, LIGHT)
    texts = {(one.y, one.x): one.text for one in figure.layout.annotations}
    assert texts == {
        ("a", "Demo<br>English"): f"{100 * TWO.scores().ua:.0f}%", ("b", "Demo<br>English"): "–"
    }  # fmt: skip
    assert "2 speakers" in figure.data[0].text[0][0]
    alone = replace(full, evaluation=made([0, 1], [0, 1], ["demo/a"] * 2))
    told = cross_grid([alone], {("demo", "en"): "Demo<br>English"}, LIGHT).data[0].text[0][0]
    assert "UA 100% (one speaker: no interval)<br>2 clips of 1 speaker," in told
    assert "the corpus is not here" in figure.data[0].text[1][0]
    assert "new to it: corpus" in figure.data[0].text[0][0]


def test_the_page_holds_the_figures_and_the_surest_mistakes() -> None:
    heard = drawn(3, n=60, right=0.3)
    rows = mistakes(heard)
    assert len(rows) == 10
    page = evaluation_page(heard, ["Licence of the weights: none."], LIGHT)
    assert all(f"<td>{name}</td><td>{acted}</td><td>{said}</td>" in page for name, acted, said, _ in rows)
    assert "Licence of the weights: none." in page
    assert page.count("Plotly.newPlot") >= 4


def test_a_page_without_mistakes_says_so() -> None:
    right = made([0, 1, 2, 3], [0, 1, 2, 3])
    assert "<h2>The surest mistakes</h2><p>None.</p>" in evaluation_page(right, [], LIGHT)


def test_the_latex_table_holds_every_emotion_and_score() -> None:
    report = TWO.report()
    text = as_latex(report)
    assert r"angry & 100.0 & 66.7 & 80.0 & 3 \\" in text
    assert r"neutral & -- & -- & -- & 0 \\" in text
    low, high = report.intervals["ua"]
    assert f"{100 * report.ua:.1f} [{100 * low:.1f}, {100 * high:.1f}]" in text
    assert escaped("50% of a_b\n& {c}") == r"50\% of a\_b \& \{c\}"
