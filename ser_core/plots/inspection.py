"""The distribution of one figure over many clips, by emotion or by model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import fill
from typing import Any, Final

import numpy as np
import plotly.graph_objects as go
from matplotlib.axes import Axes

from ser_core.plots.panel import Span, surround
from ser_core.plots.theme import Palette, dress, faded

HEIGHT: Final = 330  # pixels
BREAK: Final = 16  # letters of a name on one line
LINE: Final = 22  # letters at the left of a picture for paper


@dataclass(frozen=True, eq=False)
class DistributionPanel:
    """A box and all clips for each group.

    groups: name -> a value for each clip.  vertical: the figure, with what it counts.  nothing: where a map without any
    relation would stand.  below: what the groups are.
    """

    title: str
    groups: Mapping[str, Sequence[float]]
    vertical: str
    nothing: float
    below: str
    state: str = ""

    def figure(self, span: Span, colours: Palette) -> go.Figure:
        drawn = go.Figure()
        for name, values in self.groups.items():
            colour = colours.emotions.get(name, colours.accent)
            drawn.add_box(
                y=list(values), name=self._named(name, "<br>"), boxpoints="all", jitter=0.5, pointpos=0, width=0.6,
                line={"color": colour, "width": 1.5}, fillcolor=faded(colour, 0.15),
                marker={"color": colour, "size": 5, "opacity": 0.7}, hovertemplate="%{y:.2f}<extra></extra>",
            )  # fmt: skip
        drawn.add_hline(y=self.nothing, line={"color": colours.text, "width": 1, "dash": "dot"})
        axis: dict[str, Any] = {"color": colours.muted, "fixedrange": True, "zeroline": False, "tickfont": {"size": 12}}
        drawn.update_xaxes(title={"text": self.below, "font": {"size": 13}}, showgrid=False, automargin=True, **axis)
        drawn.update_yaxes(title={"text": self.vertical, "font": {"size": 13}}, gridcolor=colours.grid, **axis)
        return dress(drawn, colours, HEIGHT, {"l": 62, "r": 10, "t": 10, "b": 62})

    def draw(self, axes: Axes, span: Span, colours: Palette) -> None:
        spread = np.random.default_rng(0)  # to the sides only, so that dots do not hide each other
        for place, (name, values) in enumerate(self.groups.items()):
            colour = colours.emotions.get(name, colours.accent)
            line = {"color": colour, "lw": 0.9}
            axes.boxplot([list(values)], positions=[place], widths=0.6, showfliers=False, boxprops=line,
                         whiskerprops=line, capprops=line, medianprops={"color": colours.text, "lw": 1.2})  # fmt: skip
            axes.scatter(place + spread.uniform(-0.2, 0.2, len(values)), values, s=5, color=colour, alpha=0.7, lw=0)
        axes.axhline(self.nothing, color=colours.text, lw=0.7, ls=":")
        axes.set_xticks(range(len(self.groups)), [self._named(name, "\n") for name in self.groups])
        axes.set_xlim(-0.5, len(self.groups) - 0.5)
        axes.set_ylabel(fill(self.vertical, LINE))  # a picture for paper is not high
        axes.set_xlabel(self.below, color=colours.text)
        surround(axes, colours)
        axes.tick_params(labelsize=6)

    def _named(self, name: str, line: str) -> str:
        """With the number of clips; a long name is broken where it has a hyphen."""
        broken = name.replace("-", f"-{line}") if len(name) > BREAK else name
        return f"{broken}{line}{len(self.groups[name])}"
