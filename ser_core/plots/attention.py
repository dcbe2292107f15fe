"""Attention along a clip: as a curve, laid over the log-mel spectrogram, or as rows over time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import plotly.graph_objects as go
from matplotlib.axes import Axes

from ser_core.features import mel_centres
from ser_core.maps import AttentionMap, Axis
from ser_core.pictures import Picture
from ser_core.plots.attention_colours import ATTENTION, SIGNED, colour_map, plotly_colours, shades
from ser_core.plots.panel import MARGIN, Span, dress_axes, dress_panel, hertz_name, note
from ser_core.plots.spectrogram import MEL_TICKS, Limits, PicturePanel
from ser_core.plots.theme import Palette, faded

HEIGHT: Final = 190  # pixels
OPACITY: Final = 0.75
STRENGTH_LIMIT: Final = 99.5  # percentile of a plane's cells that gets the last colour: one cell must not hide the rest


def reach(values: np.ndarray, signed: bool = False) -> tuple[float, float]:
    """Lowest and highest of an axis or a colour map: from zero up, or as far to both sides where values are signed."""
    top = float(np.percentile(np.abs(values), STRENGTH_LIMIT) if values.ndim > 1 else np.abs(values).max(initial=0.0))
    top = top or 1.0
    return (-top, top) if signed else (min(0.0, float(values.min(initial=0.0))), top)


def curve_reach(values: np.ndarray) -> tuple[float, float]:
    """Lowest and highest of a curve's axis, zero within."""
    low, high = float(values.min(initial=0.0)), float(values.max(initial=0.0))
    return low, high if high > low else low + 1.0


@dataclass(frozen=True, eq=False)
class CurvePanel:
    """curve: one axis, "time".  loudness: of the clip at those times, drawn faintly behind, in height of its own.

    unit: of the curve.
    """

    title: str
    curve: AttentionMap
    loudness: np.ndarray
    unit: str
    state: str = ""

    def figure(self, span: Span, colours: Palette) -> go.Figure:
        times, (low, high) = self.curve.axis("time").centres, curve_reach(self.curve.values)
        figure = go.Figure()
        figure.add_scatter(x=times, y=self._loud(low, high), mode="lines", line={"color": colours.wave, "width": 1},
                           hovertemplate="loudness<extra></extra>")  # fmt: skip
        figure.add_scatter(
            x=times, y=self.curve.values, mode="lines", line={"color": line_colour(colours), "width": 2},
            fill="tozeroy", fillcolor=faded(ATTENTION, 0.3),
            hovertemplate=f"%{{x:.2f}} s<br>%{{y:.3g}} {self.unit}<extra></extra>",
        )  # fmt: skip
        figure.update_yaxes(range=[low, 1.05 * high], nticks=4)
        return dress_panel(figure, colours, span, HEIGHT, self.unit, self.state)

    def draw(self, axes: Axes, span: Span, colours: Palette) -> None:
        times, (low, high) = self.curve.axis("time").centres, curve_reach(self.curve.values)
        axes.plot(times, self._loud(low, high), color=colours.wave, lw=0.7)
        axes.fill_between(times, self.curve.values, color=ATTENTION, alpha=0.35, lw=0)
        axes.plot(times, self.curve.values, color=line_colour(colours), lw=1.3)
        axes.set_ylim(low, 1.05 * high)
        dress_axes(axes, colours, span, self.unit)

    def _loud(self, low: float, high: float) -> np.ndarray:
        return max(0.0, low) + high * self.loudness / (float(self.loudness.max(initial=0.0)) or 1.0)


