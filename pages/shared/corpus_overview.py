"""All corpora at a glance, and the choice of one."""

from __future__ import annotations

import streamlit as st

from pages.shared import corpora_here
from pages.shared.model_card import LANGUAGES
from ser_core.corpora import data_folder
from ser_core.errors import CorpusError

PICKED = "corpus"
_TABLE = "corpora-table"
NO_FOLDER = (
    "No data folder is set, so only the synthetic corpus is here. Start the app with SER_DATA=<folder> to use others, "
    "or to fetch them."
)


def pick_corpus() -> str:
    """The list; in the address, and set by a click on a row of the table."""
    return str(
        st.selectbox(
            "Corpus",
            corpora_here.names(),
            index=corpora_here.names().index("synthetic"),
            key=PICKED,
            bind="query-params",
            label_visibility="collapsed",
        )
    )


def show_overview() -> None:
    names = corpora_here.names()
    rows = []
    for name in names:
        corpus = corpora_here.corpus_of(name)
        here = corpora_here.how_many(name)
        rows.append(
            {
                "Corpus": name,
                "Here": here or "missing",
                "Language": LANGUAGES.get(corpus.language, corpus.language),
                "Emotions": len(corpus.emotions) or None,
                "Speakers": len(corpus.speakers) or speakers_here(name, bool(here)),
                "Licence": corpus.licence.name,
                "Trained weights": "may be given away" if corpus.licence.ships else "stay with you",
                "How to get it": way(name, bool(here)),
            }
        )
    st.dataframe(
        rows,
        hide_index=True,
        height=35 * (len(rows) + 1) + 3,
        key=_TABLE,
        placeholder="",
        on_select=_follow,
        selection_mode="single-row",
        column_config={
            "Corpus": st.column_config.TextColumn(width=150, pinned=True),
            "Emotions": st.column_config.NumberColumn(help="In the complete release."),
            "Speakers": st.column_config.NumberColumn(help="In the complete release."),
        },
        alt="; ".join(f"{row['Corpus']}: {row['Here']}" for row in rows),
    )
    st.caption(
        "Shows the corpora that this project can read, and how many of their recordings are here. It does not show "
        "whether the files are whole: that is heard below. Choose a row to look at one."
    )
    if data_folder() is None:
        st.info(NO_FOLDER, icon=":material/folder_off:")


def speakers_here(name: str, here: bool) -> int | None:
    """Of a corpus whose release does not list them."""
    try:
        return len({u.speaker for u in corpora_here.scan_of(name).utterances if u.speaker_known}) if here else None
    except CorpusError:
        return None


def way(name: str, here: bool) -> str:
    corpus = corpora_here.corpus_of(name)
    if corpus.synthetic:
        return "ships with the app"
    if here:
        return ""
    return "download" if corpus.archives else "by hand"


def _follow() -> None:
    chosen = st.session_state[_TABLE].selection.rows
    if chosen:
        st.session_state[PICKED] = corpora_here.names()[chosen[0]]
