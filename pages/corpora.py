"""Corpora: what recordings are here, what is in them, what is missing, and how to bring more."""

import streamlit as st

from pages.shared.corpus_detail import show_corpus
from pages.shared.corpus_import import show_import
from pages.shared.corpus_overview import pick_corpus, show_overview
from pages.shared.deep_link import through_app

HERE, OWN = "What is here", "Bring your own"


def main() -> None:
    through_app()
    head, choice = st.columns([0.72, 0.28], vertical_alignment="center")
    with head, st.container(key="page-title", gap=None):
        st.title("Corpora", anchor=False)
        st.caption("See what recordings the models learn from, listen to them, and bring more.")
    with choice:
        name = pick_corpus()
    here, own = st.tabs([HERE, OWN], key="part", on_change="rerun", bind="query-params")
    if here.open:
        with here:
            show_overview()
            show_corpus(name)
    if own.open:
        with own:
            show_import()


main()
