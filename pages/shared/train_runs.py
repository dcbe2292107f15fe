"""Every run at a glance, and which one is looked at."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from ser_core.jobs import Job, Status
from ser_core.jobs.times import in_words

PICKED, BESIDE = "run", "beside"
_TABLE = "runs-table"
MARKS = {
    "queued": "… queued", "running": "▶ running", "stopping": "◼ stopping", "done": "✓ done", "failed": "✕ failed",
    "cancelled": "◻ cancelled", "lost": "? lost",
}  # fmt: skip
ROWS = 8  # of the table that are seen without scrolling


def show_runs(jobs: Sequence[Job], states: dict[str, Status]) -> None:
    """Draw the table; a click on a row looks at that run.  states: of each job, by its id; none: its place alone."""
    height = 35 * (min(len(jobs), ROWS) + 1) + 3
    if not states:
        st.container(height=height, border=False)
        return
    rows = [row_of(job, states[job.id]) for job in jobs]
    st.dataframe(
        rows,
        hide_index=True,
        height=height,
        key=_TABLE,
        on_select=_follow,
        selection_mode="single-row",
        column_config={
            "State": st.column_config.TextColumn(width="small"),
            "Run": st.column_config.TextColumn(width=290),
            "Progress": st.column_config.ProgressColumn(
                width="small", min_value=0, max_value=100, format="%.0f%%", help="Epochs done, of this stage."
            ),
            "UA": st.column_config.NumberColumn(
                format="%.0f%%", help="On the validation voices, after the latest epoch.", width="small"
            ),
            "Left": st.column_config.TextColumn(width="small", help="Of this stage, at the speed so far."),
            "Why": st.column_config.TextColumn(width="large"),
        },
        placeholder="",
        alt="; ".join(f"{row['Run']}: {row['State']}" for row in rows),
    )
    st.session_state["runs-listed"] = [job.id for job in jobs]


def row_of(job: Job, status: Status) -> dict[str, str | float | None]:
    ua = status.metrics.get("validation_ua")
    done = 1.0 if status.state == "done" else status.epoch / status.epochs if status.epochs else 0.0
    return {
        "State": MARKS[status.state],
        "Run": job.id,
        "Progress": 100 * done,
        "UA": None if ua is None else 100 * ua,
        "Left": "" if status.seconds_left is None else in_words(status.seconds_left),
        "Why": status.reason,
    }


def pick_runs(jobs: Sequence[Job]) -> tuple[Job, list[Job]]:
    """Draw the choice of one run and of those to hold beside it; both stand in the address."""
    names = [job.id for job in jobs]
    known = {job.id: job for job in jobs}
    if st.session_state.get(PICKED) not in (None, *names):
        del st.session_state[PICKED]  # it was deleted
    kept = [name for name in st.session_state.get(BESIDE, []) if name in known]
    if kept != st.session_state.get(BESIDE, []):
        st.session_state[BESIDE] = kept
    left, right = st.columns(2)
    chosen = left.selectbox("Run", names, key=PICKED, bind="query-params")
    others = [name for name in names if name != chosen]
    beside = right.multiselect(
        "Beside it", others, key=BESIDE, placeholder="Other runs in the same plots", max_selections=7
    )
    return known[chosen], [known[name] for name in beside]


def _follow() -> None:
    chosen = st.session_state[_TABLE].selection.rows
    listed = st.session_state.get("runs-listed", [])
    if chosen and chosen[0] < len(listed):
        st.session_state[PICKED] = listed[chosen[0]]
        st.session_state[BESIDE] = [name for name in st.session_state.get(BESIDE, []) if name != listed[chosen[0]]]
