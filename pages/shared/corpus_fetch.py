"""Getting a corpus that is not here: by download where its terms allow it, else by hand."""

from __future__ import annotations

import streamlit as st

from pages.shared import corpora_here
from pages.shared.busy import Busy, Progress, working
from pages.shared.permission import ask_permission, permission
from ser_core.corpora import Corpus, data_folder
from ser_core.corpora.download import Downloaded, download
from ser_core.errors import SpeechEmotionError


def show_fetch(corpus: Corpus) -> None:
    st.markdown("It is not here.")
    if corpus.archives:
        show_download(corpus)
    if corpus.steps:
        with st.expander("By hand", expanded=not corpus.archives, icon=":material/folder_copy:"):
            if corpus.by_hand:
                st.markdown(f"No program fetches it: {corpus.by_hand}")
            st.markdown("\n".join(f"{number}. {step}" for number, step in enumerate(corpus.steps, 1)))
            st.caption(f"`<data>` is the data folder{here()}. Home page: {corpus.homepage}")


def here() -> str:
    return ", set by SER_DATA when the app starts"


def show_download(corpus: Corpus) -> None:
    if data_folder() is None:
        st.info(
            "To fetch it, start the app with SER_DATA=<folder>: the recordings go there.", icon=":material/folder_off:"
        )
        return
    if not ask_permission("download a corpus").allowed:
        return
    size = sum(archive.bytes or 0 for archive in corpus.archives)
    weight = f" ({size / 1e6:,.0f} MB)" if size else ""
    accepted = st.checkbox(f"I have read its terms ({corpus.licence.name}) and keep to them.", key="accept-terms")
    if not st.button(f"Download{weight}", icon=":material/download:", type="primary", disabled=not accepted):
        return
    try:
        permission().require("download a corpus")
        with working() as progress:
            got = download(corpus, data_folder(), megabytes(progress))
    except (SpeechEmotionError, Busy) as error:
        st.error(str(error), icon=":material/cloud_off:")
        return
    corpora_here.look_again()
    st.toast(in_words(corpus, got), icon=":material/check_circle:")
    st.rerun()


def megabytes(progress: Progress) -> Progress:
    """The same bar, with megabytes in its words."""

    def report(what: str, done: int, total: int) -> None:
        if what == "downloading":
            words = f"Downloading: {done / 1e6:.1f} of {total / 1e6:.1f} MB. If you leave, it goes on there next time."
            progress(words, done, total)
        else:
            progress(f"{what.capitalize()}: {done:,} of {total:,} files", done, total)

    return report


def in_words(corpus: Corpus, got: Downloaded) -> str:
    checked = "its digest is the published one" if got.verified else "no digest is published, its counts fit"
    return f"{corpus.title} is here: {got.utterances:,} recordings ({checked})."
