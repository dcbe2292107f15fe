"""Attention: the maps of one model, or of several, on one clip and one seconds axis, and how far they follow the
voice."""

from __future__ import annotations

import streamlit as st

from pages.shared import brand, busy, loaders, model_card, trust
from pages.shared.answer_bars import show_bars
from pages.shared.attention_compare import show_compare
from pages.shared.attention_corpus import show_corpus
from pages.shared.attention_figures import figures_csv, show_alignment
from pages.shared.attention_link import link_popover
from pages.shared.attention_look import aligned, heard, looked, spinner
from pages.shared.attention_maps import PRODUCT_MAP, VOTES_MAP, choices, pick_map
from pages.shared.attention_panels import Shown, curve_of, shown
from pages.shared.attention_papers import show_papers
from pages.shared.attention_stretch import pick_stretch, show_stretch, told
from pages.shared.attention_tests import pick_methods, second_opinions, show_tests
from pages.shared.attention_tour import prepare, show_tour, tour_button
from pages.shared.attention_words import MATRIX
from pages.shared.clip import Clip
from pages.shared.clip_picker import pick_clip
from pages.shared.clip_strip import show_clip
from pages.shared.deep_link import through_app
from pages.shared.model_picker import pick_model
from pages.shared.save import save_figure
from pages.shared.stage import show_stage
from pages.shared.what_if import minute
from ser_core.errors import SpeechEmotionError
from ser_core.inspection.look import Look
from ser_core.maps import AttentionMap, maps_to_bytes
from ser_core.plots.attention_matrix import MatrixPanel
from ser_core.recogniser import KEPT_BYTES, Prediction, Recogniser

BARE = {"displayModeBar": False}
ONE = "One model"
LARGE = 8.0  # seconds; no map of a shorter clip is left out of its file


def main() -> None:
    through_app()
    head, choice = st.columns([0.72, 0.28], vertical_alignment="center")
    with head, st.container(key="page-title", gap=None):
        st.title("Attention", anchor=False)
        st.caption("See when a model listens most closely, hear it, and check whether that says anything.")
    with choice:
        model = pick_model()
    show_tour()
    clip = pick_clip()
    if clip is None:
        return
    show_clip(clip, player=False)
    clip = minute(clip)
    if model is None:
        return
    with st.container(key="parts"):
        parts, tour = st.columns([0.75, 0.25], vertical_alignment="center")
        part = parts.segmented_control(
            "What to look at", list(PARTS), default=ONE, required=True, key="show", wrap=True, bind="query-params",
            label_visibility="collapsed",
        )  # fmt: skip
        with tour, st.container(horizontal=True, horizontal_alignment="right"):
            tour_button()
    busy.by_itself(PARTS[part], clip, model)
    prepare()


def one_model(clip: Clip, model: Recogniser) -> None:
    # One place for all that is shown while one waits: without it the stage would be another one, and fall silent, when
    # the next run has nothing to wait for.
    waiting = st.empty()
    try:
        with waiting.container(), spinner(clip, model):
            look = looked(clip, model)
            answer = loaders.answer(clip, model)
    except busy.Stopped:
        return
    except (SpeechEmotionError, busy.Busy) as error:
        st.error(str(error), icon=":material/center_focus_weak:")
        return
    waiting.empty()
    with st.container(key="choose"):
        chosen = pick_map(choices(look))
    left, right = st.columns([0.73, 0.27], gap="medium")
    with left:
        emotion = pick_votes(chosen.map.source, answer)
        segment = pick_segment(clip, look) if chosen.kind == MATRIX else 0
        stage, tests = st.container(), st.container(key="tests")
        with stage:
            place = st.container()
            stretch, zoom, cover = pick_stretch(clip.waveform.seconds)
        with tests:
            methods = pick_methods()
            working = st.container()
        label, curve = model.labels[emotion], curve_of(look, chosen, emotion)
        with working:
            opinions, readings, figures = second_opinions(clip, model, methods, label, curve)
        voted = f", {label}" if chosen.map.source == VOTES_MAP else ""
        drawn = shown(clip, model, look, chosen, emotion, segment, opinions, cover / 100)
        with place:
            show_stage(
                "stage", clip.wav, clip.waveform.seconds, drawn.lanes, box=stretch, zoom=zoom, cover=cover,
                marks=drawn.marks, moment=chosen.kind == MATRIX, changed=told,
            )  # fmt: skip
            if stretch:
                show_stretch(clip, stretch, answer, model)
            show_beside(drawn)
            sentences = (chosen.map.shows, chosen.map.shows_not, drawn.axes, trimmed(clip, look), filled(look))
            st.caption(f"**{chosen.title}.** {' '.join(filter(None, sentences))}")
            for sentence in readings:
                st.caption(sentence)
    with right, st.container(key="figures"):
        show_answer(answer, model, clip)
        if curve is None:
            st.caption("This map does not run along time, so it cannot be held against the voice.")
        else:
            name = f"{chosen.curve}/{emotion if chosen.map.source == VOTES_MAP else ''}"
            alignment = aligned(clip, model, name, curve)
            figures[chosen.title + voted] = alignment.figures()
            show_alignment(alignment)
            if chosen.map.source == PRODUCT_MAP:
                st.caption("All of this is said of its time marginal; of hertz these figures know nothing.")
    if curve is not None:
        view = next(one for one in look.views if one.name == chosen.curve)
        with tests:
            found = show_tests(clip, model, look, view, curve, label)
        figures |= {f"{chosen.title}{voted}, {name}": row for name, row in found.items()}
    st.session_state["attention_shown"] = (chosen, drawn, figures)
    take_away(clip, model, look, drawn, figures, zoom,
              {f"curve/{one.curve.name}/{label}": one.curve for one in opinions})  # fmt: skip


