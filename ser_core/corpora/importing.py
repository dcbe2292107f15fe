"""Taking somebody's recordings in as a corpus: looked at, labelled by a mapping, decoded, copied, listed in a table.

They come to lie below the data folder as `own/<name>/`, with the table `own/<name>/<name>.csv`, and are a corpus of the
name `csv:own/<name>/<name>.csv` to every page and command.  Nothing is half there: all is made in a temporary folder
that takes its name at the end.
"""

from __future__ import annotations

import csv
import io
import os
import re
import shutil
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from ser_core.audio import load
from ser_core.corpora.archive import Limits, staged, unpack
from ser_core.corpora.base import AUDIO_SUFFIXES, UNKNOWN, Problem, Scan, condense
from ser_core.corpora.mapping import Mapping
from ser_core.corpora.own import own_corpus
from ser_core.corpora.own.base import inner_path
from ser_core.errors import AudioError, CorpusError, NotAllowed
from ser_core.files import write_bytes, write_text
from ser_core.permission import Permission

Progress = Callable[[str, int, int], None]  # what is being done, done, of how many

OWN: Final = "own"
TRASH: Final = ".trash"
RECORDINGS: Final = "recordings"
LIMITS: Final = Limits(bytes=2 * 2**30, files=20_000)
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_BY: Final = ".by"  # holds `Permission.visitor` of who took it in on an open server
KEPT: Final = 3  # corpora of one visitor that an open server keeps
_PASSED_OVER: Final = ("__MACOSX",)


@dataclass(frozen=True)
class Found:
    """The recordings below a folder.  paths: below root, with /.  left_out: what is no recording."""

    root: Path
    paths: tuple[str, ...]
    left_out: tuple[Problem, ...]


@dataclass(frozen=True)
class Imported:
    """A corpus that was taken in.  name: as `get_corpus` takes it.  left_out: recordings that could not be used."""

    name: str
    scan: Scan
    left_out: tuple[Problem, ...]


def look(root: Path, limits: Limits = LIMITS) -> Found:
    """The recordings below a folder, by their names; links and hidden files are passed over.

    Raises CorpusError where the folder is missing or empty of recordings, or holds more than the limits allow.
    """
    if not os.path.isdir(root):  # unlike Path.is_dir it does not mind an endless name
        raise CorpusError(f"There is no folder {str(root)[:200]!r}: give the folder that holds the recordings.")
    paths: list[str] = []
    left_out: list[Problem] = []
    size = 0
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(one for one in folders if not one.startswith(".") and one not in _PASSED_OVER)
        for name in sorted(names):
            path = Path(folder) / name
            if name.startswith(".") or path.is_symlink() or not path.is_file():
                continue
            inside = inner_path(path.relative_to(root).as_posix())
            if path.suffix.lower() not in AUDIO_SUFFIXES:
                left_out.append(Problem(path, "not an audio file"))
            elif inside is None:
                left_out.append(Problem(path, "its name holds characters that are no text: rename it"))
            else:
                paths.append(inside)
                size += path.stat().st_size
            if len(paths) + len(left_out) > limits.files:
                raise CorpusError(
                    f"{root.name} holds more than {limits.files:,} files: take in a part of it at a time."
                )
    if size > limits.bytes:
        raise CorpusError(
            f"{root.name} holds {size / 1e9:.1f} GB of recordings, more than the {limits.bytes / 1e9:.1f} allowed: "
            "save them at 16 kHz as FLAC, or take in a part of them at a time."
        )
    if not paths:
        raise CorpusError(f"{root.name} holds no recordings: expected files ending in {', '.join(AUDIO_SUFFIXES)}.")
    return Found(root, tuple(paths), condense(left_out))


def unpack_upload(content: bytes, name: str, scratch: Path, limits: Limits = LIMITS) -> Path:
    """A ZIP that somebody sent, unpacked into a new folder below scratch.

    Raises CorpusError in one sentence for whatever is wrong with it; then nothing of it is kept.
    """
    plain = re.sub(r"[^\w.-]", "_", name)[-80:] or "upload.zip"
    if not zipfile.is_zipfile(io.BytesIO(content)):
        raise CorpusError(f"{plain} is no ZIP file: pack the folder with the recordings as a ZIP.")
    folder = Path(tempfile.mkdtemp(dir=scratch))
    try:
        with tempfile.TemporaryDirectory(dir=scratch) as beside:
            write_bytes(Path(beside) / plain, content)
            unpack(Path(beside) / plain, folder, limits)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return folder


