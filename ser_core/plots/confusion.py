"""Confusion matrices: what was acted in rows, what was heard in columns, a number in every cell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal

import numpy as np
import plotly.graph_objects as go

from ser_core.plots.theme import FULL, LIGHT, Palette, dress, faded

Share = Literal["", "row", "column"]
Cell = tuple[str, str]  # acted, heard

CELL: Final = 44  # pixels, the height of a row
MARGIN: Final = {"l": 92, "r": 8, "t": 8, "b": 62}
TITLE: Final = 26  # pixels
TICKS: Final = 5  # of the legend, at most
LEGEND: Final = {"": "clips", "row": "share of what<br>was acted", "column": "share of what<br>was heard"}
# Two hues that colour-blind eyes tell apart; only differences are drawn in them.
LESS: Final = "#C8501E"
MORE: Final = "#2F5D8A"
ON_BOTH: Final = LIGHT.background  # what is written on them, in either theme


def confusion_matrix(
    counts: np.ndarray,
    shares: np.ndarray,
    labels: Sequence[str],
    share_of: Share,
    colours: Palette,
    title: str = "",
    marked: Cell | None = None,
) -> go.Figure:
    """Counts or shares as a heat map that can be clicked: a transparent point lies on every cell.

    counts: shape = (C, C), rows acted, columns heard.  shares: the same as fractions of a row or a column, NaN where
    there is nothing to share; drawn where share_of says so.  marked: a cell with a frame.
    A point's customdata is its cell: acted, heard.
    """
    shown = shares if share_of else counts.astype(float)
    most = 1.0 if share_of else max(1.0, float(counts.max()))
    figure = _cells(shown, labels, _ramp(colours), (0.0, most))
    figure.data[0].colorbar = _legend(LEGEND[share_of], colours, 0.0 if share_of else float(counts.max()))
    texts = cell_texts(counts, shares, share_of)
    _numbers(figure, texts, shown / most, labels, colours, FULL[colours.name], colours.background)
    hover = [
        f"acted {acted}, heard {heard}: {int(counts[row, column])} of {int(counts[row].sum())} clips"
        for row, acted in enumerate(labels)
        for column, heard in enumerate(labels)
    ]
    return _finished(figure, labels, hover, colours, title, marked)


def cell_texts(counts: np.ndarray, shares: np.ndarray, share_of: Share) -> list[list[str]]:
    """What stands in the cells: counts, or whole percent; a dash where there is nothing to share."""
    if not share_of:
        return [[str(int(value)) for value in row] for row in counts]
    return [["–" if np.isnan(value) else f"{100 * value:.0f}%" for value in row] for row in shares]


def confusion_difference(
    first: np.ndarray, second: np.ndarray, labels: Sequence[str], share_of: Share, colours: Palette, title: str = ""
) -> go.Figure:
    """Second minus first, about zero.  Shares, shape = (C, C): in percentage points; counts: in clips."""
    values = (second.astype(float) - first.astype(float)) * (100 if share_of else 1)
    reach = float(np.nanmax(np.abs(values), initial=0.0)) or 1.0
    unit = "percentage points" if share_of else "clips"
    figure = _cells(values, labels, [[0.0, LESS], [0.5, colours.background], [1.0, MORE]], (-reach, reach))
    figure.data[0].colorbar = _legend(unit.replace(" ", "<br>"), colours, 2 * reach)
    texts = [["–" if np.isnan(value) else signed(value) for value in row] for row in values]
    _numbers(figure, texts, np.abs(values) / reach, labels, colours, 0.7, ON_BOTH)
    hover = [
        f"acted {acted}, heard {heard}: {texts[row][column]} {unit}"
        for row, acted in enumerate(labels)
        for column, heard in enumerate(labels)
    ]
    return _finished(figure, labels, hover, colours, title, None)


def signed(value: float) -> str:
    """ "+3", "−12", "0"."""
    whole = round(value)
    return "0" if whole == 0 else f"{whole:+d}".replace("-", "\N{MINUS SIGN}")


def _ramp(colours: Palette) -> list[list[Any]]:
    return [[0.0, colours.surface], [1.0, colours.accent]]


def _cells(shown: np.ndarray, labels: Sequence[str], scale: Any, between: tuple[float, float]) -> go.Figure:
    names = list(labels)
    return go.Figure(
        go.Heatmap(
            z=shown, x=names, y=names, colorscale=scale, zmin=between[0], zmax=between[1], xgap=2, ygap=2,
            hoverinfo="skip",
        )
    )  # fmt: skip


def _numbers(
    figure: go.Figure,
    texts: Sequence[Sequence[str]],
    fill: np.ndarray,
    labels: Sequence[str],
    colours: Palette,
    strong: float,
    on_strong: str,
) -> None:
    """The numbers; nought stays faint so that the eye finds the rest.

    fill: how far each cell is from empty to the full colour.  strong: the fill beyond which a number is written in the
    colour on_strong.
    """
    numbers = []
    for row, acted in enumerate(labels):
        for column, heard in enumerate(labels):
            share, text = float(np.nan_to_num(fill[row, column])), texts[row][column]
            colour = on_strong if share > strong else colours.text if share > 0 else colours.muted
            bold = row == column and text not in ("0", "–")
            numbers.append(
                {
                    "x": heard, "y": acted, "text": f"<b>{text}</b>" if bold else text, "showarrow": False,
                    "font": {"size": 13, "color": colour},
                }
            )  # fmt: skip
    figure.update_layout(annotations=numbers)  # at once: one by one takes a second


def _finished(
    figure: go.Figure, labels: Sequence[str], hover: list[str], colours: Palette, title: str, marked: Cell | None
) -> go.Figure:
    cells = [(acted, heard) for acted in labels for heard in labels]
    figure.add_scatter(
        x=[heard for _, heard in cells],
        y=[acted for acted, _ in cells],
        mode="markers",
        marker={"symbol": "square", "size": CELL - 6, "opacity": 0, "color": colours.accent},
        selected={"marker": {"opacity": 0}},
        unselected={"marker": {"opacity": 0}},
        customdata=cells,
        text=hover,
        hovertemplate="%{text}<extra></extra>",
    )
    if marked is not None and set(marked) <= set(labels):
        acted, heard = (list(labels).index(name) for name in marked)
        figure.add_shape(
            type="rect", x0=heard - 0.47, x1=heard + 0.47, y0=acted - 0.47, y1=acted + 0.47,
            line={"color": colours.text, "width": 2.5}, fillcolor="rgba(0,0,0,0)",
        )  # fmt: skip
    quiet = {"size": 13, "color": colours.muted}
    axis = {"showgrid": False, "zeroline": False, "ticks": "", "fixedrange": True, "automargin": False}
    between = [-0.5, len(labels) - 0.5]  # said outright: the transparent points would widen it
    figure.update_xaxes(
        **axis, range=between, title={"text": "heard", "standoff": 6, "font": quiet}, tickfont={"size": 13}
    )
    figure.update_yaxes(
        **axis, range=between[::-1], title={"text": "acted", "standoff": 2, "font": quiet}, tickfont={"size": 13},
        ticklabelstandoff=4,
    )  # fmt: skip
    top = MARGIN["t"] + (TITLE if title else 0)
    figure = dress(figure, colours, height=CELL * len(labels) + top + MARGIN["b"], margin={**MARGIN, "t": top})
    if title:
        figure.update_layout(title={"text": title, "x": 0, "xanchor": "left", "y": 0.99, "yanchor": "top",
                                    "font": {"size": 14, "color": colours.text}})  # fmt: skip
    return figure.update_layout(clickmode="event+select")


def _legend(title: str, colours: Palette, span: float) -> dict[str, Any]:
    """span: of whole numbers, from the lowest to the highest; 0 where shares are drawn."""
    every = {"dtick": 1} if 0 < span < TICKS else {"nticks": TICKS}  # else halves would be rounded to numbers twice
    return {
        "title": {"text": title, "side": "top", "font": {"size": 12, "color": colours.muted}},
        "thickness": 10,
        "outlinewidth": 0,
        "tickfont": {"size": 12, "color": colours.muted},
        "tickformat": "d" if span else ".0%",
        "tickcolor": faded(colours.muted, 0.5),
        **every,
    }
