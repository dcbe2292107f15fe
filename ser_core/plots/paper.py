"""Pictures of a clip to take away: PNG or SVG through Matplotlib, or a page that needs no network."""

from __future__ import annotations

import io
from collections.abc import Sequence
from threading import Lock
from typing import Final, Literal

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from ser_core.plots.panel import Panel, Span
from ser_core.plots.theme import Palette

WIDTH: Final = 6.5  # inches, the text width of a page
HEIGHT: Final = 1.7  # inches, of one picture
DPI: Final = 300
_STYLE: Final = {
    "font.size": 8,
    "font.family": "sans-serif",
    "axes.titlesize": 8,
    "axes.titleweight": "bold",
    "svg.fonttype": "none",  # text stays text, so that it can be edited
    "svg.hashsalt": "figure",  # the same figure is the same file
}

_styling = Lock()  # Matplotlib's style belongs to the whole process


def save(
    columns: Sequence[Sequence[Panel]],
    spans: Sequence[Span],
    colours: Palette,
    kind: Literal["png", "svg"],
    below: str | None = "seconds",
) -> bytes:
    """Pictures one above the other on one seconds axis; clips to be compared side by side.

    columns: the pictures of each clip, as many and of the same kind.  spans: what is shown of each clip, seconds.
    below: what the lowest axes say at the bottom; None where every picture has axes of its own, and says so itself
    where these are not seconds.
    """
    count, rows = len(columns), len(columns[0])
    with _styling, mpl.rc_context(_STYLE):  # type: ignore[arg-type]
        size = (WIDTH if count == 1 else 1.6 * WIDTH, HEIGHT * rows)
        figure = Figure(size, facecolor=colours.background, layout=ConstrainedLayoutEngine(w_pad=0.1))
        grid = figure.subplots(rows, count, squeeze=False, sharex="col" if below else False)
        for panels, span, column in zip(columns, spans, grid.T, strict=True):
            for panel, axes in zip(panels, column, strict=True):
                panel.draw(axes, span, colours)
                axes.set_title(heading(panel), loc="left", color=colours.text)
                axes.yaxis.label.set_color(colours.text)
                if not below and not axes.get_xlabel():
                    axes.set_xlabel("seconds", color=colours.text)
            if below:
                column[-1].set_xlabel(below, color=colours.text)
        file = io.BytesIO()
        figure.savefig(file, format=kind, dpi=DPI, metadata={"Date": None} if kind == "svg" else None)
    return file.getvalue()


def page(columns: Sequence[Sequence[Panel]], spans: Sequence[Span], colours: Palette) -> str:
    """The same as an HTML page whose pictures answer to the mouse; it holds all it needs and asks no other host."""
    config = {"displaylogo": False}
    script: bool = True  # Plotly's own, once
    parts = []
    for row in zip(*columns, strict=True):
        for panel, span in zip(row, spans, strict=True):
            figure = panel.figure(span, colours).to_html(full_html=False, include_plotlyjs=script, config=config)
            parts.append(f"<h3>{heading(panel)}</h3>{figure}")
            script = False
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Speech Emotion Lab</title></head>'
        f'<body style="background:{colours.background};color:{colours.text};font-family:sans-serif;max-width:900px;'
        f'margin:2rem auto">{"".join(parts)}</body></html>'
    )


def heading(panel: Panel) -> str:
    """What it is, and of which clip where there are two: "MFCC · Changed"."""
    return " · ".join(filter(None, (panel.title, panel.state)))
