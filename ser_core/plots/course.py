"""A long recording on one seconds axis: the waveform and where somebody speaks, and how much of each emotion when."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from ser_core.course import Course
from ser_core.plots.theme import Palette, dress, faded, percent
from ser_core.plots.timeline import envelope

ROW = 30  # pixels for one emotion
SOUND = 84  # pixels for the waveform
AROUND = 58  # pixels above and below
TICKS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900)  # seconds between two ticks of the time axis
MOST_TICKS = 7


def recording_course(samples: np.ndarray, course: Course, colours: Palette) -> go.Figure:
    """samples: the recording, shape = (n,).  A row per emotion, the one that leads for longest at the top."""
    order = _order(course)
    height = SOUND + ROW * (len(order) + 1) + AROUND
    figure = make_subplots(
        rows=2,
        cols=1,
        shared_xaxes=True,
        row_heights=[SOUND, ROW * (len(order) + 1)],
        vertical_spacing=0.03,
    )
    _sound(figure, samples, course, colours)
    _rows(figure, course, order, colours)
    ticks = _ticks(course.seconds)
    figure.update_xaxes(range=[0, course.seconds], showgrid=False, zeroline=False, ticks="", color=colours.muted)
    figure.update_xaxes(
        row=2,
        col=1,
        tickvals=ticks,
        ticktext=[clock(tick) for tick in ticks],
        ticks="outside",
        ticklen=4,
        tickcolor=colours.grid,
        title={"text": "minutes : seconds", "standoff": 4, "font": {"size": 13, "color": colours.muted}},
    )
    figure = dress(figure, colours, height=height, margin={"l": 88, "r": 10, "t": 6, "b": 46}, hovermode="closest")
    figure.update_layout(dragmode="zoom")
    return figure


def _order(course: Course) -> list[str]:
    leads = course.shares()
    mean = dict(zip(course.labels, np.nanmean(course.probabilities, 0), strict=True))
    return sorted(course.labels, key=lambda label: (-leads.get(label, 0.0), -mean[label]))


def _sound(figure: go.Figure, samples: np.ndarray, course: Course, colours: Palette) -> None:
    times, low, high = envelope(samples)
    reach = float(max(high.max(), -low.min())) or 1.0
    figure.add_scatter(
        x=np.concatenate([times, times[::-1]]),
        y=np.concatenate([high, low[::-1]]) / reach,
        fill="toself",
        fillcolor=colours.wave,
        line={"color": colours.wave, "width": 0.6},
        mode="lines",
        hoverinfo="skip",
        row=1,
        col=1,
    )
    # one trace for all speech: an hour may hold a thousand stretches
    x = [value for start, end in course.speech for value in (start, end, None)]
    figure.add_scatter(
        x=x,
        y=[-1.25] * len(x),
        mode="lines",
        line={"color": colours.accent, "width": 5, "simplify": False},  # else stretches below a pixel vanish
        hoverinfo="skip",
        row=1,
        col=1,
    )
    figure.update_yaxes(
        row=1,
        col=1,
        range=[-1.45, 1.05],
        tickvals=[0, -1.25],
        ticktext=["sound", "speech"],
        ticks="",
        showgrid=False,
        zeroline=False,
        color=colours.muted,
        fixedrange=True,
        ticklabelstandoff=6,
    )


def _rows(figure: go.Figure, course: Course, order: list[str], colours: Palette) -> None:
    edges, shares, spoken = course.edges(), course.probabilities, course.spoken
    for row, label in enumerate(order):
        mine = shares[:, course.labels.index(label)]
        figure.add_heatmap(
            x=edges,
            y=[row - 0.42, row + 0.42],
            z=[mine],
            zmin=0,
            zmax=1,
            colorscale=[[0, faded(colours.emotions[label], 0.04)], [1, faded(colours.emotions[label], 1)]],
            showscale=False,
            hoverongaps=False,
            customdata=[
                [f"{label} {percent(share)} at {clock(at)}" for share, at in zip(mine, course.centres, strict=True)]
            ],
            hovertemplate="%{customdata}<extra></extra>",
            row=2,
            col=1,
        )
    winners = np.where(spoken, np.nan_to_num(shares).argmax(1), -1)
    for label in order:
        here = winners == course.labels.index(label)
        if not here.any():
            continue
        figure.add_heatmap(
            x=edges,
            y=[-1.42, -0.58],
            z=[np.where(here, 1.0, np.nan)],
            colorscale=[[0, colours.emotions[label]], [1, colours.emotions[label]]],
            showscale=False,
            hoverongaps=False,
            customdata=[[f"mostly {label} at {clock(at)}" for at in course.centres]],
            hovertemplate="%{customdata}<extra></extra>",
            row=2,
            col=1,
        )
    figure.update_yaxes(
        row=2,
        col=1,
        range=[len(order) - 0.5, -1.5],
        tickvals=list(range(-1, len(order))),
        ticktext=["<b>answer</b>", *order],
        ticks="",
        showgrid=False,
        zeroline=False,
        color=colours.text,
        fixedrange=True,
        ticklabelstandoff=6,
    )


def _ticks(seconds: float) -> list[float]:
    step = next((step for step in TICKS if seconds / step <= MOST_TICKS), TICKS[-1])
    return [float(tick) for tick in range(0, int(seconds) + 1, step)]


def clock(seconds: float) -> str:
    """Minutes and seconds, "12:05"."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02}"
