"""Who looks at what: a matrix of queries and keys, brought to what a screen can show; and bars and profiles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import plotly.graph_objects as go
from matplotlib.axes import Axes

from ser_core.maps import AttentionMap, Axis
from ser_core.plots.attention import line_colour
from ser_core.plots.attention_colours import ATTENTION, colour_map, plotly_colours
from ser_core.plots.panel import TICK, TITLE, Span, hertz_name, surround
from ser_core.plots.theme import Palette, dress, faded

MOST: Final = 128  # rows or columns; more are averaged (queries) or summed (keys)
HEIGHT: Final = 380  # pixels
BARS_HEIGHT: Final = 230


@dataclass(frozen=True, eq=False)
class MatrixPanel:
    """values: shape = (queries, keys).  queries, keys: their places, with units.  mark: a moment drawn across.
    height: pixels."""

    title: str
    values: np.ndarray
    queries: Axis
    keys: Axis
    state: str = ""
    mark: float | None = None
    height: int = HEIGHT

    def figure(self, span: Span, colours: Palette) -> go.Figure:
        figure = go.Figure()
        figure.add_heatmap(
            z=self.values, x=_even(self.keys), y=_even(self.queries), zmin=0, zmax=self._top(),
            colorscale=plotly_colours("attention"),
            colorbar={"thickness": 9, "outlinewidth": 0, "nticks": 4, "tickfont": {"size": 11, "color": colours.muted},
                      "title": {"text": "weight", "font": {"size": 11, "color": colours.muted}}},
            hovertemplate="looks: %{y:.2f}<br>at: %{x:.2f}<br>%{z:.3g}<extra></extra>",
        )  # fmt: skip
        if self.mark is not None:
            figure.add_vline(x=self.mark, line={"color": "#E4572E", "width": 2})
        common: dict[str, Any] = {"showgrid": False, "zeroline": False, "color": colours.muted, "fixedrange": True,
                                  "tickfont": {"size": TICK}, "ticks": "outside", "ticklen": 4,
                                  "tickcolor": colours.grid}  # fmt: skip
        figure.update_xaxes(title=_named("looked at", self.keys), tickangle=0, **common, **_ticks(self.keys))
        # the first query on top, as in papers
        figure.update_yaxes(title=_named("looks", self.queries), autorange="reversed", **common, **_ticks(self.queries))
        return dress(figure, colours, self.height, {"l": 62, "r": 60, "t": 26, "b": 48})

    def draw(self, axes: Axes, span: Span, colours: Palette) -> None:
        x, y = _even(self.keys), _even(self.queries)
        image = axes.imshow(self.values, aspect="auto", interpolation="nearest", cmap=colour_map("attention"), vmin=0,
                            vmax=self._top(), extent=(*_edges(x), *_edges(y)[::-1]))  # fmt: skip
        if self.mark is not None:
            axes.axvline(self.mark, color="#E4572E", lw=1.2)
        for axis, set_ticks in ((self.keys, axes.set_xticks), (self.queries, axes.set_yticks)):
            ticks = _ticks(axis)
            if ticks:
                set_ticks(ticks["tickvals"], ticks["ticktext"])
        axes.set_xlabel(_words("looked at", self.keys), color=colours.text)
        axes.set_ylabel(_words("looks", self.queries))
        surround(axes, colours)
        bar = axes.figure.colorbar(image, ax=axes, pad=0.02)
        bar.ax.tick_params(labelsize=6, labelcolor=colours.text)
        bar.ax.set_title("weight", fontsize=6, fontweight="normal", color=colours.text)

    def _top(self) -> float:
        return float(np.percentile(self.values, 99.7)) or float(self.values.max(initial=0.0)) or 1.0


def matrix_panel(
    one: AttentionMap, head: int | None, start: float, title: str, state: str = "", mark: float | None = None,
    until: float | None = None, around: Span | None = None,
) -> MatrixPanel:  # fmt: skip
    """One segment's map (head, query, key) or (query, key), drawn on the clip's line.

    head: None for the mean.  start: of the segment, seconds.  until: the end of the sound, behind which is filling.
    around: the stretch of the clip that fills the segment again and again; then nothing is left out, and what falls
    on a repetition is put where the same sound stands first.
    Entries at one time (rows of a feature map) become one, and so do neighbours where there are more than MOST, as many
    each time: the mean of those who look, the sum of what they look at.  A class token is left out.
    """
    if any(axis.name == "head" for axis in one.axes):
        one = one.mean("head") if head is None else one.at("head", head)
    values, queries, keys = one.values, one.axis("query"), one.axis("key")
    if one.position("query") > one.position("key"):
        values = values.T
    values, queries = _gathered(values, queries, start, until, around, total=False)
    values, keys = _gathered(values.T, keys, start, until, around, total=True)
    return MatrixPanel(title, values.T, queries, keys, state, mark)


def _gathered(
    values: np.ndarray, axis: Axis, start: float, until: float | None, around: Span | None, total: bool
) -> tuple[np.ndarray, Axis]:
    """Rows at one place, or too close to be told apart, as one: their sum or their mean."""
    centres = axis.centres + start if axis.unit == "s" else axis.centres.astype(float)
    kept = np.isfinite(centres)
    if axis.unit == "s" and around is not None:
        centres = _folded(centres, around)
    elif axis.unit == "s" and until is not None and (kept & (centres <= until)).any():
        kept &= centres <= until
    values, centres = values[kept], centres[kept]
    places, group = np.unique(np.round(centres, 6), return_inverse=True)
    if len(places) > MOST:
        # groups of one size (the last may be smaller): sums over three here and four there would be stripes of our own
        together = np.arange(len(places)) // -(-len(places) // MOST)
        group, places = together[group], np.bincount(together, places) / np.bincount(together)
    sums = np.zeros((len(places), values.shape[1]))
    np.add.at(sums, group, values)
    counts = np.bincount(group, minlength=len(places))[:, None]
    return (sums if total else sums / counts), Axis(axis.name, axis.unit, places)


def _folded(centres: np.ndarray, around: Span) -> np.ndarray:
    """Moments past the end of a stretch, put back into it, on steps as wide as those that they come in."""
    steps = np.diff(np.unique(np.round(centres[np.isfinite(centres)], 6)))
    length = around[1] - around[0]
    cells = max(1, round(length / float(steps.min()))) if len(steps) else 1
    cell = np.floor(np.mod(centres - around[0], length) / length * cells)
    return np.asarray(around[0] + (cell + 0.5) * length / cells)


@dataclass(frozen=True, eq=False)
class ProfilePanel:
    """A bar per name, or with hertz a line: gates of heads, of coefficient groups; the marginal over frequency.

    values: shape = (n,).  low, high: the spread over the clip's segments, shape = (n,).  hertz: of each value.
    """

    title: str
    names: Sequence[str]
    values: np.ndarray
    low: np.ndarray
    high: np.ndarray
    horizontal: str
    unit: str
    hertz: np.ndarray | None = None
    state: str = ""

    def figure(self, span: Span, colours: Palette) -> go.Figure:
        figure, colour = go.Figure(), line_colour(colours)
        if self.hertz is None:
            figure.add_bar(
                x=list(self.names), y=self.values, marker={"color": colour}, width=0.6,
                error_y={"type": "data", "symmetric": False, "array": self.high - self.values,
                         "arrayminus": self.values - self.low, "color": colours.text, "thickness": 1, "width": 4},
                hovertemplate="%{x}: %{y:.3f}<extra></extra>",
            )  # fmt: skip
            figure.update_xaxes(type="category")
        else:
            x = np.arange(len(self.hertz))
            figure.add_scatter(x=np.concatenate([x, x[::-1]]), y=np.concatenate([self.high, self.low[::-1]]),
                               fill="toself", fillcolor=faded(ATTENTION, 0.25), line={"width": 0}, hoverinfo="skip",
                               mode="lines")  # fmt: skip
            figure.add_scatter(x=x, y=self.values, mode="lines", line={"color": colour, "width": 2},
                               customdata=self.hertz,
                               hovertemplate="%{customdata:.0f} Hz: %{y:.3g}<extra></extra>")  # fmt: skip
            figure.update_xaxes(**_ticks(Axis("band", "Hz", self.hertz)))
        common: dict[str, Any] = {"zeroline": False, "color": colours.muted, "fixedrange": True,
                                  "tickfont": {"size": TICK}}  # fmt: skip
        figure.update_xaxes(title={"text": self.horizontal, "font": {"size": TITLE}}, showgrid=False, **common)
        figure.update_yaxes(title={"text": self.unit, "standoff": 8, "font": {"size": TITLE}}, gridcolor=colours.grid,
                            nticks=5, rangemode="tozero", **common)  # fmt: skip
        return dress(figure, colours, BARS_HEIGHT, {"l": 72, "r": 16, "t": 12, "b": 46})

    def draw(self, axes: Axes, span: Span, colours: Palette) -> None:
        colour = line_colour(colours)
        if self.hertz is None:
            spread = np.stack([self.values - self.low, self.high - self.values])
            axes.bar(list(self.names), self.values, color=colour, width=0.6, yerr=spread, ecolor=colours.text,
                     capsize=2, error_kw={"lw": 0.7})  # fmt: skip
        else:
            x = np.arange(len(self.hertz))
            axes.fill_between(x, self.low, self.high, color=ATTENTION, alpha=0.3, lw=0)
            axes.plot(x, self.values, color=colour, lw=1.3)
            ticks = _ticks(Axis("band", "Hz", self.hertz))
            axes.set_xticks(ticks["tickvals"], ticks["ticktext"])
        axes.set_xlabel(self.horizontal, color=colours.text)
        axes.set_ylabel(self.unit)
        surround(axes, colours)


def profile_panel(
    one: AttentionMap, title: str, names: Sequence[str], horizontal: str, unit: str, hertz: bool = False
) -> ProfilePanel:
    """one: axes (segment, what runs along the bottom); the mean over the segments, and how far they spread."""
    values = one.values.astype(np.float64)
    places = one.axes[1].centres if hertz else None
    return ProfilePanel(title, names, values.mean(0), values.min(0), values.max(0), horizontal, unit, places)


def _even(axis: Axis) -> np.ndarray:
    """Seconds as they are; all else counted, since bands are not even in hertz."""
    return axis.centres if axis.unit == "s" else np.arange(len(axis), dtype=float)


def _edges(places: np.ndarray) -> tuple[float, float]:
    half = float(places[1] - places[0]) / 2 if len(places) > 1 else 0.5
    return float(places[0] - half), float(places[-1] + half)


def _ticks(axis: Axis) -> dict[str, Any]:
    if axis.unit != "Hz":
        return {}
    inside = [hz for hz in (250, 1000, 2000, 4000, 7000) if axis.centres[0] <= hz <= axis.centres[-1] * 1.02]
    places = np.interp(inside, axis.centres, np.arange(len(axis)))
    return {"tickvals": places.tolist(), "ticktext": [hertz_name(hz) for hz in inside]}


def _words(doing: str, axis: Axis) -> str:
    return f"{doing}: {'seconds' if axis.unit == 's' else 'hertz' if axis.unit == 'Hz' else axis.unit}"


def _named(doing: str, axis: Axis) -> dict[str, Any]:
    return {"text": _words(doing, axis), "standoff": 6, "font": {"size": TITLE}}
