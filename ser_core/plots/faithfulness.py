"""What masking in the order of attention does to the answer, beside masking by loudness and at random."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from ser_core.inspection.faithfulness import Faithfulness
from ser_core.plots.attention import line_colour
from ser_core.plots.theme import Palette, dress, faded

HEIGHT: Final = 250  # pixels


def masking_curves(found: Faithfulness, colours: Palette) -> go.Figure:
    """Deletion at the left, insertion at the right: probability over the share of the time masked or brought back.

    Raises ValueError where there are no curves, and `found.reason` says why.
    """
    if found.attention is None or found.energy is None:
        raise ValueError(found.reason)
    titles = ("Masked first", "Brought back first")
    figure = make_subplots(rows=1, cols=2, shared_yaxes=True, horizontal_spacing=0.06, subplot_titles=titles)
    for column, kind in enumerate(("deletion", "insertion"), start=1):
        drawn = np.array([getattr(order, kind) for order in found.random])
        shares = [100 * share for share in found.attention.shares]
        if len(drawn):
            figure.add_scatter(
                x=[*shares, *shares[::-1]], y=[*drawn.max(0), *drawn.min(0)[::-1]], fill="toself", line={"width": 0},
                mode="lines", showlegend=False, fillcolor=faded(colours.wave, 0.25), hoverinfo="skip", row=1,
                col=column,
            )  # fmt: skip
        lines = (
            ("at random", drawn.mean(0) if len(drawn) else None, {"color": colours.wave, "width": 1.5, "dash": "dot"}),
            ("by loudness", getattr(found.energy, kind), {"color": colours.text, "width": 1.5, "dash": "dash"}),
            ("by attention", getattr(found.attention, kind), {"color": line_colour(colours), "width": 2.5}),
        )
        for name, values, line in lines:
            if values is not None:
                figure.add_scatter(
                    x=shares, y=values, name=name, mode="lines", line=line, showlegend=column == 1,
                    hovertemplate=f"{name}<br>%{{x:.0f}}% of the time<br>%{{y:.0%}}<extra></extra>", row=1, col=column,
                )  # fmt: skip
        figure.update_xaxes(
            title={"text": f"% of the time {'masked' if column == 1 else 'back'}", "font": {"size": 13}}, row=1,
            col=column,
        )  # fmt: skip
    axis: dict[str, Any] = {"zeroline": False, "color": colours.muted, "fixedrange": True, "tickfont": {"size": 12}}
    figure.update_xaxes(showgrid=False, tickvals=[0, 20, 50, 70, 100], **axis)
    figure.update_yaxes(range=[0, 1.02], tickformat=".0%", gridcolor=colours.grid, **axis)
    figure.update_yaxes(title={"text": f"probability of {found.emotion}", "font": {"size": 13}}, row=1, col=1)
    figure = dress(figure, colours, HEIGHT, {"l": 62, "r": 10, "t": 48, "b": 44})
    figure.update_annotations(font={"size": 12, "color": colours.muted}, yshift=-4)
    figure.update_layout(
        showlegend=True, legend={"orientation": "h", "x": 0, "y": 1.34, "font": {"size": 12}, "traceorder": "reversed"}
    )
    return figure
