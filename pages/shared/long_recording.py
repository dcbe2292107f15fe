"""A long recording in Recognise: emotion along it instead of one answer for all of it."""

from __future__ import annotations

import streamlit as st

from pages.shared import brand, busy
from pages.shared.clip import Clip, duration
from pages.shared.memory import recalled, remembered
from ser_core import tracks
from ser_core.course import HOP, SMOOTHING, WINDOW, Course, Stretch, follow
from ser_core.errors import SpeechEmotionError
from ser_core.plots.course import clock, recording_course
from ser_core.plots.theme import percent
from ser_core.recogniser import Recogniser

LONG = 60.0  # seconds; a longer recording holds more than one mood, and one answer for it says little
KEPT = 2  # courses per visitor
_KIND = "course"


def is_long(clip: Clip) -> bool:
    return clip.waveform.seconds > LONG


def show(clip: Clip, model: Recogniser) -> None:
    """The whole part of the page below the clip."""
    st.header("Along the recording", anchor=False)
    key = clip.waveform.digest, model
    course: Course | None = recalled(_KIND, key)
    if course is None:
        course = _listen(clip, model, key)
    if course is None:
        return
    smooth = st.toggle(f"Smooth over {SMOOTHING:.0f} s", value=True, key="smooth", persist_state="session")
    shown = course.smoothed() if smooth else course
    shares = shown.shares()
    st.markdown("Of the time in which somebody speaks: " + _in_words(shares) + ".")
    st.plotly_chart(
        recording_course(clip.waveform.samples, shown, brand.colours()),
        theme=None,
        config={"displayModeBar": False},
        key="course",
        alt="Waveform, speech, and the probability of each emotion along the recording. " + _in_words(shares),
    )
    st.caption(
        f"Shows how much of each emotion the model hears, from windows of {WINDOW:.0f} s every {HOP:.0f} s, each "
        "answered as a clip of its own; drag to zoom, double-click to go back. Does not show who speaks, and pauses "
        "stay empty: the model is asked only where somebody speaks."
    )
    _stretches(clip, shown)


def _listen(clip: Clip, model: Recogniser, key: tuple[str, Recogniser]) -> Course | None:
    """The course worked out now, if that was asked for."""
    if not busy.asked(_KIND):
        with st.container(border=True, key="course-offer", gap="small"):
            st.markdown(
                f"This recording lasts {duration(clip.waveform.seconds)}. One answer for all of it would say little, "
                "so the model listens to it in windows."
            )
            st.button(
                "Listen to the whole recording",
                icon=":material/play_circle:",
                type="primary",
                key="listen",
                on_click=busy.ask,
                args=(_KIND,),
            )
        return None
    try:
        with busy.working(name="-course") as progress:
            course = follow(model, clip.waveform, clip.quality, progress)
    except (SpeechEmotionError, busy.Busy) as error:
        st.warning(str(error), icon=":material/info:")
        st.button("Try again", key="listen", on_click=busy.ask, args=(_KIND,))
        return None
    return remembered(_KIND, key, lambda: course, KEPT)


def _in_words(shares: dict[str, float]) -> str:
    return ", ".join(f"**{label}** {percent(share)}" for label, share in shares.items())


def _stretches(clip: Clip, course: Course) -> None:
    """The list of stretches: choose one to hear it; take all away."""
    found = course.stretches()
    st.subheader("Stretches", anchor=False)
    with st.container(horizontal=True, vertical_alignment="center", key="course-save"):
        st.caption("Choose a row to hear it. Save:", width="content")
        for name, ending, mime in (
            ("CSV", ".csv", "text/csv"),
            ("Subtitles (WebVTT)", ".vtt", "text/vtt"),
            ("Audacity labels", ".txt", "text/plain"),
        ):
            st.download_button(
                name,
                tracks.FORMATS[ending](course),
                f"emotion{ending}",
                mime,
                icon=":material/download:",
                on_click="ignore",
                type="tertiary",
            )
    picked = st.dataframe(
        [_row(one) for one in found],
        key="stretches",
        height=280,
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
    )
    rows = picked["selection"]["rows"]
    if rows and rows[0] < len(found):
        one = found[rows[0]]
        st.audio(clip.waveform.cut(one.start, one.end).to_wav(), format="audio/wav")


def _row(one: Stretch) -> dict[str, str]:
    answer = "no speech" if one.label is None else one.label
    share = "" if one.probability is None else percent(one.probability)
    return {
        "from": clock(one.start),
        "to": clock(one.end),
        "lasts": duration(one.end - one.start),
        "sounds like acted": answer,
        "probability": share,
    }
