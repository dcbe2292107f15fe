"""The waveform with its RMS envelope and the stretches in which a detector heard speech."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from matplotlib.axes import Axes

from ser_core.audio import SAMPLE_RATE
from ser_core.plots.panel import Span, dress_axes, dress_panel, note
from ser_core.plots.theme import Palette
from ser_core.plots.timeline import envelope

HEIGHT = 196  # pixels
SPEECH_NAME, RMS_NAME = "detected speech", "RMS envelope"
SHORT_NAMES = "speech", "RMS"


@dataclass(frozen=True, eq=False)
class WaveformPanel:
    """samples: the clip, shape = (n,), full scale 1.  times, rms: seconds and RMS there, shape = (G,).

    speech: (start, end) in seconds.  reach: amplitude up to which the axis goes, the same for clips to be compared.
    """

    samples: np.ndarray
    times: np.ndarray
    rms: np.ndarray
    speech: Sequence[Span]
    reach: float
    state: str = ""
    title: str = "Waveform"

    def figure(self, span: Span, colours: Palette) -> go.Figure:
        figure = go.Figure()
        times, low, high = self._outline(span)
        figure.add_scatter(
            x=np.concatenate([times, times[::-1]]),
            y=np.concatenate([high, low[::-1]]),
            fill="toself",
            fillcolor=colours.wave,
            line={"color": colours.wave, "width": 0.6},
            mode="lines",
            hoverinfo="skip",
        )
        seen = (self.times >= span[0]) & (self.times <= span[1])
        level = 20 * np.log10(np.maximum(self.rms[seen], 1e-6))
        figure.add_scatter(
            x=self.times[seen],
            y=self.rms[seen],
            mode="lines",
            line={"color": colours.accent, "width": 2},
            customdata=np.round(level),
            hovertemplate="%{x:.2f} s<br>RMS %{y:.3f} (%{customdata:.0f} dBFS)<extra></extra>",
        )
        bottom = -self.reach
        ground = {
            "type": "rect", "yref": "paper", "y0": 0, "y1": 1, "fillcolor": colours.speech, "layer": "below",
            "line": {"width": 0},
        }  # fmt: skip
        line = {"type": "line", "y0": bottom, "y1": bottom, "line": {"color": colours.text, "width": 4}}
        stretches = [{"x0": start, "x1": end} for start, end in self.speech]
        figure.update_layout(shapes=[ground | part for part in stretches] + [line | part for part in stretches])
        speech, rms = SHORT_NAMES if self.state else (SPEECH_NAME, RMS_NAME)  # two panels side by side are narrow
        names = (
            f'<span style="color:{colours.accent}">━</span> {rms}   '
            f'<span style="color:{colours.text}">▬</span> {speech}'
        )
        note(figure, colours, names, x=1, side="right")
        figure.update_yaxes(range=[bottom, self.reach], nticks=5)
        return dress_panel(figure, colours, span, HEIGHT, "amplitude", self.state)

    def draw(self, axes: Axes, span: Span, colours: Palette) -> None:
        times, low, high = self._outline(span)
        for start, end in self.speech:
            axes.axvspan(start, end, color=colours.speech, lw=0, zorder=0)
            shown = max(start, span[0]), min(end, span[1])  # half the bar lies below the axis, so nothing clips it
            if shown[1] > shown[0]:
                axes.plot(shown, [-self.reach] * 2, color=colours.text, lw=3, solid_capstyle="butt", clip_on=False)
        axes.fill_between(times, low, high, color=colours.wave, lw=0.4)
        axes.plot(self.times, self.rms, color=colours.accent, lw=1.2, label=RMS_NAME)
        axes.plot([], [], color=colours.text, lw=3, label=SPEECH_NAME)
        axes.legend(
            loc="lower right", bbox_to_anchor=(1, 1), ncols=2, frameon=False, fontsize=7, borderaxespad=0.1,
            labelcolor=colours.text,
        )  # fmt: skip
        axes.set_ylim(-self.reach, self.reach)
        dress_axes(axes, colours, span, "amplitude")

    def _outline(self, span: Span) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        first, last = (round(moment * SAMPLE_RATE) for moment in span)
        first = max(0, min(first, len(self.samples) - 1))
        times, low, high = envelope(self.samples[first : max(last, first + 1)])
        return first / SAMPLE_RATE + times, low, high


def reach(*clips: np.ndarray) -> float:
    """An axis that holds every sample of these clips."""
    return 1.08 * (max(float(np.abs(samples).max()) for samples in clips) or 1.0)


def csv(samples: np.ndarray, times: np.ndarray, rms: np.ndarray, span: Span = (0.0, np.inf)) -> str:
    """A row every 10 ms of the span: seconds, lowest and highest sample around it, RMS.  times, rms: shape = (G,)."""
    step = max(1, round((times[1] - times[0]) * SAMPLE_RATE)) if len(times) > 1 else len(samples)
    edges = np.arange(len(times)) * step
    edges = edges[edges < len(samples)]
    low, high = np.minimum.reduceat(samples, edges), np.maximum.reduceat(samples, edges)
    rows = (row for row in zip(times, low, high, rms, strict=False) if span[0] <= row[0] <= span[1])
    return "seconds,lowest,highest,rms\n" + "".join(f"{t:.3f},{a:.5f},{b:.5f},{c:.5f}\n" for t, a, b, c in rows)
