"""One corpus: whether it is whole, what is in it, its licence, and how to get it where it is missing."""

from __future__ import annotations

import streamlit as st

from pages.shared import brand, corpora_here
from pages.shared.clip import duration
from pages.shared.corpus_fetch import show_fetch
from pages.shared.corpus_listen import show_listen, show_survey
from pages.shared.model_card import LANGUAGES
from ser_core.corpora import Corpus, Scan, data_folder
from ser_core.errors import CorpusError
from ser_core.plots.corpus import emotion_counts, sex_counts, speaker_counts, spread_by_emotion

STILL = {"displayModeBar": False}


def show_corpus(name: str) -> None:
    corpus = corpora_here.corpus_of(name)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.subheader(corpora_here.title_of(name), anchor=False, width="content")
        if corpus.synthetic:
            st.badge("synthetic", color="gray")
    try:
        scan = corpora_here.scan_of(name)
    except CorpusError as error:
        if corpus.find(data_folder()) is not None:
            st.error(str(error), icon=":material/folder_off:")
        show_fetch(corpus)
        show_terms(corpus)
        return
    show_whole(corpus, scan)
    show_counts(corpus, scan)
    show_lengths(name, scan)
    survey = show_survey(name, scan)
    show_listen(name, corpus, scan, survey)
    show_terms(corpus)


def show_whole(corpus: Corpus, scan: Scan) -> None:
    """Size in one line, what differs from the release, and the files that were left out."""
    st.markdown(size_line(scan))
    differences = corpus.check(scan)
    if differences:
        st.warning(
            "This copy is not the whole release:\n" + "\n".join(f"- {sentence}" for sentence in differences),
            icon=":material/rule:",
        )
    elif corpus.expected:
        st.markdown(":material/check_circle: As many recordings of each emotion as published.")
    if scan.problems:
        count = sum(problem.count for problem in scan.problems)
        with st.expander(f"{count:,} files left out", icon=":material/block:"):
            st.dataframe(
                [{"File": problem.where(scan.root), "Why": problem.reason} for problem in scan.problems],
                hide_index=True,
            )


def size_line(scan: Scan) -> str:
    speakers = {u.speaker for u in scan.utterances if u.speaker_known}
    texts = {u.text for u in scan.utterances if u.text_known}
    parts = [f"**{len(scan.utterances):,} recordings**"]
    parts.append(f"{len(speakers)} speakers" if speakers else "nobody says who speaks")
    if texts:
        parts.append(f"{len(texts)} texts")
    codes = sorted({u.language for u in scan.utterances})
    parts.append(", ".join(LANGUAGES.get(code, f"language {code}") for code in codes))
    return " · ".join(parts)


def show_counts(corpus: Corpus, scan: Scan) -> None:
    colours = brand.colours()
    left, right = st.columns([0.62, 0.38], gap="medium")
    with left:
        st.markdown("**Recordings of each emotion**")
        st.plotly_chart(
            emotion_counts(scan.counts(), corpus.expected, colours),
            theme=None,
            config=STILL,
            key="by-emotion",
            alt=", ".join(f"{emotion} {count}" for emotion, count in scan.counts().items()),
        )
    with right:
        sexes = corpora_here.by_sex(scan)
        st.markdown("**By the speakers' sex**")
        st.plotly_chart(
            sex_counts(sexes, colours),
            theme=None,
            config=STILL,
            key="by-sex",
            alt=", ".join(f"{sex} {count}" for sex, count in sexes.items()),
        )
    st.caption(
        "Shows how many recordings there are; a frame is what the complete release has. It does not show how well an "
        "emotion is acted, nor whether people would name it so."
    )
    counts: dict[str, dict[str, int]] = {}
    for u in scan.utterances:
        row = counts.setdefault(u.emotion, {})
        row[u.speaker] = row.get(u.speaker, 0) + 1
    st.markdown("**By speaker**")
    st.plotly_chart(
        speaker_counts(counts, {u.speaker: u.sex for u in scan.utterances}, colours),
        theme=None,
        config=STILL,
        key="by-speaker",
        alt="Recordings of each speaker, stacked by emotion.",
    )
    st.caption(
        "Shows who speaks how often, in the emotions' colours. It does not show that a few speakers stand for people "
        "at large: a model tested on the same speakers it learnt from only proves that it knows them."
    )


def show_lengths(name: str, scan: Scan) -> None:
    lasting = corpora_here.lengths_of(name, data_folder())
    if not lasting:
        return
    values: dict[str, list[float]] = {}
    called: dict[str, list[str]] = {}
    for u in scan.utterances:
        if u.id in lasting:
            values.setdefault(u.emotion, []).append(lasting[u.id])
            called.setdefault(u.emotion, []).append(u.id)
    total = sum(lasting.values())
    st.markdown(f"**Length** :gray[{duration(total) if total < 3600 else f'{total / 3600:.1f} h'} in all]")
    st.plotly_chart(
        spread_by_emotion(values, called, "length", "s", brand.colours()),
        theme=None,
        config=STILL,
        key="lengths",
        alt="Lengths of the recordings by emotion, in seconds.",
    )
    st.caption(
        "Shows how long the recordings are: a box holds the middle half, dots lie far out. It does not show how much "
        "of a recording is speech."
    )


def show_terms(corpus: Corpus) -> None:
    st.markdown("**Licence and citation**")
    ships = (
        "weights trained on it may be given away under these terms"
        if corpus.licence.ships
        else "weights trained on it may not be given away"
    )
    home = f" [Home page]({corpus.homepage})" if corpus.homepage else ""
    st.markdown(f"{corpus.licence.name}: {ships}.{home}")
    if corpus.citation:
        st.code(corpus.citation, language=None, wrap_lines=True)
