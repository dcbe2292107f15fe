"""Where a token may look: SERCT's deformable windows, and the Gaussians of MHSA-FACA's focus, as bars over time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import plotly.graph_objects as go
from matplotlib.axes import Axes

from ser_core.maps import AttentionMap
from ser_core.plots.attention import line_colour
from ser_core.plots.panel import Span, dress_axes, dress_panel
from ser_core.plots.theme import Palette, faded

HEIGHT: Final = 220  # pixels
BOUNDS: Final = ("start", "end", "anchor")
MOST: Final = 90  # bars; more would be one grey area


@dataclass(frozen=True, eq=False)
class WindowsPanel:
    """A bar per token: whence and until when it may look (at the bottom), and when it stands itself (at the left).

    own, start, end, middle: seconds on the clip's line, shape = (n,).
    """

    title: str
    own: np.ndarray
    start: np.ndarray
    end: np.ndarray
    middle: np.ndarray
    vertical: str
    state: str = ""

    def figure(self, span: Span, colours: Palette) -> go.Figure:
        figure = go.Figure()
        gaps = np.full(len(self.own), np.nan)
        figure.add_scatter(
            x=np.column_stack([self.start, self.end, gaps]).ravel(), y=np.repeat(self.own, 3), mode="lines",
            line={"color": faded(line_colour(colours), 0.55), "width": 2}, hoverinfo="skip",
        )  # fmt: skip
        figure.add_scatter(
            x=self.middle, y=self.own, mode="markers", marker={"color": line_colour(colours), "size": 4},
            customdata=np.column_stack([self.start, self.end]),
            hovertemplate="at %{y:.2f} s<br>%{customdata[0]:.2f} to %{customdata[1]:.2f} s<extra></extra>",
        )  # fmt: skip
        figure.update_yaxes(range=list(self.reach()), nticks=6)
        return dress_panel(figure, colours, span, HEIGHT, self.vertical, self.state)

    def draw(self, axes: Axes, span: Span, colours: Palette) -> None:
        axes.hlines(self.own, self.start, self.end, colors=faded_rgba(line_colour(colours), 0.55), lw=1)
        axes.scatter(self.middle, self.own, s=4, color=line_colour(colours), zorder=3)
        axes.set_ylim(*self.reach())
        dress_axes(axes, colours, span, self.vertical)

    def reach(self) -> tuple[float, float]:
        step = float(np.diff(self.own).max(initial=0.02)) or 0.02
        return float(self.own.min()) - step, float(self.own.max()) + step


def faded_rgba(colour: str, share: float) -> tuple[float, float, float, float]:
    """#rrggbb with an opacity, as Matplotlib takes it."""
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return red, green, blue, share


def token_windows(
    maps: dict[str, AttentionMap], block: str, head: int | None, starts: np.ndarray, span: Span, title: str
) -> WindowsPanel:
    """SERCT's windows in one block.  head: None for the mean of all heads' windows.

    maps: with "<block>.start", ".end" and ".anchor", axes (segment, head, query).  starts: of the segments, seconds.
    span: tokens outside hold no sound.
    """
    start, end, anchor = (_of_head(maps[f"{block}.{name}"], head) + starts[:, None] for name in BOUNDS)
    own = maps[f"{block}.start"].axis("query").centres[None, :] + starts[:, None]
    inside = (own >= span[0]) & (own <= span[1])
    chosen = _thinned(own[inside], start[inside], end[inside], anchor[inside])
    return WindowsPanel(title, *chosen, "token at, s")


def focus_windows(
    maps: dict[str, AttentionMap], head: int | None, starts: np.ndarray, span: Span, title: str
) -> WindowsPanel:
    """MHSA-FACA's focus: mu and, to both sides, sigma, means over the queries of a segment.

    A bar per segment, or with head None a bar per segment and head, a little apart: the mean of heads that look to
    either side would be a middle that none of them looks at.
    maps: with "mu" and "sigma" in seconds, axes (segment, head, query).
    """
    mu, sigma = maps["mu"].mean("query").values, maps["sigma"].mean("query").values  # (segment, head)
    if head is not None:
        mu, sigma = mu[:, [head]], sigma[:, [head]]
    heads = mu.shape[1]
    length = 2 * float(maps["mu"].axis("query").centres.mean())
    own = starts + length / 2
    inside = np.flatnonzero(own <= max(span[1], float(own[0])))
    inside = inside[:: max(1, -(-len(inside) * heads // MOST))]
    own, middle, sigma = own[inside], starts[inside, None] + mu[inside], sigma[inside]
    step = float(np.diff(own).min(initial=length)) if len(own) > 1 else length
    apart = own[:, None] + 0.7 * step * ((np.arange(heads) + 0.5) / heads - 0.5)
    low, high = middle - sigma, middle + sigma
    return WindowsPanel(title, apart.ravel(), low.ravel(), high.ravel(), middle.ravel(), "window around, s")


def _of_head(one: AttentionMap, head: int | None) -> np.ndarray:
    """(segment, query)."""
    return np.asarray(one.mean("head").values if head is None else one.at("head", head).values)


Four = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def _thinned(own: np.ndarray, start: np.ndarray, end: np.ndarray, middle: np.ndarray) -> Four:
    order = np.argsort(own, kind="stable")
    chosen = order[:: max(1, -(-len(order) // MOST))]
    return own[chosen], start[chosen], end[chosen], middle[chosen]
