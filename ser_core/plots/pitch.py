"""The pitch of a voice along the clip."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from ser_core.pitch import RANGE_HZ, PitchTrack
from ser_core.plots.panel import Span, dress_axes, dress_panel
from ser_core.plots.theme import Palette

HEIGHT = 196  # pixels
TICKS = (75, 100, 150, 200, 300, 400, 600, 800)
LEAP = 1.2  # a ratio between neighbours, three semitones: not one gliding voice, so no line joins them
UNVOICED = "No voiced moment was found."


@dataclass(frozen=True, eq=False)
class PitchPanel:
    """reach: lowest and highest hertz of the axis, the same for clips to be compared."""

    track: PitchTrack
    reach: tuple[float, float]
    state: str = ""
    title: str = "Pitch"

    def figure(self, span: Span, colours: Palette) -> go.Figure:
        figure = go.Figure()
        times, hertz = self._line(span)
        figure.add_scatter(
            x=times,
            y=hertz,
            mode="lines+markers",
            line={"color": colours.accent, "width": 2},
            marker={"size": 4},
            hovertemplate="%{x:.2f} s<br>%{y:.0f} Hz<extra></extra>",
        )
        if np.isnan(hertz).all():
            figure.add_annotation(
                text=UNVOICED, x=0.5, y=0.5, xref="paper", yref="paper", showarrow=False, font={"color": colours.muted}
            )
        figure.update_yaxes(type="log", range=np.log10(self.reach).tolist(), tickvals=TICKS)
        figure = dress_panel(figure, colours, span, HEIGHT, "hertz", self.state)
        figure.update_yaxes(showgrid=True, gridcolor=colours.grid)
        return figure

    def draw(self, axes: Axes, span: Span, colours: Palette) -> None:
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(FixedLocator(TICKS))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda hertz, _: f"{hertz:g}"))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.plot(*self._line(span), color=colours.accent, lw=1.2, marker=".", ms=2.5)
        axes.set_ylim(*self.reach)
        axes.grid(axis="y", color=colours.grid, lw=0.6)
        dress_axes(axes, colours, span, "hertz")

    def _line(self, span: Span) -> tuple[np.ndarray, np.ndarray]:
        """Seconds and hertz within the span, with a gap (NaN) wherever the pitch leaps."""
        seen = (self.track.times >= span[0]) & (self.track.times <= span[1])
        times, hertz = self.track.times[seen], self.track.hertz[seen]
        leaps = 1 + np.flatnonzero(np.abs(np.diff(np.log(hertz))) > np.log(LEAP))
        return np.insert(times, leaps, times[leaps]), np.insert(hertz, leaps, np.nan)


def reach(*tracks: PitchTrack) -> tuple[float, float]:
    """An axis in hertz that holds these tracks, an octave at least."""
    heard = np.concatenate([track.hertz[~np.isnan(track.hertz)] for track in tracks])
    if len(heard) == 0:
        return RANGE_HZ
    low, high = 0.9 * float(heard.min()), 1.1 * float(heard.max())
    middle = (low * high) ** 0.5
    return min(low, middle / 2**0.5), max(high, middle * 2**0.5)
