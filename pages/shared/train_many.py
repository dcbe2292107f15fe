"""More than one run by one launch: a grid, a paper's table, a search for good numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from pages.shared.train_form import corpus_words
from ser_core.corpora import data_folder
from ser_core.errors import SpeechEmotionError
from ser_core.jobs import checked
from ser_core.jobs.folder import Search
from ser_core.jobs.search import check_search
from ser_core.jobs.sweep import Line, grid
from ser_core.jobs.vary import axes_of, space_of
from ser_core.recipes import Recipe
from ser_core.reproduce.as_sweep import corpora_of, recipes_of, tables_of

ONE, GRID, TABLE, SEARCH = "One run", "A grid", "A paper's table", "A search"


@dataclass(frozen=True)
class Plan:
    """What a launch starts: the runs of a sweep, or a search over one recipe, or neither: the recipe itself."""

    sweep: str = ""
    lines: tuple[Line, ...] = ()
    search: Search | None = None

    @property
    def runs(self) -> int:
        """How many trainings."""
        return self.search.trials if self.search else max(1, len(self.lines))


def pick_plan(recipe: Recipe) -> Plan | None:
    """Draw the choice.  Returns None (and says why) while what is typed makes none."""
    kind = st.segmented_control(
        "Runs", [ONE, GRID, TABLE, SEARCH], default=ONE, required=True, key="train_kind",
        help="A grid runs every combination of the values you name. A search proposes values by itself, one run after "
        "the other, and keeps the best by validation.",
    )  # fmt: skip
    try:
        if kind == GRID:
            return pick_grid(recipe)
        if kind == TABLE:
            return pick_table(recipe)
        return pick_search(recipe) if kind == SEARCH else Plan()
    except SpeechEmotionError as error:
        st.error(str(error), icon=":material/edit_off:")
        return None


def pick_grid(recipe: Recipe) -> Plan:
    typed = st.text_area(
        "What varies, a field on each line", "seed=1,2,3", key="train_grid", height=90,
        help="field=value,value. Every combination becomes a run; fields are named as in the recipe, "
        "e.g. training.learning_rate.",
    )  # fmt: skip
    chosen = grid(recipe, axes_of(_rows(typed)))
    say(chosen)
    return Plan(recipe.system, tuple(chosen))


def pick_table(recipe: Recipe) -> Plan | None:
    tables = tables_of(recipe.system)
    if not tables:
        st.info(f"The paper of {recipe.system} prints no table of variants.", icon=":material/table_chart:")
        return None
    left, middle, right = st.columns(3, vertical_alignment="bottom")
    table = left.selectbox("Table", tables, key="train_table")
    corpora = corpora_of(table)
    corpus = middle.selectbox("Corpus", corpora, format_func=corpus_words, key=f"train_table_corpus/{table}")
    fast = right.checkbox("Made for two cores", key="train_table_fast")
    chosen = [Line(what, one) for what, one in recipes_of(table, corpus, fast, data_folder())]
    st.caption(
        "One run for each row, on the first fold of an honest protocol, each with its own recipe: the one above does "
        "not count. `python -m ser_core reproduce` runs the whole tables."
    )
    say(chosen)
    return Plan(table, tuple(chosen))


def pick_search(recipe: Recipe) -> Plan:
    typed = st.text_area(
        "What may vary, a field on each line", "training.learning_rate=1e-4..1e-2:log\ntraining.mixup=0,0.2",
        key="train_space", height=90, help="field=low..high, field=low..high:log, or field=value,value.",
    )  # fmt: skip
    left, right = st.columns(2, vertical_alignment="bottom")
    trials = left.number_input("Trials", 1, 1000, 20, key="train_trials", help="Trainings, one after the other.")
    pruning = right.checkbox(
        "Give up what falls behind", True, key="train_pruning",
        help="A trial whose validation UA falls below the median of the others at the same epoch ends there.",
    )  # fmt: skip
    search = checked(Search, space=space_of(_rows(typed)), trials=trials, pruning=pruning, seed=recipe.seed)
    check_search(search, recipe)
    st.caption(
        "One job in the list. It compares by validation only; the more trials, the luckier the best one's validation "
        "score, so trust its test score."
    )
    return Plan(search=search)


def say(chosen: Sequence[Line]) -> None:
    shown = "; ".join(", ".join(line.changes) for line in chosen[:8])
    st.caption(f"**{len(chosen)} runs:** {shown}" + (" …" if len(chosen) > 8 else ""))


def _rows(typed: str) -> list[str]:
    return [row for row in typed.splitlines() if row.strip()]
