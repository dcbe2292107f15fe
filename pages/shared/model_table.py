"""All variants side by side: size, cost, speed here, what is known of their accuracy."""

from __future__ import annotations

from functools import partial
from typing import Any

import streamlit as st

from pages.shared import brand
from pages.shared.busy import Busy, stopped, working
from pages.shared.known_scores import KnownScore, known_scores
from ser_core.corpora import get_corpus
from ser_core.models import Cost, cost_of, describe_systems, list_systems
from ser_core.models.kept_costs import count_costs, every_variant, kept_costs
from ser_core.models.latency import Latency, measure_latency
from ser_core.plots.costs import Point, accuracy_against_cost

BARE = {"displayModeBar": False}
MADDS, PARAMETERS, LATENCY = "Multiply-adds", "Parameters", "Time on this machine"
UNITS = {MADDS: "per second of speech", PARAMETERS: "trainable", LATENCY: "milliseconds for a clip of 3 s"}
Key = tuple[str, str]


@st.cache_resource(show_spinner=False)
def measured() -> dict[Key, Latency]:
    """What was measured since the app started, for everybody."""
    return {}


@st.cache_data(max_entries=1, show_spinner=False)
def described(_costs: dict[Key, Cost], counted: int) -> list[dict[str, Any]]:
    return describe_systems(lambda *key: _costs[key])


def show_table() -> None:
    costs = kept_costs()
    missing = len(set(every_variant()) - set(costs))
    if missing:
        if stopped("costs"):
            return
        try:
            with working(work="costs") as progress:
                costs = count_costs(lambda what, done, of: progress(f"Counting once what {what} computes", done, of))
        except Busy as busy:
            st.info(str(busy), icon=":material/hourglass_top:")
            return
    rows = described(costs, len(costs))
    scores = known_scores()
    show_plot(rows, scores)
    show_speed()
    show_rows(rows, scores)


def show_plot(rows: list[dict[str, Any]], scores: list[KnownScore]) -> None:
    st.subheader("Accuracy against cost", anchor=False)
    if not scores:
        st.info("Nothing has been measured yet: train a checkpoint, or run `python -m ser_core reproduce`.")
        return
    corpora = corpora_of(scores)
    first, second, third = st.columns([0.34, 0.33, 0.33], vertical_alignment="bottom")
    corpus = first.selectbox("Accuracy on", corpora, key="cost-corpus", bind="query-params")
    axis = second.selectbox("Against", [MADDS, PARAMETERS, LATENCY], key="cost-axis", bind="query-params")
    papers = third.toggle("What the papers print, too", key="cost-papers", bind="query-params")
    shown = [score for score in scores if score.corpus == corpus and (papers or score.source != "paper")]
    points = [point for score in shown if (point := point_of(score, axis, rows)) is not None]
    if not points:
        hint = "measure the time below first" if axis == LATENCY else "switch on what the papers print"
        st.info(f"No point to draw here yet: {hint}.", icon=":material/scatter_plot:")
        return
    classes = {score.classes for score in shown if score.classes}
    chance = 100 / classes.pop() if len(classes) == 1 else None
    st.plotly_chart(
        accuracy_against_cost(points, axis, UNITS[axis], chance, brand.colours()),
        theme=None,
        config=BARE,
        key="accuracy-cost",
        alt="; ".join(f"{point.label}: UA {point.ua:.0f}% at {point.cost:.3g}" for point in points),
    )
    st.caption(
        "Filled: measured by this project, on speakers the model never heard, with 95% intervals. Hollow: printed in a "
        "paper, under its own protocol. It does not show a fair race between the two, nor between points of other "
        "recipes: “Paper and ours” says what leaks."
    )


def corpora_of(scores: list[KnownScore]) -> list[str]:
    """Those with most of our own measurements first, but real voices before synthetic ones."""
    synthetic = get_corpus("synthetic").title

    def order(corpus: str) -> tuple[bool, bool, int, str]:
        own = sum(score.corpus == corpus and score.source != "paper" for score in scores)
        return own == 0, corpus == synthetic, -own, corpus

    return sorted({score.corpus for score in scores}, key=order)


@st.cache_data(max_entries=64, show_spinner="Counting what it computes …")
def counted(system: str, variant: str, classes: int | None, settings: tuple[tuple[str, Any], ...]) -> Cost:
    """Of a model whose settings are not its variant's."""
    return cost_of(system, variant, classes, dict(settings))


