"""What every corpus is: a folder with utterances in it, read by the names of its files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ser_core.emotions import EMOTIONS
from ser_core.errors import CorpusError

AUDIO_SUFFIXES = (".wav", ".flac", ".ogg", ".opus", ".mp3", ".aiff", ".aif")


@dataclass(frozen=True)
class Utterance:
    """One labelled recording.

    id: unique within the project, `<corpus>/<file stem>`.
    speaker: unique within the project, `<corpus>/<speaker>`; sex is "female", "male" or "unknown".
    text: the id of the sentence spoken, unique within the project.
    """

    id: str
    path: Path
    corpus: str
    emotion: str
    speaker: str
    sex: str
    language: str
    text: str

    def __post_init__(self) -> None:
        if self.emotion not in EMOTIONS:
            raise ValueError(f"{self.emotion!r} is not in the emotion vocabulary")


@dataclass(frozen=True)
class Problem:
    """A file that was left out, and why (one sentence)."""

    path: Path
    reason: str


@dataclass(frozen=True)
class Scan:
    """What a corpus folder holds: the usable utterances, sorted by id, and the files left out."""

    corpus: str
    root: Path
    utterances: tuple[Utterance, ...]
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class Licence:
    """The terms of a corpus.  rank: the higher, the stricter; weights carry the strictest of their data.

    ships: whether weights trained on it may be given away.
    """

    name: str
    rank: int
    ships: bool = True


PUBLIC_DOMAIN = Licence("CC0-1.0", 0)
FREE = Licence("free, see the home page of the corpus", 1)
CC_BY_NC_SA = Licence("CC BY-NC-SA 4.0", 3)
RESEARCH_ONLY = Licence("registered research use", 9, ships=False)


@dataclass(frozen=True)
class Corpus:
    """A corpus as published: its names, its licence, and how its file names are read.

    A subclass overrides `parse`; `scan` walks the folder and reports what does not fit instead of failing on it.
    """

    name: str
    title: str
    language: str
    licence: Licence
    homepage: str
    citation: str
    synthetic: bool = False
    folder: str = ""
    expected: dict[str, int] = field(default_factory=dict)  # emotion -> count in the complete release

    def parse(self, path: Path) -> Utterance:
        """Read one file name.  Raises CorpusError where the name is not of this corpus."""
        raise CorpusError(f"{self.title} has no rule for the name {path.name}.")

    def locate(self, data: Path | None) -> Path:
        """The folder of this corpus below the data folder.  Raises CorpusError where it is not there."""
        if data is None:
            raise CorpusError(
                f"No data folder is set: put {self.title} in <folder>/{self.folder or self.name} "
                "and pass --data <folder> or set SER_DATA."
            )
        if not data.is_dir():
            raise CorpusError(f"The data folder {data} does not exist: check --data or SER_DATA.")
        root = data / (self.folder or self.name)
        if not root.is_dir():
            raise CorpusError(f"{self.title} is not below {data}: expected the folder {root}.")
        return root

    def files(self, root: Path) -> Iterator[Path]:
        """Every file below root but hidden ones, in a stable order."""
        for folder, folders, names in os.walk(root):
            folders[:] = sorted(f for f in folders if not f.startswith("."))
            yield from (Path(folder) / name for name in sorted(names) if not name.startswith("."))

    def scan(self, data: Path | None) -> Scan:
        """Find the utterances.  Raises CorpusError where the folder is missing or holds none of them."""
        root = self.locate(data)
        found: dict[str, Utterance] = {}
        problems: list[Problem] = []
        for path in self.files(root):
            if path.suffix.lower() not in AUDIO_SUFFIXES:
                if path.suffix.lower() not in (".txt", ".md", ".pdf", ".csv"):
                    problems.append(Problem(path, "not an audio file"))
                continue
            try:
                utterance = self.parse(path)
            except CorpusError as error:
                problems.append(Problem(path, str(error)))
                continue
            if utterance.id in found:
                problems.append(Problem(path, f"the same utterance as {found[utterance.id].path.name}"))
                continue
            found[utterance.id] = utterance
        if not found:
            raise CorpusError(
                f"{root} holds no {self.title} files: expected names as its release gives them, in .wav or .flac."
            )
        return Scan(self.name, root, tuple(found[key] for key in sorted(found)), tuple(problems))
