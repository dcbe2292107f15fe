"""Two answers to the same question: probabilities before and after a change of the sound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from ser_core.plots.probabilities import ROW
from ser_core.plots.theme import Palette, dress, percent

SEEN = 0.01  # below this a line where a bar stood would only hide its beginning


def change_bars(before: Sequence[tuple[str, float]], after: Mapping[str, float], colours: Palette) -> go.Figure:
    """A bar per label for what stands now, a line where it stood before, and the difference in points.

    before: labels with their probabilities (0 to 1), in the order of the rows, as `probability_bars` has them.
    after: the new probability of each label.
    """
    labels = [label for label, _ in before]
    shares = [after[label] for label in labels]
    figure = go.Figure()
    figure.add_bar(y=labels, x=[1.0] * len(labels), orientation="h", marker={"color": colours.track}, hoverinfo="skip")
    figure.add_bar(
        y=labels,
        x=shares,
        orientation="h",
        marker={"color": [colours.emotions[label] for label in labels]},
        hoverinfo="skip",
    )
    stood = [(label, share) for label, share in before if share >= SEEN]
    figure.add_scatter(
        y=[label for label, _ in stood],
        x=[share for _, share in stood],
        mode="markers",
        marker={"symbol": "line-ns", "size": 19, "line": {"width": 2, "color": colours.text}},
        cliponaxis=False,
        hoverinfo="skip",
    )
    winner = max(after, key=lambda label: after[label])
    for label, share in before:
        now = percent(after[label])
        for text, right, colour in (
            (f"<b>{now}</b>" if label == winner else now, 48, colours.text if label == winner else colours.muted),
            (points(share, after[label]), 88, colours.muted),
        ):
            figure.add_annotation(
                x=1.0, y=label, text=text, font={"color": colour}, showarrow=False, xanchor="right", xshift=right
            )
    figure.update_xaxes(visible=False, range=[0, 1], fixedrange=True)
    figure.update_yaxes(
        range=[len(labels) - 0.5, -0.5], fixedrange=True, showgrid=False, zeroline=False, ticks="", ticklabelstandoff=10
    )
    return dress(
        figure,
        colours,
        height=ROW * len(labels) + 8,
        margin={"l": 84, "r": 92, "t": 4, "b": 4},
        barmode="overlay",
        bargap=0.42,
        barcornerradius=3,
    )


def points(before: float, after: float) -> str:
    """A change of probability in whole percentage points, with its sign: "+12", "−3", "±0"."""
    change = round(100 * after) - round(100 * before)
    return f"{change:+d}".replace("-", "\N{MINUS SIGN}") if change else "±0"
