"""The clips behind a cell of the matrix, the surest first: hear them, see the probabilities, open them elsewhere."""

from __future__ import annotations

import numpy as np
import streamlit as st

from pages.shared import brand, linked_clip
from pages.shared.evaluate_matrix import CELL, MISTAKES, cells, chosen_cell
from pages.shared.evaluate_pick import Choice
from pages.shared.memory import remembered
from pages.shared.model_card import corpus_title
from pages.shared.page_links import link_to
from pages.shared.permission import ask_permission
from ser_core.audio import Waveform, load
from ser_core.checkpoints import list_checkpoints
from ser_core.corpora import Utterance, get_corpus
from ser_core.errors import AudioError, CorpusError, NotAllowed
from ser_core.evaluation import Evaluation
from ser_core.plots.probabilities import probability_bars
from ser_core.plots.theme import percent
from ser_core.protocols.chance import EFFECTS, changed

CLIP = "utterance"
KEPT = 8  # sounds per visitor


def pick_clip_of(evaluation: Evaluation) -> int | None:
    """The lists of cells and of their clips.  Returns the place of the chosen one, None where all is right."""
    every = cells(evaluation)
    options = [MISTAKES, *every]
    if (wanted := st.session_state.get(CELL)) is not None and wanted not in options:
        st.session_state[CELL] = MISTAKES
        st.toast(
            f"No clip was acted {str(wanted).replace(' heard as ', ' and heard as ')}.", icon=":material/music_off:"
        )
    st.selectbox(
        "Cell",
        options,
        key=CELL,
        bind="query-params",
        help="The cells of the matrix; the most frequent mistakes first.",
    )
    places = surest(evaluation, chosen_cell())
    if not len(places):
        st.success("Every clip was named right.", icon=":material/check_circle:")
        return None
    names = [evaluation.clips[place].id for place in places]
    if st.session_state.get(CLIP) not in names:
        st.session_state[CLIP] = names[0]
    chosen = st.selectbox(
        f"Clip ({len(names):,}, the surest first)", names, key=CLIP, bind="query-params",
        help="Sorted by the probability of the answer: at the top the model is most convinced.",
    )  # fmt: skip
    return int(places[names.index(str(chosen))])


def surest(evaluation: Evaluation, cell: tuple[str, str] | None) -> np.ndarray:
    """Places of the clips of a cell, or of all mistakes, by the probability of the answer, the largest first."""
    truth, predicted = evaluation.truth, evaluation.predicted
    if cell is None or not set(cell) <= set(evaluation.labels):
        own = np.flatnonzero(truth != predicted)
    else:
        acted, heard = (evaluation.labels.index(name) for name in cell)
        own = np.flatnonzero((truth == acted) & (predicted == heard))
    return own[np.argsort(-evaluation.probabilities[own].max(axis=1), kind="stable")]


def show_judged(choice: Choice, evaluation: Evaluation, rival: Evaluation | None, place: int) -> None:
    clip, values = evaluation.clips[place], evaluation.probabilities[place]
    acted = evaluation.labels[evaluation.truth[place]]
    heard = evaluation.labels[evaluation.predicted[place]]
    verdict = "right" if acted == heard else f"heard as **{heard}**"
    with st.container(key="misheard", gap="small"):
        st.markdown(f"Acted **{acted}**, {verdict} ({percent(float(values.max()))})")
        utterance = play(choice, clip.id)
        ranked = [(evaluation.labels[i], float(values[i])) for i in np.argsort(-values, kind="stable")]
        bars = probability_bars(ranked, brand.colours())
        bars.update_layout(height=int(bars.layout.height * 0.8))
        st.plotly_chart(
            bars, theme=None, config={"displayModeBar": False, "staticPlot": True}, key="misheard-probabilities",
            alt="Probabilities: " + ", ".join(f"{name} {percent(share)}" for name, share in ranked),
        )  # fmt: skip
        facts = [clip.speaker, clip.sex, f"sentence {utterance.text.partition('/')[2]}" if utterance else "", clip.fold]
        other = answer_of(rival, clip.id)
        if other:
            facts.append(f"{choice.against} hears {other}")
        st.caption(" · ".join(fact for fact in facts if fact and "unknown" not in fact))
        if utterance is not None:
            show_links(choice, clip.id.partition("+")[0])


def answer_of(rival: Evaluation | None, name: str) -> str:
    """What the other model hears in the same clip: "sad (61%)"; empty where it has no answer."""
    for place, clip in enumerate(rival.clips if rival else ()):
        if clip.id == name and rival is not None:
            values = rival.probabilities[place]
            return f"{rival.labels[int(values.argmax())]} ({percent(float(values.max()))})"
    return ""


def play(choice: Choice, name: str) -> Utterance | None:
    """The player, or the sentence that says why there is none."""
    try:
        utterance = linked_clip.utterance_of(name.partition("+")[0])
    except NotAllowed:
        title = corpus_title(choice.corpus)
        ask_permission(f"hear {title}: its terms are “{get_corpus(choice.corpus).licence.name}”")
        return None
    except CorpusError:
        st.info(
            f"The recordings of {corpus_title(choice.corpus)} are not here, so this clip cannot be played: its answer "
            "is stored. See Corpora for how to get them.",
            icon=":material/music_off:",
        )
        return None
    try:
        wav = remembered("judged sounds", (name, str(utterance.path)), lambda: sound(utterance, name).to_wav(), KEPT)
    except AudioError as error:
        st.error(str(error), icon=":material/hearing_disabled:")
        return None
    st.audio(wav, format="audio/wav")
    return utterance


def sound(utterance: Utterance, name: str) -> Waveform:
    """The recording; of a changed copy (paper 003) what the change makes of it.  Raises AudioError."""
    effect = name.rpartition("+")[2]
    if "+" not in name or effect not in EFFECTS:
        return load(utterance.path)
    from ser_core.training.data import read  # the training code, for this alone

    return read(changed(utterance, effect))


def show_links(choice: Choice, name: str) -> None:
    query = {linked_clip.PARAMETER: name}
    if choice.model in list_checkpoints():
        query["model"] = choice.model
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="open-in"):
        st.markdown(":gray[Open in]", width="content")
        for page, label, icon in (
            ("pages/recognise.py", "Recognise", ":material/hearing:"),
            ("pages/signal.py", "Signal", ":material/graphic_eq:"),
            ("pages/attention.py", "Attention", ":material/visibility:"),
        ):
            link_to(page, label, icon, query)
