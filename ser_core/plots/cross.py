"""Trained here, tested there: a cell for each checkpoint and corpus."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import Final

import plotly.graph_objects as go

from ser_core.evaluation.cross import Cell
from ser_core.evaluation.report import voices
from ser_core.plots.theme import FULL, Palette, dress

ROW: Final = 48  # pixels
EMPTY: Final = "–"
WIDTH: Final = 60  # characters of a line under the mouse


def cross_grid(cells: Sequence[Cell], columns: dict[tuple[str, str], str], colours: Palette) -> go.Figure:
    """UA of every checkpoint (rows) on every corpus and language (columns); an empty cell says why under the mouse.

    columns: corpus and language -> what stands above the column.
    The colour tells how far UA lies between guessing and all right, because cells differ in their number of emotions.
    """
    names = list(dict.fromkeys(cell.checkpoint for cell in cells))
    titles = list(columns.values())
    found = {(cell.checkpoint, columns[cell.corpus, cell.language]): cell for cell in cells}
    rows = [[found.get((name, title)) for title in titles] for name in names]
    figure = go.Figure(
        go.Heatmap(
            z=[[_skill(cell) for cell in row] for row in rows],
            x=titles, y=names, zmin=0, zmax=1, xgap=2, ygap=2,
            colorscale=[[0.0, colours.surface], [1.0, colours.accent]],
            text=[[_told(cell) for cell in row] for row in rows],
            hovertemplate="%{text}<extra></extra>", hoverongaps=True,
            colorbar={
                "title": {"text": "from guessing<br>to all right", "font": {"size": 12, "color": colours.muted}},
                "thickness": 10, "outlinewidth": 0, "tickvals": [0, 0.5, 1], "ticktext": ["0", "half", "all"],
                "tickfont": {"size": 12, "color": colours.muted},
            },
        )
    )  # fmt: skip
    numbers = []
    for name, row in zip(names, rows, strict=True):
        for title, cell in zip(titles, row, strict=True):
            skill = _skill(cell)
            full = skill is not None and skill > FULL[colours.name]
            colour = colours.muted if skill is None else colours.background if full else colours.text
            font = {"size": 13, "color": colour}
            numbers.append({"x": title, "y": name, "text": _number(cell), "showarrow": False, "font": font})
    figure.update_layout(annotations=numbers)
    figure.update_xaxes(side="top", showgrid=False, ticks="", fixedrange=True, tickfont={"size": 13}, tickangle=0)
    figure.update_yaxes(
        autorange="reversed", showgrid=False, zeroline=False, ticks="", fixedrange=True, tickfont={"size": 13},
        ticklabelstandoff=6,
    )  # fmt: skip
    return dress(figure, colours, height=ROW * len(names) + 64, margin={"l": 156, "r": 8, "t": 52, "b": 12})


def _skill(cell: Cell | None) -> float | None:
    """0: as good as guessing (or worse), 1: all right; None in an empty cell."""
    if cell is None or cell.evaluation is None:
        return None
    chance = 1 / len(cell.evaluation.labels)
    return max(0.0, (cell.evaluation.scores().ua - chance) / (1 - chance))


def _number(cell: Cell | None) -> str:
    return EMPTY if cell is None or cell.evaluation is None else f"{100 * cell.evaluation.scores().ua:.0f}%"


def _told(cell: Cell | None) -> str:
    if cell is None:
        return "not measured"
    where = f"{cell.checkpoint} on {cell.corpus} ({cell.language})"
    if cell.evaluation is None:
        return "<br>".join(wrap(f"{where}: {cell.reason}", WIDTH))
    values = cell.as_dict()
    if values["no_interval"]:
        between = f"({values['no_interval']}: no interval)"
    else:
        between = "({:.0f} to {:.0f})".format(*(100 * x for x in values["intervals"]["ua"]))
    new = " and ".join(
        word for word, is_new in (("corpus", cell.new_corpus), ("language", cell.new_language)) if is_new
    )
    return (
        f"{where}: UA {100 * values['ua']:.0f}% {between}<br>{values['n']} clips of "
        f"{voices(cell.evaluation.speakers)}, {len(values['labels'])} emotions, guessing {100 * values['chance']:.0f}%"
        + (f"<br>new to it: {new}" if new else "")
    )
