"""How the pictures of a clip are made: the model's own settings first, then those that a visitor chooses."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import streamlit as st

from ser_core.audio import SAMPLE_RATE
from ser_core.features import EmphasisedLogMel, LogMelImage, Mel, Mfcc
from ser_core.models.base import System
from ser_core.pictures import Analysis, Loudness
from ser_core.plots.panel import Span
from ser_core.plots.spectrogram import Scale

OWN, MINE = "The model's", "Mine"
WINDOWS = (5.0, 8.0, 10.0, 16.0, 20.0, 25.0, 32.0, 40.0, 50.0, 64.0, 100.0, 128.0)  # ms
HOPS = (2.0, 4.0, 5.0, 8.0, 10.0, 16.0, 20.0, 25.0, 32.0, 50.0)  # ms
ZOOM_STEP = 0.05  # seconds


@dataclass(frozen=True)
class PictureSettings:
    """own: whether the analysis is the model's.  span: what is shown, seconds; None: all."""

    own: bool
    analysis: Analysis
    loudness: Loudness
    scale: Scale
    range_db: float
    span: Span | None


def pick_settings(system: System, seconds: float) -> PictureSettings:
    """Draw the widgets.  seconds: length of the clip."""
    own = Analysis.own(system)
    chosen = st.segmented_control(
        "Settings of the pictures",
        [OWN, MINE],
        default=OWN,
        required=True,
        key="settings",
        bind="query-params",
        help="Yours change the pictures only. The model's answer always comes from its own.",
    )
    if chosen == OWN:
        analysis = own
        st.caption(in_words(own, system))
    else:
        analysis = _mine(own)
    scale: Literal["hertz", "mel"] = st.segmented_control(
        "Spectrogram's hertz", ["hertz", "mel"], default="hertz", required=True, key="scale", bind="query-params",
        format_func={"hertz": "Even", "mel": "Mel scale"}.__getitem__,
    )  # fmt: skip
    loudness: Loudness = st.segmented_control(
        "Strength", ["decibels", "amplitude"], default="decibels", required=True, key="strength", bind="query-params",
        format_func=str.capitalize, help="Of the spectrogram, and of a log-mel spectrogram that is not the model's.",
    )  # fmt: skip
    range_db = st.slider(
        "Darkest colour", 30, 100, 80, 5, "−%d dB", key="range", bind="query-params",
        help="How far below the loudest cell of the original clip the colours end.",
    )  # fmt: skip
    end = math.ceil(seconds / ZOOM_STEP) * ZOOM_STEP
    if st.session_state.get("zoom", (0.0, end))[1] > end:  # chosen for a longer clip
        del st.session_state["zoom"]
    span = st.slider(
        "Seconds shown", 0.0, end, (0.0, end), ZOOM_STEP, "%.2f", key="zoom", bind="query-params",
        help="The same for all pictures.",
    )  # fmt: skip
    whole = span == (0.0, end) or span[1] - span[0] < ZOOM_STEP
    return PictureSettings(chosen == OWN, analysis, loudness, scale, float(range_db), None if whole else span)


def _mine(own: Analysis) -> Analysis:
    """One's own settings begin with the model's, so that one thing at a time is changed."""
    why = "Longer: sharper hertz, smeared seconds."
    window = _choice("window", "Window", WINDOWS, _nearest(WINDOWS, own.window), why)
    hop = _choice("hop", "Hop", HOPS, _nearest(HOPS, own.hop), "How far the window moves from frame to frame.")
    bands = st.slider("Mel bands", 16, 128, own.bands, 1, key="bands", bind="query-params")
    most = st.slider("MFCC", 8, 40, own.coefficients, 1, "%d coefficients", key="mfcc", bind="query-params")
    return Analysis.of_length(round(window * SAMPLE_RATE / 1000), round(hop * SAMPLE_RATE / 1000), bands, most)


def _choice(key: str, label: str, options: tuple[float, ...], value: float, why: str) -> Any:
    return st.select_slider(
        label, options, value, key=key, bind="query-params", format_func=lambda ms: f"{ms:g} ms", help=why
    )


def _nearest(options: tuple[float, ...], samples: int) -> float:
    """The option (ms) that is nearest to so many samples."""
    return min(options, key=lambda ms: abs(ms - 1000 * samples / SAMPLE_RATE))


def in_words(own: Analysis, system: System) -> str:
    """A model's own settings, e.g. "CTMAM: windows of 128 ms (Hann) every 32 ms, 128 mel bands, 26 MFCC."."""
    front = system.front_end
    steps = f"windows of {_ms(own.window)} ({own.window_shape.capitalize()}) every {_ms(own.hop)}"
    if not isinstance(front, Mel):
        return f"{system.title} reads the wave itself. For your eyes: {steps}."
    parts = [steps, f"{own.bands} mel bands"]
    if isinstance(front, Mfcc):
        parts.append(f"{own.coefficients} MFCC")
    if isinstance(front, EmphasisedLogMel):
        parts.insert(0, f"high frequencies raised (pre-emphasis {front.emphasis:g})")
    if isinstance(front, LogMelImage):
        parts.append(f"shrunk to a column every {_ms(front.hop)}")
    return f"{system.title}: {', '.join(parts)}."


def _ms(samples: int) -> str:
    return f"{1000 * samples / SAMPLE_RATE:g} ms"