def trimmed(clip: Clip, look: Look) -> str:
    """What the model never heard of the clip, and why."""
    (begin, end), heard_until = look.clip.span, float(look.clip.ends().max())
    why = []
    if begin >= 0.02 or end <= clip.waveform.seconds - 0.02:
        why.append("quiet ends are cut off before it listens")
    if heard_until < end - 0.02:
        why.append(f"a rest of {end - heard_until:.2f} s, shorter than the step between its windows, is left out")
    return f"The model was given {begin:.2f} to {heard_until:.2f} s: {', and '.join(why)}." if why else ""


def filled(look: Look) -> str:
    """How much of what a class token looks at is no sound at all."""
    share = look.on_filling("cls") if "cls" in look.kept else 0.0
    if share < 0.005:
        return ""
    return f"In the last layer {share:.0%} of what the class token looks at are zeros that fill the clip up to 4 s."


def pick_votes(source: str, answer: Prediction) -> int:
    """Of votes: for which emotion; the answer's unless chosen otherwise."""
    if source != VOTES_MAP:
        return int(answer.probabilities.argmax())
    if "votes" in st.session_state and st.session_state["votes"] not in answer.labels:
        del st.session_state["votes"]
    label = st.selectbox(
        "Votes for",
        answer.labels,
        index=int(answer.probabilities.argmax()),
        key="votes",
        bind="query-params",
        width=290,
    )
    return answer.labels.index(label)


def pick_segment(clip: Clip, look: Look) -> int:
    """Whose matrix is drawn: the one at the loudest moment, at the moment clicked, or by number."""
    count = len(look.clip)
    if count == 1:
        return 0
    sound = heard(clip)
    first = look.segment_at(float(sound.times[sound.loudness.argmax()])) + 1
    moment = st.session_state.pop("moment", None)
    if moment is not None:
        st.session_state["window"] = look.segment_at(moment) + 1
    if st.session_state.get("window", 1) > count:
        del st.session_state["window"]
    return st.slider(
        "Window of the model (click on the stage to choose the one around a moment)", 1, count, first, key="window",
        bind="query-params",
    ) - 1  # fmt: skip


def show_beside(drawn: Shown) -> None:
    if drawn.beside is None:
        return
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(f"**{drawn.beside.title}**", width="content")
        save_figure("matrix", [[drawn.beside]], [(0, 0)], brand.colours(), None, below=None)
    st.plotly_chart(
        drawn.beside.figure((0, 0), brand.colours()), theme=None, config=BARE, key="beside", alt=drawn.beside.title
    )
    if isinstance(drawn.beside, MatrixPanel) and drawn.beside.mark is not None:
        st.caption("The red line marks the loudest moment of the window.")


def show_answer(answer: Prediction, model: Recogniser, clip: Clip) -> None:
    st.header(trust.sounds_like(answer, model), anchor=False)
    show_bars(answer, "probabilities")
    st.caption(model_card.warning(model.card, clip.waveform) or model_card.track_record(model.card))


def take_away(
    clip: Clip, model: Recogniser, look: Look, drawn: Shown, rows: dict[str, dict[str, float | None]],
    zoom: tuple[float, float] | None, beside: dict[str, AttentionMap],
) -> None:  # fmt: skip
    """beside: further curves on the stage, for the .npz."""
    span = zoom or (0.0, clip.waveform.seconds)

    def maps() -> bytes:
        whole = model.predict(clip.waveform, attention=True).attention
        assert whole is not None
        curves = {f"curve/{one.name}": curve for one, curve in look.curves.items() if one.name != VOTES_MAP}
        if VOTES_MAP in look.kept:
            curves |= {f"curve/{VOTES_MAP}/{one}": look.votes(number) for number, one in enumerate(model.labels)}
        made = {"product": look.product()} if {"time", "band"} <= look.kept.keys() else {}
        return maps_to_bytes({**whole.maps, **curves, **beside, **made}, whole.left_out)

    with st.container(key="more", horizontal=True, vertical_alignment="center", horizontal_alignment="right"):
        link_popover("map", "view", "votes")
        save_figure(
            "attention", [drawn.panels], [span], brand.colours(), lambda: figures_csv(rows),
            {"NPZ": ("application/octet-stream", maps)},
        )  # fmt: skip
    if clip.waveform.seconds > LARGE:
        st.caption(
            f"The NPZ of a clip this long holds every curve; maps for which {KEPT_BYTES >> 20} MiB are not enough "
            "are left out of it and named under `left_out`."
        )


PARTS = {ONE: one_model, "Compare": show_compare, "The papers' figures": show_papers, "Over a corpus": show_corpus}

main()
