"""Pictures of a clip as figures: one seconds axis, hertz at the left, colours that can be compared, files to keep."""

from __future__ import annotations

import io
import re
import warnings
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import plotly.graph_objects as go
import pytest
from matplotlib import colormaps, image

from ser_core import pictures
from ser_core.audio import SAMPLE_RATE
from ser_core.features import Rows
from ser_core.pictures import Analysis, Picture
from ser_core.pitch import PitchTrack
from ser_core.plots import paper, pitch, spectrogram, waveform
from ser_core.plots.change import change_bars, points
from ser_core.plots.colourmaps import LOUDNESS, SHAPE, plotly_scale
from ser_core.plots.panel import Panel
from ser_core.plots.pitch import PitchPanel
from ser_core.plots.spectrogram import COLUMNS, LINES, PicturePanel, limits, row_ticks, shrink
from ser_core.plots.theme import DARK, LIGHT, Palette
from ser_core.plots.waveform import WaveformPanel

USUAL = Analysis.of_length(400, 160, 64, 20)
TIME = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
SOUND = (0.4 * np.sin(2 * np.pi * 300 * TIME) * (TIME < 1.5)).astype(np.float32)
SPAN = (0.0, 2.0)


def all_panels(samples: np.ndarray = SOUND, state: str = "") -> list[Panel]:
    moments = 0.01 * (np.arange(len(samples) // 160) + 0.5)
    heat = [
        pictures.spectrogram(samples, USUAL),
        pictures.log_mel(samples, USUAL),
        pictures.mfcc(samples, USUAL),
    ]
    track = PitchTrack(moments, np.where(moments < 1.5, 300.0, np.nan))
    return [
        WaveformPanel(samples, moments, np.full(len(moments), 0.3), [(0.0, 1.5)], waveform.reach(samples), state),
        *(PicturePanel(one.name, shrink(one, SPAN), limits(one, 80), state) for one in heat),
        PitchPanel(track, pitch.reach(track), state),
    ]


def test_all_pictures_share_the_seconds_and_their_place() -> None:
    figures = [panel.figure((0.25, 1.75), LIGHT) for panel in all_panels()]
    assert {tuple(figure.layout.xaxis.range) for figure in figures} == {(0.25, 1.75)}
    assert {figure.layout.xaxis.title.text for figure in figures} == {"seconds"}
    assert len({(figure.layout.margin.l, figure.layout.margin.r) for figure in figures}) == 1
    assert not any(figure.layout.margin.autoexpand for figure in figures)  # a colour bar must not push the axis
    titles = [figure.layout.yaxis.title.text for figure in figures]
    assert titles == ["amplitude", "hertz", "hertz", "coefficient", "hertz"]


@pytest.mark.parametrize("colours", [LIGHT, DARK])
def test_no_colour_is_one_that_streamlit_replaces(colours: Palette) -> None:
    ranked = [("sad", 0.7), ("angry", 0.3)]
    figures = [panel.figure(SPAN, colours) for panel in all_panels()] + [change_bars(ranked, dict(ranked), colours)]
    for figure in figures:
        assert not re.search(r"#0000[0-4][0-9]\b", figure.to_json())


@pytest.mark.parametrize("name", [LOUDNESS, SHAPE])
def test_colour_maps_rise_evenly_in_lightness(name: str) -> None:
    scale = plotly_scale(name)
    assert (scale[0][0], scale[-1][0]) == (0.0, 1.0)
    assert all(re.fullmatch(r"rgb\(\d+,\d+,\d+\)", colour) for _, colour in scale)
    channels = np.array([[int(part) for part in re.findall(r"\d+", colour)] for _, colour in scale]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    lightness = np.cbrt(linear @ [0.2126, 0.7152, 0.0722])
    steps = np.diff(lightness[4:])  # the cube root is no measure of the very darkest
    assert (steps > 0).all()
    assert steps.max() < 3 * steps.mean()
    assert name in colormaps


def heat(figure: go.Figure) -> go.Heatmap:
    return next(trace for trace in figure.data if trace.type == "heatmap")


def test_decibels_are_counted_from_the_loudest_of_the_first_clip() -> None:
    whole = pictures.spectrogram(SOUND, USUAL)
    softer = replace(whole, values=whole.values - 20)
    same = limits(whole, 60)
    one, other = (heat(PicturePanel("x", shrink(p, SPAN), same).figure(SPAN, LIGHT)) for p in (whole, softer))
    assert (one.zmin, one.zmax) == (other.zmin, other.zmax) == (-60, 0)
    assert one.z.max() == 0
    assert other.z.max() == -20


def test_a_row_of_the_figure_tells_its_hertz() -> None:
    figure = PicturePanel("x", shrink(pictures.log_mel(SOUND, USUAL), SPAN), limits(pictures.log_mel(SOUND, USUAL), 80))
    trace = heat(figure.figure(SPAN, LIGHT))
    row = int(trace.z[:, 50].argmax())
    assert trace.customdata[row, 50] == pytest.approx(300, abs=25)


def test_ticks_stand_where_their_hertz_lie() -> None:
    mel = pictures.log_mel(SOUND, USUAL).rows
    places, names = row_ticks(mel)
    assert names == ["250", "500", "1k", "2k", "4k", "7k"]
    hertz = [250, 500, 1_000, 2_000, 4_000, 7_000]
    np.testing.assert_allclose(np.interp(places, np.arange(len(mel.centres)), mel.centres), hertz, rtol=1e-6)
    assert row_ticks(pictures.spectrogram(SOUND, USUAL).rows)[1] == ["0", "2k", "4k", "6k", "8k"]
    assert row_ticks(Rows("MFCC", "coefficient", np.arange(20.0)))[1] == ["0", "5", "10", "15"]


@pytest.mark.parametrize("scale", ["hertz", "mel"])
def test_a_long_picture_is_shrunk_and_keeps_its_peak_where_it_is(scale: spectrogram.Scale) -> None:
    frames = 15_000
    values = np.full((1_025, frames), -90.0, np.float32)
    values[128, 9_000] = 0.0
    centres = np.linspace(0, 8_000, 1_025)
    long = Picture("Spectrogram", values, 0.004 * np.arange(frames), Rows("FFT bin", "Hz", centres), "dB")
    small = shrink(long, (0, 60), scale)
    assert small.values.shape[0] <= LINES + 1
    assert small.values.shape[1] <= COLUMNS
    row, column = np.unravel_index(small.values.argmax(), small.values.shape)
    assert small.values[row, column] == 0.0
    assert small.rows.centres[row] == pytest.approx(centres[128], rel=0.02)
    assert small.times[column] == pytest.approx(36.0, abs=0.05)


def test_zooming_shows_every_frame_of_the_span() -> None:
    picture = pictures.spectrogram(np.tile(SOUND, 30), USUAL)
    near = shrink(picture, (10.0, 11.0))
    assert len(near.times) == pytest.approx(102, abs=2)
    assert near.times[0] < 10.0 < 11.0 < near.times[-1]


def test_the_waveform_shows_speech_and_rms() -> None:
    figure = all_panels()[0].figure(SPAN, LIGHT)
    marks = [shape for shape in figure.layout.shapes if shape.type == "line"]
    assert [(mark.x0, mark.x1) for mark in marks] == [(0.0, 1.5)]
    line = figure.data[1]
    assert line.y.max() == pytest.approx(0.3)
    outline = figure.data[0].y
    assert outline.max() == pytest.approx(SOUND.max(), abs=1e-3)


def test_no_line_joins_two_pitches_that_leap() -> None:
    track = PitchTrack(np.arange(6) / 100, np.array([200.0, 202, 404, 400, np.nan, 398]))
    line = PitchPanel(track, (100, 800)).figure((0.0, 0.06), LIGHT).data[0]
    np.testing.assert_array_equal(np.isnan(line.y), [False, False, True, False, False, True, False])


def test_a_clip_without_pitch_says_so() -> None:
    track = PitchTrack(np.arange(5) / 100, np.full(5, np.nan))
    figure = PitchPanel(track, pitch.reach(track)).figure((0, 0.05), LIGHT)
    assert pitch.UNVOICED in [note.text for note in figure.layout.annotations]


def test_change_bars_keep_the_order_and_say_the_difference() -> None:
    before = [("sad", 0.70), ("angry", 0.2), ("happy", 0.1)]
    figure = change_bars(before, {"sad": 0.31, "angry": 0.59, "happy": 0.1}, LIGHT)
    assert list(figure.data[1].y) == ["sad", "angry", "happy"]
    assert list(figure.data[1].x) == [0.31, 0.59, 0.1]
    assert list(figure.data[2].x) == [0.70, 0.2, 0.1]
    said = [(note.y, re.sub("<.*?>", "", note.text)) for note in figure.layout.annotations]
    assert said == [
        ("sad", "31%"),
        ("sad", "−39"),
        ("angry", "59%"),
        ("angry", "+39"),
        ("happy", "10%"),
        ("happy", "±0"),
    ]
    assert points(0.004, 0.016) == "+2"


def test_figures_for_paper_are_png_and_svg_with_the_same_words() -> None:
    columns = [all_panels(state="As it is"), all_panels(state="Changed")]
    png = paper.save(columns, [SPAN, SPAN], LIGHT, "png")
    height, width, _ = image.imread(io.BytesIO(png)).shape
    assert width > 2_000
    assert height == pytest.approx(5 * paper.HEIGHT * paper.DPI, rel=0.01)
    svg = paper.save(columns, [SPAN, SPAN], LIGHT, "svg")
    words = "".join(ElementTree.fromstring(svg).itertext())
    for word in ("Waveform · As it is", "MFCC · Changed", "seconds", "hertz", "coefficient", "dB"):
        assert word in words
    assert svg == paper.save(columns, [SPAN, SPAN], LIGHT, "svg")


def test_the_page_needs_no_network() -> None:
    page = paper.page([all_panels()], [SPAN], LIGHT)
    assert not re.search(r"<(script|link)[^>]+(src|href)=", page)
    assert page.count("<h3>") == 5
    assert page.count("Plotly.newPlot(") == 5


def test_a_stretch_for_paper_keeps_its_layout() -> None:
    """What lies outside the stretch takes no room: matplotlib would warn that no room is left."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert paper.save([all_panels()], [(0.5, 0.9)], LIGHT, "png")


def test_the_table_of_the_waveform_has_a_row_every_10_ms() -> None:
    moments = 0.01 * (np.arange(200) + 0.5)
    lines = waveform.csv(SOUND, moments, np.full(200, 0.3)).splitlines()
    assert lines[0] == "seconds,lowest,highest,rms"
    assert len(lines) == 201
    seconds, low, high, rms = map(float, lines[1].split(","))
    assert (seconds, rms) == (0.005, 0.3)
    assert high == pytest.approx(float(SOUND[:160].max()), abs=1e-4)
    assert low == pytest.approx(float(SOUND[:160].min()), abs=1e-4)
    part = waveform.csv(SOUND, moments, np.full(200, 0.3), (0.5, 0.7)).splitlines()
    assert part[1:] == lines[51:71]
