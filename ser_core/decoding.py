"""The bytes of one file -> blocks of float samples, at the file's own rate and channels, through libsndfile.

What `soundfile` alone does not do: keep the frames in front of a break, and take damaged headers without an exception
(the MP3 decoder inside libsndfile may still write a remark to the terminal).
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Final

import numpy as np
import soundfile

from ser_core.containers import READABLE, Container, not_audio
from ser_core.errors import AudioError

BLOCK: Final = 16_384  # frames


class _Memory(io.BytesIO):
    """Bytes that the decoder reads; a damaged header may send it to a place that does not exist, which is no error."""

    def seek(self, offset: int, whence: int = 0) -> int:
        try:
            return super().seek(offset, whence)
        except (ValueError, OverflowError):
            return self.tell()


class _Forward(soundfile.SoundFile):  # type: ignore[misc]  # soundfile ships no types
    """Reads straight on.  soundfile seeks after every block of a seekable file, which fails in a FLAC that was cut."""

    def seekable(self) -> bool:
        return False


class Decoder:
    """One file, open for reading once from the front.

    rate: Hz.  frames: the length that libsndfile believes in.  broken: decoding stopped at damage.
    Raises AudioError `header_only`, `damaged` or `not_audio` where the file cannot be opened.
    """

    def __init__(self, container: Container) -> None:
        try:
            self._file = _Forward(_Memory(container.data))
        except soundfile.SoundFileError:
            if container.payload == 0:
                raise header_only() from None
            if container.kind == "MP3":  # known by eleven bits only, which other files have too
                raise not_audio() from None
            raise damaged(container.kind) from None
        self.rate: int = self._file.samplerate
        self.channels: int = self._file.channels
        self.frames: int = self._file.frames
        self.broken = False

    def blocks(self) -> Iterator[np.ndarray]:
        """float32, shape (frames, channels), at most BLOCK frames; the array is used again for the next block."""
        buffer = np.empty((BLOCK, self.channels), np.float32)
        while not self.broken:
            buffer.fill(np.nan)  # so that a block that breaks off shows how far it got
            try:
                block = self._file.read(out=buffer)
            except soundfile.SoundFileError:
                self.broken = True
                missing = np.isnan(buffer[:, 0])
                block = buffer[: int(missing.argmax()) if missing.any() else BLOCK]
            if not len(block):
                return
            yield block


def outlasts(data: bytes, seconds: float) -> bool:
    """Whether a file announces more than `seconds` and a frame beyond them proves it: one seek, nothing decoded before.

    A file that announces more than it holds does not outlast them.
    """
    try:
        with soundfile.SoundFile(_Memory(data)) as file:
            limit = int(seconds * file.samplerate)
            return limit < file.frames and file.seek(limit) == limit and len(file.read(1)) == 1
    except soundfile.SoundFileError:
        return False


def header_only() -> AudioError:
    return AudioError(
        "header_only",
        "This file is a header without any sound, as when the microphone gave nothing: allow it and record again.",
    )


def damaged(kind: str) -> AudioError:
    return AudioError(
        "damaged",
        f"This {kind} file is damaged, or packed in a way that is not read here: export it again as {READABLE}.",
    )
