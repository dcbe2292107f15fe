"""One run as it goes: how far, how well, what it says; the same curves for several."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence

import numpy as np
import streamlit as st

from pages.shared import brand
from ser_core.errors import SpeechEmotionError
from ser_core.jobs import Job, Status
from ser_core.jobs.room import size
from ser_core.jobs.times import in_words
from ser_core.plots.confusion import confusion_matrix
from ser_core.plots.training import Course, colour_of, course

BARE = {"displayModeBar": False}


def show_progress(job: Job, status: Status) -> None:
    """State, place, bar and the figures of the moment; as high in every state, so that nothing jumps."""
    with st.container(key="run-progress", gap="small"):
        where = f" on {status.device}" if status.device and status.state in ("running", "queued", "stopping") else ""
        stage = f" · {status.stage}" if status.stage not in ("", "training") else ""
        epochs = f" · epoch {status.epoch} of {status.epochs}{stage}" if status.epochs and status.epoch else ""
        st.markdown(f"**{status.state.capitalize()}**{where}{epochs}. {status.reason}")
        share = 1.0 if status.state == "done" else (status.done / status.total if status.total else 0.0)
        st.progress(max(0.0, min(1.0, share)), status.what or "\u2003")
        figures(job, status)


def figures(job: Job, status: Status) -> None:
    metrics = status.metrics
    batch = _batch_size(job)
    speed = f"{status.rate * batch:,.0f}/s" if status.rate and batch else "–"
    load = "–" if status.load is None else f"{100 * status.load:.0f}%"
    memory = "" if status.memory is None else size(status.memory)
    values = (
        ("Validation UA", _percent(metrics.get("validation_ua")), "Mean recall over emotions, latest epoch."),
        ("Validation loss", _number(metrics.get("validation_loss")), "Latest epoch; nats."),
        ("Learning rate", _rate(metrics.get("learning_rate")), "Of the latest epoch."),
        ("Time left", "–" if status.seconds_left is None else in_words(status.seconds_left), "Of this stage."),
        ("Segments", speed, "Trained on per second, since this process began with the stage."),
        ("Device load", load, f"Of the GPU, or of the run's own threads. Memory: {memory or 'not known'}."),
    )
    with st.container(horizontal=True):  # wraps on a phone
        for name, value, explained in values:
            st.metric(name, value, help=explained, width=150)


def show_curves(job: Job, beside: Sequence[Job]) -> None:
    """Loss, UA and learning rate over the epochs."""
    jobs = [job, *beside]
    runs = [Course(one.id, one.metrics()) for one in jobs]
    epochs = max(_epochs(one) for one in jobs)
    colours = brand.colours()
    if beside:
        names = (
            f'<span style="color:{colour_of(n, colours)}">■</span> {html.escape(one.id)}' for n, one in enumerate(jobs)
        )
        st.html(f'<div class="runs-legend">{" &ensp; ".join(names)}</div>')
    chance = _chance(job)
    left, right = st.columns(2, gap="medium")
    for place, quantity, guess in ((left, "loss", None), (right, "ua", chance)):
        place.plotly_chart(
            course(runs, quantity, epochs, colours, guess),  # type: ignore[arg-type]
            theme=None, config=BARE, key=f"course-{quantity}",
            alt=f"{'Loss' if quantity == 'loss' else 'Unweighted accuracy'} over the epochs of {len(jobs)} run(s).",
        )  # fmt: skip
    st.caption(
        "Shows how the loss falls on training and validation clips, and how often each emotion is heard right on the "
        "validation voices. Does not show the test voices: they are looked at once, at the end. A validation curve "
        "that turns while training goes on falling is overfitting."
    )
    rate = st.expander("Learning rate", icon=":material/trending_down:", key="rate-open", on_change="rerun")
    if rate.open:  # what is closed is not drawn anew every two seconds
        rate.plotly_chart(
            course(runs, "learning_rate", epochs, colours), theme=None, config=BARE, key="course-rate",
            alt="Learning rate over the epochs.",
        )  # fmt: skip


def show_confusion(job: Job) -> None:
    """What the latest validation took for what, where something was judged."""
    try:
        latest = job.run.read_json(job.run.folder / "confusion.json")
        counts = np.array(latest["counts"], dtype=int)
        labels = job.recipe().labels
    except (SpeechEmotionError, OSError, LookupError, ArithmeticError, ValueError, TypeError):
        return
    if counts.shape != (len(labels), len(labels)):
        return
    taken = st.expander("What was taken for what", icon=":material/grid_on:", key="confusion-open", on_change="rerun")
    if not taken.open:
        return
    with taken:
        shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        figure = confusion_matrix(counts, shares, labels, "", brand.colours())
        st.plotly_chart(figure, theme=None, config=BARE, key="run-confusion", alt="Confusion matrix of the validation.")
        st.caption(
            f"Shows the clips of the validation voices after epoch {latest.get('epoch')}: acted emotions in rows, what "
            "was heard in columns. Does not show the test voices."
        )


def show_papers(job: Job) -> None:
    """What the run says and was asked for: log, output, recipe, environment."""
    log, output, recipe, made = st.tabs(
        ["Log", "Output", "Recipe", "Command and environment"], key="papers", on_change="rerun"
    )  # what is closed is not drawn anew every two seconds
    if log.open:
        log.code(job.log(40) or "Nothing yet.", language=None, height=220)
    if output.open:
        said = job.output(60) or "The process printed nothing: no warning, no traceback."
        output.code(said, language=None, height=220)
    if recipe.open:
        recipe.code(_read(job, "recipe.toml"), language="toml", height=220)
    if made.open:
        made.code(_environment(job), language=None, height=220)
    st.caption(f"Run folder: `{job.run.folder}`")


def _environment(job: Job) -> str:
    """Of the last start."""
    try:
        starts = json.loads(_read(job, "environment.json") or "{}").get("starts") or []
        if not starts:
            return "It has not begun yet."
        last = dict(starts[-1])
        packages = dict(last.pop("packages", {}))
        last["command"] = " ".join(map(str, last.get("command", [])))
    except (ValueError, AttributeError, TypeError, LookupError):
        return "environment.json is damaged."
    lines = [f"{key:12} {value}" for key, value in last.items()]
    return "\n".join([*lines, "", *(f"{name}=={version}" for name, version in packages.items())])


def _read(job: Job, name: str) -> str:
    try:
        return (job.run.folder / name).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _epochs(job: Job) -> int:
    try:
        recipe, search = job.recipe(), job.order.search if job.order else None
    except SpeechEmotionError:
        return 1
    if search:
        return search.trials
    return recipe.training.epochs * (3 if recipe.transfer else 1)


def _batch_size(job: Job) -> int:
    try:
        return job.recipe().training.batch_size
    except SpeechEmotionError:
        return 0


def _chance(job: Job) -> float | None:
    try:
        return 1 / len(job.recipe().labels)
    except SpeechEmotionError:
        return None


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.0f}%"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _rate(value: float | None) -> str:
    return "–" if value is None else f"{value:.1e}"
