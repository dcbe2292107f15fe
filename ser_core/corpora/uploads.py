"""What visitors send: unpacked for the time of their visit, and all of it together never fills the disk."""

from __future__ import annotations

import io
import os
import shutil
import tempfile
import zipfile
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Final

from ser_core.corpora.archive import Limits
from ser_core.corpora.importing import LIMITS, unpack_upload
from ser_core.errors import CorpusError
from ser_core.files import scratch_folder

TOTAL: Final = 4 * 2**30  # bytes of one kind, of all visitors together
SPARE: Final = 2**29  # bytes of the disk that are left to everything else

Scratch = tempfile.TemporaryDirectory[str]
_unpacking = Lock()  # two that come at once must not count on the same room


def receive(content: bytes, name: str, kind: str, limits: Limits = LIMITS) -> tuple[Path, Scratch]:
    """A ZIP that a visitor sent, unpacked: the folder, and what it lies in, which takes it along when it goes.

    kind: of scratch folder, such as "imports".
    Raises CorpusError, in one sentence, where something is wrong with it or there is no room; then nothing is kept.
    """
    place = scratch_folder(kind)
    with _unpacking:
        check_room(place, min(announced(content), limits.bytes))
        scratch = tempfile.TemporaryDirectory(dir=place, ignore_cleanup_errors=True)
        try:
            return unpack_upload(content, name, Path(scratch.name), limits), scratch
        except BaseException:
            scratch.cleanup()
            raise


def check_room(place: Path, wanted: int) -> None:
    """Raises CorpusError where so many bytes more, below this folder of all visitors, are too many."""
    left = max(0, min(TOTAL - size_of(place), shutil.disk_usage(place).free - SPARE))
    if wanted > left:
        raise CorpusError(
            f"This server has no room for it just now: it unpacks to {wanted / 2**20:,.0f} MB, and {left / 2**20:,.0f} "
            "MB are left beside what other visitors brought. Try again later, or with fewer recordings."
        )


def size_of(folder: Path) -> int:
    """Bytes of all files below a folder, which others may be emptying."""
    size = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):  # gone meanwhile
                size += os.lstat(os.path.join(place, name)).st_size
    return size


def announced(content: bytes) -> int:
    """Bytes that a ZIP says it unpacks to; 0 where it cannot be read, and `unpack_upload` says why."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as file:
            return sum(member.file_size for member in file.infolist())
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OverflowError, EOFError):
        return 0
