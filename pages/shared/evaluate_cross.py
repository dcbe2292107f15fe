"""Trained here, tested there: the grid, filled from what is stored; the gaps can be filled on a click."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import streamlit as st

from pages.shared import brand, corpora_here, evaluate_catalogue
from pages.shared.evaluate_catalogue import Stored
from pages.shared.evaluate_run import recognised
from pages.shared.evaluate_work import UNEXPECTED, Progress, Stopped, begin, working
from pages.shared.model_card import LANGUAGES, corpus_title
from ser_core.checkpoints import Card, find_checkpoint, list_checkpoints, load_card
from ser_core.corpora import Corpus, Utterance, data_folder, get_corpus
from ser_core.errors import CheckpointError, CorpusError, EvaluationError, SpeechEmotionError
from ser_core.evaluation import Evaluation
from ser_core.evaluation.comparing import chosen
from ser_core.evaluation.cross import Cell, Column, cell_of, columns
from ser_core.plots.cross import cross_grid
from ser_core.recogniser import Recogniser

NOT_YET = "not evaluated yet"
_FAILED = "evaluate/cross-failed"
_log = logging.getLogger(__name__)


def show_cross() -> None:
    found = [replace(one, reason=failed(one)) if one.reason == NOT_YET and failed(one) else one for one in grid()]
    if not found:
        st.info("There is no checkpoint here to hold against the corpora.", icon=":material/grid_off:")
        return
    titles = {
        (cell.corpus, cell.language): f"{corpus_title(cell.corpus)}<br>{LANGUAGES.get(cell.language, cell.language)}"
        for cell in found
    }
    st.plotly_chart(
        cross_grid(found, titles, brand.colours()), theme=None, config={"displayModeBar": False}, key="cross",
        alt="; ".join(in_words(cell) for cell in found),
    )  # fmt: skip
    st.caption(
        "UA of each checkpoint on the unseen speakers of each corpus, among the emotions that both know: the number of "
        "emotions, and so guessing, differs from cell to cell, and the colour takes that into account. It does not "
        "show why a cell is low: another room, another language and another way of acting all come together."
    )
    empty = [cell for cell in found if cell.evaluation is None]
    if empty:
        with st.expander(f"{len(empty)} empty cells, and why", icon=":material/help:"):
            st.markdown("\n".join(f"- {cell.checkpoint} on {cell.corpus}: {cell.reason}" for cell in empty))
    gaps = {(cell.checkpoint, cell.corpus) for cell in empty if cell.reason in (NOT_YET, failed(cell))}
    if not gaps or working():
        return
    if st.button(f"Evaluate the {len(gaps)} that are missing", icon=":material/play_arrow:", key="fill-grid"):
        fill(sorted(gaps))
        st.rerun()


def failed(cell: Cell) -> str:
    """Why this visitor's last attempt to fill the cell came to nothing; empty where there was none."""
    failures: dict[tuple[str, str], str] = st.session_state.get(_FAILED, {})
    return failures.get((cell.checkpoint, cell.corpus), "")


def in_words(cell: Cell) -> str:
    if cell.evaluation is None:
        return f"{cell.checkpoint} on {cell.corpus}: none, {cell.reason}"
    return f"{cell.checkpoint} on {cell.corpus} ({cell.language}): UA {100 * cell.evaluation.scores().ua:.0f}%"


def grid() -> list[Cell]:
    """Every checkpoint that ships, on every corpus that is here or has stored answers."""
    stamp = tuple((name, find_checkpoint(name).joinpath("card.json").stat().st_mtime_ns) for name in list_checkpoints())
    return _grid(stamp, tuple(evaluate_catalogue.catalogue()), data_folder())


@st.cache_resource(max_entries=4, ttl=corpora_here.FRESH, show_spinner="Putting the grid together …")
def _grid(stamp: tuple[tuple[str, int], ...], stored: tuple[Stored, ...], data: Path | None) -> list[Cell]:
    cards: dict[str, Card] = {}
    for name, _ in stamp:
        try:
            cards[name] = load_card(name)
        except CheckpointError:
            continue  # the Models page says what is wrong with it
    every = across(tuple(sorted({one.corpus for one in stored if one.model in cards})), data)
    return [cell(name, card, column, stored) for name, card in cards.items() for column in every]


