"""The distribution of one figure over many clips, by emotion or by model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import fill, wrap
from typing import Any, Final

import numpy as np
import plotly.graph_objects as go
from matplotlib.axes import Axes

from ser_core.plots.panel import Span, surround
from ser_core.plots.theme import Palette, dress, faded

ROW: Final = 54  # pixels, for each group
AROUND: Final = 72  # pixels above and below the rows
BREAK: Final = 21  # letters of a name on one line of the screen
PAPER_BREAK: Final = 16  # and on paper
LINE: Final = 22  # letters at the left of a picture for paper


@dataclass(frozen=True, eq=False)
class DistributionPanel:
    """A box and all clips for each group: one below the other on the screen, which may be narrow, abreast on paper.

    groups: name -> a value for each clip.  value: the figure, with what it counts.  nothing: where a map without any
    relation would stand.  group: what the groups are.
    """

    title: str
    groups: Mapping[str, Sequence[float]]
    value: str
    nothing: float
    group: str
    state: str = ""

    def figure(self, span: Span, colours: Palette) -> go.Figure:
        drawn = go.Figure()
        for name, values in self.groups.items():
            colour = colours.emotions.get(name, colours.accent)
            drawn.add_box(
                x=list(values), name=self._named(name, BREAK, "<br>"), boxpoints="all", jitter=0.5, pointpos=0,
                width=0.6, line={"color": colour, "width": 1.5}, fillcolor=faded(colour, 0.15),
                marker={"color": colour, "size": 5, "opacity": 0.7}, hovertemplate="%{x:.2f}<extra></extra>",
            )  # fmt: skip
        drawn.add_vline(x=self.nothing, line={"color": colours.text, "width": 1, "dash": "dot"})
        axis: dict[str, Any] = {"color": colours.muted, "fixedrange": True, "zeroline": False, "tickfont": {"size": 12}}
        title = {"text": self.value, "font": {"size": 13}, "standoff": 6}
        drawn.update_xaxes(title=title, gridcolor=colours.grid, **axis)
        drawn.update_yaxes(autorange="reversed", showgrid=False, automargin=True, **axis)
        height = AROUND + ROW * len(self.groups)
        return dress(drawn, colours, height, {"l": 10, "r": 10, "t": 10, "b": 52})

    def draw(self, axes: Axes, span: Span, colours: Palette) -> None:
        spread = np.random.default_rng(0)  # to the sides only, so that dots do not hide each other
        for place, (name, values) in enumerate(self.groups.items()):
            colour = colours.emotions.get(name, colours.accent)
            line = {"color": colour, "lw": 0.9}
            axes.boxplot([list(values)], positions=[place], widths=0.6, showfliers=False, boxprops=line,
                         whiskerprops=line, capprops=line, medianprops={"color": colours.text, "lw": 1.2})  # fmt: skip
            axes.scatter(place + spread.uniform(-0.2, 0.2, len(values)), values, s=5, color=colour, alpha=0.7, lw=0)
        axes.axhline(self.nothing, color=colours.text, lw=0.7, ls=":")
        axes.set_xticks(range(len(self.groups)), [self._named(name, PAPER_BREAK, "\n") for name in self.groups])
        axes.set_xlim(-0.5, len(self.groups) - 0.5)
        axes.set_ylabel(fill(self.value, LINE))  # a picture for paper is not high
        axes.set_xlabel(self.group, color=colours.text)
        surround(axes, colours)
        axes.tick_params(labelsize=6)

    def _named(self, name: str, most: int, line: str) -> str:
        """With the number of clips; a long name is broken where it has a hyphen."""
        count = len(self.groups[name])
        return line.join([*wrap(name, most), f"{count} clip{'' if count == 1 else 's'}"])
