"""The probabilities of one answer as bars."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from ser_core.plots.theme import Palette, dressed, percent

ROW = 33  # pixels per label


def probability_bars(ranked: Sequence[tuple[str, float]], colours: Palette) -> go.Figure:
    """Horizontal bars, the likeliest at the top, each with its name at the left and its number at the right.

    ranked: labels with their probabilities (0 to 1), the likeliest first.  The scale always ends at 1, so that two
    answers can be compared by eye.
    """
    labels = [label for label, _ in ranked]
    shares = [share for _, share in ranked]
    bars = {"type": "bar", "y": labels, "orientation": "h", "hoverinfo": "skip"}
    numbers = [
        {
            # Beyond the track, so that the numbers form a column and never run into a bar.
            "x": 1.0,
            "y": label,
            "text": f"<b>{percent(share)}</b>" if rank == 0 else percent(share),
            "font": {"color": colours.text if rank == 0 else colours.muted},
            "showarrow": False,
            "xanchor": "right",
            "xshift": 48,
        }
        for rank, (label, share) in enumerate(ranked)
    ]
    layout = dressed(
        colours,
        height=ROW * len(labels) + 8,
        margin={"l": 84, "r": 52, "t": 4, "b": 4},
        barmode="overlay",
        bargap=0.42,
        barcornerradius=3,
        annotations=numbers,
        xaxis={"visible": False, "range": [0, 1], "fixedrange": True},
        yaxis={
            "autorange": "reversed",
            "fixedrange": True,
            "showgrid": False,
            "zeroline": False,
            "ticks": "",
            "ticklabelstandoff": 10,
            "automargin": False,
        },
    )
    return go.Figure(
        [
            {**bars, "x": [1.0] * len(labels), "marker": {"color": colours.track}},
            {**bars, "x": shares, "marker": {"color": [colours.emotions[label] for label in labels]}},
        ],
        layout,
    )
