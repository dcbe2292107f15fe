"""Colour maps for pictures: even steps of the value are even steps to the eye, and colour-blind eyes read them too.

Colours are given as rgb(): Streamlit replaces #000001 to #000040 in every figure, and magma's black is among them.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from matplotlib import colormaps

LOUDNESS: Final = "magma"  # of spectrograms: silence is black
SHAPE: Final = "viridis"  # of MFCC, which are no loudness and have no black
STEPS: Final = 64


@cache
def plotly_scale(name: str) -> tuple[tuple[float, str], ...]:
    """A colour map of Matplotlib's as Plotly takes it, from 0 to 1."""
    colours = (colormaps[name](step / (STEPS - 1), bytes=True) for step in range(STEPS))
    return tuple((step / (STEPS - 1), f"rgb({r},{g},{b})") for step, (r, g, b, _) in enumerate(colours))
