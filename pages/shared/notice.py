"""What this is not for: shown before a visitor's first own clip, and one click away after it."""

from __future__ import annotations

import os

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
_CONSENT = "consent"


def show() -> None:
    """The notice in full before a visitor's first own clip, unless it stands above; after it, behind one click."""
    if _first():
        return
    if st.session_state.get(_SEEN):
        with st.popover(TITLE, icon=":material/balance:", type="tertiary"):
            st.markdown(f":small[{_body()}]")
    else:
        with st.container(border=True, key="notice", gap="xsmall"):
            st.markdown(f":material/balance: **{TITLE}**")
            st.markdown(f":small[{_body()}]")


def in_class() -> None:
    """Where `make class` serves (SER_CLASS=1), the notice comes first: above every page, until it was read."""
    if not _first():
        return
    with st.container(border=True, key="class-notice", gap="xsmall"):
        st.markdown(f":material/balance: **{TITLE}**")
        st.markdown(f":small[{_body()}]")
        st.button("I have read it", type="primary", key="notice-read", on_click=mark_seen)


def _first() -> bool:
    """Whether it stands above the page."""
    return os.environ.get("SER_CLASS") == "1" and not st.session_state.get(_SEEN)


def mark_seen() -> None:
    st.session_state[_SEEN] = True


def consent() -> bool:
    """The tick that recording asks for; it holds for the session."""
    return st.checkbox(CONSENT, key=_CONSENT, persist_state="session")


def consented() -> bool:
    """Whether it is ticked, for what is drawn above it."""
    return bool(st.session_state.get(_CONSENT))


def _body() -> str:
    return f"{NOTICE} {LAW} {PRIVACY}"
