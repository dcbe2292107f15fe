"""What a corpus holds: counts by emotion, speaker and sex, and how lengths and levels spread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import plotly.graph_objects as go

from ser_core.emotions import EMOTIONS
from ser_core.plots.theme import Palette, dress, faded

ROW: Final = 28  # pixels per bar or box
SPEAKERS_HEIGHT: Final = 340  # pixels
NAMED: Final = 48  # speakers whose names fit below their columns
SEXES: Final = ("female", "male", "unknown")


def emotion_order(emotions: Sequence[str]) -> list[str]:
    """As the vocabulary lists them."""
    return [name for name in EMOTIONS if name in emotions]


def emotion_counts(counts: Mapping[str, int], published: Mapping[str, int], colours: Palette) -> go.Figure:
    """Utterances of each emotion; a frame shows how many the complete release has where it has more or less."""
    names = emotion_order([*counts, *published])
    here = [counts.get(name, 0) for name in names]
    release = [published.get(name, 0) for name in names]
    figure = go.Figure()
    figure.add_bar(
        y=names, x=release, orientation="h", hoverinfo="skip",
        marker={"color": "rgba(0,0,0,0)", "line": {"color": colours.muted, "width": 1}},
    )  # fmt: skip
    figure.add_bar(
        y=names, x=here, orientation="h", marker={"color": [colours.emotions[name] for name in names]},
        customdata=[f"{n:,} here" + (f", {of:,} published" if of else "") for n, of in zip(here, release, strict=True)],
        hovertemplate="%{y}: %{customdata}<extra></extra>",
    )  # fmt: skip
    for name, n, of in zip(names, here, release, strict=True):
        text = f"{n:,}" if n == of or not of else f"{n:,} of {of:,}"
        _beside(figure, max(n, of), name, text, colours)
    return _bars(figure, names, max([1, *here, *release]), colours)


def sex_counts(counts: Mapping[str, int], colours: Palette) -> go.Figure:
    """Utterances by the speakers' sex."""
    names = [name for name in SEXES if name in counts]
    figure = go.Figure()
    figure.add_bar(
        y=names, x=[counts[name] for name in names], orientation="h", marker={"color": colours.wave},
        hovertemplate="%{y}: %{x:,}<extra></extra>",
    )  # fmt: skip
    for name in names:
        _beside(figure, counts[name], name, f"{counts[name]:,}", colours)
    return _bars(figure, names, max(counts.values(), default=1), colours)


def speaker_counts(counts: Mapping[str, Mapping[str, int]], sexes: Mapping[str, str], colours: Palette) -> go.Figure:
    """A column for each speaker, women first, stacked by emotion.

    counts: emotion -> speaker -> utterances.  sexes: speaker -> sex.
    """
    order = sorted(sexes, key=lambda name: (SEXES.index(sexes[name]), name))
    names = [name.partition("/")[2] or name for name in order]
    places = list(range(len(order)))
    figure = go.Figure()
    for emotion in emotion_order(list(counts)):
        figure.add_bar(
            x=places,
            y=[counts[emotion].get(name, 0) for name in order],
            name=emotion,
            marker={"color": colours.emotions[emotion], "line": {"width": 0}},
            customdata=[[name, sexes[speaker]] for name, speaker in zip(names, order, strict=True)],
            hovertemplate=f"%{{customdata[0]}} (%{{customdata[1]}}), {emotion}: %{{y:,}}<extra></extra>",
        )
    for sex in SEXES:
        own = [place for place, name in zip(places, order, strict=True) if sexes[name] == sex]
        if own:
            figure.add_annotation(
                x=(own[0] + own[-1]) / 2, y=1, yref="paper", yanchor="bottom", text=f"{len(own)} {sex}",
                showarrow=False, font={"size": 13, "color": colours.muted},
            )  # fmt: skip
            if own[0] > 0:
                figure.add_vline(own[0] - 0.5, line={"color": colours.muted, "width": 1, "dash": "dot"})
    step = -(-len(order) // NAMED)
    figure.update_xaxes(
        tickvals=places[::step], ticktext=names[::step], showgrid=False, zeroline=False, color=colours.muted,
        fixedrange=True, title={"text": "speaker", "standoff": 4, "font": {"size": 13, "color": colours.muted}},
        tickfont={"size": 12 if len(order) <= 30 else 10},
    )  # fmt: skip
    figure.update_yaxes(
        color=colours.muted, gridcolor=colours.grid, zeroline=False, fixedrange=True, rangemode="tozero",
        title={"text": "utterances", "standoff": 4, "font": {"size": 13, "color": colours.muted}},
    )  # fmt: skip
    figure = dress(
        figure, colours, height=SPEAKERS_HEIGHT, margin={"l": 56, "r": 8, "t": 24, "b": 96}, barmode="stack", bargap=0.2
    )
    return figure.update_layout(
        showlegend=True,
        legend={
            "orientation": "h", "x": 0, "y": -0.32, "yanchor": "top", "traceorder": "normal", "font": {"size": 12},
            "itemclick": False, "itemdoubleclick": False,
        },
    )  # fmt: skip


def spread_by_emotion(
    values: Mapping[str, Sequence[float]], names: Mapping[str, Sequence[str]], axis: str, unit: str, colours: Palette
) -> go.Figure:
    """How a figure of the recordings spreads, a box for each emotion: median, quartiles, and single ones far out.

    values: emotion -> numbers.  names: emotion -> what each recording is called, for the mouse.
    """
    order = emotion_order(list(values))
    figure = go.Figure()
    for emotion in order:
        figure.add_box(
            x=list(values[emotion]),
            y=[emotion] * len(values[emotion]),
            text=list(names[emotion]),
            orientation="h",
            boxpoints="outliers",
            marker={"color": colours.emotions[emotion], "size": 4},
            line={"color": colours.emotions[emotion], "width": 1.5},
            fillcolor=faded(colours.emotions[emotion], 0.25),
            hoveron="points",
            hovertemplate=f"%{{text}}<br>%{{x:.1f}} {unit}<extra></extra>",
        )
    figure.update_xaxes(
        title={"text": f"{axis} ({unit})", "standoff": 4, "font": {"size": 13, "color": colours.muted}},
        color=colours.muted, gridcolor=colours.grid, zeroline=False, fixedrange=True, ticks="outside", ticklen=4,
        tickcolor=colours.grid,
    )  # fmt: skip
    _names(figure, order)
    return dress(figure, colours, height=ROW * len(order) + 56, margin={"l": 84, "r": 12, "t": 4, "b": 48}, boxgap=0.35)


def _beside(figure: go.Figure, value: float, name: str, text: str, colours: Palette) -> None:
    figure.add_annotation(
        x=value, y=name, text=text, xanchor="left", xshift=6, showarrow=False, font={"size": 13, "color": colours.muted}
    )


def _bars(figure: go.Figure, names: Sequence[str], most: float, colours: Palette, **layout: Any) -> go.Figure:
    figure.update_xaxes(visible=False, range=[0, 1.45 * most], fixedrange=True)
    _names(figure, names)
    return dress(
        figure, colours, height=ROW * len(names) + 8, margin={"l": 84, "r": 4, "t": 4, "b": 4}, barmode="overlay",
        bargap=0.35, barcornerradius=3, **layout,
    )  # fmt: skip


def _names(figure: go.Figure, names: Sequence[str]) -> None:
    """The names at the left, the first at the top."""
    figure.update_yaxes(
        categoryorder="array", categoryarray=list(reversed(names)), fixedrange=True, showgrid=False, zeroline=False,
        ticks="", ticklabelstandoff=10, automargin=False,
    )  # fmt: skip
