"""Unpacking an archive from outside so that nothing it says can do harm.

Refused, with the reason, before or while a member is written: names that lead out of the folder (absolute, with "..",
drive letters, backslashes), links of both kinds, devices and pipes, encrypted members, two members of one name, and
more files or bytes than the limits allow.  What a header announces is never trusted: bytes are counted as they come.
Everything goes into a temporary folder beside the target, which takes its name when all is there.
"""

from __future__ import annotations

import bz2
import errno
import gzip
import lzma
import os
import re
import shutil
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from glob import escape
from pathlib import Path, PurePosixPath
from typing import IO, Final, Protocol, Self

from filelock import FileLock, Timeout

from ser_core.errors import CorpusError

Progress = Callable[[str, int, int], None]  # what is being done, done, of how many

_BLOCK: Final = 2**20
_HEADER: Final = 2**20  # bytes that a tar may spend on describing one member
_TAIL: Final = 2**14
_MAX_DEPTH: Final = 32
_LOCK: Final = ".lock"
_BROKEN: Final = (
    zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, gzip.BadGzipFile, EOFError,
    ValueError, OverflowError,  # names that are no text, numbers beyond all sizes
)  # fmt: skip


@dataclass(frozen=True)
class Limits:
    """bytes, files: of all that is unpacked.  ratio: unpacked bytes to bytes of the archive, beyond 64 MB."""

    bytes: int = 8 * 2**30
    files: int = 100_000
    ratio: int = 100

    def allowed(self, packed: int) -> int:
        return min(self.bytes, max(64 * 2**20, self.ratio * packed))


@contextmanager
def staged(target: Path) -> Iterator[Path]:
    """A temporary folder beside target, which becomes target when the block ends well and is gone when it does not.

    What a killed process left there is removed first.
    Raises CorpusError where target exists, before the block or after it.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    _remove_left(target)
    place = Path(tempfile.mkdtemp(dir=target.parent, prefix=_prefix(target)))
    folder = place / target.name
    try:
        if target.exists():
            raise CorpusError(f"{target} is there already: move it away first.")
        with FileLock(place / _LOCK):
            folder.mkdir()
            yield folder
            folder.chmod(0o755)
            try:
                os.rename(folder, target)
            except OSError as error:
                raise CorpusError(f"{target} cannot be put in place: {error.strerror}.") from error
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _prefix(target: Path) -> str:
    """Of the temporary folders' names: one that nobody gives to a folder of their own, since those are removed."""
    return f".{target.name}.half-"


def _remove_left(target: Path) -> None:
    """Remove temporary folders of this target whose process is gone; a living one holds the lock in its own."""
    for left in target.parent.glob(f"{escape(_prefix(target))}*"):
        with suppress(Timeout, OSError), FileLock(left / _LOCK, timeout=0):
            shutil.rmtree(left, ignore_errors=True)


def unpack(archive: Path, folder: Path, limits: Limits = Limits(), progress: Progress | None = None) -> int:
    """Unpack a zip or tar (gz, bz2, xz) into an existing folder.  Returns how many files came out.

    The folder may hold a part when this raises: give it a temporary one, as `staged` does.
    Raises CorpusError in one sentence for whatever is wrong with the archive.
    """
    writer = _Writer(archive, folder, limits, progress)
    try:
        if zipfile.is_zipfile(archive):
            _unpack_zip(archive, writer)
        else:
            _unpack_tar(archive, writer)
    except _BROKEN as error:
        raise CorpusError(f"{archive.name} is damaged ({error}): fetch it again.") from error
    except NotImplementedError as error:
        raise CorpusError(f"{archive.name} is packed in a way that is not supported: {error}.") from error
    except OSError as error:
        if error.errno in (None, errno.EINVAL):  # bz2's own word for damage; a place in a zip before its beginning
            raise CorpusError(f"{archive.name} is damaged ({error}): fetch it again.") from error
        raise CorpusError(f"{archive.name} cannot be unpacked: {error.strerror}.") from error
    return writer.files


