"""Fetching a corpus that may be fetched: download, check, unpack, count, and only then put in place."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from filelock import FileLock, Timeout

from ser_core.corpora.archive import Limits, Progress, staged, unpack
from ser_core.corpora.base import Corpus
from ser_core.corpora.sources import Archive
from ser_core.corpora.transfer import Resumable
from ser_core.errors import CorpusError
from ser_core.files import cache_folder


@dataclass(frozen=True)
class Downloaded:
    """What lies there now.  verified: every archive had its published digest; else only sizes and counts were checked.

    differences: how the corpus differs from its published counts, in sentences.
    """

    folder: Path
    utterances: int
    verified: bool
    differences: tuple[str, ...]


def download(
    corpus: Corpus,
    data: Path | None,
    progress: Progress,
    limits: Limits = Limits(),  # noqa: B008
    pause: float = 2.0,
) -> Downloaded:
    """Fetch a corpus into the data folder, which is made where it is missing.

    pause: seconds before a broken connection is tried again.
    Raises CorpusError in one sentence, with nothing half in place, where the corpus is there already, may not be
    fetched, does not come, or is not what was published.
    """
    if data is None:
        raise CorpusError(f"No data folder is set: say where {corpus.title} goes with --data <folder> or SER_DATA.")
    if not corpus.archives:
        raise CorpusError(f"{corpus.title} cannot be fetched by a program: see {corpus.homepage}.")
    present = corpus.find(data)
    if present:
        raise CorpusError(f"{corpus.title} is in {present} already: move it away to fetch it anew.")
    with alone(corpus), staged(data / corpus.folder) as folder:
        for archive in corpus.archives:
            fetched = fetch(archive, progress, limits, pause)
            try:
                unpack(fetched, folder, limits, progress)
            finally:
                fetched.unlink(missing_ok=True)
        downloaded = checked(corpus, folder)
    return replace(downloaded, folder=data / corpus.folder)


@contextmanager
def alone(corpus: Corpus) -> Iterator[None]:
    """Two downloads would write into one part.  Raises CorpusError where another one fetches this corpus."""
    locks = cache_folder() / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    try:
        held = FileLock(locks / f"{corpus.name}.lock", timeout=0).acquire()
    except Timeout as error:
        raise CorpusError(f"{corpus.title} is being fetched already: wait for that download.") from error
    with held:
        yield


def fetch(archive: Archive, progress: Progress, limits: Limits, pause: float) -> Path:
    """The archive in the cache folder, with its digest checked where one is published.  Raises CorpusError."""
    import pooch

    folder = cache_folder() / "downloads"
    folder.mkdir(parents=True, exist_ok=True)
    pooch.get_logger().setLevel(logging.ERROR)
    downloader = Resumable(folder / f"{archive.name}.part", archive.bytes, progress, limits.bytes, pause=pause)
    (folder / archive.name).unlink(missing_ok=True)  # without a digest pooch would take it as it is
    try:
        pooch.retrieve(archive.url, archive.digest, archive.name, folder, downloader=downloader)
    except ValueError as error:
        raise CorpusError(
            f"What {urlsplit(archive.url).netloc} sent as {archive.name} has not the digest of the published file: "
            "nothing was kept; try again, or look at the home page of the corpus."
        ) from error
    return folder / archive.name


def checked(corpus: Corpus, folder: Path) -> Downloaded:
    """Counts of what was unpacked.

    Raises CorpusError where it is not the corpus, or where counts differ and no digest vouches for it.
    """
    verified = all(archive.digest for archive in corpus.archives)
    try:
        scan = corpus.read(folder)
    except CorpusError as error:
        raise CorpusError(f"What was fetched holds no {corpus.title} files: nothing was kept.") from error
    differences = corpus.check(scan)
    empty = sum(utterance.path.stat().st_size == 0 for utterance in scan.utterances)
    if empty:
        differences.append(f"{empty} empty files.")
    if differences and not verified:
        raise CorpusError(f"What was fetched is not all of {corpus.title} ({' '.join(differences)}): nothing was kept.")
    return Downloaded(folder, len(scan.utterances), verified, tuple(differences))
