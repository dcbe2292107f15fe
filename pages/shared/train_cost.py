"""What a training would cost, measured on a few of its steps by a child, while the page goes on."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import streamlit as st

from pages.shared.permission import permission
from ser_core.corpora import data_folder
from ser_core.errors import SpeechEmotionError
from ser_core.jobs.child import Question
from ser_core.jobs.estimate import Estimate, answer, begin_estimate
from ser_core.jobs.room import size
from ser_core.jobs.times import in_words
from ser_core.recipes import Recipe

_KEY = "train_estimate"
WAIT = "Somebody else has an estimate made right now: try again in a minute."


@dataclass
class Desk:
    """One estimate at a time for the whole server: each is a training of some seconds."""

    guard: threading.Lock = field(default_factory=threading.Lock)
    question: Question | None = None

    def begin(self, recipe: Recipe, device: str) -> Question | None:
        """None where another one is under way.  Raises NotAllowed."""
        with self.guard:
            if self.question and not self.question.answered:
                return None
            self.question = begin_estimate(recipe, permission(), device, data_folder())
            return self.question


@st.cache_resource(show_spinner=False)
def _desk() -> Desk:
    return Desk()


@dataclass(frozen=True)
class Asked:
    """What this visitor asked about."""

    recipe: Recipe
    device: str
    question: Question


def show_estimate(recipe: Recipe, device: str, allowed: bool, runs: int = 1) -> None:
    """Draw the button, the waiting, and the answer.  runs: trainings of about this size, one after the other."""
    with st.container(key="estimate", horizontal=True, vertical_alignment="center"):
        pressed = st.button(
            "Estimate time and memory", icon=":material/timer:", disabled=not allowed,
            help="Makes a few real steps of it, a minute at most.", key="estimate-begin",
        )  # fmt: skip
        if pressed:
            _begin(recipe, device)
        asked: Asked | None = st.session_state.get(_KEY)
        if asked is None or (asked.recipe, asked.device) != (recipe, device):
            st.caption("Not estimated yet.", width="content")
        elif asked.question.answered:
            _tell(asked.question, runs)
        else:
            _wait()


def _begin(recipe: Recipe, device: str) -> None:
    try:
        question = _desk().begin(recipe, device)
    except SpeechEmotionError as error:
        st.error(str(error))
        return
    if question is None:
        st.toast(WAIT, icon=":material/hourglass_top:")
    else:
        st.session_state[_KEY] = Asked(recipe, device, question)


@st.fragment(run_every=1)
def _wait() -> None:
    asked: Asked = st.session_state[_KEY]
    if asked.question.answered:
        st.rerun()
    st.caption(":material/hourglass_top: Making a few steps of it …", width="content")
    if st.button("Stop", icon=":material/stop_circle:", key="estimate-stop", type="tertiary"):
        asked.question.stop()
        st.session_state.pop(_KEY)
        st.rerun()


def _tell(question: Question, runs: int) -> None:
    try:
        cost = answer(question)
    except SpeechEmotionError as error:
        st.error(str(error), icon=":material/timer_off:")
        return
    st.markdown(in_sentences(cost, runs), width="content")


def in_sentences(cost: Estimate, runs: int = 1) -> str:
    fits = "" if cost.fits else " :red[**More than is free: choose smaller batches or another device.**]"
    together = f" {runs} such runs, one after the other: **{in_words(runs * cost.seconds)}**." if runs > 1 else ""
    return (
        f"About **{in_words(cost.seconds)}** ({in_words(cost.seconds_per_epoch)} per epoch of {cost.steps_per_epoch:,} "
        f"steps; {cost.clips:,} clips, {cost.segments:,} segments) and **{size(cost.memory)}** of memory, "
        f"{size(cost.available)} are free.{fits}{together}"
    )
