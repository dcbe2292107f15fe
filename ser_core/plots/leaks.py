"""What stands on both sides of a split, and what that does to a score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import plotly.graph_objects as go

from ser_core.plots.theme import Palette, dress
from ser_core.protocols import Leaks

ROW: Final = 34  # pixels
# What of the test part training has met, the gravest first.
KINDS: Final = (
    ("utterances", "the very clip"),
    ("siblings", "a changed copy"),
    ("speakers", "its speaker"),
    ("texts", "its sentence"),
)
ON_TEST: Final = "epoch chosen<br>on it"


def leak_shares(found: dict[str, Leaks], colours: Palette) -> go.Figure:
    """For each protocol the share of its test clips of which training has met something, as a table of shaded cells.

    Shared sentences are usual and shaded in grey; all else makes a score say less about a new voice.  Where nobody says
    who speaks, or what, the cell is shaded like a leak and says "unknown".
    found: protocol -> its leaks.
    """
    protocols = list(found)
    shares = {title: [_share(one, kind) for one in found.values()] for kind, title in KINDS}
    unknown = {title: [_unknown(one, kind) for one in found.values()] for kind, title in KINDS}
    shares[ON_TEST] = [float(one.chosen_on_test) for one in found.values()]
    usual = KINDS[-1][1]
    order = [title for _, title in KINDS[:-1]] + [ON_TEST, usual]
    figure = go.Figure()
    for full, shaded in ((colours.emotions["angry"], order[:-1]), (colours.muted, order[-1:])):
        # Every heatmap spans all columns: Plotly misplaces one that has a single column of categories.
        z = [[shares[title][n] if title in shaded else None for title in order] for n in range(len(protocols))]
        figure.add_heatmap(
            z=z, x=order, y=protocols, zmin=0, zmax=1, colorscale=[[0.0, colours.surface], [1.0, full]], xgap=2,
            ygap=2, showscale=False, hoverinfo="skip",
        )  # fmt: skip
    figure.update_layout(
        annotations=[
            _word(title, protocol, shares[title][n], title in unknown and unknown[title][n], colours)
            for title in order
            for n, protocol in enumerate(protocols)
        ]
    )
    figure.update_xaxes(
        side="top", showgrid=False, ticks="", fixedrange=True, tickfont={"size": 13}, tickangle=0,
        categoryorder="array", categoryarray=order,
    )  # fmt: skip
    figure.update_yaxes(
        autorange="reversed", showgrid=False, ticks="", fixedrange=True, tickfont={"size": 13}, ticklabelstandoff=6
    )
    return dress(figure, colours, height=ROW * len(protocols) + 62, margin={"l": 136, "r": 4, "t": 54, "b": 8})


def _share(found: Leaks, kind: str) -> float:
    nobody_says = getattr(found, f"unknown_{kind}").clips if kind in ("speakers", "texts") else 0
    return float(max(getattr(found, kind).clips, nobody_says) / max(1, found.test))


def _unknown(found: Leaks, kind: str) -> bool:
    """Whether nobody says it of more clips than are known to have been met."""
    return kind in ("speakers", "texts") and getattr(found, f"unknown_{kind}").clips > getattr(found, kind).clips


def _word(title: str, protocol: str, share: float, unknown: bool, colours: Palette) -> dict[str, Any]:
    text = ("yes" if share else "no") if title == ON_TEST else f"{100 * share:.0f}%" if share else "none"
    text = "unknown" if unknown else text
    colour = colours.background if share > 0.6 else colours.text if share else colours.muted
    return {"x": title, "y": protocol, "text": text, "showarrow": False, "font": {"size": 13, "color": colour}}


@dataclass(frozen=True)
class Pair:
    """One system under two splits, UA as fractions.  leaky: its paper's protocol; printed: what the paper gives."""

    name: str
    honest: float | None
    honest_between: tuple[float, float] | None
    leaky: float | None
    printed: float | None


def honest_against_leaky(pairs: Sequence[Pair], colours: Palette) -> go.Figure:
    """A row for each system and corpus: the honest score, the one under the paper's split, and the printed one."""
    figure = go.Figure()
    places = list(range(len(pairs)))
    for place, pair in zip(places, pairs, strict=True):
        if pair.honest is not None and pair.leaky is not None:
            figure.add_shape(
                type="line", x0=pair.honest, x1=pair.leaky, y0=place, y1=place,
                line={"color": colours.grid, "width": 6}, layer="below",
            )  # fmt: skip
    looks = (
        ("honest", "every speaker new to the model", "circle", colours.accent),
        ("leaky", "under the paper's split", "diamond", colours.emotions["angry"]),
        ("printed", "printed in the paper", "x-thin-open", colours.text),
    )
    for key, name, symbol, colour in looks:
        own = [(place, pair) for place, pair in zip(places, pairs, strict=True) if getattr(pair, key) is not None]
        if not own:
            continue
        values = [getattr(pair, key) for _, pair in own]
        error = None
        if key == "honest":
            between = [pair.honest_between or (value, value) for value, (_, pair) in zip(values, own, strict=True)]
            error = {
                "type": "data", "symmetric": False, "color": colour, "thickness": 2, "width": 4,
                "array": [high - value for value, (_, high) in zip(values, between, strict=True)],
                "arrayminus": [value - low for value, (low, _) in zip(values, between, strict=True)],
            }  # fmt: skip
        figure.add_scatter(
            x=values, y=[place for place, _ in own], mode="markers", name=name, error_x=error,
            marker={"symbol": symbol, "size": 11, "color": colour, "line": {"width": 2, "color": colour}},
            text=[f"{pair.name}, {name}: {100 * value:.1f}%" for value, (_, pair) in zip(values, own, strict=True)],
            hovertemplate="%{text}<extra></extra>",
        )  # fmt: skip
    figure.update_xaxes(
        range=[-0.01, 1.02], tickformat=".0%", dtick=0.25, color=colours.muted, gridcolor=colours.grid, zeroline=False,
        fixedrange=True, title={"text": "UA", "standoff": 4, "font": {"size": 13, "color": colours.muted}},
    )  # fmt: skip
    figure.update_yaxes(
        tickvals=places, ticktext=[pair.name for pair in pairs], range=[len(pairs) - 0.5, -0.5], showgrid=False,
        zeroline=False, ticks="", fixedrange=True, ticklabelstandoff=8, tickfont={"size": 13},
    )  # fmt: skip
    dress(figure, colours, height=ROW * len(pairs) + 100, margin={"l": 170, "r": 12, "t": 46, "b": 46})
    return figure.update_layout(
        showlegend=True,
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "font": {"size": 12}, "itemclick": False,
                "itemdoubleclick": False},
    )  # fmt: skip
