"""Links to other pages, only where there is such a page."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from streamlit.errors import StreamlitAPIException

ROOT = Path(__file__).resolve().parents[2]


def link_to(page: str, label: str, icon: str, query: dict[str, str] | None = None) -> bool:
    """A link to a page by its file below the project, e.g. "pages/signal.py".  False where it is not registered."""
    if not (ROOT / page).is_file():
        return False
    try:
        st.page_link(page, label=label, icon=icon, query_params=query)
    except (StreamlitAPIException, KeyError):
        return False
    return True
