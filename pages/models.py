"""Models: how each system works, what it costs, what the papers print, and the checkpoints that are here."""

import streamlit as st

from pages.shared import notice
from pages.shared.deep_link import through_app
from pages.shared.model_cards import show_cards
from pages.shared.model_diagram import show_system
from pages.shared.model_table import show_table
from pages.shared.paper_tables import show_paper_tables

STYLE = """<style>
.stLatex, .katex-display { overflow-x: auto; overflow-y: hidden; }
.st-key-blocks .katex { font-size: 1em; }
.st-key-blocks .katex-display { margin: .2rem 0 .4rem; text-align: left; }
.st-key-blocks .katex-display > .katex { text-align: left; }
</style>"""
HOW, ALL, PAPER, HERE = "How it works", "What it costs", "Paper and ours", "Checkpoints here"


def main() -> None:
    through_app()
    st.html(STYLE)
    with st.container(key="page-title", gap=None):
        st.title("Models", anchor=False)
        st.caption("Look inside the systems, compare their size and speed, and read what is known of each.")
    how, costs, paper, here = st.tabs([HOW, ALL, PAPER, HERE], key="part", on_change="rerun", bind="query-params")
    if how.open:
        with how:
            show_system()
    if costs.open:
        with costs:
            show_table()
    if paper.open:
        with paper:
            show_paper_tables()
    if here.open:
        with here:
            show_cards()
    st.caption(f":material/balance: **{notice.TITLE}.** {notice.NOTICE} {notice.LAW}")


main()
