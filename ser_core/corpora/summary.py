"""A corpus in figures: utterances by emotion and speaker, and their lengths."""

from __future__ import annotations

from dataclasses import dataclass

import soundfile

from ser_core.corpora.base import Scan


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
    no_length = 0
    for u in sorted(scan.utterances, key=lambda u: (u.emotion, u.speaker)):
        row = counts.setdefault(u.emotion, {})
        row[u.speaker] = row.get(u.speaker, 0) + 1
        try:
            seconds[u.emotion] = seconds.get(u.emotion, 0.0) + float(soundfile.info(u.path).duration)
        except (soundfile.SoundFileError, OSError):
            no_length += 1
    return Summary(
        corpus=scan.corpus,
        utterances=len(scan.utterances),
        counts=counts,
        sexes={u.speaker: u.sex for u in sorted(scan.utterances, key=lambda u: u.speaker)},
        languages=tuple(sorted({u.language for u in scan.utterances})),
        sessions=tuple(sorted({u.session for u in scan.utterances if u.session})),
        texts=len({u.text for u in scan.utterances if u.text_known}),
        seconds={emotion: round(length, 1) for emotion, length in seconds.items()},
        no_length=no_length,
        left_out=sum(problem.count for problem in scan.problems),
    )
