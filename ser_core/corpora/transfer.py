"""Fetching one file over HTTP so that a broken connection costs only what was not yet there.

pooch fetches, checks digests and puts the file in place; what it lacks is going on where a transfer broke off, so this
module is its downloader.  The part that has come lies beside the target as `<name>.part`, with what the server said of
the file (ETag, else Last-Modified) in `<name>.part.json`: the rest is asked for with Range and If-Range, and a server
that ignores them, or whose file has changed, sends all of it anew.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import requests

from ser_core.errors import CorpusError
from ser_core.files import write_json

Progress = Callable[[str, int, int], None]  # what is being done, done, of how many

BLOCK: Final = 2**14  # what a broken connection costs at most
_TIMEOUT: Final = (15.0, 60.0)  # seconds to connect, seconds without a byte
_LATER: Final = (429, 500, 502, 503, 504)  # the server may be better in a moment


class _Interrupted(Exception):
    """The transfer broke off; what came is kept."""


@dataclass
class Resumable:
    """Call it as pooch calls a downloader.

    part: where the unfinished file lies.  size: the published size in bytes, None where there is none.
    largest: more than this is never fetched.  tries: how often without a byte of progress; pause: seconds between.
    """

    part: Path
    size: int | None
    progress: Progress
    largest: int = 8 * 2**30
    tries: int = 4
    pause: float = 2.0

    def __call__(self, url: str, output_file: Any, pooch: Any, check_only: bool = False) -> None:
        """Raises CorpusError in one sentence; the part is kept where going on may help."""
        best, failures = self._have(), 0
        while True:
            try:
                self._fetch(url)
                break
            except (
                requests.ConnectionError,
                requests.Timeout,
                requests.exceptions.ChunkedEncodingError,
                _Interrupted,
            ) as e:
                failures = failures + 1 if self._have() <= best else 1
                best = max(best, self._have())
                if failures >= self.tries:
                    raise CorpusError(self._broken(url)) from e
                time.sleep(self.pause)
            except requests.RequestException as e:
                raise CorpusError(f"{url} cannot be fetched: {e}") from e
        os.replace(self.part, output_file)
        self._notes.unlink(missing_ok=True)

    @property
    def _notes(self) -> Path:
        return self.part.with_name(f"{self.part.name}.json")

    def _have(self) -> int:
        return self.part.stat().st_size if self.part.is_file() else 0

    def _drop(self) -> None:
        self.part.unlink(missing_ok=True)
        self._notes.unlink(missing_ok=True)

    def _broken(self, url: str) -> str:
        host, have = urlsplit(url).netloc, self._have()
        if not have:
            return f"{host} does not answer: check the connection and try again."
        return (
            f"The connection to {host} broke off after {have / 1e6:.1f} MB: run the same command again to go on there."
        )

    def _fetch(self, url: str) -> None:
        """One request: the whole file, or the rest of it."""
        have = self._have()
        headers = {"Accept-Encoding": "identity"}
        validator = self._validator(url)
        if have and validator:
            headers |= {"Range": f"bytes={have}-", "If-Range": validator}
        with requests.get(url, headers=headers, stream=True, timeout=_TIMEOUT) as response:
            if response.status_code == 416 and have:  # nothing is left to send, or the file has become shorter
                if response.headers.get("Content-Range") == f"bytes */{have}":
                    return
                self._drop()
                raise _Interrupted
            if response.status_code in _LATER:
                raise _Interrupted
            if response.status_code not in (200, 206):
                self._drop()
                raise CorpusError(
                    f"{urlsplit(url).netloc} answers {response.status_code} ({response.reason}) for {url}: "
                    "the file is not there any more; look at the home page of the corpus."
                )
            start = self._start(response, have)
            length = response.headers.get("Content-Length", "")
            known = length.isascii() and length.isdecimal()
            total = start + int(length) if known else start
            self._check_size(url, total, known)
            if start == 0:
                said = response.headers.get("ETag") or response.headers.get("Last-Modified") or ""
                write_json(self._notes, {"url": url, "validator": "" if said.startswith("W/") else said})
            self._receive(response, start, total)

    def _start(self, response: requests.Response, have: int) -> int:
        """From which byte the answer goes on."""
        if response.status_code == 200:
            return 0
        match = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
        if not match or int(match.group(1)) != have:
            self._drop()  # not the part that was asked for: all of it anew
            raise _Interrupted
        return have

    def _receive(self, response: requests.Response, start: int, total: int) -> None:
        done = start
        with self.part.open("ab" if start else "wb") as file:
            for block in response.iter_content(BLOCK):
                file.write(block)
                done += len(block)
                if done > (self.size or self.largest):
                    break
                self.progress("downloading", done, max(total, done))
        if done > (self.size or self.largest):
            self._drop()
            raise CorpusError(f"{urlsplit(response.url).netloc} sends more than was announced: nothing was kept.")
        if done < total:
            raise _Interrupted

    def _validator(self, url: str) -> str:
        """What the server said of the file of which a part is here; empty where it cannot be gone on with."""
        try:
            notes = json.loads(self._notes.read_text(encoding="utf-8"))
            return str(notes["validator"]) if notes["url"] == url else ""
        except (OSError, ValueError, KeyError, TypeError):
            return ""

    def _check_size(self, url: str, total: int, known: bool) -> None:
        """Before the first byte is written."""
        host = urlsplit(url).netloc
        if known and self.size is not None and total != self.size:
            self._drop()
            raise CorpusError(
                f"{host} offers a file of {total:,} bytes where {self.size:,} are published: it is another file, "
                "and nothing was fetched."
            )
        if total > self.largest:
            self._drop()
            raise CorpusError(
                f"{host} offers a file of {total / 1e9:.1f} GB, more than any corpus here: nothing was fetched."
            )
        free = shutil.disk_usage(self.part.parent).free
        if total - self._have() > free:
            raise CorpusError(f"The file has {total / 1e6:,.0f} MB and {free / 1e6:,.0f} MB are free: make room first.")
