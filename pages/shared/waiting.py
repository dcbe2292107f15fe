"""Waiting for an answer: the one line of this server, a visitor's place in it, and the way out of it."""

from __future__ import annotations

import sys
from typing import NoReturn

import streamlit as st

from ser_core.audio import Waveform
from ser_core.errors import ServingError
from ser_core.jobs.job import ordinal
from ser_core.recogniser import Prediction, Recogniser
from ser_core.serving import Line, Ticket

QUIET = 0.5  # seconds before a visitor is told of the line at all
LONG = 60.0  # seconds; a longer recording must not hold up everybody else
OFTEN = 0.3  # seconds between two looks at it
SWITCH = 0.0005  # seconds
LEFT = "You left the line before the answer was there."
_LEFT = "left the line"  # for which clip and checkpoint


@st.cache_resource(show_spinner=False)
def line() -> Line:
    """One for all visitors; its thread calls no Streamlit function."""
    # After each of a network's many small steps its thread asks for the interpreter again, and a page that computes
    # hands it over only this often: at Python's 5 ms, one answer among busy pages took seconds.
    sys.setswitchinterval(SWITCH)
    return Line()


def predict(model: Recogniser, waveform: Waveform) -> Prediction:
    """The answer, when its turn has come; for a long recording, at once and in this visitor's own thread.

    Where the line is full, or the visitor leaves it, the page says so and its run ends here.  So it does, and the place
    is free again, where anything else on the page is pressed or the visitor goes away.
    """
    if waveform.seconds > LONG:
        return model.predict(waveform)
    key = f"{model.name}-{waveform.digest[:16]}"
    if st.session_state.get(_LEFT) == key:
        _end(LEFT, key)
    st.session_state.pop(_LEFT, None)
    try:
        ticket = line().submit(model, waveform)
        try:
            if not ticket.wait(QUIET):
                _show_place(ticket, key)
            return ticket.result()
        finally:
            ticket.leave()
    except ServingError as error:
        _end(str(error), key)


def _show_place(ticket: Ticket, key: str) -> None:
    """One line until the answer is there."""
    shown = st.empty()
    with shown.container(horizontal=True, vertical_alignment="center", key=f"line-{key}"):
        words = st.empty()
        st.button(
            "Give up", icon=":material/close:", type="tertiary", key=f"give-up-{key}", on_click=_leave, args=(key,)
        )
    while not ticket.wait(OFTEN):
        # also the moment at which Streamlit ends this run where the visitor pressed something, or left
        words.caption(in_words(ticket.place()), width="content")
    shown.empty()


def in_words(place: int) -> str:
    """The visitor's place in the line, 0 for the turn itself."""
    if place == 0:
        return "The model is listening to your clip …"
    return f"{ordinal(place)} in line for an answer …"


def _leave(key: str) -> None:
    st.session_state[_LEFT] = key


def _return() -> None:
    st.session_state.pop(_LEFT, None)


def _end(sentence: str, key: str) -> NoReturn:
    with st.container(horizontal=True, vertical_alignment="center", key=f"no-answer-{key}"):
        st.warning(sentence, icon=":material/hourglass_disabled:")
        st.button("Try again", key=f"again-{key}", on_click=_return)
    st.stop()
