"""What was evaluated, in a sentence, and the three scores with their intervals."""

from __future__ import annotations

import streamlit as st

from pages.shared import brand
from pages.shared.evaluate_pick import Choice
from pages.shared.model_card import corpus_title
from ser_core.corpora import get_corpus
from ser_core.errors import CorpusError
from ser_core.evaluation import Evaluation, Report
from ser_core.plots.scores import Line, score_intervals
from ser_core.protocols import PROTOCOLS, SEEN

SCORES = (("UA", "ua"), ("WA", "wa"), ("WF1", "wf1"))
WHAT = (
    "UA: the share named right, computed for each emotion, then averaged. WA: the share of all clips named right. WF1: "
    "F1, weighted by clips. The bars are 95% intervals: "
)
SPEAKERS = "drawing speakers, then their clips, again and again."
CLIPS = (
    "drawing the clips again and again. How much the voices differ is not in them, since {}: for a new voice they are "
    "too narrow."
)


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
    st.plotly_chart(
        score_intervals(series, 1 / len(report.labels), brand.colours()),
        theme=None,
        config={"displayModeBar": False},
        key="scores",
        alt="; ".join(f"{name}: {line.name} {100 * line.value:.1f}%" for name in series for line in series[name]),
    )
    if note:
        st.caption(f":material/balance: {note}")
    st.caption(WHAT + drawing(report) + beside_paper(choice, report))


def lines(report: Report) -> list[Line]:
    return [Line(name, getattr(report, key), *report.intervals.get(key, (None, None))) for name, key in SCORES]


def drawing(report: Report) -> str:
    """What the intervals rest on."""
    if is_own(report.corpus):
        return CLIPS.format("your ZIP does not say who speaks")
    return SPEAKERS if report.speakers > 1 else CLIPS.format("there is only one")


def told(report: Report) -> str:
    """Size, protocol, and what was left out: "70 clips of 2 speakers …"."""
    voices = f"{report.speakers} speaker" + ("s" if report.speakers != 1 else "")
    known = not (report.seen_included or is_own(report.corpus))
    parts = [f"{report.n:,} clips of {voices} it never heard" if known else f"{report.n:,} clips"]
    if report.excluded:
        parts.append(f"{report.excluded:,} left out because the model has heard their speaker")
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


def beside_paper(choice: Choice, report: Report) -> str:
    """What the system's paper prints for this corpus, in a sentence; empty where it prints nothing."""
    if choice.card is None:
        return ""
    from ser_core.reproduce.printed import PAPER_OF, PRINTED  # brings the training code along

    printed = PRINTED.get((choice.card.system, choice.card.variant, report.corpus))
    if printed is None:
        return ""
    paper = PAPER_OF.get(choice.card.system, "")
    heard = {one.emotion for one in report.emotions if one.support}
    classes = len(get_corpus(report.corpus).emotions)
    differs = f" and all {classes} emotions, {len(heard)} here" if classes != len(heard) else ""
    return (
        f" Paper {paper} prints WA / UA {printed.words()} for this corpus ({printed.where}), under its own "
        f"protocol{differs}: not the same test."
    )


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


def protocol_words(protocol: str) -> str:
    return PROTOCOLS.get(protocol, "")
