"""Whether this visitor may act on the server: import, download, launch, delete.  `ser_core.jobs.permission` decides."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from ser_core.jobs.permission import Permission

NAME = "SER_ADMIN_KEY"
_KEY = "admin_key"  # holds a passphrase only once it was right


def permission(typed: str | None = None) -> Permission:
    """The answer for this visitor.  typed: a passphrase to try; else the one that was right before counts."""
    from ser_core.jobs import permission as core  # brings the training code along

    headers = st.context.headers
    # Whoever was right before is not slowed down by others' wrong tries: only what is typed now goes that way.
    slowed = {} if typed is not None else {"throttle": core.Throttle()}
    return core.may_act(
        st.get_option("server.address"),
        headers,
        headers.get("Host") or "",
        typed if typed is not None else st.session_state.get(_KEY),
        visitor=st.context.ip_address or "",
        settings=settings(),
        **slowed,
    )


def settings() -> Mapping[str, str]:
    """The environment; the passphrase may also stand in Streamlit's secrets."""
    if os.environ.get(NAME) or not st.secrets.load_if_toml_exists() or NAME not in st.secrets:
        return os.environ
    return {**os.environ, NAME: str(st.secrets[NAME])}


def ask_permission(action: str) -> Permission:
    """The same; where the answer is no, with its reason and, where a passphrase helps, a field for it."""
    answer = permission()
    if answer.allowed:
        return answer
    st.info(f"You cannot {action} here. {answer.reason}", icon=":material/lock:")
    with st.form("passphrase", border=False):
        left, right = st.columns([0.6, 0.4], vertical_alignment="bottom")
        typed = left.text_input("Passphrase", type="password")
        if right.form_submit_button("Unlock") and typed:
            tried = permission(typed)
            if tried.allowed:
                st.session_state[_KEY] = typed
                st.rerun()
            st.error(tried.reason, icon=":material/lock:")
    return answer
