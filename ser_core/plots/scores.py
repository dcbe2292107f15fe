"""Scores with their intervals: of one system or two, of each emotion, of each group of clips."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import plotly.graph_objects as go

from ser_core.plots.theme import Palette, dress

ROW: Final = 34  # pixels per score
GROUP: Final = 26  # pixels per group
NUMBERS: Final = 112  # pixels at the right for "83% (65 to 99)"
FIGURES: Final = (("precision", "circle"), ("recall", "square"), ("f1", "diamond"))


@dataclass(frozen=True)
class Line:
    """A score with its interval, as fractions; low and high None where no interval is known."""

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    told: str = ""


def figure_words(line: Line) -> str:
    """ "83% (65 to 99)"."""
    if line.low is None or line.high is None:
        return f"{100 * line.value:.0f}%"
    return f"{100 * line.value:.0f}% ({100 * line.low:.0f} to {100 * line.high:.0f})"


def score_intervals(series: Mapping[str, Sequence[Line]], chance: float | None, colours: Palette) -> go.Figure:
    """One row for each score, a dot with its interval for each system.

    series: system -> its scores, the same names in the same order for each.  chance: what guessing gives, a fraction.
    """
    figure = go.Figure()
    names = [line.name for line in next(iter(series.values()))]
    looks = ((colours.accent, "circle"), (colours.muted, "diamond"))
    single = len(series) == 1
    for number, (system, lines) in enumerate(series.items()):
        colour, symbol = looks[number % 2]
        shift = 0.0 if single else (-0.19, 0.19)[number % 2]
        _dots(figure, lines, [place + shift for place in range(len(lines))], system, symbol, colour, 9)
        for place, line in enumerate(lines):
            figure.add_annotation(
                x=1, xref="paper", xanchor="right", xshift=NUMBERS, y=place + shift, showarrow=False,
                text=f"<b>{figure_words(line)}</b>" if number == 0 else figure_words(line),
                font={"size": 14 if single else 13, "color": colours.text if number == 0 else colours.muted},
            )  # fmt: skip
    _guessing(figure, chance, colours)
    _percent_axis(figure, colours)
    figure.update_yaxes(
        tickvals=list(range(len(names))), ticktext=names, range=[len(names) - 0.5, -0.5], showgrid=False,
        zeroline=False, ticks="", fixedrange=True, ticklabelstandoff=8,
    )  # fmt: skip
    top = 24 if single else 44
    dress(
        figure,
        colours,
        height=(ROW if single else ROW + 14) * len(names) + top + 26,
        margin={"l": 48, "r": NUMBERS + 6, "t": top, "b": 26},
    )
    if not single:
        _legend(figure, 1.12)
    return figure


def emotion_figures(rows: Sequence[dict[str, Any]], colours: Palette) -> go.Figure:
    """Precision, recall and F1 of each emotion, told apart by shape.

    rows: emotion, precision, recall, f1 (fractions, None where there is none), support.
    """
    figure = go.Figure()
    names = [row["emotion"] for row in rows]
    for key, symbol in FIGURES:
        told = [f"{row['emotion']}, {key}: {100 * row[key]:.0f}%" if row[key] is not None else "" for row in rows]
        figure.add_scatter(
            x=[row[key] for row in rows], y=names, mode="markers", name="F1" if key == "f1" else key, text=told,
            marker={
                "symbol": symbol, "size": 10, "color": [colours.emotions[name] for name in names],
                "line": {"width": 1, "color": colours.text},
            },
            hovertemplate="%{text}<extra></extra>",
        )  # fmt: skip
    _percent_axis(figure, colours)
    figure.update_yaxes(
        autorange="reversed", gridcolor=colours.grid, zeroline=False, ticks="", fixedrange=True, ticklabelstandoff=8
    )
    dress(figure, colours, height=32 * len(rows) + 64, margin={"l": 84, "r": 16, "t": 34, "b": 30})
    return _legend(figure, 1.0)


def group_scores(groups: Sequence[Line], whole: float, colours: Palette) -> go.Figure:
    """UA of each group, the worst at the top; a line where that of all clips together lies.

    groups: as fractions, told: what else the mouse shows.  whole: UA of all clips.
    """
    ordered = sorted(groups, key=lambda line: line.value)
    figure = go.Figure()
    places = list(range(len(ordered)))
    _dots(figure, ordered, places, "", "circle", colours.accent, 9)
    figure.add_vline(whole, line={"color": colours.muted, "width": 1, "dash": "dot"})
    figure.add_annotation(
        x=whole, y=1, yref="paper", yanchor="bottom", text=f"all clips {100 * whole:.0f}%", showarrow=False,
        font={"size": 12, "color": colours.muted},
    )  # fmt: skip
    for place, line in zip(places, ordered, strict=True):
        figure.add_annotation(
            x=1, xref="paper", xanchor="right", xshift=NUMBERS, y=place, text=figure_words(line), showarrow=False,
            font={"size": 13, "color": colours.text},
        )  # fmt: skip
    _percent_axis(figure, colours)
    figure.update_yaxes(
        tickvals=places, ticktext=[line.name for line in ordered], range=[len(ordered) - 0.5, -0.5],
        gridcolor=colours.grid, zeroline=False, ticks="", fixedrange=True, ticklabelstandoff=8, tickfont={"size": 13},
    )  # fmt: skip
    height = GROUP * len(ordered) + 56
    return dress(figure, colours, height=height, margin={"l": 84, "r": NUMBERS + 6, "t": 26, "b": 30})


def _dots(
    figure: go.Figure, lines: Sequence[Line], places: Sequence[float], name: str, symbol: str, colour: str, size: int
) -> None:
    figure.add_scatter(
        x=[line.value for line in lines],
        y=list(places),
        name=name,
        mode="markers",
        marker={"symbol": symbol, "size": size, "color": colour},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [(line.high or line.value) - line.value for line in lines],
            "arrayminus": [line.value - (line.value if line.low is None else line.low) for line in lines],
            "color": colour,
            "thickness": 2,
            "width": 4,
        },
        text=[" ".join(filter(None, (line.name, figure_words(line), line.told))) for line in lines],
        hovertemplate="%{text}<extra></extra>",
    )


def _guessing(figure: go.Figure, chance: float | None, colours: Palette) -> None:
    if chance is None:
        return
    figure.add_vline(chance, line={"color": colours.muted, "width": 1, "dash": "dot"})
    figure.add_annotation(
        x=chance, y=1, yref="paper", yanchor="bottom", text="guessing", showarrow=False,
        font={"size": 12, "color": colours.muted},
    )  # fmt: skip


def _percent_axis(figure: go.Figure, colours: Palette) -> None:
    figure.update_xaxes(
        range=[-0.01, 1.02], tickformat=".0%", dtick=0.25, color=colours.muted, gridcolor=colours.grid,
        zeroline=False, fixedrange=True, tickfont={"size": 12},
    )  # fmt: skip


def _legend(figure: go.Figure, y: float) -> go.Figure:
    return figure.update_layout(
        showlegend=True,
        legend={
            "orientation": "h", "x": 0, "y": y, "yanchor": "bottom", "font": {"size": 12}, "itemclick": False,
            "itemdoubleclick": False,
        },
    )  # fmt: skip
