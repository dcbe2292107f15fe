"""Attention as figures and lanes: one seconds axis, colours that keep their order, matrices a screen can show."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image

from ser_core.features import mel_centres
from ser_core.inspection.agreement import Agreement
from ser_core.inspection.faithfulness import Faithfulness, Order
from ser_core.maps import AttentionMap, Axis, index_axis, seconds_axis
from ser_core.pictures import Analysis, log_mel
from ser_core.plots import paper, spectrogram
from ser_core.plots.agreement import agreement_table
from ser_core.plots.attention import CurvePanel, OverlayPanel, RowsPanel, evenness, veil_levels, with_names
from ser_core.plots.attention_colours import ATTENTION_RGB, attention_colours, picture_png, veil_png
from ser_core.plots.attention_matrix import matrix_panel, profile_panel
from ser_core.plots.attention_stage import curve_lane, line, picture_lane, rows_lane, wave_lane, windows_lane
from ser_core.plots.attention_windows import focus_windows, token_windows
from ser_core.plots.faithfulness import MaskingPanel, masking_curves
from ser_core.plots.inspection import DistributionPanel
from ser_core.plots.panel import Panel
from ser_core.plots.theme import DARK, LIGHT, Palette

NUMBERS = np.random.default_rng(0)
TIMES = seconds_axis("time", 0.005 + 0.01 * np.arange(200))
SPAN = (0.0, 2.0)
CURVE = AttentionMap("attention", 0.01 + 0.01 * np.sin(np.arange(200) / 20) ** 2, (TIMES,))
SOUND = (0.4 * np.sin(2 * np.pi * 300 * np.arange(32_000) / 16_000)).astype(np.float32)
PICTURE = log_mel(SOUND, Analysis.of_length(400, 160, 80, 26))
LIMITS = spectrogram.limits(PICTURE, 70)
HEADS = AttentionMap(
    "attention", np.random.default_rng(0).random((200, 8)), (TIMES, Axis("head", "head", np.arange(8.0)))
)
BANDS = AttentionMap("product", NUMBERS.random((200, 80)), (TIMES, Axis("band", "Hz", mel_centres(80))))


def windows() -> dict[str, AttentionMap]:
    """Of one segment: every token may look 0.1 s to both sides of itself."""
    segment = seconds_axis("segment", np.zeros(1))
    own = seconds_axis("query", 0.02 * np.arange(50))
    head = index_axis("head", 2)
    middle = np.broadcast_to(own.centres, (1, 2, 50))
    values = {"start": middle - 0.1, "end": middle + 0.1, "anchor": middle}
    maps = {f"block0.{name}": AttentionMap(name, one, (segment, head, own)) for name, one in values.items()}
    maps["mu"] = AttentionMap("mu", np.full((1, 2, 50), 0.25), (segment, head, own))
    maps["sigma"] = AttentionMap("sigma", np.full((1, 2, 50), 0.1), (segment, head, own))
    return maps


def all_panels() -> list[Panel]:
    return [
        CurvePanel("curve", CURVE, np.ones(200), "weight"),
        OverlayPanel("overlay", PICTURE, LIMITS, CURVE),
        OverlayPanel("bands", PICTURE, LIMITS, BANDS),
        RowsPanel("heads", HEADS, unit="weight", **with_names(HEADS)),
        token_windows(windows(), "block0", None, np.zeros(1), SPAN, "windows"),
        focus_windows(windows(), 1, np.zeros(1), SPAN, "focus"),
    ]


@pytest.mark.parametrize("colours", [LIGHT, DARK])
def test_all_panels_share_the_seconds_and_can_be_saved(colours: Palette) -> None:
    panels = all_panels()
    figures = [panel.figure((0.5, 1.5), colours) for panel in panels]
    assert {tuple(figure.layout.xaxis.range) for figure in figures} == {(0.5, 1.5)}
    assert {figure.layout.xaxis.title.text for figure in figures} == {"seconds"}
    assert all(figure.layout.yaxis.title.text for figure in figures)
    assert paper.save([panels], [SPAN], colours, "png").startswith(b"\x89PNG")
    assert b"seconds" in paper.save([panels], [SPAN], colours, "svg")


def test_lightness_rises_evenly_to_the_cyan_of_attention() -> None:
    scale = attention_colours().astype(float)
    assert tuple(scale[-1]) == ATTENTION_RGB
    brightness = scale @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(brightness) >= 0).all()


def test_the_lowest_row_lies_at_the_bottom_of_the_picture() -> None:
    levels = np.array([[255, 255], [0, 0]], dtype=np.uint8)
    picture = np.asarray(Image.open(io.BytesIO(picture_png(levels, "attention"))).convert("RGB"))
    assert picture[1].sum() > picture[0].sum()


def test_the_veil_is_clear_at_the_lowest_moment_and_opaque_at_the_highest() -> None:
    veil = np.asarray(Image.open(io.BytesIO(veil_png(veil_levels(CURVE)))).convert("RGBA"))
    assert veil.shape == (1, 200, 4)
    assert veil[0, CURVE.values.argmin(), 3] == 0
    assert veil[0, CURVE.values.argmax(), 3] == 255


def test_votes_against_are_no_veil() -> None:
    votes = AttentionMap("votes", np.array([-5.0, 0.0, 1.0]), (seconds_axis("time", np.arange(3.0)),))
    assert veil_levels(votes).tolist() == [[0, 0, 255]]


def test_how_even_a_curve_is() -> None:
    def said(*values: float) -> str:
        return evenness(AttentionMap("a", np.array(values), (seconds_axis("time", np.arange(len(values))),)))

    assert said(1.0, 2.0, 3.0) == "−50 % to +50 % of its mean"
    assert said(0.975, 1.0, 1.025) == "−2.5 % to +2.5 % of its mean"  # and never "up to 1 × its mean"
    assert said(0.997, 1.001, 1.002) == "−0.30 % to +0.20 % of its mean"
    assert evenness(AttentionMap("votes", np.array([-1.0, 1.0]), (seconds_axis("time", np.arange(2.0)),))) == ""


def test_lanes_carry_curves_that_can_be_read_back() -> None:
    sent = line(CURVE.values, 0.0, 0.02, SPAN)
    steps = np.frombuffer(base64.b64decode(sent["steps"]), "<u2")
    np.testing.assert_allclose(0.02 * steps / 65_535, CURVE.values, atol=1e-6)


def test_every_lane_has_a_title_a_unit_and_ticks() -> None:
    curve, _, _, heads, token, _ = all_panels()
    lanes = [
        wave_lane(SOUND, 2.0, np.full(200, 0.3), [(0.0, 1.0)]),
        picture_lane(PICTURE, LIMITS, CURVE),
        picture_lane(PICTURE, LIMITS, BANDS),
        curve_lane(curve),  # type: ignore[arg-type]
        rows_lane(heads),  # type: ignore[arg-type]
        windows_lane(token),  # type: ignore[arg-type]
    ]
    assert all(lane.values["title"] and lane.values["vertical"] for lane in lanes)
    assert lanes[1].values["ticks"][-1][1] == "7k"
    assert all(0 <= place <= 1 for lane in lanes for place, _ in lane.values.get("ticks", []))
    assert "line" in lanes[1].values
    assert "line" not in lanes[2].values  # a map with bands has no one height


def test_a_large_matrix_is_brought_to_what_a_screen_shows_and_keeps_its_mass() -> None:
    keys = 450
    values = np.random.default_rng(0).random((2, keys, keys))
    values /= values.sum(-1, keepdims=True)
    times = 0.02 * np.arange(keys)
    axes = (index_axis("head", 2), seconds_axis("query", times), seconds_axis("key", times))
    panel = matrix_panel(AttentionMap("attention", values, axes, softmax=True), None, 1.0, "matrix")
    assert panel.values.shape == (113, 113)  # of four tokens each
    np.testing.assert_allclose(panel.values.sum(1), 1, rtol=1e-6)
    assert panel.queries.centres[0] == pytest.approx(1.03)  # the middle of the first four


def test_bringing_a_matrix_to_a_screen_draws_no_stripes_of_its_own() -> None:
    keys = 150  # of three seconds of SERCT
    times = 0.02 * np.arange(keys)
    even = AttentionMap(
        "attention", np.full((keys, keys), 1 / keys), (seconds_axis("query", times), seconds_axis("key", times))
    )
    panel = matrix_panel(even, None, 0.0, "matrix")
    np.testing.assert_allclose(panel.values, 1 / 75)
    np.testing.assert_allclose(np.diff(panel.keys.centres), 0.04)


def test_windows_at_other_seconds_are_saved_each_on_its_own_axis() -> None:
    """Three windows of one model one above the other, as in 004's figure: none may lie outside its axes."""
    panels: list[Panel] = []
    for start in (0.0, 1.0):
        places = [seconds_axis(name, 0.1 * np.arange(5)) for name in ("query", "key")]
        one = AttentionMap("attention", np.full((5, 5), 0.2), (places[0], places[1]))
        panels.append(matrix_panel(one, None, start, "matrix"))
    drawn = paper.save([[*panels, CurvePanel("curve", CURVE, np.ones(200), "weight")]], [SPAN], LIGHT, "svg", None)
    assert drawn.count(b">looked at: seconds<") == 2
    assert drawn.count(b">seconds<") == 1
    for tick in (b">0.2<", b">1.2<"):  # the one's seconds and the other's, at the left and at the bottom
        assert drawn.count(tick) == 2


