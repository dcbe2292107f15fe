"""Two ways to record in the browser, and why they differ."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import streamlit as st
from audio_recorder_streamlit import audio_recorder

from pages.shared import brand, microphone

PLAIN = (
    "Press, speak, press again. Best for emotion: the browser's automatic gain control and noise suppression are "
    "switched off, so loud stays loud and quiet stays quiet."
)
HANDS_FREE = (
    "Press once and speak: it stops by itself when you pause; where the room is too loud for that, press again. The "
    "browser's automatic gain control stays on here and flattens loudness, which carries much of the emotion, so "
    "expect a weaker answer."
)
INSECURE = (
    "This page came over plain http, and browsers lend their microphone only to https pages or to localhost: nothing "
    "can be recorded here. Open it over https (whoever runs the server starts it with `make class`), or upload a file."
)
NOTHING_HEARD = (
    "The recorder returned no sound: check that the right microphone is chosen and not muted, allow it for this page, "
    "and record again."
)
PAUSE = 1.2  # seconds of quiet that end a hands-free recording
PLAIN_TITLE = "Your recording"
HANDS_FREE_TITLE = "Your hands-free recording"
_TURN = "hands_free_turn"
_CHANGED = "plain_recorder_changed"
_keyboard = st.components.v2.component(
    "hands-free-keyboard", js=(Path(__file__).parent / "hands_free.js").read_text(encoding="utf-8")
)


@dataclass(frozen=True)
class Recording:
    """A WAV file fresh from the microphone.  title: which recorder made it."""

    data: bytes
    title: str


def record(allowed: bool, plain_changed: Callable[[], None]) -> Recording | None:
    """Offer both recorders, switched off until `allowed`.  Returns what was recorded just now, or None.

    plain_changed: also called when the plain recorder's sound changes or is discarded.
    """
    if not secure(st.context.url or ""):
        st.warning(INSECURE, icon=":material/mic_off:")
        return None
    plain, hands_free = st.columns(2, gap="medium")
    with plain:
        st.markdown("**Loudness kept**")
        sound = st.audio_input(
            "Record with loudness kept",
            sample_rate=16_000,
            key="plain_recorder",
            disabled=not allowed,
            on_change=_note_change,
            args=(plain_changed,),
            label_visibility="collapsed",
        )
        st.caption(PLAIN)
    with hands_free:
        st.markdown("**Hands-free**")
        with st.container(key="hands-free", border=True, horizontal=True, vertical_alignment="center"):
            spoken = _hands_free() if allowed else None
            st.caption("Press the microphone and speak." if allowed else "Tick the box above first.")
            _keyboard(key="hands-free-keyboard")
        st.caption(HANDS_FREE)
    microphone.check()
    # The plain recorder hands out its sound on every rerun; only its changes count.
    changed = st.session_state.pop(_CHANGED, False)
    if spoken:
        return Recording(spoken, HANDS_FREE_TITLE)
    if sound and changed:
        return Recording(sound.getvalue(), PLAIN_TITLE)
    return None


def secure(url: str) -> bool:
    """Whether a browser lends its microphone to the page at this address; yes where the address is not known."""
    try:
        parts = urlsplit(url)
    except ValueError:  # a visitor's own invention
        return True
    host = parts.hostname or ""
    return (
        parts.scheme != "http" or host in ("localhost", "::1") or host.endswith(".localhost") or host.startswith("127.")
    )


def _note_change(then: Callable[[], None]) -> None:
    st.session_state[_CHANGED] = True
    then()


def _hands_free() -> bytes | None:
    """One recording, once.  The component is then replaced by a fresh one, which drops its large copy of the sound."""
    colours = brand.colours()
    turn = st.session_state.setdefault(_TURN, 0)
    spoken: bytes | None = audio_recorder(
        text="",
        icon_size="2x",
        pause_threshold=PAUSE,
        neutral_color=colours.accent,
        recording_color=colours.emotions["angry"],
        key=f"hands_free_{turn}",
    )
    if spoken:
        st.session_state[_TURN] = turn + 1
    return spoken