def check_name(name: str, data: Path | None) -> Path:
    """Where a corpus of this name goes.  Raises CorpusError where it cannot go there."""
    if data is None or not os.path.isdir(data):
        raise CorpusError("There is no data folder to put it in: start the application with SER_DATA=<folder>.")
    if not _NAME.fullmatch(name):
        raise CorpusError(f"{name!r} is no name for a corpus: use small letters, digits and -, 40 at most.")
    if (data / OWN / name).exists():
        raise CorpusError(f"There is a corpus {name!r} already: choose another name.")
    return data / OWN / name


def import_corpus(
    found: Found, mapping: Mapping, name: str, data: Path | None, progress: Progress, permission: Permission
) -> Imported:
    """Decode and copy every recording whose word the mapping knows, and write the table.

    Raises NotAllowed; CorpusError, with nothing in place, where the name will not do, the disk is full, or no two
    emotions with usable recordings are left.
    """
    permission.require("import recordings")
    target = check_name(name, data)
    if permission.visitor and sum(owner(one, data) == permission.visitor for one in imported(data)) >= KEPT:
        raise NotAllowed(f"You have {KEPT} corpora on this server, which is all that one visitor may keep: remove one.")
    size = sum((found.root / path).stat().st_size for path in found.paths)
    if size > shutil.disk_usage(data or target).free:
        raise CorpusError(f"The recordings have {size / 1e6:,.0f} MB, more than is free: make room first.")
    left_out: list[Problem] = []
    with staged(target) as folder:
        rows: list[dict[str, str]] = []
        for done, inside in enumerate(found.paths, 1):
            progress("Checking and copying", done, len(found.paths))
            row = labels(inside, mapping)
            if row is None:
                left_out.append(Problem(found.root / inside, "its word stands for no emotion here"))
                continue
            try:
                load(found.root / inside)
            except AudioError as error:
                left_out.append(Problem(found.root / inside, str(error)))
                continue
            copy = folder / RECORDINGS / inside
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(found.root / inside, copy)
            rows.append(row)
        write_text(folder / f"{name}.csv", table(rows))
        if permission.visitor:
            write_text(folder / _BY, permission.visitor)
        own_corpus(f"csv:{name}.csv").read(folder / f"{name}.csv")  # raises where it would be no corpus
    corpus = own_corpus(corpus_name(name))
    return Imported(corpus.name, corpus.scan(data), condense(left_out))


def labels(inside: str, mapping: Mapping) -> dict[str, str] | None:
    """One row of the table; None where the mapping leaves the recording out."""
    emotion = mapping.emotions.get(mapping.emotion.word(inside))
    if not emotion:
        return None
    speaker = mapping.speaker.word(inside) if mapping.speaker else ""
    return {
        "path": f"{RECORDINGS}/{inside}",
        "emotion": emotion,
        "speaker": speaker,
        "sex": mapping.sexes.get(speaker, UNKNOWN),
        "language": mapping.language,
    }


def table(rows: list[dict[str, str]]) -> str:
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, ["path", "emotion", "speaker", "sex", "language"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()


def corpus_name(name: str) -> str:
    return f"csv:{OWN}/{name}/{name}.csv"


def imported(data: Path | None) -> list[str]:
    """Short names of the corpora that were taken in, sorted."""
    if data is None or not (data / OWN).is_dir():
        return []
    tables = (data / OWN).glob("*/*.csv")
    return sorted(path.stem for path in tables if path.stem == path.parent.name and _NAME.fullmatch(path.stem))


def owner(name: str, data: Path | None) -> str:
    """`Permission.visitor` of who took it in, empty for whoever runs the server."""
    try:
        return (Path(data or "") / OWN / name / _BY).read_text(encoding="utf-8")
    except (OSError, UnicodeError):
        return ""


def remove(name: str, data: Path | None, permission: Permission) -> Path:
    """Move a corpus that was taken in to the trash below the data folder; nothing is deleted.  Returns where it lies.

    Raises NotAllowed; CorpusError where there is none of this name.
    """
    permission.require("remove a corpus")
    if data is None or name not in imported(data):
        raise CorpusError(f"There is no corpus {name!r} of your own here.")
    permission.require_for(owner(name, data), "remove this corpus")
    place = data / OWN / TRASH / f"{name}-{datetime.now(UTC):%Y%m%d-%H%M%S-%f}"
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        (data / OWN / name).rename(place)
    except OSError as error:
        raise CorpusError(f"{name} cannot be moved to {place.parent}: {error.strerror}.") from error
    return place
