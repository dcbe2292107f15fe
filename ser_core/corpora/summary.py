"""A corpus in figures: utterances by emotion and speaker, and their lengths."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import soundfile

from ser_core.corpora.base import Scan, Utterance


@dataclass(frozen=True)
class Summary:
    """A corpus in figures.

    counts: emotion -> speaker -> utterances.  sexes: speaker -> sex.  seconds: emotion -> length of all its
    recordings, as their headers say; no_length: how many headers say nothing.
    """

    corpus: str
    utterances: int
    counts: dict[str, dict[str, int]]
    sexes: dict[str, str]
    languages: tuple[str, ...]
    sessions: tuple[str, ...]
    texts: int
    seconds: dict[str, float]
    no_length: int
    left_out: int


def summarise(scan: Scan) -> Summary:
    """Counts and lengths; headers are read, nothing is decoded."""
    counts: dict[str, dict[str, int]] = {}
    seconds: dict[str, float] = {}
    lasting = lengths(scan.utterances)
    for u in sorted(scan.utterances, key=lambda u: (u.emotion, u.speaker)):
        row = counts.setdefault(u.emotion, {})
        row[u.speaker] = row.get(u.speaker, 0) + 1
        if u.id in lasting:
            seconds[u.emotion] = seconds.get(u.emotion, 0.0) + lasting[u.id]
    return Summary(
        corpus=scan.corpus,
        utterances=len(scan.utterances),
        counts=counts,
        sexes={u.speaker: u.sex for u in sorted(scan.utterances, key=lambda u: u.speaker)},
        languages=tuple(sorted({u.language for u in scan.utterances})),
        sessions=tuple(sorted({u.session for u in scan.utterances if u.session})),
        texts=len({u.text for u in scan.utterances if u.text_known}),
        seconds={emotion: round(length, 1) for emotion, length in seconds.items()},
        no_length=len(scan.utterances) - len(lasting),
        left_out=sum(problem.count for problem in scan.problems),
    )


def lengths(utterances: Iterable[Utterance]) -> dict[str, float]:
    """Utterance id -> seconds, as the header says; without those whose header says nothing."""
    found: dict[str, float] = {}
    for utterance in utterances:
        try:
            found[utterance.id] = float(soundfile.info(utterance.path).duration)
        except (soundfile.SoundFileError, OSError):
            continue
    return found
