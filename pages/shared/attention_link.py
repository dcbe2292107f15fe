"""The link to what is seen: the widgets' own query parameters, and what is at its default."""

from __future__ import annotations

from urllib.parse import urlencode

import streamlit as st

from pages.shared.clip_picker import SAMPLES, SOURCE


def link_popover(*named: str) -> None:
    """named: keys of this part's widgets whose default hangs on what is here, on the clip or on the model."""
    with st.popover("Link to this view", icon=":material/link:", type="tertiary"):
        st.markdown(
            "It holds the sample, the model, this part of the page with what is chosen in it, the stretch and the "
            "zoom. A clip of your own is not in it, as it never leaves your session."
        )
        st.code(address(named), language=None, wrap_lines=True)


def address(named: tuple[str, ...]) -> str:
    """Of this view; the same view wherever the models that it names are, whatever else is there."""
    query = {key: st.query_params.get_all(key) for key in st.query_params}
    sample = ("emotion", "voice") if st.session_state.get(SOURCE, SAMPLES) == SAMPLES else ()
    for key in ("model", *sample, *named):
        value = st.session_state.get(key)
        if value is not None:
            query[key] = (value or [""]) if isinstance(value, list) else [str(value)]
    return f"{st.context.url or ''}?{urlencode(query, doseq=True)}"
