"""Which maps a model offers, which views fit each, and the widgets that choose among them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from pages.shared.attention_words import (
    BANDS,
    CALIBRATION,
    FOCUS,
    GROUPS,
    HEADS,
    MATRIX,
    OVERLAY,
    PATCHES,
    PRODUCT,
    PROFILE,
    TIME,
    VOTES,
    WINDOWS,
)  # fmt: skip
from ser_core.inspection.look import Look

MEAN = "mean"
ALL = "all"  # what the mean is called where every head is drawn
PRODUCT_MAP = "product"
VOTES_MAP = "token_logits"


@dataclass(frozen=True)
class MapChoice:
    """One map in the list.

    title: what the list calls it.  source: the recorded map.  curve: name of its view along time, None without one.
    heads: how many it has.  focused: how many the focus has.  kinds: the views that fit, the first to open with.
    matrix: the map with queries and keys.
    """

    title: str
    source: str
    curve: str | None
    heads: int
    kinds: tuple[str, ...]
    shows: str
    shows_not: str
    matrix: str | None = None
    focused: int = 0

    def heads_in(self, kind: str) -> int:
        """How many heads a view can show one by one."""
        if kind == FOCUS:
            return self.focused
        return 0 if kind in (HEADS, CALIBRATION) else self.heads


@dataclass(frozen=True)
class Chosen:
    """head: None for the mean."""

    map: MapChoice
    head: int | None
    kind: str

    @property
    def curve(self) -> str | None:
        """Name of the curve along the clip."""
        if self.map.curve is None or self.head is None or not self.map.heads:
            return self.map.curve
        return f"{self.map.curve}.head{self.head}"

    @property
    def title(self) -> str:
        one = self.head is not None and self.map.heads  # the focus has heads also where a map is the mean of them
        return f"{self.map.title}, head {(self.head or 0) + 1}" if one else self.map.title


def choices(look: Look) -> list[MapChoice]:
    """What a model's maps allow, the one to open with first."""
    found = []
    heads: dict[str, int] = {}
    for view in look.views:
        heads[view.source] = heads.get(view.source, 0) + (view.head is not None)
    for view in look.views:
        if view.head is not None:
            continue
        matrix = _matrix(view.source, look)
        found.append(
            MapChoice(view.title, view.source, view.name, heads[view.source],
                      _kinds(view.source, heads[view.source], matrix, look), view.shows, view.shows_not, matrix,
                      len(look.kept["mu"].axis("head")) if "mu" in look.kept else 0)
        )  # fmt: skip
    return found + _of_frequency(look)


def _matrix(source: str, look: Look) -> str | None:
    if source in look.matrices:
        return source
    layer = source.removesuffix(".cls") + ".attention"
    return layer if source.endswith(".cls") and layer in look.matrices else None


def _kinds(source: str, heads: int, matrix: str | None, look: Look) -> tuple[str, ...]:
    kinds = [OVERLAY, TIME]
    if source == VOTES_MAP:
        kinds = [TIME, OVERLAY, VOTES]
    elif source in look.planes():
        kinds.append(PATCHES if look.plane(source).axes[1].unit == "Hz" else GROUPS)
    if heads:
        kinds.append(HEADS)
    if matrix:
        kinds.append(MATRIX)
    if f"{source.removesuffix('.attention')}.start" in look.kept:
        kinds.append(WINDOWS)
    if "mu" in look.kept:
        kinds.append(FOCUS)
    if "calibration" in look.kept and source in ("calibrated", "attention"):
        kinds.append(CALIBRATION)
    if source.endswith("coordinate.columns"):
        kinds.append(PROFILE)
    return tuple(kinds)


def _of_frequency(look: Look) -> list[MapChoice]:
    """The Time-Frequency Transformer's maps that do not run along time alone."""
    found = []
    if "band" in look.kept:
        found.append(
            MapChoice("Frequency attention", "band", None, 0, (BANDS, OVERLAY, MATRIX),
                      "How much the bands of the Frequency Transformer look at each band.",
                      "It knows no time within a window of 0.81 s.", "frequency.attention")
        )  # fmt: skip
    if "band" in look.kept and "time" in look.kept:
        found.append(
            MapChoice("Product: time × frequency", PRODUCT_MAP, "time.attention", 0, (OVERLAY, PRODUCT),
                      "Time attention multiplied by frequency attention, window by window.",
                      "Not a map of the model: the two are computed apart, and only their marginals are known.")
        )  # fmt: skip
    if "cross.attention" in look.matrices:
        found.append(
            MapChoice("Mixing attention", "cross.attention", None, 4, (MATRIX,),
                      "How the third transformer mixes what the other two found; the answer is read from it.",
                      "Its tokens are mixtures of bands: it has neither seconds nor hertz.", "cross.attention")
        )  # fmt: skip
    return found


def pick_map(offered: Sequence[MapChoice]) -> Chosen:
    """Draw the widgets; all of them stand in the address."""
    names = [one.title for one in offered]
    row = st.container(horizontal=True, vertical_alignment="bottom", gap="medium")
    title = _kept("map", names, lambda: row.selectbox("Map", names, key="map", bind="query-params", width=290))
    chosen = next((one for one in offered if one.title == title), offered[0])
    kind = _kept(
        "view", chosen.kinds,
        lambda: row.segmented_control("View", chosen.kinds, default=chosen.kinds[0], required=True, key="view",
                                      bind="query-params", wrap=True, width="content"),
    )  # fmt: skip
    head = None
    if heads := chosen.heads_in(kind):
        numbers = [MEAN, *(str(number) for number in range(1, heads + 1))]
        together = ALL if kind == FOCUS else MEAN
        picked = _kept(
            "head", numbers,
            lambda: row.segmented_control("Head", numbers, default=MEAN, required=True, key="head",
                                          bind="query-params", wrap=True, width="content",
                                          format_func=lambda name: together if name == MEAN else name),
        )  # fmt: skip
        head = None if picked == MEAN else int(picked) - 1
    return Chosen(chosen, head, kind if kind in chosen.kinds else chosen.kinds[0])


def _kept(key: str, options: Sequence[str], draw: Any) -> str:
    """What was chosen for another map and does not exist here is dropped before the widget is drawn."""
    if key in st.session_state and st.session_state[key] not in options:
        del st.session_state[key]
    return str(draw())
