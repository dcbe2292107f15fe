"""Evaluate: how often a model is right, what it confuses, on whose voice, and how far to believe the figures."""

from dataclasses import replace

import streamlit as st

from pages.shared import evaluate_catalogue, evaluate_own, evaluate_run
from pages.shared.deep_link import through_app
from pages.shared.evaluate_clips import pick_clip_of, show_judged
from pages.shared.evaluate_cross import show_cross
from pages.shared.evaluate_figures import show_by_emotion, show_by_voice, show_sureness
from pages.shared.evaluate_leaks import show_leaks
from pages.shared.evaluate_matrix import pick_whose, show_matrix, show_two
from pages.shared.evaluate_pick import Choice, found, found_rival, pick
from pages.shared.evaluate_rivals import show_rivals
from pages.shared.evaluate_summary import show_summary
from pages.shared.evaluate_take import show_take_away
from pages.shared.evaluate_work import show_work
from pages.shared.memory import remembered
from ser_core.errors import EvaluationError
from ser_core.evaluation import Evaluation, alike

STYLE = """<style>
@media (max-width: 640px) {
  .st-key-evaluate-pick [data-testid="stColumn"] { min-width: calc(50% - 1rem); flex: 1 1 calc(50% - 1rem); }
  .st-key-cross, .st-key-leaks { overflow-y: hidden; }
  .st-key-cross > div, .st-key-leaks > div { min-width: 620px; }
}
</style>"""
CONFUSED, EMOTIONS, VOICES, SURE, LEAKS, TWO, ACROSS = (
    "Confusions", "Each emotion", "Each voice", "How sure", "What leaks", "Two models", "Across corpora",
)  # fmt: skip


def main() -> None:
    through_app()
    st.html(STYLE)
    with st.container(key="page-title", gap=None):
        st.title("Evaluate", anchor=False)
        st.caption("See how often a model is right on voices it never heard, and listen to its mistakes.")
    choice = pick()
    if choice is None:
        return
    busy = show_work()
    for problem in evaluate_catalogue.problems():
        st.warning(problem, icon=":material/broken_image:")
    if choice.own and evaluate_own.bring() is None:
        return
    try:
        evaluation, rival = found(choice), found_rival(choice)
    except EvaluationError as error:
        st.error(str(error), icon=":material/broken_image:")
        return
    if evaluation is None:
        if not busy:
            evaluate_run.offer(choice)
        return
    whole, note = evaluation, ""
    if rival is not None:
        try:
            evaluation, rival = pair_of(whole, rival)
            note = (
                f"Both on the {len(evaluation.clips):,} clips that both answered, choosing among the "
                f"{len(evaluation.labels)} emotions that both know; alone, each may have been tested on more."
            )
        except EvaluationError as error:
            rival, note = None, str(error)
    show_summary(choice, evaluation, rival, note)
    show_parts(choice, evaluation, rival)
    show_take_away(choice, whole)


def pair_of(first: Evaluation, second: Evaluation) -> tuple[Evaluation, Evaluation]:
    """Given the same task, with all figures.  Raises EvaluationError where the two cannot be compared."""

    def make() -> tuple[Evaluation, ...]:
        mine, yours = alike(first, second)
        return replace(mine, stored=mine.report()), replace(yours, stored=yours.report()), first, second

    mine, yours, *_ = remembered("evaluation pairs", (id(first), id(second)), make, 2)
    return mine, yours


def show_parts(choice: Choice, evaluation: Evaluation, rival: Evaluation | None) -> None:
    """Only the open part is worked out."""
    names = [CONFUSED, EMOTIONS, VOICES, SURE, LEAKS, TWO, ACROSS]
    confused, emotions, voices, sure, leaks, two, across = st.tabs(
        names, key="part", on_change="rerun", bind="query-params"
    )
    if confused.open:
        with confused:
            show_confusions(choice, evaluation, rival)
    if emotions.open:
        with emotions:
            show_by_emotion(evaluation.report())
    if voices.open:
        with voices:
            show_by_voice(evaluation.report())
    if sure.open:
        with sure:
            show_sureness(choice, evaluation)
    if leaks.open:
        with leaks:
            show_leaks(choice)
    if two.open:
        with two:
            show_rivals(choice, evaluation, rival)
    if across.open:
        with across:
            show_cross()


def show_confusions(choice: Choice, evaluation: Evaluation, rival: Evaluation | None) -> None:
    if rival is not None:
        show_two(choice, evaluation, rival)
        st.subheader("Listen", anchor=False)
        cells, clip = st.columns([0.4, 0.6], gap="medium")
    else:
        matrix, cells = st.columns([0.6, 0.4], gap="medium")
        with matrix:
            show_matrix(evaluation)
        clip = cells
    with cells:
        if rival is not None and pick_whose(choice):
            choice = replace(choice, model=choice.against, against=choice.model)
            evaluation, rival = rival, evaluation
        place = pick_clip_of(evaluation)
    if place is not None:
        with clip:
            show_judged(choice, evaluation, rival, place)


main()
