"""How trainings go: loss, accuracy and learning rate over the epochs, one run or several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import plotly.graph_objects as go

from ser_core.plots.theme import Palette, dress

HEIGHT: Final = 250  # pixels
Quantity = Literal["loss", "ua", "learning_rate"]
# What is drawn of each quantity: column of the table of metrics, how it is called, how its line looks.
LINES: Final[Mapping[Quantity, tuple[tuple[str, str, str], ...]]] = {
    "loss": (("train_loss", "training", "dot"), ("validation_loss", "validation", "solid")),
    "ua": (("validation_ua", "validation", "solid"),),
    "learning_rate": (("learning_rate", "", "solid"),),
}
AXES: Final[Mapping[Quantity, str]] = {
    "loss": "loss (nats)",
    "ua": "UA on validation voices",
    "learning_rate": "learning rate",
}
# Runs are told apart by colour, by marker and by name; apart in hue and lightness (after Okabe and Ito).
_ON_LIGHT: Final = ("#2F5D8A", "#B8660B", "#0B7A62", "#A0477F", "#6B6FC2", "#7A6A10", "#8C3B2E", "#4F5661")
_ON_DARK: Final = ("#8DB6DC", "#E6A24A", "#4CC3A2", "#DC8CB8", "#ABAEF0", "#D0C05A", "#E08A6B", "#B7BEC9")
MARKERS: Final = ("circle", "square", "diamond", "triangle-up", "cross", "pentagon", "star", "x")
MOST: Final = len(MARKERS)  # runs that one plot can tell apart


@dataclass(frozen=True)
class Course:
    """How one run went so far.  stages: name of each -> its epochs, see `ser_core.training.run.Run.metrics`."""

    name: str
    stages: Mapping[str, Sequence[Mapping[str, float]]]

    def points(self, column: str) -> tuple[list[int], list[float], list[str]]:
        """Epochs counted through all stages from 1, the column's values there, and the name of the stage."""
        epochs, values, stages = [], [], []
        passed = 0
        for stage, rows in self.stages.items():
            for number, row in enumerate(rows, 1):
                if column in row:
                    epochs.append(passed + number)
                    values.append(row[column])
                    stages.append(stage)
            passed += len(rows)
        return epochs, values, stages

    def starts(self) -> list[tuple[int, str]]:
        """The first epoch of every stage, counted through, with its name."""
        found, passed = [], 0
        for stage, rows in self.stages.items():
            found.append((passed + 1, stage))
            passed += len(rows)
        return found


def colour_of(number: int, colours: Palette) -> str:
    """Of the n-th run, counted from 0, as on every plot of the page."""
    shades = _ON_DARK if colours.name == "dark" else _ON_LIGHT
    return shades[number % len(shades)]


def course(
    runs: Sequence[Course], quantity: Quantity, epochs: int, colours: Palette, chance: float | None = None
) -> go.Figure:
    """One quantity over the epochs, a line or two for each run, at most `MOST` runs.

    epochs: planned, the axis reaches so far from the beginning, so that a growing curve moves nothing.
    chance: what guessing gives, 0 to 1; drawn with UA.
    """
    figure = go.Figure()
    for number, run in enumerate(runs[:MOST]):
        for column, called, dash in LINES[quantity]:
            at, values, stages = run.points(column)
            name = ", ".join(filter(None, (run.name if len(runs) > 1 else "", called)))
            figure.add_scatter(
                x=at,
                y=values,
                customdata=stages,
                mode="lines+markers",
                name=name or run.name,
                line={"color": colour_of(number, colours), "width": 2 if dash == "solid" else 1.5, "dash": dash},
                marker={"symbol": MARKERS[number], "size": 7 if dash == "solid" else 5},
                hovertemplate=f"{name or run.name}<br>%{{customdata}}, epoch %{{x}}: %{{y{_format(quantity)}}}"
                "<extra></extra>",
            )
    if len(runs) == 1:
        _mark_stages(figure, runs[0], colours)
    if quantity == "ua" and chance:
        figure.add_hline(chance, line={"color": colours.muted, "width": 1, "dash": "dot"})
        figure.add_annotation(
            x=1, xref="paper", xanchor="right", y=chance, yanchor="bottom", text="guessing", showarrow=False,
            font={"size": 12, "color": colours.muted},
        )  # fmt: skip
    _axes(figure, quantity, epochs, colours)
    figure = dress(figure, colours, height=HEIGHT, margin={"l": 62, "r": 12, "t": 30, "b": 44}, hovermode="closest")
    return figure.update_layout(
        showlegend=len(figure.data) > 1 and len(runs) == 1,  # several runs: their names stand in the list above
        legend={
            "orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "font": {"size": 12},
            "itemclick": False, "itemdoubleclick": False,
        },
    )  # fmt: skip


def _format(quantity: Quantity) -> str:
    return {"loss": ":.3f", "ua": ":.1%", "learning_rate": ":.2e"}[quantity]


def _axes(figure: go.Figure, quantity: Quantity, epochs: int, colours: Palette) -> None:
    small = {"size": 13, "color": colours.muted}
    last = max([epochs, *(max(line.x) for line in figure.data if line.x)])
    figure.update_xaxes(
        title={"text": "epoch", "font": small, "standoff": 4}, range=[0.5, max(last, 2) + 0.5], color=colours.muted,
        gridcolor=colours.grid, zeroline=False, fixedrange=True, ticks="outside", ticklen=4, tickcolor=colours.grid,
        tickformat="d", nticks=10, dtick=1 if last <= 10 else None,
    )  # fmt: skip
    figure.update_yaxes(
        title={"text": AXES[quantity], "font": small, "standoff": 4}, color=colours.muted, gridcolor=colours.grid,
        zeroline=False, fixedrange=True,
    )  # fmt: skip
    if quantity == "ua":
        figure.update_yaxes(range=[0, 1.03], tickformat=".0%")
    elif quantity == "loss":
        figure.update_yaxes(rangemode="tozero")
    else:
        figure.update_yaxes(type="log", exponentformat="e", nticks=4)


def _mark_stages(figure: go.Figure, run: Course, colours: Palette) -> None:
    """Where a training of several stages goes over to the next, with its name."""
    starts = run.starts()
    for first, stage in starts if len(starts) > 1 else ():
        figure.add_vline(first - 0.5, line={"color": colours.grid, "width": 1})
        figure.add_annotation(
            x=first - 0.5, y=0, yref="paper", yanchor="bottom", xanchor="left", xshift=3, text=stage, showarrow=False,
            font={"size": 12, "color": colours.muted},
        )  # fmt: skip
