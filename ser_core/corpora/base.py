"""What every corpus is: a folder with utterances in it, read by the names of its files."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ser_core.corpora.licences import CC_BY_NC_SA, FREE, PUBLIC_DOMAIN, RESEARCH_ONLY, Licence
from ser_core.corpora.sources import Archive
from ser_core.emotions import EMOTIONS
from ser_core.errors import CorpusError

__all__ = [
    "AUDIO_SUFFIXES",
    "CC_BY_NC_SA",
    "FREE",
    "PUBLIC_DOMAIN",
    "RESEARCH_ONLY",
    "UNKNOWN",
    "Corpus",
    "Licence",
    "Problem",
    "Scan",
    "Utterance",
    "named",
]

AUDIO_SUFFIXES = (".wav", ".flac", ".ogg", ".opus", ".mp3", ".aiff", ".aif")
NOTES = (".txt", ".md", ".pdf", ".csv")  # passed over without a word
UNKNOWN = "unknown"
MANY = 20  # files left out for one reason; more of them are told in one line


def named(one: str) -> bool:
    """Whether the id of a speaker or a text names one, see `Utterance`."""
    return not one.endswith(f"/{UNKNOWN}")


@dataclass(frozen=True)
class Utterance:
    """One labelled recording.

    id: unique within the project, `<key of the corpus>/<file stem>`; one recording has one id in every corpus.
    corpus: the name that `get_corpus` takes.
    speaker: unique within the project, `<key>/<speaker>`; `<key>/unknown` where nobody says who speaks.
    sex: "female", "male" or "unknown".
    text: the id of the sentence spoken, unique within the project; `<key>/unknown` where nobody says.
    session: the recording session, unique within the project; style: "improvised" or "scripted"; intensity: how
    strongly the emotion was to be acted, in the corpus's word.  Each is empty where the corpus does not tell.
    """

    id: str
    path: Path
    corpus: str
    emotion: str
    speaker: str
    sex: str
    language: str
    text: str
    session: str = ""
    style: str = ""
    intensity: str = ""

    def __post_init__(self) -> None:
        if self.emotion not in EMOTIONS:
            raise ValueError(f"{self.emotion!r} is not in the emotion vocabulary")

    @property
    def corpus_key(self) -> str:
        """What its ids begin with: one corpus has one key, under whatever name it is taken."""
        return self.id.partition("/")[0]

    @property
    def speaker_known(self) -> bool:
        return named(self.speaker)

    @property
    def text_known(self) -> bool:
        return named(self.text)


@dataclass(frozen=True)
class Problem:
    """A file that was left out, and why (one sentence).  count: how many files it stands for."""

    path: Path
    reason: str
    count: int = 1

    def words(self, *roots: Path) -> str:
        """Which file and why: as it stands below one of these folders, since some corpora have a name many times."""
        return f"{self.where(*roots)}: {self.reason}"

    def where(self, *roots: Path) -> str:
        below = [self.path.relative_to(root) for root in roots if self.path.is_relative_to(root)]
        return str(below[0]) if below and below[0].name else self.path.name


@dataclass(frozen=True)
class Scan:
    """What a corpus folder holds: the usable utterances, sorted by id, and the files left out."""

    corpus: str
    root: Path
    utterances: tuple[Utterance, ...]
    problems: tuple[Problem, ...] = ()

    def counts(self) -> dict[str, int]:
        """Utterances of each emotion, by name."""
        return dict(sorted(Counter(u.emotion for u in self.utterances).items()))


@dataclass(frozen=True)
class Corpus:
    """A corpus as published: its names, its licence, and how its file names are read.

    A subclass overrides `parse`, or `reader` where labels stand in files of their own; `scan` walks the folder and
    reports what does not fit instead of failing on it.

    key: what ids begin with; empty: the name.  Two corpora with one key hold the same recordings.
    folder: below the data folder; empty: the name.  folders: other names that releases unpack to.
    expected: emotion -> count in the complete release, where its paper or release notes state one.
    emotions: every emotion it holds; empty: those of `expected`.
    speakers: speaker -> sex, all of the release.
    archives: what may be fetched, in order; by_hand: why no program fetches it, where none does; steps: how a person
    gets it then.
    """

    name: str
    title: str
    language: str
    licence: Licence
    homepage: str
    citation: str
    synthetic: bool = False
    folder: str = ""
    expected: dict[str, int] = field(default_factory=dict)
    key: str = ""
    folders: tuple[str, ...] = ()
    emotions: tuple[str, ...] = ()
    speakers: dict[str, str] = field(default_factory=dict)
    archives: tuple[Archive, ...] = ()
    by_hand: str = ""
    steps: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, value in (
            ("key", self.key or self.name),
            ("folder", self.folder or self.name),
            ("emotions", self.emotions or tuple(sorted(self.expected))),
        ):
            object.__setattr__(self, name, value)

    def parse(self, path: Path) -> Utterance:
        """Read one file name.  Raises CorpusError where the name is not of this corpus."""
        raise CorpusError(f"{self.title} has no rule for the name {path.name}.")

    def reader(self, root: Path) -> Callable[[Path], Utterance]:
        """How a file below root is read.  Raises CorpusError where labels that stand in files of their own miss."""
        return self.parse

    def locate(self, data: Path | None) -> Path:
        """The folder of this corpus below the data folder.  Raises CorpusError where it is not there."""
        if data is None:
            raise CorpusError(
                f"No data folder is set: put {self.title} in <folder>/{self.folder} "
                "and pass --data <folder> or set SER_DATA."
            )
        if not os.path.isdir(data):  # unlike Path.is_dir it does not mind an endless name
            raise CorpusError(f"The data folder {data} does not exist: check --data or SER_DATA.")
        if (data / self.folder).is_dir():
            return data / self.folder
        names = {name.lower() for name in (self.folder, *self.folders)}
        try:
            for path in sorted(data.iterdir()):
                if path.name.lower() in names and path.is_dir():
                    return path
        except OSError as error:
            raise CorpusError(f"The data folder {data} cannot be read: {error.strerror}.") from error
        raise CorpusError(f"{self.title} is not below {data}: expected the folder {data / self.folder}.")

    def find(self, data: Path | None) -> Path | None:
        """As `locate`, None where the corpus is not there."""
        try:
            return self.locate(data)
        except CorpusError:
            return None

    def files(self, root: Path) -> Iterator[Path]:
        """Every file below root but hidden ones, in a stable order."""
        for folder, folders, names in os.walk(root):
            folders[:] = sorted(f for f in folders if not f.startswith("."))
            yield from (Path(folder) / name for name in sorted(names) if not name.startswith("."))

    def scan(self, data: Path | None) -> Scan:
        """Find the utterances.  Raises CorpusError where the folder is missing or holds none of them."""
        return self.read(self.locate(data))

    def read(self, root: Path) -> Scan:
        """Find the utterances below root, by names alone: nothing is decoded."""
        found, problems = self.collect(root)
        if not found:
            raise CorpusError(
                f"{root} holds no {self.title} files: expected names as its release gives them, in .wav or .flac."
            )
        return Scan(self.name, root, tuple(found[key] for key in sorted(found)), condense(problems))

    def collect(self, root: Path) -> tuple[dict[str, Utterance], list[Problem]]:
        """The utterances below root by id, and what was left out, file by file."""
        parse = self.reader(root)
        found: dict[str, Utterance] = {}
        problems: list[Problem] = []
        for path in self.files(root):
            suffix = path.suffix.lower()
            if suffix not in AUDIO_SUFFIXES:
                if suffix not in NOTES:
                    problems.append(Problem(path, "not an audio file"))
                continue
            try:
                utterance = parse(path)
            except CorpusError as error:
                problems.append(Problem(path, str(error)))
                continue
            if utterance.id in found:
                problems.append(Problem(path, "a second copy of the same utterance"))
                continue
            found[utterance.id] = utterance
        return found, problems

    def check(self, scan: Scan) -> list[str]:
        """How a scan differs from the complete release, in sentences; empty: it does not."""
        counts = scan.counts()
        sentences = []
        for emotion, expected in sorted(self.expected.items()):
            here = counts.get(emotion, 0)
            if here < expected:
                sentences.append(f"{emotion}: {here} of {expected} utterances, {expected - here} missing.")
            elif here > expected:
                sentences.append(f"{emotion}: {here} utterances, {here - expected} more than the {expected} published.")
        missing = sorted(set(self.speakers) - {u.speaker for u in scan.utterances})
        if missing:
            names = ", ".join(name.partition("/")[2] for name in missing[:MANY])
            names += ", ..." if len(missing) > MANY else ""
            sentences.append(f"speakers: {len(missing)} of {len(self.speakers)} missing ({names}).")
        return sentences


def condense(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """One line for more than MANY files left out for the same reason."""
    groups: dict[str, list[Problem]] = {}
    for problem in problems:
        groups.setdefault(problem.reason, []).append(problem)
    told: list[Problem] = []
    for reason, group in groups.items():
        if len(group) <= MANY:
            told += group
        else:
            told.append(Problem(group[0].path, f"and {len(group) - 1:,} more files: {reason}", len(group)))
    return tuple(told)