def point_of(score: KnownScore, axis: str, rows: list[dict[str, Any]]) -> Point | None:
    row = next((r for r in rows if (r["system"], r["variant"]) == (score.system, score.variant)), None)
    if row is None:
        return None
    if axis == PARAMETERS:
        cost = float(score.parameters or row["parameters"])
    elif axis == LATENCY:
        latency = measured().get((score.system, score.variant))
        cost = latency.milliseconds if latency and not score.settings else 0.0
    elif score.settings:
        cost = float(counted(score.system, score.variant, score.classes, score.settings).madds_per_second)
    else:
        cost = float(row["madds_per_second"])
    if cost <= 0:
        return None
    low, high = (score.ua if edge is None else edge for edge in (score.low, score.high))
    return Point(score.system, score.name, cost, score.ua, low, high, score.note, filled=score.source != "paper")


def show_rows(rows: list[dict[str, Any]], scores: list[KnownScore]) -> None:
    st.subheader("Every variant", anchor=False)
    times = measured()
    table = []
    for row in rows:
        key = (row["system"], row["variant"])
        took = times.get(key)
        table.append(
            {
                "System": row["system"],
                "Variant": row["variant"],
                "Baseline of": row["baseline_of"],
                "Parameters": row["parameters"],
                "Paper prints": row["paper_parameters"],
                "Multiply-adds, M/s": row["madds_per_second"] / 1e6,
                "One segment, M": row["madds_per_segment"] / 1e6,
                "Paper prints, M": row["paper_flops"] / 1e6 if row["paper_flops"] else None,
                "Here, ms": took.milliseconds if took else None,
                "Known UA": known_words(key, scores),
            }
        )
    number = st.column_config.NumberColumn
    st.dataframe(
        table,
        hide_index=True,
        height=35 * (len(table) + 1) + 3,  # whole: no second thing to scroll within the page
        key="variants",
        placeholder="",
        column_config={
            "System": st.column_config.TextColumn(width=110),
            "Variant": st.column_config.TextColumn(width=160),
            "Parameters": number(format="localized", help="Trainable, with as many emotions as the paper has."),
            "Paper prints": number(format="localized", help="Parameters, where the paper states them."),
            "Multiply-adds, M/s": number(
                format="%.1f",
                help="Millions for one second of speech: of one segment, times the segments that a second gives.",
            ),
            "One segment, M": number(format="%.1f", help="Millions of multiply-adds for one segment of full length."),
            "Paper prints, M": number(format="%.0f", help="The paper's FLOPs for one segment, where it states them."),
            "Here, ms": number(format="%.1f", help="Milliseconds for a clip of 3 s on this machine, once measured."),
            "Known UA": st.column_config.TextColumn(
                width="large", help="Unweighted accuracy with its 95% interval, on speakers never heard."
            ),
        },
        alt="Every system and variant with parameters, multiply-adds, time on this machine and known accuracy.",
    )
    st.caption(
        "Multiply-adds are those of convolutions, linear and recurrent layers and attention; the front end comes on "
        "top. They do not show how fast a machine gets through them: measure that above."
    )


def known_words(key: Key, scores: list[KnownScore]) -> str:
    """What is known of one variant, the papers' own figures apart: "RAVDESS 62% (55 to 70), EmoDB 81% (64 to 91)"."""
    own = [score for score in scores if (score.system, score.variant) == key and score.source != "paper"]
    words = []
    for score in own:
        interval = f" ({score.low:.0f} to {score.high:.0f})" if score.low is not None and score.high is not None else ""
        size = f" with {score.parameters:,} parameters" if score.settings and score.parameters else ""
        words.append(f"{score.corpus} {score.ua:.0f}%{interval}, {score.name}{size}")
    return "; ".join(words)


def show_speed() -> None:
    st.subheader("Speed on this machine", anchor=False)
    every = [" ".join(key) for key in every_variant()]
    default = [f"{system} default" for system in list_systems()]
    chosen = st.multiselect("Measure", every, default=default, key="to-measure")
    st.caption(
        "A clip of 3 s from samples to scores, with random weights, median of five. It does not show what thirty "
        "visitors at once would wait. SepTr takes many seconds."
    )
    if not st.button("Measure now", icon=":material/timer:", type="primary", disabled=not chosen):
        return
    try:
        with working() as progress:
            for number, name in enumerate(chosen):
                system, variant = name.split(" ")
                measured()[system, variant] = measure_latency(
                    system,
                    variant,
                    between=partial(progress, f"Measuring {name}", number, len(chosen)),
                )
    except Busy as busy:
        st.info(str(busy), icon=":material/hourglass_top:")
        return
    st.rerun()
