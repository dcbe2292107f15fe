"""A clip on its own seconds axis: the waveform above, what a model makes of each moment below."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from ser_core.audio import SAMPLE_RATE
from ser_core.plots.theme import Palette, dressed, faded, percent
from ser_core.recogniser import Prediction
from ser_core.segments import overlap_add

HEIGHT = 400  # pixels
ROWS = [0.715, 1.0], [0.0, 0.665]  # shares of the height: the waveform, the curves
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
    length = len(samples) / SAMPLE_RATE
    shares = along_the_clip(prediction, segment_seconds)
    layout = dressed(
        colours,
        height=HEIGHT,
        margin={"l": 46, "r": 78, "t": 6, "b": 44},
        hovermode="x unified",
        hoverdistance=-1,
        annotations=_names(prediction, *shares, colours),
        shapes=[_stretch(start, end, colours) for start, end in speech],
        **_axes(samples, length, colours),
    )
    if length > BROWSE:
        layout["dragmode"] = "zoom"
    return go.Figure([_waveform(samples, colours), *_curves(prediction, *shares, colours)], layout)


def _axes(samples: np.ndarray, length: float, colours: Palette) -> dict[str, Any]:
    """Two rows over one seconds axis.  samples: shape = (n,).  length: of the clip in seconds."""
    across = {
        "range": [0, length],
        "showgrid": False,
        "zeroline": False,
        "color": colours.muted,
        "fixedrange": length <= BROWSE,
    }
    reach = float(np.abs(samples).max()) or 1.0  # each clip fills the height; its level stands in the quality line
    return {
        "xaxis": {**across, "anchor": "y", "matches": "x2", "showticklabels": False, "ticks": ""},
        "yaxis": {
            "anchor": "x",
            "domain": ROWS[0],
            "range": [-1.08 * reach, 1.08 * reach],
            "visible": False,
            "fixedrange": True,
        },
        "xaxis2": {
            **across,
            "anchor": "y2",
            "title": {"text": "seconds", "standoff": 4, "font": {"size": 13, "color": colours.muted}},
            "ticks": "outside",
            "ticklen": 4,
            "tickcolor": colours.grid,
            "showspikes": True,
            "spikemode": "across",
            "spikesnap": "cursor",
            "spikethickness": 1,
            "spikedash": "solid",
            "spikecolor": faded(colours.text, 0.35),
            "nticks": 9,
            "unifiedhovertitle": {"text": "<b>%{x:.2f} s</b>"},
        },
        "yaxis2": {
            "anchor": "x2",
            "domain": ROWS[1],
            "range": [0, 1.02],
            "tickvals": [0, 0.25, 0.5, 0.75, 1],
            "ticktext": ["0", "", "50%", "", "100%"],
            "gridcolor": colours.grid,
            "zeroline": False,
            "color": colours.muted,
            "fixedrange": True,
            "ticks": "",
            "ticklabelstandoff": 6,
        },
    }


def _stretch(start: float, end: float, colours: Palette) -> dict[str, Any]:
    """Speech, shaded behind the waveform."""
    return {
        "type": "rect",
        "xref": "x",
        "yref": "y domain",
        "x0": start,
        "x1": end,
        "y0": 0,
        "y1": 1,
        "fillcolor": colours.speech,
        "line": {"width": 0},
        "layer": "below",
    }


def _waveform(samples: np.ndarray, colours: Palette) -> dict[str, Any]:
    times, low, high = envelope(samples)
    return {
        "type": "scatter",
        "x": np.concatenate([times, times[::-1]]),
        "y": np.concatenate([high, low[::-1]]),
        "xaxis": "x",
        "yaxis": "y",
        "fill": "toself",
        "fillcolor": colours.wave,
        "line": {"color": colours.wave, "width": 0.6},
        "mode": "lines",
        "hoverinfo": "skip",
    }


def _curves(prediction: Prediction, times: np.ndarray, shares: np.ndarray, colours: Palette) -> list[dict[str, Any]]:
    """A line for each label, in the order in which the hover box lists them.  times: (T,).  shares: (T, C)."""
    ranked = [label for label, _ in prediction.ranked()]
    return [
        {
            "type": "scatter",
            "x": times,
            "y": shares[:, prediction.labels.index(label)],
            "xaxis": "x2",
            "yaxis": "y2",
            "name": label,
            "zorder": len(ranked) - rank,  # the likeliest lies on top
            "mode": "lines",
            "line": {"color": colours.emotions[label], "width": 3 if rank == 0 else 1.6},
            "fill": "tozeroy" if rank == 0 else None,
            "fillcolor": faded(colours.emotions[label], 0.10),
            "customdata": [percent(share) for share in shares[:, prediction.labels.index(label)]],
            "hovertemplate": "%{customdata}",
        }
        for rank, label in enumerate(ranked)
    ]


def _names(prediction: Prediction, times: np.ndarray, shares: np.ndarray, colours: Palette) -> list[dict[str, Any]]:
    """The names of the labels that matter, where their curves end."""
    ends = {
        label: float(shares[-1, column])
        for label, _ in prediction.ranked()
        if shares[:, column := prediction.labels.index(label)].max() >= NAMED
    }
    return [
        {
            "x": times[-1],
            "xref": "x2",
            "y": height,
            "yref": "y2",
            "xanchor": "left",
            "xshift": 6,
            "showarrow": False,
            "text": f'<span style="color:{colours.emotions[label]}">●</span> '
            + (f"<b>{label}</b>" if label == prediction.label else label),
            "font": {"size": 13},
        }
        for label, height in spread(ends).items()
    ]


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
