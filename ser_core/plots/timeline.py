"""A clip on its own seconds axis: the waveform above, what a model makes of each moment below."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from ser_core.audio import SAMPLE_RATE
from ser_core.plots.theme import Palette, dress, faded, percent
from ser_core.recogniser import Prediction
from ser_core.segments import overlap_add

HEIGHT = 400  # pixels
POINTS = 1200  # along the time axis; more than a screen has
FINEST = 0.05  # seconds between points of the probability curves
NAMED = 0.15  # a curve that reaches this share anywhere gets its name at its end
NAME_GAP = 0.085  # between two names, as a share of the probability axis
BROWSE = 20.0  # seconds; longer clips can be zoomed into


def envelope(samples: np.ndarray, points: int = POINTS) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The lowest and the highest sample in each of at most `points` equal stretches of a clip.

    samples: shape = (n,).  Returns the middle of each stretch in seconds, lowest and highest, all shape = (P,).
    """
    edges = np.linspace(0, len(samples), min(points, len(samples)) + 1).astype(int)
    low = np.minimum.reduceat(samples, edges[:-1])
    high = np.maximum.reduceat(samples, edges[:-1])
    return (edges[:-1] + edges[1:]) / 2 / SAMPLE_RATE, low, high


def along_the_clip(prediction: Prediction, segment_seconds: float) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities at each moment: the mean over all segments that contain it.

    segment_seconds: length of a segment.  Returns the moments in seconds (T,) and probabilities (T, C), rows sum to 1.
    """
    span = float(prediction.starts[0]), float(prediction.ends[-1])
    step = max(FINEST, (span[1] - span[0]) / POINTS)
    columns = max(1, round(segment_seconds / step))
    held = np.repeat(prediction.segment_probabilities[:, None, :], columns, axis=1)  # [S, T, C]
    times = (np.arange(columns) + 0.5) * segment_seconds / columns
    return overlap_add(held, times, prediction.starts, span, step)


def clip_timeline(
    samples: np.ndarray,
    prediction: Prediction,
    segment_seconds: float,
    colours: Palette,
    speech: Sequence[tuple[float, float]] = (),
) -> go.Figure:
    """Waveform and probabilities along the clip over one seconds axis.

    samples: the clip, shape = (n,).  speech: stretches (start, end) in seconds that hold speech, shaded.
    """
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.3, 0.7], vertical_spacing=0.05)
    seconds = len(samples) / SAMPLE_RATE
    _waveform(figure, samples, colours)
    _curves(figure, prediction, segment_seconds, seconds, colours)
    for start, end in speech:
        figure.add_vrect(start, end, fillcolor=colours.speech, line_width=0, layer="below", row=1, col=1)
    figure.update_xaxes(
        range=[0, seconds], showgrid=False, zeroline=False, ticks="", color=colours.muted, fixedrange=seconds <= BROWSE
    )
    figure.update_xaxes(
        row=2,
        col=1,
        title={"text": "seconds", "standoff": 4, "font": {"size": 13, "color": colours.muted}},
        ticks="outside",
        ticklen=4,
        tickcolor=colours.grid,
        showspikes=True,
        spikemode="across",
        spikesnap="cursor",
        spikethickness=1,
        spikedash="solid",
        spikecolor=faded(colours.text, 0.35),
        nticks=9,
        unifiedhovertitle={"text": "<b>%{x:.2f} s</b>"},
    )
    figure = dress(
        figure,
        colours,
        height=HEIGHT,
        margin={"l": 46, "r": 78, "t": 6, "b": 44},
        hovermode="x unified",
        hoverdistance=-1,
    )
    if seconds > BROWSE:
        figure.update_layout(dragmode="zoom")
    return figure


def _waveform(figure: go.Figure, samples: np.ndarray, colours: Palette) -> None:
    times, low, high = envelope(samples)
    figure.add_scatter(
        x=np.concatenate([times, times[::-1]]),
        y=np.concatenate([high, low[::-1]]),
        fill="toself",
        fillcolor=colours.wave,
        line={"color": colours.wave, "width": 0.6},
        mode="lines",
        hoverinfo="skip",
        row=1,
        col=1,
    )
    reach = float(np.abs(samples).max()) or 1.0  # each clip fills the height; its level stands in the quality line
    figure.update_yaxes(row=1, col=1, range=[-1.08 * reach, 1.08 * reach], visible=False, fixedrange=True)


def _curves(
    figure: go.Figure, prediction: Prediction, segment_seconds: float, seconds: float, colours: Palette
) -> None:
    times, shares = along_the_clip(prediction, segment_seconds)
    ranked = [label for label, _ in prediction.ranked()]
    column = {label: shares[:, prediction.labels.index(label)] for label in ranked}
    for rank, label in enumerate(ranked):  # in the order that the hover box lists them
        winner = label == ranked[0]
        colour = colours.emotions[label]
        figure.add_scatter(
            x=times,
            y=column[label],
            name=label,
            zorder=len(ranked) - rank,  # the likeliest lies on top
            mode="lines",
            line={"color": colour, "width": 3 if winner else 1.6},
            fill="tozeroy" if winner else None,
            fillcolor=faded(colour, 0.10),
            customdata=[percent(share) for share in column[label]],
            hovertemplate="%{customdata}",
            row=2,
            col=1,
        )
    named = {label: float(column[label][-1]) for label in ranked if column[label].max() >= NAMED}
    for label, height in spread(named).items():
        figure.add_annotation(
            x=times[-1],
            xref="x2",
            y=height,
            yref="y2",
            xanchor="left",
            xshift=6,
            showarrow=False,
            text=f'<span style="color:{colours.emotions[label]}">●</span> '
            + (f"<b>{label}</b>" if label == ranked[0] else label),
            font={"size": 13},
        )
    figure.update_yaxes(
        row=2,
        col=1,
        range=[0, 1.02],
        tickvals=[0, 0.25, 0.5, 0.75, 1],
        ticktext=["0", "", "50%", "", "100%"],
        gridcolor=colours.grid,
        zeroline=False,
        color=colours.muted,
        fixedrange=True,
        ticks="",
        ticklabelstandoff=6,
    )


def spread(heights: dict[str, float], gap: float = NAME_GAP) -> dict[str, float]:
    """Move names along an axis from 0 to 1 just so far that no two are closer than `gap`; their order is kept."""
    placed: dict[str, float] = {}
    floor = gap / 2
    for label in sorted(heights, key=lambda name: heights[name]):
        placed[label] = max(heights[label], floor)
        floor = placed[label] + gap
    ceiling = 1.0 - gap / 2
    for label in reversed(placed):
        placed[label] = min(placed[label], ceiling)
        ceiling = placed[label] - gap
    return placed
