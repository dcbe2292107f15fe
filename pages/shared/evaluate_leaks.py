"""What stands on both sides of a split, and what that does to a score."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from pages.shared import brand, corpora_here, evaluate_run, known_scores
from pages.shared.evaluate_pick import Choice
from pages.shared.evaluate_summary import title_of
from pages.shared.known_scores import corpus_words
from ser_core.corpora import data_folder
from ser_core.errors import CorpusError, ProtocolError, SpeechEmotionError
from ser_core.plots.leaks import Pair, honest_against_leaky, leak_shares
from ser_core.protocols import PROTOCOLS, Leaks, folds, leaks

BARE = {"displayModeBar": False}


def show_leaks(choice: Choice) -> None:
    if choice.own:
        st.info(
            "Your clips were in nobody's training unless you say so: a clip whose sound the model was trained on is "
            "recognised by its hash and left out. What cannot be known is whether the same voices spoke there.",
            icon=":material/policy:",
        )
        return
    st.subheader(f"What each protocol leaks on {title_of(choice.corpus)}", anchor=False)
    try:
        found = leaks_of(evaluate_run.short_name(choice.corpus), data_folder())
    except CorpusError as error:
        st.caption(f"{error} Only with its recordings, or at least their names, can the splits be made.")
        found = {}
    if found:
        show_words(choice, found)
        st.plotly_chart(
            leak_shares(found, brand.colours()), theme=None, config=BARE, key="leaks",
            alt="; ".join(f"{name}: {' '.join(one.words())}" for name, one in found.items()),
        )  # fmt: skip
        st.caption(
            "The share of the test clips of which training, or the choice of the epoch, has met something, in the "
            "first fold of each protocol. Shared sentences (grey) are usual where all speakers read the same ones. It "
            "does not show how much a leak lifts the score: see below."
        )
    show_pairs()


def show_words(choice: Choice, found: dict[str, Leaks]) -> None:
    """The chosen protocol in words; for every unseen speaker, the one that the model was trained under."""
    protocol = choice.protocol
    if protocol == "all" and choice.card is not None:
        protocol = choice.card.data.protocol
    one = found.get(protocol)
    if one is None:
        return
    icon = ":material/warning:" if one.harmful() else ":material/verified:"
    st.markdown(f"{icon} **{protocol}**: {PROTOCOLS.get(protocol, '')} {' '.join(one.words())}")


@st.cache_resource(max_entries=8, ttl=corpora_here.FRESH, show_spinner=False)
def leaks_of(corpus: str, data: Path | None) -> dict[str, Leaks]:
    """Of the first fold of every protocol that this corpus allows.  Raises CorpusError where it is not here."""
    utterances = corpora_here.scan_of(corpus).utterances
    found: dict[str, Leaks] = {}
    for protocol in PROTOCOLS:
        try:
            found[protocol] = leaks(folds(utterances, protocol)[0])
        except ProtocolError:
            continue
    return found


def show_pairs() -> None:
    st.subheader("The same system under an honest and a leaky split", anchor=False)
    from ser_core.reproduce.results import read  # brings the training code along

    try:
        entries = read(known_scores.RESULTS, "comparison")
    except SpeechEmotionError as error:
        st.error(str(error), icon=":material/table_chart:")
        return
    found = pairs(entries)
    if not found:
        st.caption(
            "Not measured here yet. This trains every system under both splits and stores what comes out: "
            "`python -m ser_core reproduce comparison`."
        )
        return
    st.plotly_chart(
        honest_against_leaky(found, brand.colours()), theme=None, config=BARE, key="honest-leaky",
        alt="; ".join(f"{pair.name}: {said(pair)}" for pair in found),
    )  # fmt: skip
    st.caption(
        "Each row is one system on one corpus, trained anew under each split that was measured. What lies between "
        "circle and diamond is what the split gives away, with the luck of one training each. It does not show which "
        "of the leaks did it." + one_sided(found)
    )


def one_sided(found: list[Pair]) -> str:
    """Where only one of the two splits was measured; empty where all were."""
    lone = [pair.name for pair in found if pair.honest is None or pair.leaky is None]
    if not lone:
        return ""
    return (
        f" Measured under one split only, so far: {', '.join(lone)}; `python -m ser_core reproduce comparison` goes on."
    )


def pairs(entries: dict[str, Any]) -> list[Pair]:
    """Systems that were measured under both splits, or under one with a printed figure beside it."""
    from ser_core.reproduce.markdown import of
    from ser_core.reproduce.printed import PRINTED
    from ser_core.reproduce.tables import all_cells

    rows: dict[tuple[str, str, str], dict[str, Any]] = {}
    for cell in all_cells():
        one = of(entries, cell) if cell.table == "comparison" else None
        if one is not None:
            rows.setdefault((cell.system, cell.variant, cell.corpus), {})[cell.column] = one
    found = []
    for key, columns in rows.items():
        honest, paper, printed = columns.get("honest"), columns.get("paper"), PRINTED.get(key)
        if paper is None:
            continue
        ua = printed.ua if printed else None
        several = honest is not None and honest["speakers"] > 1  # of one speaker there is no interval
        found.append(
            Pair(
                f"{key[0]}, {corpus_words(key[2])}",
                honest["ua"] if honest else None,
                (honest["intervals"]["ua"][0], honest["intervals"]["ua"][1]) if honest and several else None,
                paper["ua"] if paper["protocol"] == "paper:004" else paper["kept"]["ua"],
                None if ua is None else ua / 100,
            )
        )
    return found


def said(pair: Pair) -> str:
    values = (("honest", pair.honest), ("paper's split", pair.leaky), ("printed", pair.printed))
    return ", ".join(f"{name} {100 * value:.0f}%" for name, value in values if value is not None)