def test_entries_at_one_time_become_one_and_the_class_token_is_left_out() -> None:
    places = np.array([np.nan, 0.0, 0.0, 0.5, 0.5])
    axes = (seconds_axis("query", places), seconds_axis("key", places))
    panel = matrix_panel(AttentionMap("attention", np.full((5, 5), 0.2), axes), None, 0.0, "matrix")
    np.testing.assert_allclose(panel.values, np.full((2, 2), 0.4))


def test_what_lies_behind_the_sound_is_left_out() -> None:
    times = seconds_axis("key", np.arange(4.0))
    one = AttentionMap("attention", np.full((4, 4), 0.25), (seconds_axis("query", np.arange(4.0)), times))
    assert matrix_panel(one, None, 0.0, "matrix", until=1.5).values.shape == (2, 2)


@pytest.mark.parametrize("colours", [LIGHT, DARK])
def test_a_matrix_of_bands_names_hertz_and_a_profile_spreads(colours: Palette) -> None:
    hertz = mel_centres(80)
    one = AttentionMap("f", np.full((80, 80), 1 / 80), (Axis("query", "Hz", hertz), Axis("key", "Hz", hertz)))
    panel = matrix_panel(one, None, 0.0, "matrix")
    assert panel.figure(SPAN, colours).layout.xaxis.title.text == "looked at: hertz"
    band = AttentionMap("band", np.stack([hertz, 3 * hertz]), (seconds_axis("segment", np.arange(2.0)),
                                                               Axis("band", "Hz", hertz)))  # fmt: skip
    profile = profile_panel(band, "band", [], "hertz", "weight", hertz=True)
    np.testing.assert_allclose(profile.values, 2 * hertz)
    gates = AttentionMap("g", np.array([[0.2, 0.4]]), (seconds_axis("segment", np.zeros(1)), index_axis("head", 2)))
    bars = profile_panel(gates, "gates", ["1", "2"], "head", "gate")
    for one_panel in (panel, profile, bars):
        assert paper.save([[one_panel]], [SPAN], colours, "png", below=None).startswith(b"\x89PNG")


