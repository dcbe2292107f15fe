"""The probabilities of an answer, drawn alike on every page."""

from __future__ import annotations

from functools import lru_cache

import plotly.graph_objects as go
import streamlit as st

from pages.shared import theme_watch
from ser_core.plots.probabilities import probability_bars
from ser_core.plots.theme import palette, percent
from ser_core.recogniser import Prediction


def show_bars(answer: Prediction, key: str) -> None:
    st.plotly_chart(
        _figure(tuple(answer.ranked()), theme_watch.theme()),
        theme=None,
        config={"displayModeBar": False, "staticPlot": True},
        key=key,
        alt=spoken(answer),
    )


def spoken(answer: Prediction) -> str:
    """For who cannot see them."""
    return "Probabilities: " + ", ".join(f"{label} {percent(share)}" for label, share in answer.ranked())


@lru_cache(maxsize=64)  # of all visitors; to build one takes longer than anything else in a run of a page
def _figure(ranked: tuple[tuple[str, float], ...], theme: str) -> go.Figure:
    return probability_bars(ranked, palette(theme))
