"""Two models on the same clips: who is right where, is it more than chance, and do they agree?"""

from __future__ import annotations

import streamlit as st

from pages.shared.evaluate_pick import Choice
from ser_core.evaluation import Comparison, Evaluation, compare


def show_rivals(choice: Choice, evaluation: Evaluation, rival: Evaluation | None) -> None:
    """rival: of the same clips and emotions (`alike`), None where none was chosen or none can be held against it."""
    if rival is None:
        st.info(
            "Choose another model under “Against”, above: one that has answered clips of the same corpus.",
            icon=":material/compare_arrows:",
        )
        return
    found = compare(evaluation, rival)
    left, right = st.columns(2, gap="medium")
    with left:
        st.subheader("Is one better?", anchor=False)
        st.markdown(four(choice, found))
        st.markdown(verdict(choice, found))
        st.caption(
            "McNemar's exact test asks only about the clips that exactly one of the two got right: were the models "
            "equally good, these would fall like coin tosses. It takes clips as independent, which those of one "
            "speaker are not: a small p says more about these speakers than about the next one."
        )
    with right:
        st.subheader("Do they agree?", anchor=False)
        kappa = "not defined: both always say the same" if found.kappa is None else f"{found.kappa:.2f}"
        st.markdown(
            f"The same answer, right or wrong, on **{100 * found.agreement:.0f}%** of the clips; Cohen's kappa "
            f"**{kappa}**.\n\nUA on these clips: **{100 * found.ua_first:.1f}%** ({choice.model}) and "
            f"**{100 * found.ua_second:.1f}%** ({choice.against})."
        )
        st.caption(
            "Kappa takes away the agreement that their habits alone would give: 0 is chance, 1 is always. It does not "
            "show who is right."
        )


def four(choice: Choice, found: Comparison) -> str:
    """Who is right where, as a table of four numbers."""
    return (
        f"| {found.n:,} clips | {choice.against} right | {choice.against} wrong |\n|---|---|---|\n"
        f"| **{choice.model} right** | {found.both_right:,} | {found.only_first:,} |\n"
        f"| **{choice.model} wrong** | {found.only_second:,} | {found.both_wrong:,} |"
    )


def verdict(choice: Choice, found: Comparison) -> str:
    alone = f"Alone right: {choice.model} on {found.only_first:,}, {choice.against} on {found.only_second:,}"
    p = "p < 0.001" if found.p < 0.001 else f"p = {found.p:.3f}" if found.p < 0.1 else f"p = {found.p:.2f}"
    if found.p < 0.05:
        better = choice.model if found.only_first > found.only_second else choice.against
        return f"{alone}: {p}, so on these clips {better} is better by more than chance would give."
    return f"{alone}: {p}, so these clips cannot tell them apart."
