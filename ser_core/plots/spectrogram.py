"""Pictures over time with hertz or coefficients at the left: spectrogram, log-mel, MFCC."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
import plotly.graph_objects as go
from matplotlib.axes import Axes

from ser_core.features import Rows, mel_centres
from ser_core.pictures import Picture
from ser_core.plots.colourmaps import LOUDNESS, SHAPE, plotly_scale
from ser_core.plots.panel import Span, dress_axes, dress_panel, hertz_name, note
from ser_core.plots.theme import Palette

Scale = Literal["hertz", "mel"]

HEIGHT: Final = 250  # pixels
COLUMNS: Final = 900  # more than the width of a picture on a screen
LINES: Final = 256  # and its height
MEL_TICKS: Final = (250, 500, 1000, 2000, 4000, 7000)
BAR: Final = 9  # pixels, width of the colour bar
BAR_UNITS: Final = {"deviations": "dev.", "brightness": "bright", "amplitude": "amp."}


@dataclass(frozen=True)
class Limits:
    """Values that get the first and the last colour; for decibels, `high` also counts as 0."""

    low: float
    high: float


@dataclass(frozen=True, eq=False)
class PicturePanel:
    """picture: as `shrink` makes it.  limits: the same for pictures to be compared."""

    title: str
    picture: Picture
    limits: Limits
    state: str = ""

    def figure(self, span: Span, colours: Palette) -> go.Figure:
        picture, (low, high) = self.picture, self._range()
        step = float(np.diff(picture.times).mean()) if len(picture.times) > 1 else 1.0
        names = np.round(picture.rows.centres).astype(np.int16)
        ticks, texts = self._bar_ticks()
        figure = go.Figure()
        figure.add_heatmap(
            z=self._values(),
            x0=float(picture.times[0]),
            dx=step,
            y0=0,
            dy=1,
            zmin=low,
            zmax=high,
            zsmooth=False,
            colorscale=plotly_scale(self._colours()),
            customdata=np.broadcast_to(names[:, None], picture.values.shape),
            hovertemplate=f"%{{x:.2f}} s<br>{self._row()}<br>{self._value()}<extra></extra>",
            colorbar={
                "thickness": BAR,
                "len": 1.0,
                "lenmode": "fraction",
                "x": 1,  # and pixels from there: a share of the width would push it out of a wide figure
                "xpad": 8,
                "ypad": 0,
                "outlinewidth": 0,
                "tickvals": ticks,
                "ticktext": texts,
                "tickfont": {"size": 11, "color": colours.muted},
                "ticks": "",
            },
        )
        note(figure, colours, BAR_UNITS.get(picture.unit, picture.unit), x=1, side="left", shift=6)
        places, labels = row_ticks(picture.rows)
        figure.update_yaxes(range=[-0.5, len(names) - 0.5], tickvals=places, ticktext=labels)
        return dress_panel(figure, colours, span, HEIGHT, self._vertical(), self.state)

    def draw(self, axes: Axes, span: Span, colours: Palette) -> None:
        picture, (low, high) = self.picture, self._range()
        half = float(np.diff(picture.times).mean()) / 2 if len(picture.times) > 1 else 0.5
        extent = (picture.times[0] - half, picture.times[-1] + half, -0.5, len(picture.values) - 0.5)
        image = axes.imshow(
            self._values(), origin="lower", aspect="auto", extent=extent, vmin=low, vmax=high,
            cmap=self._colours(), interpolation="nearest",
        )  # fmt: skip
        places, labels = row_ticks(picture.rows)
        axes.set_yticks(places, labels)
        dress_axes(axes, colours, span, self._vertical())
        ticks, texts = self._bar_ticks()
        bar = axes.inset_axes((1.012, 0, 0.012, 1))
        axes.figure.colorbar(image, cax=bar, ticks=ticks)
        bar.set_yticklabels(texts, fontsize=6, color=colours.text)
        bar.tick_params(length=0)
        bar.set_title(BAR_UNITS.get(picture.unit, picture.unit), fontsize=6, fontweight="normal", color=colours.text)
        bar.spines[:].set_visible(False)

    def _decibels(self) -> bool:
        return self.picture.unit == "dB"

    def _values(self) -> np.ndarray:
        """What is drawn: whole decibels below the loudest, one byte each; else the values as they are."""
        if self._decibels():
            return np.clip(np.round(self.picture.values - self.limits.high), -127, 127).astype(np.int8)
        return self.picture.values.astype(np.float32)

    def _range(self) -> tuple[float, float]:
        return (self.limits.low - self.limits.high, 0.0) if self._decibels() else (self.limits.low, self.limits.high)

    def _colours(self) -> str:
        return SHAPE if self.picture.rows.unit == "coefficient" else LOUDNESS

    def _vertical(self) -> str:
        return "coefficient" if self.picture.rows.unit == "coefficient" else "hertz"

    def _row(self) -> str:
        return "coefficient %{customdata}" if self._vertical() == "coefficient" else "%{customdata} Hz"

    def _value(self) -> str:
        words = {"dB": "%{z} dB", "deviations": "%{z:.1f} deviations", "brightness": "brightness %{z:.2f}"}
        return words.get(self.picture.unit, f"{self.picture.unit} %{{z:.3g}}")

    def _bar_ticks(self) -> tuple[list[float], list[str]]:
        """Ticks of the colour bar and what to write there."""
        low, high = self._range()
        ticks = np.arange(0, low - 1, -20.0) if self._decibels() else np.linspace(low, high, 5)
        return ticks.tolist(), [f"{tick:.2g}".replace("-", "\N{MINUS SIGN}") for tick in ticks]


def row_ticks(rows: Rows) -> tuple[list[float], list[str]]:
    """Places on the axis, counted in rows from the lowest, and what to write there: hertz or coefficients."""
    if rows.unit == "coefficient":
        step = 5 if len(rows.centres) <= 30 else 10
        numbers = range(0, len(rows.centres), step)
        return [float(number) for number in numbers], [str(number) for number in numbers]
    even = len(rows.centres) > 2 and np.allclose(np.diff(rows.centres), rows.centres[1] - rows.centres[0], rtol=0.01)
    inside = [hz for hz in (range(0, 8001, 2000) if even else MEL_TICKS) if hz <= 1.02 * rows.centres[-1]]
    places = np.interp(inside, rows.centres, np.arange(len(rows.centres)))
    return places.tolist(), [hertz_name(hz) for hz in inside]


def limits(picture: Picture, range_db: float) -> Limits:
    """Decibels: so many below the loudest cell.  Deviations: the same to either side.  Else all values but outliers."""
    values = picture.values
    if picture.unit == "dB":
        return Limits(float(values.max()) - range_db, float(values.max()))
    if picture.unit == "deviations" and picture.rows.unit == "coefficient":
        return Limits(-3.0, 3.0)
    if picture.unit == "brightness":
        return Limits(0.0, 1.0)
    low, high = (float(edge) for edge in np.percentile(values, (2, 99.9)))
    return Limits(0.0 if picture.unit == "amplitude" else low, max(high, low + 1e-6))


def shrink(picture: Picture, span: Span, scale: Scale = "hertz") -> Picture:
    """A picture with no more cells than a screen can show of a span.

    Cells that share a place become their loudest, deviations their mean.  scale: "mel" spaces the rows of a
    spectrogram as the mel scale does; rows that are mel bands or coefficients stay.
    """
    seen = picture.between(*span)
    if seen.rows.name == "FFT bin" and scale == "mel":
        centres = mel_centres(LINES)
        values = _at_rows(seen.values, seen.rows.centres, centres)
        seen = replace(seen, values=values, rows=replace(seen.rows, centres=centres))
    elif len(seen.values) > LINES + 1:
        group = -(-len(seen.values) // LINES)
        starts = np.arange(0, len(seen.values), group)
        ends = np.append(starts[1:], len(seen.values))
        rows = replace(seen.rows, centres=(seen.rows.centres[starts] + seen.rows.centres[ends - 1]) / 2)
        seen = replace(seen, values=np.maximum.reduceat(seen.values, starts, axis=0), rows=rows)
    if len(seen.times) <= COLUMNS:
        return seen
    starts = np.linspace(0, len(seen.times), COLUMNS + 1).astype(int)[:-1]
    counts = np.diff(np.append(starts, len(seen.times)))
    if seen.unit == "deviations":
        values = np.add.reduceat(seen.values, starts, axis=1) / counts
    else:
        values = np.maximum.reduceat(seen.values, starts, axis=1)
    return replace(seen, values=values, times=np.add.reduceat(seen.times, starts) / counts)


def _at_rows(values: np.ndarray, hertz: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """The loudest of the rows nearest to each of these frequencies; where there is none, the nearest row."""
    edges = np.concatenate([[0.0], (centres[:-1] + centres[1:]) / 2, [hertz[-1] + 1]])
    first = np.searchsorted(hertz, edges)
    nearest = np.abs(hertz[None, :] - centres[:, None]).argmin(1)
    lines = [
        values[start:end].max(0) if end > start else values[near]
        for start, end, near in zip(first[:-1], first[1:], nearest, strict=True)
    ]
    return np.stack(lines)
