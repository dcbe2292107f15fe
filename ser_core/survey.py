"""Every recording of a corpus, heard once: length, level, clipping, speech, and what stands out.

What was heard is kept in the cache folder under the files' sizes and times, so a survey that was stopped goes on where
it was, and nobody waits for it twice.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np

from ser_core.audio import load
from ser_core.corpora.base import Utterance
from ser_core.corpora.checks import duplicates
from ser_core.errors import AudioError
from ser_core.files import cache_folder, write_json
from ser_core.quality import CLIPPED_HINT, QUIET_HINT_DBFS, assess

Progress = Callable[[str, int, int], None]  # what is being done, done, of how many
FAR_OUT: Final = 3.0  # quartile distances beyond the quartiles, where a length counts as odd


@dataclass(frozen=True)
class Heard:
    """One recording.  seconds: its length.  level: of the speech, dB re full scale.  clipped: share at full scale.

    speech: seconds of it.  refused: why it cannot be used (one sentence), with zeros in all figures; else empty.
    """

    seconds: float = 0.0
    level: float = 0.0
    clipped: float = 0.0
    speech: float = 0.0
    refused: str = ""


@dataclass(frozen=True)
class Survey:
    """heard: by utterance id.  twice: groups of ids whose files are byte for byte the same."""

    heard: dict[str, Heard]
    twice: tuple[tuple[str, ...], ...]

    def usable(self) -> dict[str, Heard]:
        return {name: one for name, one in self.heard.items() if not one.refused}

    def clipped(self) -> list[str]:
        return [name for name, one in self.usable().items() if one.clipped >= CLIPPED_HINT]

    def quiet(self) -> list[str]:
        return [name for name, one in self.usable().items() if one.level < QUIET_HINT_DBFS]

    def speechless(self) -> list[str]:
        return [name for name, one in self.usable().items() if not one.speech]

    def refused(self) -> list[str]:
        """Silent, damaged, or not to be decoded."""
        return [name for name, one in self.heard.items() if one.refused]

    def odd_lengths(self) -> list[str]:
        """Far longer or shorter than the rest."""
        usable = self.usable()
        if not usable:
            return []
        first, third = np.percentile([one.seconds for one in usable.values()], [25, 75])
        reach = FAR_OUT * (third - first)
        return [name for name, one in usable.items() if not first - reach <= one.seconds <= third + reach]


def survey(utterances: Sequence[Utterance], progress: Progress) -> Survey:
    """Hear all that was not heard before.  What is done when `progress` raises stays."""
    path = _path(utterances)
    heard = _kept(path)
    try:
        for done, utterance in enumerate(utterances, 1):
            if utterance.id not in heard:
                heard[utterance.id] = hear(utterance.path)
                progress("Hearing every recording", done, len(utterances))
    finally:
        write_json(path, {name: asdict(one) for name, one in heard.items()})
    return _survey(utterances, heard)


def kept_survey(utterances: Sequence[Utterance]) -> Survey | None:
    """What is kept of these very files; None where not all of them were heard."""
    heard = _kept(_path(utterances))
    return _survey(utterances, heard) if all(u.id in heard for u in utterances) else None


def hear(path: Path) -> Heard:
    try:
        quality = assess(load(path))
    except AudioError as error:
        return Heard(refused=str(error))
    return Heard(
        round(quality.seconds, 3), round(quality.level_dbfs, 2), round(quality.clipped_share, 6),
        round(quality.speech_seconds, 3),
    )  # fmt: skip


def _survey(utterances: Sequence[Utterance], heard: dict[str, Heard]) -> Survey:
    twice = tuple(tuple(u.id for u in group) for group in duplicates(utterances))
    return Survey({u.id: heard[u.id] for u in utterances}, twice)


def _kept(path: Path) -> dict[str, Heard]:
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        return {name: Heard(**values) for name, values in stored.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _path(utterances: Sequence[Utterance]) -> Path:
    """Changes where any file is exchanged."""
    digest = hashlib.sha256()
    for utterance in utterances:
        try:
            status = utterance.path.stat()
            digest.update(f"{utterance.id} {status.st_size} {status.st_mtime_ns}\n".encode())
        except OSError:
            digest.update(f"{utterance.id} gone\n".encode())
    return cache_folder() / "surveys" / f"{digest.hexdigest()[:24]}.json"
