"""Which system a page speaks of; in the address, and the same in every part of the page."""

from __future__ import annotations

import streamlit as st

from ser_core.models import list_systems, system_class

KEPT = "system_kept"


def pick_system(key: str = "system", *, baselines: bool = True) -> str:
    """Draw the list: the published systems first, then what their papers compare with."""
    published = list_systems()
    systems = published + [name for name in list_systems(baselines=True) if name not in published]
    options = systems if baselines else published
    kept = st.session_state.get(KEPT)
    if key not in st.session_state and kept in options:
        st.session_state[key] = kept
    chosen = st.selectbox("System", options, key=key, bind="query-params", help=titles(options))
    st.session_state[KEPT] = chosen
    return str(chosen)


def titles(systems: list[str]) -> str:
    """What the short names stand for."""
    lines = []
    for name in systems:
        of = system_class(name).baseline_of
        lines.append(f"`{name}`: {system_class(name).title}" + (f", a baseline of {of}'s paper" if of else ""))
    return "  \n".join(lines)
