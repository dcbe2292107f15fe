"""Figures: what they must show, and what Streamlit and Plotly must not do to them."""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as np
import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ser_core.audio import SAMPLE_RATE
from ser_core.emotions import EMOTIONS
from ser_core.plots.probabilities import probability_bars
from ser_core.plots.theme import DARK, LIGHT, Palette, palette, percent
from ser_core.plots.timeline import NAME_GAP, along_the_clip, clip_timeline, envelope, spread
from ser_core.recogniser import Prediction

LABELS = ("angry", "happy", "sad")


def prediction(seconds: float, length: float = 1.8, hop: float = 0.2) -> Prediction:
    """Segments whose answer drifts from angry to sad."""
    starts = np.arange(0, max(seconds - length, 0) + 1e-9, hop)
    drift = np.linspace(0.1, 0.8, len(starts))
    shares = np.stack([0.9 - drift, np.full(len(starts), 0.1), drift], 1)
    return Prediction(
        checkpoint="test",
        labels=LABELS,
        logits=np.log(shares).mean(0),
        probabilities=shares.mean(0),
        starts=starts,
        ends=np.minimum(starts + length, seconds),
        segment_probabilities=shares,
        embedding=np.zeros(4),
    )


def timeline(seconds: float, colours: Palette = LIGHT) -> go.Figure:
    samples = np.sin(np.arange(round(seconds * SAMPLE_RATE)) / 20).astype(np.float32)
    return clip_timeline(samples, prediction(seconds), 1.8, colours, [(0.1, 0.5)])


@pytest.mark.parametrize(
    ("share", "words"), [(0.0, "<1%"), (0.004, "<1%"), (0.006, "1%"), (0.714, "71%"), (0.994, "99%"), (0.9999, ">99%")]
)
def test_a_probability_has_no_more_digits_than_it_deserves(share: float, words: str) -> None:
    assert percent(share) == words


def test_bars_are_sorted_and_numbered() -> None:
    ranked = [("sad", 0.7), ("angry", 0.2), ("happy", 0.1)]
    figure = probability_bars(ranked, LIGHT)
    _, bars = figure.data
    assert list(bars.y) == ["sad", "angry", "happy"]
    assert list(bars.x) == [0.7, 0.2, 0.1]
    assert list(bars.marker.color) == [LIGHT.emotions[label] for label, _ in ranked]
    assert figure.layout.yaxis.autorange == "reversed"  # the first label stands at the top
    numbers = {note.y: re.sub("<.*?>", "", note.text) for note in figure.layout.annotations}
    assert numbers == {"sad": "70%", "angry": "20%", "happy": "10%"}


@pytest.mark.parametrize("colours", [LIGHT, DARK])
def test_no_colour_is_one_that_streamlit_replaces(colours: Palette) -> None:
    for figure in (probability_bars([("sad", 0.7), ("angry", 0.3)], colours), timeline(3, colours)):
        assert not re.search(r"#0000[0-4][0-9]\b", figure.to_json())


def test_margins_and_height_are_explicit() -> None:
    for figure in (probability_bars([("sad", 1.0)], LIGHT), timeline(3)):
        assert figure.layout.height
        assert None not in (
            figure.layout.margin.l,
            figure.layout.margin.r,
            figure.layout.margin.t,
            figure.layout.margin.b,
        )


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("colours", [LIGHT, DARK])
def test_colours_can_be_told_from_the_page(colours: Palette) -> None:
    assert contrast(colours.text, colours.background) > 7
    assert contrast(colours.muted, colours.background) > 4.5
    assert set(colours.emotions) == set(EMOTIONS)
    assert len(set(colours.emotions.values())) == len(EMOTIONS)
    for colour in colours.emotions.values():
        assert contrast(colour, colours.background) > 2.2


def test_an_unknown_theme_is_light() -> None:
    assert palette(None) is LIGHT
    assert palette("dark") is DARK


@pytest.mark.parametrize("length", [3, 1_200, 16_000, 1_000_003])
def test_the_envelope_keeps_every_peak(length: int) -> None:
    samples = np.random.default_rng(length).normal(size=length).astype(np.float32)
    times, low, high = envelope(samples)
    assert len(times) <= 1_200
    assert low.min() == samples.min()
    assert high.max() == samples.max()
    assert (np.diff(times) > 0).all()
    assert 0 <= times[0] <= times[-1] <= length / SAMPLE_RATE


@pytest.mark.parametrize("seconds", [0.7, 1.8, 3.0, 600.0])
def test_curves_lie_on_the_clip_and_stay_probabilities(seconds: float) -> None:
    times, shares = along_the_clip(prediction(seconds), 1.8)
    assert times[0] >= 0
    assert times[-1] <= seconds
    assert len(times) <= 1_201
    np.testing.assert_allclose(shares.sum(1), 1)


def test_curves_follow_the_segments() -> None:
    _, shares = along_the_clip(prediction(6.0), 1.8)
    sad = LABELS.index("sad")
    assert shares[0, sad] == pytest.approx(0.1)  # only the first segment holds the first moment
    assert shares[-1, sad] == pytest.approx(0.8)
    assert (np.diff(shares[:, sad]) >= -1e-9).all()


def test_both_panels_share_the_seconds_of_the_clip() -> None:
    figure = timeline(3.0)
    assert figure.layout.xaxis.matches == "x2"
    assert list(figure.layout.xaxis2.range) == [0, 3]


def test_only_long_clips_can_be_zoomed() -> None:
    assert timeline(3.0).layout.dragmode is False  # else a finger on the figure could not scroll the page
    assert timeline(30.0).layout.dragmode == "zoom"


@given(st.dictionaries(st.sampled_from(EMOTIONS), st.floats(0, 1), max_size=7))
def test_names_beside_curves_never_overlap_and_keep_their_order(heights: dict[str, float]) -> None:
    placed = spread(heights)
    assert placed.keys() == heights.keys()
    ordered = sorted(placed.values())
    assert all(b - a >= NAME_GAP - 1e-9 for a, b in pairwise(ordered))
    assert all(0 <= height <= 1 for height in ordered)
    for one in heights:
        for other in heights:
            assert (heights[one] < heights[other]) <= (placed[one] < placed[other])
