"""What can be wrong with a corpus that its names do not show: files that do not decode, files that stand twice."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

from ser_core.audio import load
from ser_core.corpora.base import Problem, Utterance
from ser_core.errors import AudioError

Progress = Callable[[str, int, int], None]  # what is being done, done, of how many


def unreadable(utterances: Sequence[Utterance], progress: Progress) -> list[Problem]:
    """The recordings that `audio.load` refuses, with its reason; every file is decoded."""
    problems = []
    for done, utterance in enumerate(utterances, 1):
        try:
            load(utterance.path)
        except AudioError as error:
            problems.append(Problem(utterance.path, str(error)))
        progress("decoding", done, len(utterances))
    return problems


def duplicates(utterances: Sequence[Utterance]) -> list[tuple[Utterance, ...]]:
    """Groups of recordings whose files are byte for byte the same.  Only files of one size are read."""
    by_size: dict[int, list[Utterance]] = {}
    for utterance in utterances:
        try:
            by_size.setdefault(utterance.path.stat().st_size, []).append(utterance)
        except OSError:
            continue  # `unreadable` says why
    groups: dict[str, list[Utterance]] = {}
    for group in by_size.values():
        for utterance in group if len(group) > 1 else []:
            groups.setdefault(_digest(utterance.path), []).append(utterance)
    return [tuple(group) for digest, group in sorted(groups.items()) if digest and len(group) > 1]


def _digest(path: Path) -> str:
    """SHA-256 of the bytes, empty where the file cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""