class _Writer:
    """Writes members below a folder and keeps count of them."""

    def __init__(self, archive: Path, folder: Path, limits: Limits, progress: Progress | None) -> None:
        self.archive = archive
        self.folder = folder
        self.limits = limits
        self.left = limits.allowed(archive.stat().st_size)
        self.files = 0
        self.members = 0
        self.progress = progress or (lambda what, done, total: None)

    def refuse(self, why: str) -> CorpusError:
        return CorpusError(f"{self.archive.name} {why}: it is not the corpus it should be, and nothing of it is kept.")

    def path(self, name: str) -> Path:
        """Where a member goes.  Raises CorpusError for a name that could lead anywhere else."""
        self.members += 1
        if self.members > self.limits.files:
            raise self.refuse(f"holds more than {self.limits.files:,} files")
        parts = PurePosixPath(name).parts
        bad = name.startswith("/") or "\\" in name or not name.isprintable() or re.match(r"[A-Za-z]:", name)
        if bad or ".." in parts or not parts or len(parts) > _MAX_DEPTH or max(len(p.encode()) for p in parts) > 255:
            raise self.refuse(f"holds a member with an unsafe name ({name[:80]!r})")
        return self.folder.joinpath(*parts)

    def add_folder(self, name: str) -> None:
        if PurePosixPath(name).parts:  # "./" is the folder itself
            self._made(self.path(name), name)

    def add_file(self, name: str, source: IO[bytes], done: int, total: int) -> None:
        target = self.path(name)
        self._made(target.parent, name)
        try:
            sink = target.open("xb")
        except FileExistsError:
            raise self.refuse(f"holds two members called {name[:80]!r}") from None
        with sink:
            while block := source.read(_BLOCK):
                self.left -= len(block)
                if self.left < 0:
                    allowed = self.limits.allowed(self.archive.stat().st_size)
                    raise self.refuse(f"unpacks to more than {allowed // 2**20:,} MB")
                sink.write(block)
        self.files += 1
        self.progress("unpacking", done, total)

    def _made(self, folder: Path, name: str) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            raise self.refuse(f"holds a folder and a file of one name ({name[:80]!r})") from None


def _unpack_zip(archive: Path, writer: _Writer) -> None:
    with zipfile.ZipFile(archive) as file:
        members = file.infolist()
        announced = sum(member.file_size for member in members)
        if len(members) > writer.limits.files:
            raise writer.refuse(f"holds {len(members):,} files, more than the {writer.limits.files:,} allowed")
        if announced > writer.left:
            raise writer.refuse(f"unpacks to {announced // 2**20:,} MB, more than the {writer.left // 2**20:,} allowed")
        free = shutil.disk_usage(writer.folder).free
        if announced > free:
            raise CorpusError(f"{archive.name} unpacks to {announced // 2**20:,} MB, and {free // 2**20:,} are free.")
        for number, member in enumerate(members, 1):
            kind = stat.S_IFMT(member.external_attr >> 16)
            if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise writer.refuse(f"holds a link or a device ({member.filename[:80]!r})")
            if not member.filename:
                raise writer.refuse("holds a member without a name")
            if member.flag_bits & 0x1:
                raise writer.refuse("is encrypted")
            if member.is_dir():
                writer.add_folder(member.filename)
                continue
            with file.open(member) as source:
                writer.add_file(member.filename, source, number, len(members))


def _unpack_tar(archive: Path, writer: _Writer) -> None:
    """As a stream: a tar has no list of its members, so each is judged as it comes."""
    with _decompressed(archive) as raw:
        stream = _Bounded(raw, writer)
        with tarfile.open(fileobj=stream, mode="r|", tarinfo=_Header) as file:  # type: ignore[call-overload]
            while True:
                stream.budget = _HEADER
                member = file.next()
                if member is None:
                    break
                if member.isdir():
                    writer.add_folder(member.name)
                    continue
                source = file.extractfile(member) if member.isreg() and not member.issparse() else None
                if source is None:
                    raise writer.refuse(f"holds a link or a device ({member.name[:80]!r})")
                stream.budget = min(member.size, writer.left) + _HEADER
                writer.add_file(member.name, source, 0, 0)
        while stream.read(_TAIL):  # to the end, where gzip and xz keep the sum that proves the rest
            pass


class _Header(tarfile.TarInfo):
    """Takes nothing but a block of zeros for the end of a tar; tarfile takes a cut or a damaged header for it too."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        try:
            return super().frombuf(buf, encoding, errors)
        except tarfile.HeaderError as error:
            if buf == bytes(tarfile.BLOCKSIZE):
                raise
            raise tarfile.ReadError("it breaks off" if len(buf) < tarfile.BLOCKSIZE else str(error)) from error


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class _Bounded:
    """A stream that gives no more than its budget, so that a header cannot claim memory for gigabytes."""

    def __init__(self, raw: Readable, writer: _Writer) -> None:
        self.raw = raw
        self.writer = writer
        self.budget = _HEADER

    def read(self, size: int) -> bytes:
        self.budget -= size
        if self.budget < 0:
            raise self.writer.refuse("announces more than it may hold")
        return self.raw.read(size)


def _decompressed(archive: Path) -> AbstractContextManager[Readable]:
    """The bytes of a tar.  Raises CorpusError where the file is no tar of a known packing."""
    with archive.open("rb") as file:
        start = file.read(512)
    if start.startswith(b"\x1f\x8b"):
        return gzip.open(archive)
    if start.startswith(b"BZh"):
        return bz2.open(archive)
    if start.startswith(b"\xfd7zXZ\x00"):
        return lzma.open(archive)
    if start[257:262] == b"ustar":
        return archive.open("rb")
    raise CorpusError(
        f"{archive.name} is no archive (zip, tar, tar.gz, tar.bz2, tar.xz): the server may have sent a page."
    )
