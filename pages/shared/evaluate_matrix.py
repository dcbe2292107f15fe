"""Confusion matrices that can be clicked: of one model, or of two with their difference."""

from __future__ import annotations

import streamlit as st

from pages.shared import brand
from pages.shared.evaluate_pick import Choice
from ser_core.evaluation import Evaluation
from ser_core.plots.confusion import Cell, Share, confusion_difference, confusion_matrix

COUNTS, ROWS, COLUMNS = "counts", "by row", "by column"
SHARES: dict[str, Share] = {COUNTS: "", ROWS: "row", COLUMNS: "column"}
SHOWN, CELL, WHOSE = "share", "cell", "whose"
SECOND = "matrix-second"
MISTAKES = "all mistakes"
HEARD_AS = " heard as "
WORDS = {
    COUNTS: "Rows are what was acted, columns what the model heard; the diagonal is right. It does not show how sure "
    "the answers were, nor whether a person would hear the clips as they were acted.",
    ROWS: "Each row adds up to 100%: of what was acted so, the share that was heard so; the diagonal is recall. It "
    "does not show how many clips a row stands for: see the counts.",
    COLUMNS: "Each column adds up to 100%: of what was heard so, the share that was acted so; the diagonal is "
    "precision. It depends on how many clips of each emotion are in the test.",
}


def show_matrix(evaluation: Evaluation) -> None:
    """One matrix, and the switch between counts and shares."""
    share_of = pick_share()
    draw(evaluation, share_of, "", "matrix")
    st.caption(f"{WORDS[st.session_state.get(SHOWN) or COUNTS]} Click a cell to hear its clips.")


def show_two(choice: Choice, first: Evaluation, second: Evaluation) -> None:
    """Two models on the same clips and emotions, side by side, and second minus first."""
    share_of = pick_share()
    left, right = st.columns(2, gap="small")
    with left:
        draw(first, share_of, choice.model, "matrix")
    with right:
        draw(second, share_of, choice.against, SECOND)
    st.caption(f"{WORDS[st.session_state.get(SHOWN) or COUNTS]} Click a cell to hear its clips.")
    left, right = st.columns(2, gap="small", vertical_alignment="center")
    with left:
        draw_difference(choice, first, second, share_of)
    with right:
        st.caption(
            f"The difference, **{choice.against}** minus **{choice.model}**. Blue on the diagonal, or orange beside "
            f"it, is in favour of {choice.against}. It does not show whether a difference is more than chance: see "
            "“Two models”."
        )


def pick_whose(choice: Choice) -> bool:
    """Whose clips are listed; a click on a matrix chooses its model.  True for the second."""
    names = [choice.model, choice.against]
    if st.session_state.get(WHOSE) not in names:
        st.session_state[WHOSE] = names[0]
    return st.selectbox("Answers of", names, key=WHOSE, help="A click on a matrix chooses its model.") == names[1]


def draw_difference(choice: Choice, first: Evaluation, second: Evaluation, share_of: Share) -> None:
    st.plotly_chart(
        confusion_difference(
            first.confusion(share_of), second.confusion(share_of), first.labels, share_of, brand.colours(),
            f"{choice.against} − {choice.model}",
        ),
        theme=None, config={"displayModeBar": False}, key="matrix-difference",
        alt=f"Difference of the two confusion matrices, {choice.against} minus {choice.model}.",
    )  # fmt: skip


def pick_share() -> Share:
    chosen = st.segmented_control(
        "Numbers", list(SHARES), default=COUNTS, required=True, key=SHOWN, bind="query-params",
        label_visibility="collapsed",
    )  # fmt: skip
    return SHARES[str(chosen)]


def draw(evaluation: Evaluation, share_of: Share, title: str, key: str) -> None:
    counts = evaluation.confusion()
    shares = evaluation.confusion(share_of) if share_of else counts
    st.plotly_chart(
        confusion_matrix(counts, shares, evaluation.labels, share_of, brand.colours(), title, chosen_cell()),
        theme=None,
        config={"displayModeBar": False},
        key=key,
        on_select=lambda: follow(key, evaluation.labels, title),
        selection_mode="points",
        alt=spoken(evaluation),
    )


def spoken(evaluation: Evaluation) -> str:
    """The matrix in words, row by row."""
    rows = []
    for acted, row in zip(evaluation.labels, evaluation.confusion().tolist(), strict=True):
        parts = [f"{count} {heard}" for heard, count in zip(evaluation.labels, row, strict=True) if count]
        rows.append(f"acted {acted}: heard {', '.join(parts) or 'never'}")
    return "Confusion matrix. " + "; ".join(rows)


def follow(key: str, labels: tuple[str, ...], model: str) -> None:
    """A click on a cell chooses its clips.  model: whose matrix it is, where there are two."""
    points = st.session_state[key].selection.points
    if points:
        row, column = divmod(int(points[0]["point_index"]), len(labels))
        st.session_state[CELL] = f"{labels[row]}{HEARD_AS}{labels[column]}"
        st.session_state[WHOSE] = model


def chosen_cell() -> Cell | None:
    """What is chosen in the list of cells."""
    acted, found, heard = str(st.session_state.get(CELL) or "").partition(HEARD_AS)
    return (acted, heard) if found else None


def cells(evaluation: Evaluation) -> dict[str, int]:
    """Every cell with clips, as the list calls it, and how many: mistakes first, the most frequent at the top."""
    counts = evaluation.confusion()
    found = {
        (acted != heard, int(counts[row, column]), f"{acted}{HEARD_AS}{heard}")
        for row, acted in enumerate(evaluation.labels)
        for column, heard in enumerate(evaluation.labels)
        if counts[row, column]
    }
    return {name: count for _, count, name in sorted(found, key=lambda one: (not one[0], -one[1], one[2]))}
