"""What was evaluated, in a sentence, and the three scores with their intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.shared import brand
from pages.shared.evaluate_pick import Choice
from pages.shared.model_card import corpus_title
from ser_core.corpora import get_corpus
from ser_core.corpora.base import named
from ser_core.errors import CorpusError
from ser_core.evaluation import Evaluation, Report
from ser_core.plots.scores import Line, figure_words, score_intervals
from ser_core.protocols import SEEN

if TYPE_CHECKING:
    from ser_core.reproduce.printed import Printed

SCORES = (("UA", "ua"), ("WA", "wa"), ("WF1", "wf1"))
WHAT = (
    "UA: the share named right, computed for each emotion, then averaged. WA: the share of all clips named right. WF1: "
    "F1, weighted by clips. "
)
BARS = "The bars are 95% intervals: drawing speakers, then their clips, again and again."
CLIPS = (
    "The bars are 95% intervals: drawing the clips again and again. How much the voices differ is not in them, since "
    "{} does not say who speaks: for a new voice they are too narrow."
)
NO_BARS = "There are no 95% intervals: clips of {} do not tell how much voices differ."


def show_summary(choice: Choice, evaluation: Evaluation, rival: Evaluation | None, note: str = "") -> None:
    """rival: of the same clips and emotions.  note: what was done so that the two can be compared, or why not."""
    report = evaluation.report()
    if report.seen_included:
        st.warning(
            "Speakers that the model has heard are among these clips: the figures prove nothing about a new voice.",
            icon=":material/warning:",
        )
    with st.container(border=True, key="evaluate-strip"), st.container(gap=None):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f"**{choice.model}** on **{title_of(report.corpus)}**", width="content")
            if synthetic(report.corpus):
                st.badge("synthetic", color="gray")
            if report.protocol in SEEN:
                st.badge("leaky split", color="red")
        st.caption(told(report))
    if synthetic(report.corpus):
        st.caption(
            ":material/info: No person spoke these clips, and the same rules made training and test: high figures here "
            "are no evidence about human voices."
        )
    series = {choice.model: lines(report)}
    if rival is not None:
        series[choice.against] = lines(rival.report())
    table = paper_table(choice, report)
    figure = beside = st.container()
    if table:
        figure, beside = st.columns([0.6, 0.4], gap="large", vertical_alignment="center")
    with figure:
        st.plotly_chart(
            score_intervals(series, 1 / len(report.labels), brand.colours()),
            theme=None,
            config={"displayModeBar": False},
            key="scores",
            alt="; ".join(f"{name}: {line.name} {100 * line.value:.1f}%" for name in series for line in series[name]),
        )
    if table:
        with beside, st.container(key="paper-row", gap="xsmall"):
            st.markdown(table)
            st.caption(why_not_the_same(choice, report))
    elif other := other_task(choice, report):
        st.caption(f":material/menu_book: {other}")
    if note:
        st.caption(f":material/balance: {note}")
    st.caption(WHAT + bars(report))


def lines(report: Report) -> list[Line]:
    return [Line(name, getattr(report, key), *report.intervals.get(key, (None, None))) for name, key in SCORES]


def bars(report: Report) -> str:
    """What the intervals rest on, or why there are none."""
    if not report.intervals:
        return NO_BARS.format(report.no_interval())
    return CLIPS.format("your ZIP" if is_own(report.corpus) else "the corpus") if report.of_clips() else BARS


def told(report: Report) -> str:
    """Size, protocol, and what was left out: "70 clips of 2 speakers …"."""
    known = not (report.seen_included or is_own(report.corpus))
    unheard = " it never heard" if all(named(group.name) for group in report.groups["speaker"]) else ""
    parts = [f"{report.n:,} clips of {report.voices()}{unheard}" if known else f"{report.n:,} clips"]
    if report.excluded:
        parts.append(f"{report.excluded:,} left out because the model has heard their speaker")
    if report.learnt:
        parts.append(f"{report.learnt:,} left out because it was trained or chosen on the very clip")
    if report.outside:
        parts.append(f"{report.outside:,} with an emotion that it does not know")
    if report.unreadable:
        parts.append(f"{report.unreadable:,} that could not be used")
    if is_own(report.corpus):
        parts.append("speakers unknown")
    elif report.protocol == "all":
        parts.append("every unseen speaker")
    else:
        parts.append(f"test part of {report.protocol}")
    if report.folds:
        ua, deviation = 100 * report.folds.ua, 100 * report.folds.ua_deviation
        parts.append(f"{report.folds.folds} folds, UA {ua:.1f} ± {deviation:.1f}% between them")
    return " · ".join(parts) + (f". {report.note}" if report.note else "")


def printed_for(choice: Choice, report: Report) -> tuple[str, Printed] | None:
    """The system's paper, and what it prints for this corpus, whatever emotions are here; None where nothing."""
    if choice.card is None:
        return None
    from ser_core.reproduce.printed import PAPER_OF, PRINTED  # brings the training code along

    printed = PRINTED.get((choice.card.system, choice.card.variant, report.corpus))
    return (PAPER_OF.get(choice.card.system, ""), printed) if printed else None


def paper_table(choice: Choice, report: Report) -> str:
    """The paper's row above the same figures from here, as Markdown.

    Empty where it prints nothing for this corpus, or for more emotions of it than are here: that is another task.  Only
    scores that the paper prints have a column.
    """
    found = printed_for(choice, report)
    if found is None or emotions_here(report) != emotions_there(report):
        return ""
    paper, printed = found
    values = {name: value for name, value in vars(printed).items() if isinstance(value, float)}
    here = {line.name.lower(): line for line in lines(report)}
    interval = "with 95% interval" if report.intervals else f"no interval ({report.no_interval()})"
    rows = (
        ["in percent", *(name.upper() for name in values)],
        ["---", *("---:" for _ in values)],
        [f"Paper {paper}, {printed.where}", *(f"{value:.2f}" for value in values.values())],
        [f"Here, {interval}", *(figure_words(here[name]).replace("%", "") for name in values)],
    )
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def why_not_the_same(choice: Choice, report: Report) -> str:
    """In a sentence, what keeps the two rows of the table apart."""
    found = printed_for(choice, report)
    if found and report.protocol == f"paper:{found[0]}":
        return "The same rule of splitting; see “What leaks” for what it proves."
    return "Not the same test: the paper's row was measured under its own protocol."


def other_task(choice: Choice, report: Report) -> str:
    """Why the paper's figures for this corpus do not stand beside these; empty where they do, or there are none."""
    found = printed_for(choice, report)
    here, there = emotions_here(report), emotions_there(report)
    if found is None or here == there:
        return ""
    paper, printed = found
    values = " and ".join(
        f"{name.upper()} {value:.2f}" for name, value in vars(printed).items() if type(value) is float
    )
    return (
        f"Paper {paper} ({printed.where}) prints {values} for all {there} emotions of this corpus. Here are {here}: "
        "another task, so the two are not set side by side."
    )


def emotions_here(report: Report) -> int:
    return sum(bool(one.support) for one in report.emotions)


def emotions_there(report: Report) -> int:
    return len(get_corpus(report.corpus).emotions)


def is_own(corpus: str) -> bool:
    """Whether it is a visitor's ZIP."""
    return corpus.endswith("?name=own")


def title_of(corpus: str) -> str:
    return "your own clips" if is_own(corpus) else corpus_title(corpus)


def synthetic(corpus: str) -> bool:
    try:
        return get_corpus(corpus).synthetic
    except CorpusError:
        return False
