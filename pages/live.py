"""Live: the microphone as a stream, and what a model hears in the last seconds of it, twice a second."""

from __future__ import annotations

import streamlit as st

from pages.shared import clip_picker, live_listen, notice, recorders
from pages.shared.clip_strip import show_clip
from pages.shared.deep_link import through_app
from pages.shared.model_picker import pick_model
from ser_core.live import ENOUGH, SMOOTHING, STEP, window_of
from ser_core.recogniser import Recogniser


def main() -> None:
    through_app()
    head, choice = st.columns([0.72, 0.28], vertical_alignment="center")
    with head, st.container(key="page-title", gap=None):
        st.title("Live", anchor=False)
        st.caption("Speak, and watch which acted emotion a model hears while you do.")
    with choice:
        model = pick_model()
    if notice.consented():
        notice.mark_seen()  # it steps back, so that all of the answer is on the screen
    notice.show()
    if not recorders.secure(st.context.url or ""):
        st.warning(recorders.INSECURE, icon=":material/mic_off:")
        return
    allowed = notice.consent()
    if model is None:
        return
    with st.container(key="live"):
        live_listen.listen(model, allowed, show_kept)
    st.caption(reading(model))
    st.caption(
        "While you listen, the server holds only the seconds that the model hears and your browser the last 30. "
        "Nothing is kept unless you press the button for it."
    )


def reading(model: Recogniser) -> str:
    return (
        f"Shows what {model.name} hears in the last {window_of(model):.1f} s, asked every {STEP:.1f} s and smoothed "
        f"over {SMOOTHING:.1f} s: bars for now, beside them the last half minute, grey where less than {ENOUGH:.1f} s "
        "was spoken. Does not show what anyone feels, and half a sentence is harder for a model than a whole one. The "
        "milliseconds run from the last sound that the browser got to the answer on the screen."
    )


def show_kept(kept: live_listen.Kept) -> None:
    if kept.clip is None:
        clip_picker.refuse(kept.refusal)
        return
    show_clip(kept.clip)
    with st.container(horizontal=True, key="live-kept"):
        if st.button("Open in Recognise", icon=":material/hearing:", type="primary", key="live-open"):
            clip_picker.bring(kept.clip)
            st.switch_page("pages/recognise.py")
        st.download_button(
            "Download WAV", kept.clip.wav, "live.wav", "audio/wav", icon=":material/download:", on_click="ignore"
        )
        st.button("Discard", icon=":material/delete:", type="tertiary", on_click=live_listen.forget_kept)


main()
