"""The probabilities of one answer as bars."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from ser_core.plots.theme import Palette, dress, percent

ROW = 33  # pixels per label


def probability_bars(ranked: Sequence[tuple[str, float]], colours: Palette) -> go.Figure:
    """Horizontal bars, the likeliest at the top, each with its name at the left and its number at the right.

    ranked: labels with their probabilities (0 to 1), the likeliest first.  The scale always ends at 1, so that two
    answers can be compared by eye.
    """
    labels = [label for label, _ in ranked]
    shares = [share for _, share in ranked]
    figure = go.Figure()
    figure.add_bar(y=labels, x=[1.0] * len(labels), orientation="h", marker={"color": colours.track}, hoverinfo="skip")
    figure.add_bar(
        y=labels,
        x=shares,
        orientation="h",
        marker={"color": [colours.emotions[label] for label in labels]},
        hoverinfo="skip",
    )
    for rank, (label, share) in enumerate(ranked):
        # Beyond the track, so that the numbers form a column and never run into a bar.
        figure.add_annotation(
            x=1.0,
            y=label,
            text=f"<b>{percent(share)}</b>" if rank == 0 else percent(share),
            font={"color": colours.text if rank == 0 else colours.muted},
            showarrow=False,
            xanchor="right",
            xshift=48,
        )
    figure.update_xaxes(visible=False, range=[0, 1], fixedrange=True)
    figure.update_yaxes(
        autorange="reversed",
        fixedrange=True,
        showgrid=False,
        zeroline=False,
        ticks="",
        ticklabelstandoff=10,
        automargin=False,
    )
    return dress(
        figure,
        colours,
        height=ROW * len(labels) + 8,
        margin={"l": 84, "r": 52, "t": 4, "b": 4},
        barmode="overlay",
        bargap=0.42,
        barcornerradius=3,
    )