def test_a_window_without_sound_is_not_drawn() -> None:
    panel = token_windows(windows(), "block0", 0, np.zeros(1), (0.0, 0.5), "windows")
    assert panel.own.max() <= 0.5
    np.testing.assert_allclose(panel.end - panel.start, 0.2)


def test_masking_stands_beside_chance() -> None:
    order = Order((0.0, 0.5, 1.0), (0.9, 0.5, 0.1), (0.1, 0.6, 0.9))
    found = Faithfulness("angry", "noise", "shifted", 0.9, 0.05, order, order, (order, order))
    figure = masking_curves(found, LIGHT)
    assert [trace.name for trace in figure.data if trace.showlegend] == ["at random", "by loudness", "by attention"]
    assert "angry" in figure.layout.yaxis.title.text
    panels = [MaskingPanel(found, "deletion"), MaskingPanel(found, "insertion")]
    assert [panel.figure(SPAN, LIGHT).layout.xaxis.title.text for panel in panels] == [
        "% of the time masked",
        "% of the time back",
    ]
    assert b"% of the time back" in paper.save([panels], [SPAN], LIGHT, "svg", below=None)
    with pytest.raises(ValueError, match="too short"):
        masking_curves(Faithfulness("angry", "noise", "shifted", reason="too short"), LIGHT)


