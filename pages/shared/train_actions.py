"""What can be done with a run; whatever cannot be undone asks first.  The core checks each permission again."""

from __future__ import annotations

import re
from collections.abc import Callable

import streamlit as st

from pages.shared.permission import permission
from pages.shared.train_form import CLONE
from pages.shared.train_many import ONE, SEARCH
from ser_core.checkpoints import Card, list_checkpoints
from ser_core.errors import SpeechEmotionError
from ser_core.jobs import Job, Status, cancel, clone, delete, keep, resume
from ser_core.jobs.folder import Order
from ser_core.jobs.vary import as_typed

GO = "train_go"  # the part of the page to open at the next run, and what is to be chosen there, by widget
OPENS = (
    ("Recognise", "pages/recognise.py", ":material/hearing:"),
    ("Attention", "pages/attention.py", ":material/visibility:"),
    ("Evaluate", "pages/evaluate.py", ":material/rule:"),
)


def show_actions(job: Job, status: Status, launch_part: str) -> None:
    """A row of buttons, those that make sense in this state."""
    allowed = permission().allowed
    if status.state == "done":
        show_result(job, status, allowed)
    with st.container(key="run-actions", horizontal=True, vertical_alignment="center"):
        if status.state in ("queued", "running"):
            ask(
                "Cancel", ":material/stop_circle:", "It ends after the step it is in. What it learnt so far stays, "
                "and it can be resumed.", "Yes, cancel it", lambda: cancel(job, permission()), allowed,
            )  # fmt: skip
        if status.state == "stopping":
            ask(
                "Kill", ":material/dangerous:", "It was asked to stop and has not ended yet. Killed, it loses the "
                "epoch it is in; it can be resumed.", "Yes, kill it",
                lambda: cancel(job, permission(), grace=0), allowed,
            )  # fmt: skip
        if status.state in ("cancelled", "failed", "lost") and st.button(
            "Resume", icon=":material/resume:", disabled=not allowed, key="run-resume", type="primary"
        ):
            attempt(lambda: resume(job, permission()))
        if st.button("Clone with changes", icon=":material/content_copy:", key="run-clone"):
            attempt(lambda: to_form(job, launch_part))
        if status.ended:
            ask(
                "Delete", ":material/delete:", "It goes to the folder `.trash` beside the runs, from where it can be "
                "taken back by hand.", "Yes, delete it", lambda: delete(job, permission()), allowed,
            )  # fmt: skip


def chosen_epoch(card: Card) -> str:
    """Which epoch the checkpoint is of: not always the last one, whose figures stand above."""
    if not card.epoch or card.validation_ua is None:
        return ""
    return f" It is that of epoch {card.epoch} (validation UA {100 * card.validation_ua:.0f}%)."


def show_result(job: Job, status: Status, allowed: bool) -> None:
    """What it came to, and where to go with it."""
    from pages.shared.model_card import track_record
    from ser_core.checkpoints import load_card

    try:
        card = load_card(job.run.checkpoint)
    except SpeechEmotionError as error:
        st.error(str(error), icon=":material/deployed_code_alert:")
        return
    with st.container(border=True, key="run-result"):
        st.markdown(f"**Its checkpoint is ready.** {track_record(card)}{chosen_epoch(card)}")
        kept = status.kept if status.kept in list_checkpoints() else ""
        with st.container(horizontal=True, vertical_alignment="bottom"):
            name = kept or st.text_input(
                "Keep it as", value=free_name(card.name), key=f"keep-as/{job.id}", width=260, disabled=not allowed,
                help="It then stands in every list of models. Small letters, digits, - and _.",
            )  # fmt: skip
            if kept:
                st.markdown(f"Kept as **{kept}**.", width="content")
            elif st.button("Keep", icon=":material/bookmark_add:", disabled=not allowed, key="run-keep"):
                attempt(lambda: keep(job, name, permission()))
            for title, page, icon in OPENS:
                if registered(page) and st.button(
                    f"Open in {title}" if kept else f"Keep, open in {title}", icon=icon, key=f"run-open-{title}",
                    disabled=not (allowed or kept), type="primary" if title == "Recognise" else "secondary",
                ):  # fmt: skip
                    open_in(page, job, name, kept)


def open_in(page: str, job: Job, name: str, kept: str) -> None:
    try:
        if not kept:
            keep(job, name, permission())
    except SpeechEmotionError as error:
        st.error(str(error), icon=":material/error:")
        return
    st.switch_page(page, query_params={"model": name})


def registered(page: str) -> bool:
    """Whether the application has this page."""
    from streamlit.runtime.scriptrunner import get_script_run_ctx

    context = get_script_run_ctx()
    pages = context.pages_manager.get_pages().values() if context else []
    return any(str(one.get("script_path", "")).endswith(page) for one in pages)


def free_name(wanted: str) -> str:
    """The name, with a number behind it where there is such a checkpoint already."""
    taken, number = set(list_checkpoints()), 2
    base = re.sub(r"[^a-z0-9_-]", "-", wanted)[:58]
    name = base
    while name in taken:
        name, number = f"{base}-{number}", number + 1
    return name


def to_form(job: Job, launch_part: str) -> None:
    """Raises RecipeError where its recipe was edited into something that is none."""
    st.session_state[CLONE] = (job.id, clone(job))
    st.session_state[GO] = {"train": launch_part, **as_before(job.order)}


def as_before(order: Order | None) -> dict[str, object]:
    """What was asked for beside the recipe, by widget."""
    if order is None:
        return {}
    search: dict[str, object] = {"train_kind": ONE}
    if order.search:
        search = {"train_kind": SEARCH, "train_space": as_typed(order.search.space),
                  "train_trials": order.search.trials, "train_pruning": order.search.pruning}  # fmt: skip
    return search | {"train_tensorboard": order.tensorboard}


def ask(name: str, icon: str, meaning: str, sure: str, act: Callable[[], object], allowed: bool) -> None:
    """A button that opens on a question, and only its answer acts."""
    with st.popover(name, icon=icon, disabled=not allowed, key=f"ask-{name}"):
        st.markdown(meaning)
        if st.button(sure, type="primary", key=f"sure-{name}"):
            attempt(act)


def attempt(act: Callable[[], object]) -> None:
    """Do it and draw the page anew; what is wrong is said as it stands."""
    try:
        act()
    except SpeechEmotionError as error:
        st.error(str(error), icon=":material/error:")
        return
    st.rerun()