@dataclass(frozen=True, eq=False)
class OverlayPanel:
    """Attention as a cyan veil over the log-mel spectrogram, and as a line where it has no frequency.

    strength: axes (time), or (time, band) in hertz.  cover: how opaque it is at its strongest, 0 to 1.
    """

    title: str
    picture: Picture
    limits: Limits
    strength: AttentionMap
    cover: float = OPACITY
    state: str = ""

    def figure(self, span: Span, colours: Palette) -> go.Figure:
        figure = PicturePanel(self.title, self.picture, self.limits, self.state).figure(span, colours)
        times, rows = self.strength.axis("time").centres, len(self.picture.values)
        veil = self._veil()
        figure.add_heatmap(
            z=veil, x=times, y=np.linspace(0, rows - 1, len(veil)) if len(veil) > 1 else [(rows - 1) / 2],
            dy=rows, zmin=0, zmax=255, showscale=False, hoverinfo="skip",
            colorscale=[(0, faded(ATTENTION, 0)), (1, faded(ATTENTION, self.cover))],
        )  # fmt: skip
        if len(veil) == 1:
            figure.data[-1].update(y=[-0.5, rows - 0.5], z=veil)
            figure.add_scatter(x=times, y=-0.5 + rows * self._height(), mode="lines", hoverinfo="skip",
                               line={"color": ATTENTION, "width": 2})  # fmt: skip
        return figure

    def draw(self, axes: Axes, span: Span, colours: Palette) -> None:
        PicturePanel(self.title, self.picture, self.limits, self.state).draw(axes, span, colours)
        times, rows, veil = self.strength.axis("time").centres, len(self.picture.values), self._veil()
        half = float(times[1] - times[0]) / 2 if len(times) > 1 else 0.5
        rgba = np.zeros((*veil.shape, 4))
        rgba[..., :3], rgba[..., 3] = np.array([int(ATTENTION[i : i + 2], 16) for i in (1, 3, 5)]) / 255, veil / 255
        rgba[..., 3] *= self.cover
        axes.imshow(rgba, origin="lower", aspect="auto", interpolation="nearest",
                    extent=(times[0] - half, times[-1] + half, -0.5, rows - 0.5))  # fmt: skip
        if len(veil) == 1:
            axes.plot(times, -0.5 + rows * self._height(), color=ATTENTION, lw=1.2)

    def _veil(self) -> np.ndarray:
        return veil_levels(self.strength)

    def _height(self) -> np.ndarray:
        """Of the line, from 0 up: it tells how even the attention is, where the veil only tells where there is more."""
        return np.asarray(0.94 * np.maximum(self.strength.values, 0) / reach(np.maximum(self.strength.values, 0))[1])


