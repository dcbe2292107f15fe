"""Signal: a clip as each model's front end sees it, and what noise, speed, pitch, gain and masks do to it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext

import streamlit as st

from pages.shared import brand, export, loaders, model_card, trust
from pages.shared.answer_bars import show_bars, spoken
from pages.shared.clip import Clip, quality_line
from pages.shared.clip_picker import pick_clip
from pages.shared.clip_strip import show_clip
from pages.shared.deep_link import through_app
from pages.shared.explanations import PICTURES
from pages.shared.memory import remembered
from pages.shared.model_picker import pick_model
from pages.shared.panels import NAMES, Shown, csv, is_read, panels
from pages.shared.picture_settings import PictureSettings, pick_settings
from pages.shared.save import save_figure
from pages.shared.what_if import WhatIf, add_noise, changed, minute, pick_what_if, put_back
from ser_core.changes import FeatureMask
from ser_core.errors import AudioError
from ser_core.plots.change import change_bars, points
from ser_core.plots.panel import Span
from ser_core.plots.theme import percent
from ser_core.recogniser import Prediction, Recogniser

BARE = {"displayModeBar": False}
SLOW = 10.0  # seconds of sound, of which an answer may take as long as a breath
STATES = ("As it is", "Changed")
STILL = {**BARE, "staticPlot": True}
# The sliders stay in sight while the pictures scroll by.
STYLE = """<style>
@media (min-width: 641px) {
  [data-testid="stColumn"]:has(.st-key-controls) {
    align-self: flex-start; position: sticky; top: 3.75rem; max-height: calc(100vh - 4.5rem); overflow-y: auto;
    padding-right: .75rem;
  }
}
.st-key-answers h2 { padding: 0; min-height: 2rem; }
.st-key-answers { min-height: 22rem; }
[class*="st-key-picture-"] { padding-top: .5rem; }
</style>"""


def main() -> None:
    through_app()
    st.html(STYLE)
    head, choice = st.columns([0.72, 0.28], vertical_alignment="center")
    with head, st.container(key="page-title", gap=None):
        st.title("Signal", anchor=False)
        st.caption("See a voice as a model sees it, change the sound, and watch picture and answer follow.")
    with choice:
        model = pick_model()
    clip = pick_clip()
    if clip is None:
        return
    show_clip(clip)
    if model is None:
        return
    clip = minute(clip)
    controls, stage = st.columns([0.27, 0.73], gap="medium")
    with controls, st.container(key="controls"):
        sound, look = st.tabs(["What if?", "Pictures"])
        with sound:
            what_if = pick_what_if(model.model.front_end)
            st.button("Undo all changes", icon=":material/undo:", type="tertiary", on_click=put_back)
        with look:
            settings = pick_settings(model.model, clip.waveform.seconds)
    with stage:
        show_stage(clip, model, what_if, settings)


def show_stage(clip: Clip, model: Recogniser, what_if: WhatIf, settings: PictureSettings) -> None:
    shown = [Shown(clip, FeatureMask())]
    answers, stack = st.container(key="answers"), st.container()
    try:
        after = changed(clip, what_if.changes) if what_if.changes else clip
    except AudioError as error:
        answers.error(str(error), icon=":material/hearing_disabled:")
    else:
        mask = what_if.mask(after.waveform.seconds)
        if after is not clip or mask:
            shown = [Shown(clip, FeatureMask(), STATES[0]), Shown(after, mask, STATES[1])]
    longest = max(one.clip.waveform.seconds for one in shown)
    span = settings.span or (0.0, longest)
    with stack:
        for name in NAMES:
            show_picture(name, shown, span, settings, model)
            if name == NAMES[0]:  # the waveform stands while the model still works
                with answers, st.spinner("The model listens …") if longest > SLOW else nullcontext():
                    show_answers(shown, model)
        show_take_away(shown, span, settings, model)


def answer(one: Shown, model: Recogniser) -> Prediction:
    if not one.mask:
        return loaders.answer(one.clip, model)
    front_end, waveform = model.model.front_end, one.clip.waveform
    return remembered(
        "masked answers",
        (waveform.digest, model, one.mask),
        lambda: model.predict_changed(waveform, lambda segments: one.mask.on_segments(segments, front_end)),
        most=8,
    )


def show_answers(shown: Sequence[Shown], model: Recogniser) -> None:
    predictions = [answer(one, model) for one in shown]
    st.session_state["answers_shown"] = predictions
    before, after = st.columns(2, gap="medium")
    ranked = predictions[0].ranked()
    with before:
        st.caption(STATES[0])
        st.header(trust.sounds_like(predictions[0], model), anchor=False)
        st.audio(shown[0].clip.wav, format="audio/wav")
        show_bars(predictions[0], "before")
        memory = model_card.warning(model.card, shown[0].clip.waveform)
        st.caption(f"{quality_line(shown[0].clip.quality)}. {memory}")
    with after:
        st.caption(STATES[1])
        if len(shown) == 1:
            st.header("Nothing is changed yet", anchor=False)
            st.markdown("Move a slider on the left: the changed sound, its pictures and the new answer come here.")
            st.button("Add noise", icon=":material/grain:", type="primary", on_click=add_noise)
            return
        now = dict(zip(predictions[1].labels, predictions[1].probabilities.tolist(), strict=True))
        same = predictions[1].label == predictions[0].label
        answered = trust.sounds_like(predictions[1], model).replace("Sounds", "sounds")
        st.header(f"{'Still' if same else 'Now'} {answered}", anchor=False)
        st.audio(shown[1].clip.wav, format="audio/wav")
        st.plotly_chart(
            change_bars(ranked, now, brand.colours()), theme=None, config=STILL, key="after", alt=spoken(predictions[1])
        )
        first, share = ranked[0]
        unheard = "" if shown[1].clip.quality.speech else " No speech is found in it; the model answers all the same."
        st.caption(
            f"{quality_line(shown[1].clip.quality)}.{unheard} The thin line is where a bar stood; {first} went from "
            f"{percent(share)} to {percent(now[first])} ({points(share, now[first])} points)."
        )


def show_picture(name: str, shown: Sequence[Shown], span: Span, settings: PictureSettings, model: Recogniser) -> None:
    words, colours = PICTURES[name], brand.colours()
    key = name.lower().replace(" ", "-")
    drawn = panels(name, shown, span, settings, model)
    with st.container(key=f"picture-{key}", gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f"**{name}**", width="content")
            if is_read(name, model, settings):
                st.badge(f"what {model.model.title} reads", color="blue")
            st.space("stretch")
            with st.container(horizontal=True, width="content"):  # these two stay together where the row breaks
                with st.popover("About", icon=":material/info:", type="tertiary"):
                    st.markdown(f"{words.shows} {words.not_shown}\n\n{words.more}")
                    for formula in words.formulas:
                        st.latex(formula)
                    st.markdown(f"**Try this.** {words.try_this}")
                save_figure(
                    key, [[panel] for panel in drawn], [span] * len(drawn), colours,
                    lambda: csv(name, shown[-1], span, settings, model),
                )  # fmt: skip
        for number, (column, panel) in enumerate(zip(st.columns(len(drawn), gap="small"), drawn, strict=True)):
            column.plotly_chart(
                panel.figure(span, colours),
                theme=None,
                config=BARE,
                key=f"{key}-{number}",
                alt=f"{name} of the clip over seconds. {panel.state}",
            )
        st.caption(f"{words.shows} {words.not_shown}")


def show_take_away(shown: Sequence[Shown], span: Span, settings: PictureSettings, model: Recogniser) -> None:
    """All pictures as one figure, the changed clip, and the answer."""
    columns = list(zip(*(panels(name, shown, span, settings, model) for name in NAMES), strict=True))
    last = shown[-1]
    with st.container(key="more", horizontal=True, vertical_alignment="center", horizontal_alignment="right"):
        st.caption("All pictures on one axis, the sound, and the answer:", width="content")
        save_figure("pictures", columns, [span] * len(columns), brand.colours(), None)
        for kind, content, mime in (
            ("WAV", last.clip.wav, "audio/wav"),
            ("JSON", export.as_json(answer(last, model), "clip"), "application/json"),
        ):
            st.download_button(
                kind, content, f"signal.{kind.lower()}", mime, icon=":material/download:", on_click="ignore",
                type="tertiary",
            )  # fmt: skip


main()
