"""Recognise: a clip in, the emotion that a model hears in it out."""

import streamlit as st

from pages.shared import brand, export, linked_clip, loaders, long_recording, model_card, trust
from pages.shared.answer_bars import show_bars
from pages.shared.clip import Clip
from pages.shared.clip_picker import RECORD, SOURCE, pick_clip
from pages.shared.clip_strip import show_clip
from pages.shared.deep_link import through_app
from pages.shared.model_picker import pick_model
from ser_core.familiarity import SURE, confidence
from ser_core.plots.theme import percent
from ser_core.plots.timeline import clip_timeline
from ser_core.recogniser import Prediction, Recogniser

BARE = {"displayModeBar": False}
CLOSE = 0.10  # two probabilities nearer than this count as undecided


def main() -> None:
    through_app()
    head, choice = st.columns([0.72, 0.28], vertical_alignment="center")
    with head, st.container(key="page-title", gap=None):
        st.title("Recognise", anchor=False)
        st.caption("Pick a voice and see which acted emotion a model hears in it.")
    with choice:
        model = pick_model()
    clip = pick_clip()
    st.session_state.pop("prediction", None)
    if clip is None:
        return
    show_clip(clip)
    if model is None:
        return
    if long_recording.is_long(clip):
        long_recording.show(clip, model)
        return
    prediction = loaders.answer(clip, model)
    st.session_state["prediction"] = prediction
    answer, evidence = st.columns([0.38, 0.62], gap="medium")
    with answer, st.container(key="answer"):
        show_answer(clip, prediction, model)
    with evidence, st.container(key="evidence"):
        show_evidence(clip, prediction, model)
        show_more(clip, prediction)


def show_answer(clip: Clip, prediction: Prediction, model: Recogniser) -> None:
    sure = confidence(prediction, model.card)
    faint = trust.faint(prediction, model)
    st.header(trust.sounds_like(prediction, model), anchor=False)
    show_bars(prediction, "probabilities")
    with st.container(key="answer-notes", gap="small"):
        st.markdown(in_words(clip, prediction, sure, faint))
        st.caption(trust.line(prediction, model, sure), help=trust.HELP)
        st.caption(model_card.warning(model.card, clip.waveform) or model_card.track_record(model.card))
    with st.container(key="answer-actions", horizontal=True, vertical_alignment="center"):
        if clip.origin == "sample":
            st.button("Try your own voice", icon=":material/mic:", type="primary", on_click=to_recorder)
        with st.popover("About this model", icon=":material/info:"):
            model_card.show(model.card, clip.waveform)


def in_words(clip: Clip, prediction: Prediction, sure: float, faint: bool) -> str:
    """How far to trust the answer, and for a sample whether it meets what the sample plays.

    sure: from 0 to 1.  faint: whether the model hardly responds to the clip.
    """
    (first, share), (second, next_share) = prediction.ranked()[:2]
    if share - next_share < CLOSE:
        trust = f"Undecided: {first} and {second} are nearly level."
    elif sure < SURE:
        trust = f"Unsure: calibrated confidence {percent(sure)}, so this answer is more often wrong than right."
    elif faint:
        trust = "Unsure: the model hardly responds to this clip, so its confidence says little."
    else:
        trust = ""
    if clip.played is None:
        return trust or "This is how the voice sounds to the model, not what anyone feels."
    verdict = "the model hears the same" if clip.played == first else f"the model hears {first}"
    return f"Made to sound **{clip.played}**: {verdict}. {trust}"


def show_evidence(clip: Clip, prediction: Prediction, model: Recogniser) -> None:
    st.subheader("Along the clip", anchor=False)
    segment = model.model.cutting.length / model.model.sample_rate
    st.plotly_chart(
        clip_timeline(clip.waveform.samples, prediction, segment, brand.colours(), clip.quality.speech),
        theme=None,
        config=BARE,
        key="timeline",
        alt="Waveform of the clip and the probability of each emotion along it, over seconds.",
    )
    st.caption(
        f"Shows the waveform (speech shaded) and, for each moment, the mean answer of the {segment:.1f} s windows "
        "around it, so changes come smoothed. Does not show what in the sound caused the answer; nor are the bars the "
        "mean of these curves: they average the windows' raw scores (logits) first."
    )


def show_more(clip: Clip, prediction: Prediction) -> None:
    name = clip.waveform.source if clip.origin != "recording" else "recording"
    with st.container(key="more", horizontal=True, vertical_alignment="center", horizontal_alignment="right"):
        st.caption("Save this answer:", width="content")
        for kind, content, mime in (
            ("JSON", export.as_json(prediction, name), "application/json"),
            ("CSV", export.as_csv(prediction), "text/csv"),
        ):
            st.download_button(
                kind,
                content,
                f"prediction.{kind.lower()}",
                mime,
                icon=":material/download:",
                on_click="ignore",
                type="tertiary",
            )


def to_recorder() -> None:
    linked_clip.let_go()
    st.session_state[SOURCE] = RECORD


main()