def across(evaluated: tuple[str, ...], data: Path | None) -> list[Column]:
    """The columns: published corpora that are here, and those that only have stored answers."""
    names = list(dict.fromkeys([*(corpora_here.corpus_of(name).name for name in corpora_here.names()), *evaluated]))
    found: list[Column] = []
    for name in names:
        try:
            corpus: Corpus = get_corpus(name)
            if corpus.find(data) is None and name not in evaluated:
                continue
        except CorpusError:
            continue
        try:
            found += columns([name], data)
        except CorpusError as error:
            found.append(Column(corpus.name, corpus.language, reason=str(error)))
    return found


def cell(name: str, card: Card, column: Column, stored: tuple[Stored, ...]) -> Cell:
    """From the stored answers to unseen speakers, those to most clips; without recordings they alone decide."""
    every = [one for one in stored if one.model == name and one.corpus == column.corpus]
    best = next((one for one in sorted(every, key=lambda one: -one.n) if not heard_before(one)), None)
    if column.reason and best is not None:  # the recordings are not needed to show what is stored
        column = replace(column, reason="", utterances=stand_ins(best))

    def listen() -> Evaluation:
        if best is None:
            raise CorpusError(NOT_YET)
        try:
            whole = evaluate_catalogue.opened(best)
        except SpeechEmotionError as error:
            raise CorpusError(str(error)) from error
        own = np.flatnonzero([clip.language == column.language for clip in whole.clips])
        if not len(own):
            raise CorpusError(NOT_YET)
        return chosen(whole, own.tolist())

    return cell_of(name, card, column, listen)


def heard_before(stored: Stored) -> bool:
    """Whether speakers that the model has heard are among the clips; what is damaged says so where it is opened."""
    try:
        return evaluate_catalogue.opened(stored).seen_included
    except SpeechEmotionError:
        return False


def stand_ins(stored: Stored) -> tuple[Utterance, ...]:
    """The clips of a stored evaluation as far as a grid needs them; their recordings are elsewhere."""
    try:
        whole = evaluate_catalogue.opened(stored)
    except SpeechEmotionError:
        return ()
    return tuple(
        Utterance(clip.id, Path(clip.id), stored.corpus, whole.labels[truth], clip.speaker, clip.sex, clip.language, "")
        for clip, truth in zip(whole.clips, whole.truth, strict=True)
    )


def fill(gaps: list[tuple[str, str]]) -> None:
    """Evaluate and store what is missing, one after the other; what is done stays when it is stopped.

    A cell that cannot be filled keeps its reason and leaves the others alone.
    """
    failures: dict[tuple[str, str], str] = {}
    st.session_state[_FAILED] = failures
    data = data_folder()

    def do(progress: Progress) -> None:
        for number, (name, corpus) in enumerate(gaps, 1):

            def report(doing: str, done: int, total: int, cell: str = f"Cell {number} of {len(gaps)}, {name}") -> None:
                progress(f"{cell}, {doing}", done, total)

            try:
                fill_one(name, corpus, data, report)
            except Stopped:
                raise
            except SpeechEmotionError as error:
                failures[name, corpus] = str(error)
            except Exception:
                _log.exception("evaluating %s on %s failed", name, corpus)
                failures[name, corpus] = UNEXPECTED
        if failures:
            raise EvaluationError(f"{len(failures)} of {len(gaps)} could not be evaluated: the empty cells say why.")

    begin("the grid", do)


def fill_one(name: str, corpus: str, data: Path | None, progress: Progress) -> None:
    """Raises SpeechEmotionError where the model or the corpus will not do."""
    progress("loading", 0, 0)
    utterances = get_corpus(corpus).scan(data).utterances
    evaluate_catalogue.keep(recognised(Recogniser(name), utterances, corpus, "all", False, progress), name)
