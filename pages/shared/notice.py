"""What this is not for: shown before a visitor's first own clip, and one click away after it."""

from __future__ import annotations

import streamlit as st

TITLE = "Not for judging people"
NOTICE = (
    "This shows how models label *acted* emotion in speech. It does not measure what anyone feels, and it must not be "
    "used to assess, grade, monitor, select or discipline anyone."
)
LAW = (
    "In the European Union, inferring people's emotions at work or in education is prohibited except for medical or "
    "safety reasons (Regulation (EU) 2024/1689, Article 5(1)(f)). So in class, use the samples or consenting adults, "
    "and store nobody's result. This is not legal advice."
)
PRIVACY = (
    "Your clip stays in this session's memory on the computer that runs the app, and is gone when you close the page."
)
CONSENT = "This is my voice, or its owner agreed."
_SEEN = "notice_seen"


def show() -> None:
    """The notice in full before a visitor's first own clip; after it, behind one click."""
    if st.session_state.get(_SEEN):
        with st.popover(TITLE, icon=":material/balance:", type="tertiary"):
            st.markdown(f":small[{_body()}]")
    else:
        with st.container(border=True, key="notice", gap="xsmall"):
            st.markdown(f":material/balance: **{TITLE}**")
            st.markdown(f":small[{_body()}]")


def mark_seen() -> None:
    st.session_state[_SEEN] = True


def consent() -> bool:
    """The tick that recording asks for; it holds for the session."""
    return st.checkbox(CONSENT, key="consent", persist_state="session")


def _body() -> str:
    return f"{NOTICE} {LAW} {PRIVACY}"
