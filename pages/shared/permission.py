"""Whether this visitor may act on the server: import, download, launch, delete.  `ser_core.permission` decides."""

from __future__ import annotations

import os
from collections.abc import Mapping

import streamlit as st

from ser_core import permission as core
from ser_core.permission import Permission

NAME = "SER_ADMIN_KEY"
_KEY = "admin_key"  # holds a passphrase only once it was right


def permission(typed: str | None = None) -> Permission:
    """The answer for this visitor.  typed: a passphrase to try; else the one that was right before counts."""
    headers = st.context.headers
    # Whoever was right before is not slowed down by others' wrong tries: only what is typed now goes that way.
    slowed = {} if typed is not None else {"throttle": core.Throttle()}
    return core.may_act(
        st.get_option("server.address"),
        headers,
        headers.get("Host") or "",
        typed if typed is not None else st.session_state.get(_KEY),
        visitor=core.visitor_of(st.context.ip_address, headers),
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
    if not answer.allowed:
        st.info(f"You cannot {action} here. {answer.reason}", icon=":material/lock:")
        if settings().get(NAME):
            ask_passphrase()
    elif answer.visitor and settings().get(NAME):
        with st.expander("For whoever runs this server", icon=":material/lock_open:"):
            st.markdown("With the passphrase every run is yours to cancel and delete, without a quota.")
            ask_passphrase()
    return answer


def ask_passphrase() -> None:
    with st.form("passphrase", border=False):
        left, right = st.columns([0.6, 0.4], vertical_alignment="bottom")
        typed = left.text_input("Passphrase", type="password")
        if right.form_submit_button("Unlock") and typed:
            tried = permission(typed)
            if tried.allowed and not tried.visitor:
                st.session_state[_KEY] = typed
                st.rerun()
            st.error(tried.reason, icon=":material/lock:")
