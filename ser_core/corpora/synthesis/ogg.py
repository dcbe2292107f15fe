"""Samples -> an Ogg file whose bytes depend on nothing but the samples.

The sound is coded as Opus: Vorbis carries 3.7 kB of tables in every file, more than half of what a sentence may take
here, and at the size that is left it is further from the original (mean log-mel error 4 dB against 2 dB).
libsndfile numbers each Ogg stream at random; the number is set to zero here so that making the corpus again changes
no file that has not changed.
"""

from __future__ import annotations

import io

import numpy as np
import soundfile

COMPRESSION = 0.955  # of libsndfile: about 17 kbit/s for one channel at 16 kHz
POLYNOMIAL = 0x04C11DB7  # of the Ogg page checksum (RFC 3533)
SERIAL = slice(14, 18)
CHECKSUM = slice(22, 26)


def encode(samples: np.ndarray, rate: int) -> bytes:
    """One channel of float samples in -1..1, shape = (n,), as Ogg Opus."""
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate, format="OGG", subtype="OPUS", compression_level=COMPRESSION)
    return renumbered(buffer.getvalue())


def renumbered(data: bytes) -> bytes:
    """The same Ogg file with stream number 0."""
    pages = []
    start = 0
    while start < len(data):
        segments = data[start + 26]
        header = 27 + segments
        size = header + sum(data[start + 27 : start + header])
        page = bytearray(data[start : start + size])
        page[SERIAL] = bytes(4)
        page[CHECKSUM] = bytes(4)
        page[CHECKSUM] = checksum(page).to_bytes(4, "little")
        pages.append(bytes(page))
        start += size
    return b"".join(pages)


def _table() -> tuple[int, ...]:
    rows = []
    for byte in range(256):
        value = byte << 24
        for _ in range(8):
            value = (value << 1) ^ (POLYNOMIAL if value & 0x80000000 else 0)
        rows.append(value & 0xFFFFFFFF)
    return tuple(rows)


TABLE = _table()


def checksum(page: bytes | bytearray) -> int:
    """The checksum of an Ogg page whose checksum field is zero."""
    value = 0
    for byte in page:
        value = ((value << 8) & 0xFFFFFFFF) ^ TABLE[(value >> 24) ^ byte]
    return value
