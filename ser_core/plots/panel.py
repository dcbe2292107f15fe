"""What all pictures of a clip have in common: one seconds axis with the same margins, so that they line up."""

from __future__ import annotations

from typing import Any, Final, Protocol

import plotly.graph_objects as go
from matplotlib.axes import Axes

from ser_core.plots.theme import Palette, dress, faded

Span = tuple[float, float]  # from and to, seconds

MARGIN: Final = {"l": 66, "r": 52, "t": 24, "b": 42}  # pixels
TITLE: Final = 13  # pixels, size of axis titles
TICK: Final = 12


class Panel(Protocol):
    """One picture of a clip, for the screen (Plotly) and for paper (Matplotlib).

    title: what it is.  state: of which clip where two are compared, such as "Changed"; empty where there is one.
    """

    @property
    def title(self) -> str: ...

    @property
    def state(self) -> str: ...

    def figure(self, span: Span, colours: Palette) -> go.Figure: ...

    def draw(self, axes: Axes, span: Span, colours: Palette) -> None: ...


def dress_panel(figure: go.Figure, colours: Palette, span: Span, height: int, vertical: str, state: str) -> go.Figure:
    """Axes and surroundings.  vertical: what the axis at the left is, with its unit.  height: pixels."""
    note(figure, colours, state, x=0, side="left")
    common: dict[str, Any] = {
        "showgrid": False,
        "zeroline": False,
        "color": colours.muted,
        "tickfont": {"size": TICK},
        "ticks": "outside",
        "ticklen": 4,
        "tickcolor": colours.grid,
        "fixedrange": True,
    }
    figure.update_xaxes(
        range=list(span),
        title={"text": "seconds", "standoff": 4, "font": {"size": TITLE}},
        nticks=9,
        showspikes=True,
        spikemode="across",
        spikesnap="cursor",
        spikethickness=1,
        spikedash="solid",
        spikecolor=faded(colours.text, 0.35),
        **common,
    )
    figure.update_yaxes(title={"text": vertical, "standoff": 6, "font": {"size": TITLE}}, **common)
    figure = dress(figure, colours, height=height, margin=MARGIN)
    # Plotly would widen the margin of a figure with a colour bar, and its seconds would stand apart from the others'.
    figure.update_layout(margin_autoexpand=False)
    return figure


def note(figure: go.Figure, colours: Palette, text: str, x: float, side: str, shift: int = 0) -> None:
    """Small words above the picture.  x: from 0 to 1.  side: of the words that stands there, "left" or "right"."""
    figure.add_annotation(
        text=text,
        font={"size": TICK, "color": colours.muted},
        x=x,
        y=1,
        xref="paper",
        yref="paper",
        xanchor=side,
        yanchor="bottom",
        xshift=shift,
        showarrow=False,
    )


def dress_axes(axes: Axes, colours: Palette, span: Span, vertical: str) -> None:
    """The same for Matplotlib; the seconds' title is left to the lowest axes."""
    axes.set_xlim(*span)
    axes.set_ylabel(vertical)
    surround(axes, colours)


def surround(axes: Axes, colours: Palette) -> None:
    """Ground, ticks and lines for Matplotlib, whatever stands at the axes."""
    axes.set_facecolor(colours.background)
    axes.tick_params(colors=colours.muted, labelcolor=colours.text)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(colours.muted)


def hertz_name(hertz: float) -> str:
    """ "250", "2k"."""
    return f"{hertz / 1000:g}k" if hertz >= 1000 else f"{hertz:g}"
