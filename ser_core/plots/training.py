"""How trainings go: loss, accuracy and learning rate over the epochs, one run or several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import plotly.graph_objects as go

from ser_core.plots.theme import Palette, dressed

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
    lines: list[dict[str, Any]] = []
    for number, run in enumerate(runs[:MOST]):
        for column, called, dash in LINES[quantity]:
            at, values, stages = run.points(column)
            name = ", ".join(filter(None, (run.name if len(runs) > 1 else "", called)))
            lines.append({
                "type": "scatter",
                "x": at,
                "y": values,
                "customdata": stages,
                "mode": "lines+markers",
                "name": name or run.name,
                "line": {"color": colour_of(number, colours), "width": 2 if dash == "solid" else 1.5, "dash": dash},
                "marker": {"symbol": MARKERS[number], "size": 7 if dash == "solid" else 5},
                "hovertemplate": f"{name or run.name}<br>%{{customdata}}, epoch %{{x}}: %{{y{_format(quantity)}}}"
                "<extra></extra>",
            })  # fmt: skip
    marks, words = _stages(runs[0], colours) if len(runs) == 1 else ([], [])
    if quantity == "ua" and chance:
        line = {"color": colours.muted, "width": 1, "dash": "dot"}
        marks.append({"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": chance, "y1": chance, "line": line})
        words.append({
            "x": 1, "xref": "paper", "xanchor": "right", "y": chance, "yanchor": "bottom", "text": "guessing",
            "showarrow": False, "font": {"size": 12, "color": colours.muted},
        })  # fmt: skip
    last = max([epochs, *(max(line["x"]) for line in lines if line["x"])])
    layout = dressed(
        colours, height=HEIGHT, margin={"l": 62, "r": 12, "t": 30, "b": 44}, hovermode="closest", shapes=marks,
        annotations=words, **_axes(quantity, last, colours),
        showlegend=len(lines) > 1 and len(runs) == 1,  # several runs: their names stand in the list above
        legend={
            "orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "font": {"size": 12},
            "itemclick": False, "itemdoubleclick": False,
        },
    )  # fmt: skip
    if quantity == "learning_rate" and not any(line["x"] for line in lines):
        layout["yaxis"]["range"] = [-5, -2]  # powers of ten, before the first epoch
    return go.Figure(lines, layout)


def _format(quantity: Quantity) -> str:
    return {"loss": ":.3f", "ua": ":.1%", "learning_rate": ":.2e"}[quantity]


def _axes(quantity: Quantity, last: int, colours: Palette) -> dict[str, dict[str, Any]]:
    small = {"size": 13, "color": colours.muted}
    both = {"color": colours.muted, "gridcolor": colours.grid, "zeroline": False, "fixedrange": True}
    scale: dict[Quantity, dict[str, Any]] = {
        "ua": {"range": [0, 1.03], "tickformat": ".0%"},
        "loss": {"rangemode": "tozero"},
        "learning_rate": {"type": "log", "exponentformat": "e", "nticks": 4},
    }
    x = {
        "title": {"text": "epoch", "font": small, "standoff": 4}, "range": [0.5, max(last, 2) + 0.5],
        "ticks": "outside", "ticklen": 4, "tickcolor": colours.grid, "tickformat": "d", "nticks": 10,
        "dtick": 1 if last <= 10 else None,
    }  # fmt: skip
    y = {"title": {"text": AXES[quantity], "font": small, "standoff": 4}, **scale[quantity]}
    return {"xaxis": both | x, "yaxis": both | y}


def _stages(run: Course, colours: Palette) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Lines where a training of several stages goes over to the next, and their names."""
    starts = run.starts()
    lines, words = [], []
    for first, stage in starts if len(starts) > 1 else ():
        at = first - 0.5
        line = {"color": colours.grid, "width": 1}
        lines.append({"type": "line", "x0": at, "x1": at, "yref": "paper", "y0": 0, "y1": 1, "line": line})
        words.append({
            "x": at, "y": 0, "yref": "paper", "yanchor": "bottom", "xanchor": "left", "xshift": 3, "text": stage,
            "showarrow": False, "font": {"size": 12, "color": colours.muted},
        })  # fmt: skip
    return lines, words
