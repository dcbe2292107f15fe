"""Accuracy against cost: one point for each measurement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import plotly.graph_objects as go

from ser_core.plots.theme import Palette, dress, faded

HEIGHT: Final = 380  # pixels
# Systems are told apart by shape and by name, never by colour alone.
SHAPES: Final = ("circle", "square", "diamond", "triangle-up", "pentagon", "cross", "star", "hexagon", "x")


@dataclass(frozen=True)
class Point:
    """One measurement.

    cost: on the axis, positive.  ua, low, high: percent.  label: beside the point.  told: further lines of its hover
    text.  filled: measured here; hollow: printed in a paper.
    """

    system: str
    label: str
    cost: float
    ua: float
    low: float
    high: float
    told: str
    filled: bool = True


def accuracy_against_cost(
    points: Sequence[Point], axis: str, unit: str, chance: float | None, colours: Palette
) -> go.Figure:
    """UA in percent over a cost on a logarithmic axis, with 95 % intervals where they are known.

    axis: name of the cost; unit: behind it in brackets.  chance: what guessing gives, percent.
    """
    figure = go.Figure()
    systems = list(dict.fromkeys(point.system for point in points))
    for number, system in enumerate(systems):
        for filled in (True, False):
            own = [point for point in points if point.system == system and point.filled == filled]
            if own:
                _series(figure, own, SHAPES[number % len(SHAPES)], filled, colours)
    if chance is not None:
        figure.add_hline(chance, line={"color": colours.muted, "width": 1, "dash": "dot"})
        figure.add_annotation(
            x=0, xref="paper", xanchor="left", y=chance, yanchor="bottom", text="guessing", showarrow=False,
            font={"size": 12, "color": colours.muted},
        )  # fmt: skip
    costs = [point.cost for point in points]
    figure.update_xaxes(
        type="log", title={"text": f"{axis} ({unit})", "font": {"size": 13, "color": colours.muted}, "standoff": 6},
        color=colours.muted, gridcolor=colours.grid, ticks="outside", ticklen=4, tickcolor=colours.grid,
        fixedrange=True, exponentformat="SI", dtick=1, autorangeoptions={"include": [min(costs) / 3, 6 * max(costs)]},
    )  # fmt: skip
    figure.update_yaxes(
        range=[0, 102], ticksuffix="%", color=colours.muted, gridcolor=colours.grid, zeroline=False, fixedrange=True,
        title={"text": "UA, right averaged over emotions", "font": {"size": 13, "color": colours.muted}, "standoff": 4},
    )  # fmt: skip
    return dress(figure, colours, height=HEIGHT, margin={"l": 64, "r": 16, "t": 10, "b": 52}, hovermode="closest")


def _series(figure: go.Figure, points: Sequence[Point], shape: str, filled: bool, colours: Palette) -> None:
    figure.add_scatter(
        x=[point.cost for point in points],
        y=[point.ua for point in points],
        error_y={
            "type": "data",
            "symmetric": False,
            "array": [point.high - point.ua for point in points],
            "arrayminus": [point.ua - point.low for point in points],
            "color": faded(colours.accent, 0.5),
            "thickness": 1.5,
            "width": 4,
            "visible": filled,  # a paper prints no interval
        },
        mode="markers+text",
        text=[f"\u2002{point.label}" for point in points],  # off the marker
        textposition="middle right",
        textfont={"size": 12, "color": colours.text if filled else colours.muted},
        marker={
            "symbol": shape if filled else f"{shape}-open",
            "size": 11,
            "color": colours.accent if filled else colours.muted,
            "line": {"width": 1.5, "color": colours.accent if filled else colours.muted},
        },
        customdata=[[point.label, point.told] for point in points],
        hovertemplate="<b>%{customdata[0]}</b><br>UA %{y:.1f}%<br>%{customdata[1]}<extra></extra>",
        cliponaxis=False,
    )
