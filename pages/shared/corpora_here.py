"""The corpora as all visitors see them: scanned by their names, a minute old at most."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import streamlit as st

from ser_core.corpora import Corpus, Scan, data_folder, get_corpus, list_corpora
from ser_core.corpora.importing import corpus_name, imported
from ser_core.corpora.summary import lengths
from ser_core.errors import CorpusError
from ser_core.survey import Survey, kept_survey

FRESH = 60  # seconds


def names() -> list[str]:
    """The published ones, then those that were taken in here."""
    return [*list_corpora(), *imported(data_folder())]


def corpus_of(name: str) -> Corpus:
    """By the name that the page shows: of a published one its own, of one's own the short one."""
    return get_corpus(name if name in list_corpora() else corpus_name(name))


def title_of(name: str) -> str:
    return corpus_of(name).title if name in list_corpora() else name


@st.cache_resource(max_entries=32, ttl=FRESH, show_spinner=False)
def _scan(name: str, data: Path | None) -> Scan | str:
    """The scan, or the sentence that says why there is none."""
    try:
        return corpus_of(name).scan(data)
    except CorpusError as error:
        return str(error)


def scan_of(name: str) -> Scan:
    """Raises CorpusError where it is not here or cannot be read."""
    found = _scan(name, data_folder())
    if isinstance(found, str):
        raise CorpusError(found)
    return found


@st.cache_resource(max_entries=8, ttl=FRESH, show_spinner=False)
def lengths_of(name: str, data: Path | None) -> dict[str, float]:
    """Utterance id -> seconds by the headers of a corpus that is here."""
    return lengths(scan_of(name).utterances)


@st.cache_resource(max_entries=8, ttl=FRESH, show_spinner=False)
def survey_of(name: str, data: Path | None) -> Survey | None:
    """What was heard of it; None where not all was."""
    return kept_survey(scan_of(name).utterances)


def look_again() -> None:
    """Forget what was scanned: something came or went."""
    for known in (_scan, lengths_of, survey_of):
        known.clear()


def how_many(name: str) -> str:
    """ "1,440, complete", "339 of 535", "700"; empty where it is not here."""
    corpus = corpus_of(name)
    if corpus.find(data_folder()) is None:
        return ""
    try:
        scan = scan_of(name)
    except CorpusError:
        return "not readable"
    here, published = len(scan.utterances), sum(corpus.expected.values())
    if not published:
        return f"{here:,}"
    return f"{here:,} of {published:,}" if corpus.check(scan) else f"{here:,}, complete"


def by_sex(scan: Scan) -> Counter[str]:
    return Counter(utterance.sex for utterance in scan.utterances)
