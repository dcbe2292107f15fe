"""The runs of a sweep side by side: one line for each, and the table to take away."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from pages.shared.train_runs import BESIDE, MARKS, PICKED
from ser_core.jobs import Job
from ser_core.jobs.sweep import Outcome, as_csv, list_sweeps, outcome
from ser_core.plots.training import MOST

SWEEP = "sweep"


def show_sweeps(jobs: Sequence[Job], runs_part: str, go: str, first: bool) -> None:
    """runs_part: the part of the page with the runs.  go: the key of `train_actions.GO`.

    first: the table is still to come.
    """
    sweeps = list_sweeps(jobs)
    if not sweeps:
        st.info(
            "No sweep yet: in the part “Launch”, choose a grid or a paper's table under “Runs”.",
            icon=":material/grid_view:",
        )
        return
    names = list(sweeps)
    if st.session_state.get(SWEEP) not in (None, *names):
        del st.session_state[SWEEP]
    chosen = st.selectbox(
        "Sweep", names, format_func=lambda name: f"{name}, {len(sweeps[name])} runs", key=SWEEP, bind="query-params"
    )
    if first:
        return
    rows = [outcome(job) for job in sweeps[chosen]]
    st.dataframe(
        [_row(row) for row in rows],
        hide_index=True,
        height=35 * (min(len(rows), 16) + 1) + 3,
        key="sweep-table",
        placeholder="",
        column_config={
            name: st.column_config.NumberColumn(format="%.1f%%", help=explained)
            for name, explained in (
                ("Validation UA", "The best epoch's, on the validation voices."),
                ("Test UA", "Of the finished checkpoint, on voices it never heard; once, at the end."),
            )
        },
        alt="; ".join(f"{', '.join(row.changes)}: {row.state}" for row in rows),
    )
    st.caption(
        "Shows one fold each. Lines whose intervals overlap widely do not differ as far as one can tell; and the best "
        "of many lines is the luckiest, too."
    )
    with st.container(horizontal=True):
        st.download_button(
            "CSV", as_csv(rows), f"{chosen}.csv", "text/csv", icon=":material/download:", on_click="ignore",
            key="sweep-csv",
        )  # fmt: skip
        if st.button("See the curves", icon=":material/show_chart:", key="sweep-curves"):
            ids = [row.run for row in rows][:MOST]
            st.session_state[go] = {"train": runs_part, PICKED: ids[0], BESIDE: ids[1:]}
            st.rerun()


def _row(one: Outcome) -> dict[str, str | float | None]:
    interval = "" if one.low is None or one.high is None else f"{100 * one.low:.0f} to {100 * one.high:.0f}"
    return {
        **dict(change.split("=", 1) for change in one.changes),
        "State": MARKS[one.state],
        "Validation UA": None if one.validation_ua is None else 100 * one.validation_ua,
        "Test UA": None if one.ua is None else 100 * one.ua,
        "95% interval": interval,
        "Clips": one.clips,
    }
