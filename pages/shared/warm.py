"""What later pages draw with is loaded while a visitor reads the first one: no click waits for a library."""

from __future__ import annotations

import threading

import streamlit as st


@st.cache_resource(show_spinner=False)
def warm_up() -> threading.Thread:
    """Once for the whole server, beside its other work."""
    thread = threading.Thread(target=_load, name="warm-up", daemon=True)
    thread.start()
    return thread


def _load() -> None:
    import plotly.graph_objects as go

    go.Figure(go.Scatter(x=[0], y=[0])).to_json()  # the first figure loads the rest of it
