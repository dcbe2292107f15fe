"""The distribution of one figure over many clips, by emotion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import plotly.graph_objects as go

from ser_core.plots.theme import Palette, dress, faded

HEIGHT: Final = 330  # pixels


def distribution(
    rows: Sequence[Mapping[str, Any]], figure: str, name: str, nothing: float, colours: Palette
) -> go.Figure:
    """A box and all clips for each emotion.

    rows: from `inspection.corpus.inspect_utterances`.  figure: the column.  nothing: where a map without any relation
    would stand.
    """
    drawn = go.Figure()
    for emotion in sorted({row["emotion"] for row in rows}):
        values = [row[figure] for row in rows if row["emotion"] == emotion and row.get(figure) is not None]
        if not values:
            continue
        colour = colours.emotions.get(emotion, colours.accent)
        drawn.add_box(
            y=values, name=f"{emotion}<br>{len(values)}", boxpoints="all", jitter=0.5, pointpos=0, width=0.6,
            line={"color": colour, "width": 1.5}, fillcolor=faded(colour, 0.15),
            marker={"color": colour, "size": 5, "opacity": 0.7}, hovertemplate="%{y:.2f}<extra></extra>",
        )  # fmt: skip
    drawn.add_hline(y=nothing, line={"color": colours.text, "width": 1, "dash": "dot"})
    axis: dict[str, Any] = {"color": colours.muted, "fixedrange": True, "zeroline": False, "tickfont": {"size": 12}}
    drawn.update_xaxes(title={"text": "acted emotion, and clips", "font": {"size": 13}}, showgrid=False, **axis)
    drawn.update_yaxes(title={"text": name, "font": {"size": 13}}, gridcolor=colours.grid, **axis)
    return dress(drawn, colours, HEIGHT, {"l": 62, "r": 10, "t": 10, "b": 62})
