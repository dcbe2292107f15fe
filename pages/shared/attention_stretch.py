"""The stretch of a clip that was drawn on the stage: chosen by mouse or by numbers, heard alone, and answered alone."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.shared.attention_look import alone
from pages.shared.attention_words import BOX
from pages.shared.clip import Clip
from ser_core.emotions import AS_ACTED
from ser_core.errors import AudioError
from ser_core.plots.panel import Span
from ser_core.plots.theme import percent
from ser_core.recogniser import Prediction, Recogniser

START, END, FROM, TO, COVER, WINDOW = "start", "end", "zoomfrom", "zoomto", "cover", "window"
USUAL_COVER = 75  # percent
LEAST = 0.02  # seconds


def told(name: str, value: Any) -> None:
    """What the visitor did on the stage becomes the value of the widgets, and with them of the address."""
    if name == "box":
        st.session_state[START], st.session_state[END] = value or (None, None)
    elif name == "zoom":
        st.session_state[FROM], st.session_state[TO] = value or (None, None)
    elif name == "moment" and value is not None:
        st.session_state["moment"] = float(value)
    elif name == "cover" and value is not None:
        st.session_state[COVER] = int(value)


def pick_stretch(seconds: float) -> tuple[Span | None, Span | None, int]:
    """The widgets for the stretch, for what is shown, and for how strongly attention covers the picture (percent).

    None for no stretch, and for the whole clip.
    """
    _fit(seconds)
    with st.expander("Stretch, zoom and cover by numbers", icon=":material/straighten:"):
        columns = st.columns(5, gap="small")
        numbers = []
        for column, key, label in zip(
            columns[:-1], (START, END, FROM, TO), ("Stretch from, s", "Stretch to, s", "Show from, s", "Show to, s"),
            strict=True,
        ):  # fmt: skip
            numbers.append(
                column.number_input(label, 0.0, None, None, 0.1, "%.2f", key=key, bind="query-params", placeholder="–")
            )
        cover = columns[-1].number_input(
            "Attention covers, %", 0, 100, USUAL_COVER, 5, key=COVER, bind="query-params",
            help="How strongly attention covers the picture underneath, where it lies on one.",
        )  # fmt: skip
    start, end, first, last = numbers
    return _span(start, end, seconds), _span(first, last, seconds), int(cover)


def _fit(seconds: float) -> None:
    """A stretch of a longer clip goes with that clip."""
    for first, last in ((START, END), (FROM, TO)):
        begin = st.session_state.get(first)
        if begin is not None and begin > seconds - LEAST:
            st.session_state[first] = st.session_state[last] = None


def _span(start: float | None, end: float | None, seconds: float) -> Span | None:
    if start is None and end is None:
        return None
    begin, stop = max(0.0, start or 0.0), min(seconds, seconds if end is None else end)
    if stop - begin < LEAST or (begin == 0.0 and stop == seconds):
        return None
    return round(begin, 3), round(stop, 3)


def show_stretch(clip: Clip, stretch: Span, whole: Prediction, model: Recogniser) -> None:
    begin, end = stretch
    with st.container(border=True, key="stretch", gap="xsmall"):
        st.markdown(f"**{begin:.2f} to {end:.2f} s, heard alone**")
        try:
            answer = alone(clip.waveform, stretch, model)
        except AudioError as error:
            st.caption(str(error))
            return
        share = float(answer.probabilities.max())
        own = float(whole.probabilities.max())
        same = answer.label == whole.label
        st.markdown(
            f"{'Still sounds' if same else 'Sounds'} like {AS_ACTED[answer.label]} (**{percent(share)}**); the whole "
            f"clip like {AS_ACTED[whole.label]} ({percent(own)})."
        )
        st.caption(f"{_others(answer)} {BOX}")


def _others(answer: Prediction) -> str:
    ranked = [f"{label} {percent(share)}" for label, share in answer.ranked()[1:3]]
    return f"Next: {', '.join(ranked)}."
