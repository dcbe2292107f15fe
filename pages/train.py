"""Train: launch a training, watch it, take away what it learnt."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from pages.shared import train_actions, train_form, train_many, train_quick, train_runs, train_sweeps, train_watch
from pages.shared.deep_link import through_app
from pages.shared.permission import ask_permission, permission
from pages.shared.train_cost import show_estimate
from pages.shared.train_devices import pick_device
from pages.shared.train_many import Plan
from pages.shared.warm import warm_browser
from ser_core.corpora import data_folder
from ser_core.errors import SpeechEmotionError
from ser_core.jobs import Cluster, Job, Status, launch, list_jobs
from ser_core.jobs.reporting import tensorboard_there
from ser_core.jobs.sweep import launch_sweep
from ser_core.recipes import Recipe

LAUNCH, RUNS, SWEEPS = "Launch", "Runs", "Sweeps"
ONE_RUN = Plan()
OFTEN, SELDOM = 2, 10  # seconds between two looks at the run folders, while a run goes on and else
SOON = 0.5  # seconds from a part's first look, which is to be painted by then, to its tables and plots
SEEN = "train-seen"  # the part that was open when the page was drawn last
STYLE = """<style>
.st-key-run-progress { min-height: 11rem; }
.st-key-run-progress [data-testid="stMetricValue"] { font-size: 1.35rem; }
.st-key-watch [data-stale="true"] { opacity: 1 !important; transition: none !important; }
.stApp:has(.st-key-watch) [data-testid="stStatusWidget"] { visibility: hidden; }
.runs-legend { font-size: .875rem; line-height: 1.5; overflow-wrap: anywhere; }
</style>"""


def main() -> None:
    through_app()
    st.html(STYLE)
    with st.container(key="page-title", gap=None):
        st.title("Train", anchor=False)
        st.caption("Launch a training on this computer or a cluster, watch it learn, and try what it learnt.")
    allowed = ask_permission("launch, cancel or delete trainings").allowed
    for key, value in st.session_state.pop(train_actions.GO, {}).items():
        st.session_state[key] = value
    begin, watch, sweeps = st.tabs([LAUNCH, RUNS, SWEEPS], key="train", on_change="rerun", bind="query-params")
    seen = st.session_state.pop(SEEN, None)
    jobs, states = looked()
    for tab, name, part in ((watch, RUNS, show_watch), (sweeps, SWEEPS, show_sweeps)):
        if tab.open:
            st.session_state[SEEN] = name
            with tab:
                show_again_and_again(part, first=seen != name, going=goes_on(states))
        else:
            with tab, st.container(key=f"behind-{name.lower()}"):  # so that a click on the tab waits for nothing
                part(jobs, states, True)
    with begin:  # also while it is not seen: the way back to it waits for nothing
        show_launch(allowed)
    warm_browser()


def show_launch(allowed: bool) -> None:
    quick = train_quick.show_quick(allowed)
    if quick:
        go(quick, "cpu", None)
    st.subheader("Your own training", anchor=False)
    recipe = train_form.pick_recipe()
    plan = train_many.pick_plan(recipe) if recipe else None
    try:
        device, cluster = pick_device()
    except SpeechEmotionError as error:
        st.error(str(error), icon=":material/edit_off:")
        return
    if recipe is None or plan is None:
        return
    events = tensorboard_there() and st.checkbox(
        "Event files for TensorBoard", key="train_tensorboard", help="In the run folder; metrics.csv is always written."
    )
    if cluster is None:
        show_estimate(plan.lines[0].recipe if plan.lines else recipe, device, allowed, plan.runs)
    else:
        st.caption("No estimate for a cluster: only its own nodes could be measured.")
    many = f" {len(plan.lines)} runs" if plan.lines else ""
    if st.button(f"Launch{many}", icon=":material/rocket_launch:", type="primary", disabled=not allowed, key="launch"):
        go(recipe, device, cluster, plan, events)


def go(recipe: Recipe, device: str, cluster: Cluster | None, plan: Plan = ONE_RUN, events: bool = False) -> None:
    """Launch it and look at it; what is wrong is said as it stands."""
    where: dict[str, Any] = {"device": device, "data": data_folder(), "cluster": cluster, "tensorboard": events}
    try:
        with st.spinner("Launching …"):
            if plan.lines:
                jobs = launch_sweep(plan.sweep, plan.lines, permission(), **where)
            else:
                jobs = [launch(recipe, permission(), search=plan.search, **where)]
    except SpeechEmotionError as error:
        st.error(str(error), icon=":material/error:")
        return
    st.session_state.pop(train_form.CLONE, None)
    there = {"train": SWEEPS if plan.lines else RUNS, train_runs.PICKED: jobs[0].id}
    if jobs[0].order and plan.lines:
        there[train_sweeps.SWEEP] = jobs[0].order.sweep
    st.session_state[train_actions.GO] = there
    st.rerun()


def looked() -> tuple[list[Job], dict[str, Status]]:
    """Every run, and its state by its id, as the run folders are now."""
    jobs = list_jobs()
    return jobs, {job.id: job.status() for job in jobs}


def goes_on(states: dict[str, Status]) -> bool:
    """Whether some run does."""
    return any(not state.ended for state in states.values())


def show_again_and_again(part: Callable[[list[Job], dict[str, Status], bool], None], first: bool, going: bool) -> None:
    """Draw a part of the page from the run folders as they are at every moment.

    first: it is opened just now.  The part then draws what is looked for, at once; its tables and plots, over which a
    browser takes its time, follow soon.  going: whether some run went on when the page was drawn.
    """
    looks = 0

    def look() -> None:
        nonlocal looks
        looks += 1
        jobs, states = looked()
        if goes_on(states) != going or (first and looks > 1):
            st.rerun()  # the whole page: it is to draw the rest, or to look more often now, or less
        part(jobs, states, first)

    with st.container(key="watch"):
        st.fragment(look, run_every=SOON if first else OFTEN if going else SELDOM)()


def show_sweeps(jobs: list[Job], states: dict[str, Status], first: bool) -> None:
    train_sweeps.show_sweeps(jobs, RUNS, train_actions.GO, first)


def show_watch(jobs: list[Job], states: dict[str, Status], first: bool) -> None:
    if not jobs:
        st.info("No run yet: launch one in the part “Launch”.", icon=":material/model_training:")
        return
    train_runs.show_runs(jobs, {} if first else states)
    job, beside = train_runs.pick_runs(jobs)
    train_watch.show_progress(job, states[job.id])
    if first:
        return
    train_actions.show_actions(job, states[job.id], LAUNCH)
    train_watch.show_curves(job, beside)
    train_watch.show_confusion(job)
    train_watch.show_papers(job)


main()
