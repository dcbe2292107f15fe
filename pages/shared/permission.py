"""Whether this visitor may act on the server: import, download, launch, delete.  `ser_core.jobs.permission` decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from ser_core.jobs.permission import Permission

_KEY = "admin_key"  # holds a passphrase only once it was right


def permission(typed: str | None = None) -> Permission:
    """The answer for this visitor.  typed: a passphrase to try; else the one that was right before counts."""
    from ser_core.jobs.permission import may_act  # brings the training code along

    headers = st.context.headers
    return may_act(
        st.get_option("server.address"),
        headers,
        headers.get("Host") or "",
        typed if typed is not None else st.session_state.get(_KEY),
        visitor=st.context.ip_address or "",
    )


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
