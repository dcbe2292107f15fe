"""Whether a confidence keeps its promise, and how a score falls as noise grows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import plotly.graph_objects as go

from ser_core.evaluation.calibration import Bin, Calibration
from ser_core.evaluation.report import NoisePoint
from ser_core.plots.theme import Palette, dress, faded

HEIGHT: Final = 320  # pixels


def reliability(tables: Sequence[Calibration], colours: Palette) -> go.Figure:
    """The share of right answers over the mean confidence, a point for each bin that holds clips.

    tables: at one temperature or several; a point's area grows with its clips.
    """
    figure = go.Figure()
    figure.add_scatter(
        x=[0, 1], y=[0, 1], mode="lines", line={"color": colours.muted, "width": 1, "dash": "dot"}, hoverinfo="skip",
        showlegend=False,
    )  # fmt: skip
    for number, table in enumerate(tables):
        filled = [one for one in table.bins if one.n]
        most = max(one.n for one in filled)
        colour = (colours.accent, colours.emotions["angry"])[number % 2]
        name = "as the model answers" if table.temperature == 1.0 else f"at temperature {table.temperature:.2f}"
        figure.add_scatter(
            x=[one.confidence for one in filled],
            y=[one.accuracy for one in filled],
            mode="lines+markers",
            name=f"{name}, ECE {100 * table.ece:.1f}%",
            line={"color": faded(colour, 0.6), "width": 1.5, "dash": ("solid", "dash")[number % 2]},
            marker={
                "color": colour, "opacity": 0.9, "symbol": ("circle", "diamond")[number % 2],
                "size": [6 + 12 * (one.n / most) ** 0.5 for one in filled],
            },
            text=[told(one) for one in filled],
            hovertemplate="%{text}<extra></extra>",
            cliponaxis=False,  # a point at 0 or 1 is drawn whole
        )  # fmt: skip
    _shares(figure, "confidence", "right answers", colours)
    figure.update_xaxes(range=[-0.02, 1.04], tickformat=".0%", dtick=0.25)
    dress(figure, colours, height=HEIGHT, margin={"l": 60, "r": 12, "t": 48, "b": 48})
    return figure.update_layout(
        showlegend=True,
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "font": {"size": 12}, "itemclick": False,
                "itemdoubleclick": False},
    )  # fmt: skip


def told(one: Bin) -> str:
    confidence, right = (100 * (share or 0) for share in (one.confidence, one.accuracy))
    return f"{one.n} clips, confidence {confidence:.0f}%, right {right:.0f}%"


def noise_curve(
    points: Sequence[NoisePoint], clean: tuple[float, float, float], chance: float, colours: Palette
) -> go.Figure:
    """UA over the level of white noise, with its interval.

    clean: UA without noise, low, high.  chance: UA of guessing.
    """
    levels = [f"{point.snr_db:g}" for point in points]
    names = ["none", *levels]
    values = [clean[0], *(point.ua for point in points)]
    low = [clean[1], *(point.interval[0] for point in points)]
    high = [clean[2], *(point.interval[1] for point in points)]
    figure = go.Figure()
    figure.add_scatter(
        x=[*names, *reversed(names)], y=[*high, *reversed(low)], fill="toself", fillcolor=faded(colours.accent, 0.18),
        line={"width": 0}, hoverinfo="skip", mode="lines",
    )  # fmt: skip
    figure.add_scatter(
        x=names, y=values, mode="lines+markers", line={"color": colours.accent, "width": 2}, marker={"size": 8},
        text=[f"{100 * v:.0f}% ({100 * a:.0f} to {100 * b:.0f})" for v, a, b in zip(values, low, high, strict=True)],
        hovertemplate="noise %{x} dB: UA %{text}<extra></extra>",
    )  # fmt: skip
    figure.add_hline(chance, line={"color": colours.muted, "width": 1, "dash": "dot"})
    figure.add_annotation(
        x=1, xref="paper", xanchor="right", y=chance, yanchor="bottom", text="guessing", showarrow=False,
        font={"size": 12, "color": colours.muted},
    )  # fmt: skip
    _shares(figure, "signal-to-noise ratio (dB), louder noise to the right", "UA", colours)
    figure.update_xaxes(type="category", categoryorder="array", categoryarray=names)
    return dress(figure, colours, height=HEIGHT, margin={"l": 60, "r": 12, "t": 16, "b": 52})


def _shares(figure: go.Figure, across: str, up: str, colours: Palette) -> None:
    quiet = {"size": 13, "color": colours.muted}
    figure.update_xaxes(
        title={"text": across, "standoff": 6, "font": quiet}, color=colours.muted, gridcolor=colours.grid,
        zeroline=False, fixedrange=True,
    )  # fmt: skip
    figure.update_yaxes(
        title={"text": up, "standoff": 4, "font": quiet}, range=[-0.02, 1.04], tickformat=".0%", dtick=0.25,
        color=colours.muted, gridcolor=colours.grid, zeroline=False, fixedrange=True,
    )  # fmt: skip
