"""Taking an evaluation away: the report, and the very files that a stored evaluation holds."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import streamlit as st

from pages.shared import brand, evaluate_leaks, evaluate_run
from pages.shared.evaluate_pick import Choice
from ser_core.corpora import data_folder
from ser_core.errors import CorpusError
from ser_core.evaluation import Evaluation, save_evaluation
from ser_core.evaluation.latex import as_latex
from ser_core.evaluation.store import EMOTIONS, FIGURES, PREDICTIONS, portable
from ser_core.plots.evaluation_page import evaluation_page


def show_take_away(choice: Choice, evaluation: Evaluation) -> None:
    name = "own-clips" if choice.own else choice.corpus.rpartition(":")[2].replace("/", "-")
    stem = f"{choice.model}-{name}".replace(" ", "-")
    files = (
        ("Report", f"{stem}.html", "text/html", lambda: report(choice, evaluation), "One page with everything."),
        ("Figures, JSON", f"{stem}.json", "application/json", lambda: stored(evaluation, FIGURES), "Every figure."),
        ("Answers, CSV", f"{stem}-answers.csv", "text/csv", lambda: stored(evaluation, PREDICTIONS), "Clip by clip."),
        ("Emotions, CSV", f"{stem}-emotions.csv", "text/csv", lambda: stored(evaluation, EMOTIONS), "By emotion."),
        ("LaTeX", f"{stem}.tex", "application/x-tex", lambda: as_latex(portable(evaluation.report())), "A table."),
    )
    with st.container(key="more", horizontal=True, vertical_alignment="center", horizontal_alignment="right"):
        st.caption("Take it away:", width="content")
        for label, file, mime, make, tip in files:
            st.download_button(
                label, make, file, mime, icon=":material/download:", on_click="ignore", type="tertiary",
                key=f"take-{label}", help=tip,
            )  # fmt: skip


def stored(evaluation: Evaluation, name: str) -> bytes:
    """One of the files that `save_evaluation` writes."""
    with tempfile.TemporaryDirectory() as folder:
        save_evaluation(Path(folder), evaluation)
        return (Path(folder) / name).read_bytes()


def report(choice: Choice, evaluation: Evaluation) -> str:
    """Without the place of a visitor's clips on this server."""
    shown = replace(evaluation, stored=portable(evaluation.report()))
    return evaluation_page(shown, notes(choice), brand.colours())


def notes(choice: Choice) -> list[str]:
    """What leaks under this protocol, and the licence of the weights."""
    found = []
    if not choice.own:
        try:
            one = evaluate_leaks.leaks_of(evaluate_run.short_name(choice.corpus), data_folder()).get(choice.protocol)
        except CorpusError:
            one = None
        found += one.words() if one else []
    if choice.card is not None:
        found.append(f"Licence of the weights: {choice.card.licence}.")
    return found
