"""A page whose first run waits a while for a second one to begin beside it, and that says how many went on at once."""

import threading

import streamlit as st


@st.cache_resource
def runs() -> dict:
    return {"now": 0, "most": 0, "second": threading.Event()}


known = runs()
known["now"] += 1
try:
    known["most"] = max(known["most"], known["now"])
    if known["now"] > 1:
        known["second"].set()
    st.markdown("begun")
    if not known["second"].is_set():
        known["second"].wait(2)
        known["second"].set()
    st.markdown(f"{known['most']} at once")
finally:
    known["now"] -= 1