def test_agreement_shows_what_is_missing_as_missing() -> None:
    table = agreement_table(Agreement(("a", "b"), ((1.0, None), (None, 1.0)), None), ("a", "b"), DARK)
    assert table.data[0].text[0][1] == "–"


@pytest.mark.parametrize("colours", [LIGHT, DARK])
def test_a_distribution_has_a_box_for_each_group_and_says_how_many_clips(colours: Palette) -> None:
    groups = {"angry": [0.4], "tf_transformer-synthetic": [0.1, -0.2, 0.3]}
    panel = DistributionPanel("Time attention", groups, "rank correlation with loudness", 0.0, "acted emotion")
    drawn = panel.figure(SPAN, colours)
    assert [trace.name for trace in drawn.data] == ["angry<br>1 clip", "tf_transformer-<br>synthetic<br>3 clips"]
    assert drawn.layout.xaxis.title.text == "rank correlation with loudness"
    assert paper.save([[panel]], [SPAN], colours, "png", below=None).startswith(b"\x89PNG")
    assert b"seconds" not in paper.save([[panel]], [SPAN], colours, "svg", below=None)


def test_the_focus_shows_every_head_and_its_whole_width() -> None:
    """Two heads that look to either side: their mean would be a middle at which neither looks."""
    maps = windows()
    for name, values in (("mu", (0.1, 0.4)), ("sigma", (0.05, 0.5))):
        maps[name].values[0] = np.array(values)[:, None]
    every = focus_windows(maps, None, np.zeros(1), SPAN, "focus")
    assert every.middle.tolist() == pytest.approx([0.1, 0.4])
    assert every.start.tolist() == pytest.approx([0.05, -0.1])
    assert every.end.tolist() == pytest.approx([0.15, 0.9])
    assert len(set(every.own)) == 2
    assert focus_windows(maps, 1, np.zeros(1), SPAN, "focus").middle.tolist() == pytest.approx([0.4])


def test_a_matrix_of_a_repeated_clip_loses_nothing() -> None:
    """What is looked at in a repetition is looked at where the same sound stands in the clip."""
    times = seconds_axis("query", 0.05 + 0.1 * np.arange(14))
    keys = seconds_axis("key", times.centres)
    weights = NUMBERS.random((14, 14))
    weights /= weights.sum(1, keepdims=True)
    one = AttentionMap("attention", weights, (times, keys))
    panel = matrix_panel(one, None, 0.3, "matrix", until=1.0, around=(0.1, 1.0))
    assert panel.values.sum(1) == pytest.approx(np.ones(9))
    assert panel.keys.centres == pytest.approx(0.15 + 0.1 * np.arange(9))
    cut = matrix_panel(one, None, 0.3, "matrix", until=1.0)
    assert (cut.values.sum(1) < 0.9).all()
