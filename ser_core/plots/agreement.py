"""How alike curves are, pair by pair."""

from __future__ import annotations

from typing import Final

import plotly.graph_objects as go

from ser_core.inspection.agreement import Agreement
from ser_core.plots.attention_colours import SIGNED, plotly_colours
from ser_core.plots.theme import Palette, dress

ROW: Final = 34  # pixels


def agreement_table(found: Agreement, names: tuple[str, ...], colours: Palette) -> go.Figure:
    """Spearman's rho of every pair.  names: of the curves, in the order of `found.names`; the columns count them."""
    figure = go.Figure()
    numbers = [str(number) for number in range(1, len(names) + 1)]  # names would not fit above narrow columns
    rows = [f"{number}  {name}" for number, name in zip(numbers, names, strict=True)]
    texts = [["–" if rho is None else f"{rho:.2f}".replace("-", "\N{MINUS SIGN}") for rho in row] for row in found.rho]
    figure.add_heatmap(
        z=[[None if rho is None else rho for rho in row] for row in found.rho], x=numbers, y=rows, zmin=-1,
        zmax=1, colorscale=plotly_colours(SIGNED), showscale=False, text=texts, texttemplate="%{text}",
        customdata=[list(names)] * len(names), xgap=2, ygap=2,
        hovertemplate="%{y} and %{customdata}<br>rank correlation %{text}<extra></extra>",
    )  # fmt: skip
    axis = {"color": colours.muted, "fixedrange": True, "showgrid": False, "zeroline": False, "tickfont": {"size": 12}}
    figure.update_xaxes(side="top", type="category", **axis)
    figure.update_yaxes(autorange="reversed", type="category", automargin=True, **axis)
    return dress(figure, colours, 40 + ROW * len(names), {"l": 40, "r": 10, "t": 34, "b": 6})
