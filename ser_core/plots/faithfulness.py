"""What masking in the order of attention does to the answer, beside masking by loudness and at random."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import plotly.graph_objects as go
from matplotlib.axes import Axes
from plotly.subplots import make_subplots

from ser_core.inspection.faithfulness import Faithfulness
from ser_core.plots.attention import line_colour
from ser_core.plots.attention_windows import faded_rgba
from ser_core.plots.panel import Span, surround
from ser_core.plots.theme import Palette, dress, faded

HEIGHT: Final = 270  # pixels
Kind = Literal["deletion", "insertion"]
TITLES: Final[dict[Kind, str]] = {"deletion": "Masked first", "insertion": "Brought back first"}


@dataclass(frozen=True, eq=False)
class MaskingPanel:
    """One of the two for files: the probability over the share of the time masked, or brought back."""

    found: Faithfulness
    kind: Kind
    state: str = ""

    @property
    def title(self) -> str:
        return TITLES[self.kind]

    def figure(self, span: Span, colours: Palette) -> go.Figure:
        return masking_curves(self.found, colours, (self.kind,))

    def draw(self, axes: Axes, span: Span, colours: Palette) -> None:
        attention, energy = self.found.attention, self.found.energy
        if attention is None or energy is None:
            raise ValueError(self.found.reason)
        shares = [100 * share for share in attention.shares]
        drawn = np.array([getattr(order, self.kind) for order in self.found.random])
        if len(drawn):
            axes.fill_between(shares, drawn.min(0), drawn.max(0), color=faded_rgba(colours.wave, 0.25), lw=0)
            axes.plot(shares, drawn.mean(0), color=colours.wave, lw=1, ls=":", label="at random")
        axes.plot(shares, getattr(energy, self.kind), color=colours.text, lw=1, ls="--", label="by loudness")
        axes.plot(shares, getattr(attention, self.kind), color=line_colour(colours), lw=1.6, label="by attention")
        axes.set_ylim(0, 1.02)
        axes.set_ylabel(f"probability of {self.found.emotion}")
        axes.set_xlabel(_below(self.kind), color=colours.text)
        surround(axes, colours)
        axes.legend(frameon=False, fontsize=6, labelcolor=colours.text)


def _below(kind: Kind) -> str:
    return f"% of the time {'masked' if kind == 'deletion' else 'back'}"


def masking_curves(
    found: Faithfulness, colours: Palette, kinds: tuple[Kind, ...] = ("deletion", "insertion")
) -> go.Figure:
    """Deletion at the left, insertion at the right: probability over the share of the time masked or brought back.

    Raises ValueError where there are no curves, and `found.reason` says why.
    """
    if found.attention is None or found.energy is None:
        raise ValueError(found.reason)
    titles = [TITLES[kind] for kind in kinds]
    figure = make_subplots(rows=1, cols=len(kinds), shared_yaxes=True, horizontal_spacing=0.06, subplot_titles=titles)
    for column, kind in enumerate(kinds, start=1):
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
            title={"text": _below(kind), "font": {"size": 13}}, row=1, col=column,
        )  # fmt: skip
    axis: dict[str, Any] = {"zeroline": False, "color": colours.muted, "fixedrange": True, "tickfont": {"size": 12}}
    figure.update_xaxes(showgrid=False, tickvals=[0, 20, 50, 70, 100], **axis)
    figure.update_yaxes(range=[0, 1.02], tickformat=".0%", gridcolor=colours.grid, **axis)
    figure.update_yaxes(title={"text": f"probability of {found.emotion}", "font": {"size": 13}}, row=1, col=1)
    figure = dress(figure, colours, HEIGHT, {"l": 62, "r": 10, "t": 66, "b": 44})
    figure.update_annotations(font={"size": 12, "color": colours.muted}, yshift=-4)
    figure.update_layout(
        showlegend=True,  # at the very top, with room for a second line on a phone
        legend={
            "orientation": "h",
            "x": 0,
            "y": 1,
            "yref": "container",
            "yanchor": "top",
            "font": {"size": 12},
            "traceorder": "reversed",
        },
    )
    return figure