@dataclass(frozen=True, eq=False)
class RowsPanel:
    """Rows over time: heads, bands, groups of coefficients, emotions.

    plane: axes (time, rows).  names: of the rows.  vertical: what the rows are, with unit.  unit: of the values.
    """

    title: str
    plane: AttentionMap
    names: tuple[str, ...]
    vertical: str
    unit: str
    signed: bool = False
    state: str = ""

    @property
    def colours(self) -> str:
        return SIGNED if self.signed else "attention"

    def range(self) -> tuple[float, float]:
        low, high = reach(self.plane.values, self.signed)
        return (low, high) if self.signed else (float(self.plane.values.min()), high)

    def figure(self, span: Span, colours: Palette) -> go.Figure:
        low, high = self.range()
        figure = go.Figure()
        figure.add_heatmap(
            z=self.plane.values.T, x=self.plane.axes[0].centres, y=np.arange(len(self.names)), zmin=low, zmax=high,
            colorscale=plotly_colours(self.colours), colorbar={"x": 1, "xpad": 8, "ypad": 0, "thickness": 9,
            "outlinewidth": 0, "nticks": 4, "tickfont": {"size": 11, "color": colours.muted}},
            hovertemplate=f"%{{x:.2f}} s<br>%{{z:.3g}} {self.unit}<extra></extra>",
        )  # fmt: skip
        note(figure, colours, self.unit, x=1, side="right", shift=MARGIN["r"] - 4)
        places, texts = self.ticks()
        figure.update_yaxes(range=[-0.5, len(self.names) - 0.5], tickvals=places, ticktext=texts)
        return dress_panel(figure, colours, span, HEIGHT, self.vertical, self.state)

    def draw(self, axes: Axes, span: Span, colours: Palette) -> None:
        times, (low, high) = self.plane.axes[0].centres, self.range()
        half = float(times[1] - times[0]) / 2 if len(times) > 1 else 0.5
        image = axes.imshow(
            self.plane.values.T, origin="lower", aspect="auto", interpolation="nearest", vmin=low, vmax=high,
            extent=(times[0] - half, times[-1] + half, -0.5, len(self.names) - 0.5), cmap=colour_map(self.colours),
        )  # fmt: skip
        axes.set_yticks(*self.ticks())
        dress_axes(axes, colours, span, self.vertical)
        bar = axes.figure.colorbar(image, cax=axes.inset_axes((1.012, 0, 0.012, 1)))
        bar.ax.tick_params(labelsize=6, length=0, labelcolor=colours.text)
        bar.ax.set_title(self.unit, fontsize=6, fontweight="normal", color=colours.text)

    def ticks(self) -> tuple[list[float], list[str]]:
        """Places counted in rows from the lowest, and what stands there."""
        rows = self.plane.axes[1]
        if rows.unit == "Hz":
            return hertz_places(rows)
        every = -(-len(self.names) // 10)
        return [float(i) for i in range(0, len(self.names), every)], list(self.names[::every])


def line_colour(colours: Palette) -> str:
    """Of an attention curve: the cyan of the veil on dark pages, darker on light ones, where it would not be seen."""
    return ATTENTION if colours.name == "dark" else "#0E8A9A"


def hertz_places(rows: Axis) -> tuple[list[float], list[str]]:
    inside = [hz for hz in MEL_TICKS if rows.centres[0] <= hz <= 1.02 * rows.centres[-1]]
    places = np.interp(inside, rows.centres, np.arange(len(rows.centres)))
    return places.tolist(), [hertz_name(hz) for hz in inside]


def veil_levels(strength: AttentionMap) -> np.ndarray:
    """How opaque the veil is, 0 at the lowest moment to 255 at the highest: one row, or rows spaced as the mel scale
    does.  Votes against are no veil."""
    wanted = np.maximum(strength.values, 0)
    levels = shades(wanted, float(wanted.min()), reach(wanted)[1])
    if levels.ndim == 1:
        return levels[None]
    hertz = strength.axes[1].centres
    order = np.argsort(hertz)
    nearest = np.abs(hertz[order][None, :] - mel_centres(80)[:, None]).argmin(1)
    return np.asarray(levels.T[order][nearest])


def with_names(plane: AttentionMap, names: tuple[str, ...] = ()) -> dict[str, Any]:
    """names and vertical of a RowsPanel, by what the rows are."""
    rows = plane.axes[1]
    if rows.unit == "Hz":
        return {"names": tuple(f"{hz:.0f} Hz" for hz in rows.centres), "vertical": "hertz"}
    if rows.name == "head":
        return {"names": tuple(str(number) for number in range(1, len(rows) + 1)), "vertical": "head"}
    if rows.name == "emotion":
        return {"names": names, "vertical": ""}
    return {"names": tuple(f"{4 * row}–{4 * row + 3}" for row in range(len(rows))), "vertical": "MFCC coefficients"}


def evenness(strength: AttentionMap) -> str:
    """From how little to how much, as differences from the mean: "−10 % to +12 % of its mean"; empty for votes."""
    mean = float(strength.values.mean())
    if mean <= 0 or strength.values.min() < 0:
        return ""
    ends = [100 * (float(end) / mean - 1) for end in (strength.values.min(), strength.values.max())]
    digits = 0 if max(map(abs, ends)) >= 10 else 1 if max(map(abs, ends)) >= 1 else 2
    low, high = (f"{end:+.{digits}f} %".replace("-", "\N{MINUS SIGN}") for end in ends)
    return f"{low} to {high} of its mean"
