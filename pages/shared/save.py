"""Taking pictures away: PNG and SVG for paper, HTML that answers to the mouse, CSV for one's own tools."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import streamlit as st

from ser_core.plots import paper
from ser_core.plots.panel import Panel, Span
from ser_core.plots.theme import Palette


def save_figure(
    key: str,
    columns: Sequence[Sequence[Panel]],
    spans: Sequence[Span],
    colours: Palette,
    csv: Callable[[], str] | None,
    more: Mapping[str, tuple[str, Callable[[], str | bytes]]] = MappingProxyType({}),
    below: str | None = "seconds",
) -> None:
    """A button that opens on the formats; each file is made when it is asked for.

    columns: the pictures of each clip, one above the other.  csv: the numbers, None where there is no one table.
    more: further formats, with type and maker.  below: see `paper.save`.
    """
    files: dict[str, tuple[str, Callable[[], str | bytes]]] = {
        "PNG": ("image/png", lambda: paper.save(columns, spans, colours, "png", below)),
        "SVG": ("image/svg+xml", lambda: paper.save(columns, spans, colours, "svg", below)),
        "HTML": ("text/html", lambda: paper.page(columns, spans, colours)),
    }
    if csv is not None:
        files["CSV"] = ("text/csv", csv)
    files |= more
    with st.popover("Save", icon=":material/download:", type="tertiary", key=f"save-{key}"):
        for kind, (mime, make) in files.items():
            st.download_button(
                kind,
                make,
                f"{key}.{kind.lower()}",
                mime,
                icon=":material/download:",
                on_click="ignore",
                type="tertiary",
                key=f"save-{key}-{kind}",
            )
