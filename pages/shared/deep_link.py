"""A link straight to a page, on a server that nobody has visited yet.

Streamlit runs the files of a folder called pages/ by themselves until `st.navigation` has been called once in the
process: the first visitor would get the page without app.py, its theme and its neighbours.
"""

from __future__ import annotations

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager


def through_app() -> None:
    """Call first thing in a page: where it was not app.py that called it, begin again there; the address stays."""
    if PagesManager.uses_pages_directory:
        PagesManager.uses_pages_directory = False
        st.rerun()
