"""What is drawn later is loaded while a visitor reads: no click waits for a library."""

from __future__ import annotations

import threading

import streamlit as st

REST = 2.0  # seconds that a page has to itself before the browser is given more to load
_STATE = "warm-browser-state"
# laid out and drawn, else its first drawing would still be to come
_HIDDEN = (
    "<style>.st-key-warm-browser { position: fixed; left: 0; top: 0; width: 60rem; height: 30rem; overflow: hidden; "
    "visibility: hidden; z-index: -1; }</style>"
)


@st.cache_resource(show_spinner=False)
def warm_up() -> threading.Thread:
    """Once for the whole server, beside its other work."""
    thread = threading.Thread(target=_load, name="warm-up", daemon=True)
    thread.start()
    return thread


def _load() -> None:
    import plotly.graph_objects as go

    go.Figure(go.Scatter(x=[0], y=[0])).to_json()  # the first figure loads the rest of it


def warm_browser() -> None:
    """One of each that nobody sees, once in a visit and when the page rests: the browser loads what draws them."""
    state = st.session_state.get(_STATE)
    if state in (None, "resting"):
        _rest()
    elif state == "rested":
        _draw_unseen()
        st.session_state[_STATE] = "warm"


@st.fragment(run_every=REST)
def _rest() -> None:
    if st.session_state.get(_STATE) == "resting":
        st.session_state[_STATE] = "rested"
        st.rerun()
    st.session_state[_STATE] = "resting"


def _draw_unseen() -> None:
    import plotly.graph_objects as go

    with st.container(key="warm-browser"):
        st.html(_HIDDEN)
        st.dataframe({"": [0]}, key="warm-table")
        st.plotly_chart(go.Figure(go.Scatter(x=[0], y=[0])), key="warm-plot", config={"displayModeBar": False})
        st.multiselect("-", ["-"], key="warm-choice")
        st.metric("-", 0, help="-")
        st.progress(0)
        st.code("-")
