"""A link straight to a page, on a server that nobody has visited yet.

Streamlit runs the files of a folder called pages/ by themselves until `st.navigation` has been called once in the
process: the first visitor would get the page without app.py, its theme and its neighbours.  `.streamlit/serve.py` says
beforehand that there is no such folder; this is for whoever starts `streamlit run app.py`.
"""

from __future__ import annotations

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager


def through_app() -> None:
    """Call first thing in a page: where it was not app.py that called it, the browser loads the same address again.

    A rerun is not enough: the browser would drop the styles that app.py sends.
    """
    if PagesManager.uses_pages_directory:
        PagesManager.uses_pages_directory = False
        st.html("<script>window.location.reload()</script>", unsafe_allow_javascript=True)
        st.stop()
