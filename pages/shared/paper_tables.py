"""What the papers print, and what we measured, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from pages.shared import known_scores
from pages.shared.known_scores import corpus_words
from pages.shared.system_picker import pick_system
from ser_core.errors import SpeechEmotionError

UNITS = (
    "WA is accuracy, UA the mean recall over the emotions, both in percent; 95% intervals in brackets. “Honest”: every "
    "speaker is tested by a model that never heard them. “Paper's protocol”: its own split, and its own choice of the "
    "epoch, with whatever leaks in them. A table does not show that two rows are comparable where corpora differ."
)

WIDTH = 340  # pixels: two figures with their intervals, and on how many clips


def show_paper_tables() -> None:
    from ser_core.reproduce.printed import PAPER_OF, TITLES  # brings the training code along
    from ser_core.reproduce.tables import TABLES

    system = pick_system(baselines=False)
    paper = PAPER_OF.get(system)
    if paper is None:
        st.info(f"No paper's table is stored for {system}.")
        return
    st.markdown(f"**Paper {paper}:** {TITLES[paper]}")
    st.caption(UNITS)
    for table in TABLES:
        if table == "comparison" or table.endswith(f"-{paper}"):
            try:
                show_one(table, system)
            except SpeechEmotionError as error:
                st.error(str(error), icon=":material/table_chart:")


def show_one(table: str, system: str) -> None:
    """Raises SpeechEmotionError where the stored results of the table are damaged."""
    from ser_core.reproduce.markdown import title_of
    from ser_core.reproduce.results import read
    from ser_core.reproduce.tables import all_cells

    entries = read(known_scores.RESULTS, table)
    cells = [cell for cell in all_cells() if cell.table == table and (table != "comparison" or cell.system == system)]
    if table == "comparison":
        st.subheader("On each corpus", anchor=False)
        rows = by_corpus(cells, entries)
    else:
        st.subheader(title_of(table).partition(",")[0], anchor=False)
        rows = by_variant(cells, entries)
    height = min(35 * (len(rows) + 1) + 3, 640)
    st.dataframe(
        rows, hide_index=True, height=height, key=f"table-{table}-{system}", alt=f"{table}: paper and ours.",
        column_config={name: st.column_config.TextColumn(width=WIDTH) for name in rows[0] if name.startswith("Ours")},
    )  # fmt: skip
    if not any(cell.id in key for cell in cells for key in entries):
        st.caption(f"Not measured here yet: `python -m ser_core reproduce {table}`.")
    with st.expander("The commands behind our numbers", icon=":material/terminal:"):
        commands = [one["command"] for one in entries.values() if one["system"] == system or table != "comparison"]
        st.code("\n".join(commands) or f"python -m ser_core reproduce {table}", language="shell", wrap_lines=True)


def by_corpus(cells: Sequence[Any], entries: Mapping[str, Any]) -> list[dict[str, str]]:
    """A row for each corpus: the paper, ours under its protocol, ours under an honest one, and what leaks."""
    from ser_core.reproduce.markdown import both_epochs, figures, of

    rows: dict[str, dict[str, str]] = {}
    for cell in cells:
        row = rows.setdefault(cell.corpus, {"Corpus": corpus_words(cell.corpus), "Paper, WA / UA": printed(cell)})
        one = of(entries, cell)
        if cell.column == "honest":
            row["Ours, honest, WA / UA"] = plain(figures(one)) if one else "not run"
        else:
            row["Ours, paper's protocol, WA / UA"] = plain(both_epochs(one)) if one else "not run"
            row["What leaks in the paper's protocol"] = " ".join(one["leaks"]) if one else ""
    return list(rows.values())


def by_variant(cells: Sequence[Any], entries: Mapping[str, Any]) -> list[dict[str, str]]:
    """A row for each variant; per corpus a column for the paper where it prints one, and one for ours where it ran."""
    from ser_core.reproduce.markdown import figures, of

    on_paper = {cell.corpus for cell in cells if printed(cell) != NOTHING}
    measured = {cell.corpus for cell in cells if of(entries, cell)}
    rows: dict[tuple[str, str], dict[str, str]] = {}
    for cell in cells:
        row = rows.setdefault((cell.system, cell.variant), {"System": cell.system, "Variant": cell.variant})
        title = corpus_words(cell.corpus)
        if cell.corpus in on_paper:
            row[f"Paper, {title}, WA / UA"] = printed(cell)
        if cell.corpus in measured:
            one = of(entries, cell)
            row[f"Ours, {title}, WA / UA"] = plain(figures(one)) if one else "not run"
    return list(rows.values())


NOTHING = "–"


def printed(cell: Any) -> str:
    """What the paper prints for a cell; only what stands in it."""
    from ser_core.reproduce.printed import PRINTED

    found = PRINTED.get((cell.system, cell.variant, cell.corpus))
    return found.words().replace("-", NOTHING) if found else NOTHING


def plain(text: str) -> str:
    """Without the marks of Markdown."""
    return text.replace("*", "")
