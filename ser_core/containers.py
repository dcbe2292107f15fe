"""What an audio file says of itself: its container, channels, rate and announced length.

The decoder believes the length field of a header; files that were cut off, or whose writer was stopped before it could
fill the field in, then lose sound or look empty.  `identify` reads those fields itself, hands back the bytes with an
unusable field repaired (so that decoding runs to the real end), and keeps what was announced, so that `audio` can tell
the difference.  Nothing here decodes sound or trusts an offset: all slices are bounded by the data.

Field layouts: Microsoft RIFF/WAVE and EBU Tech 3306 (RF64), Apple AIFF-C, RFC 9639 (FLAC), RFC 3533 (Ogg), RFC 7845
(Opus in Ogg), ISO/IEC 11172-3 (MPEG audio frame header), ID3v2.4.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from ser_core.errors import AudioError

READABLE: Final = "WAV, FLAC, OGG, Opus, MP3 or AIFF"

MAX_CHUNKS: Final = 4096  # a real WAV or AIFF has a few dozen at most
UNKNOWN_SIZE: Final = 0xFFFFFFFF  # what a writer to a pipe puts where the length belongs
UNKNOWN_FROM: Final = 0x7FFFF000  # other writers put the largest signed length, rounded down to a block
FOUND_WITHIN: Final = 8192  # bytes after the tags in which the first MP3 frame must begin

_FOREIGN: Final = (  # (offset, magic bytes, name)
    (4, b"ftyp", "an M4A, MP4 or MOV file"),
    (4, b"moov", "a QuickTime file"),
    (0, bytes.fromhex("3026b2758e66cf11"), "a WMA file"),
    (0, b"ADIF", "an AAC file"),
    (0, b"#!AMR", "an AMR file"),
    (0, b"caff", "a CAF file"),
    (0, b".snd", "an AU file"),
    (0, b"riff", "a Wave64 file"),
    (0, b"BW64", "a BW64 file"),
    (0, b"wvpk", "a WavPack file"),
    (0, b"MAC ", "a Monkey's Audio file"),
    (8, b"AVI ", "an AVI film"),
)
_MPEG_RATES: Final = (44_100, 48_000, 32_000)  # MPEG-1; halved for MPEG-2, quartered for MPEG-2.5


@dataclass(frozen=True)
class Container:
    """A recognised file.

    data: the bytes to decode (repaired where the length field was unusable).
    channels, rate: as the header gives them, None where it was not read here.
    payload: bytes of sound after the header, None where the container does not say.
    seconds: announced length, None where unknown; `ratio`: announced bytes of sound over those present (WAV, AIFF).
    open_ended: the container does without a length, so the decoder's guess is not to be believed.
    unfinished: the length field is there but was never filled in.
    cut: the end mark is missing.
    """

    kind: str
    data: bytes
    channels: int | None = None
    rate: int | None = None
    payload: int | None = None
    seconds: float | None = None
    ratio: float | None = None
    open_ended: bool = False
    unfinished: bool = False
    cut: bool = False


def identify(data: bytes) -> Container:
    """Recognise a file by its first bytes.

    Raises AudioError `unsupported` for a known format that is not read here, `not_audio` for anything else.
    """
    start = _after_id3(data)
    head = data[start : start + 64]
    if head[:4] in (b"RIFF", b"RIFX", b"RF64") and head[8:12] == b"WAVE":
        return _wav(data, start, "big" if head[:4] == b"RIFX" else "little")
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return _aiff(data, start)
    if head[:4] == b"fLaC":
        return _flac(data, start)
    if head[:4] == b"OggS":
        return _ogg(data, start)
    _refuse_foreign(head)
    frame = _first_mpeg_frame(data, start, FOUND_WITHIN if start else 1)
    if frame is None:
        raise not_audio()
    return _mp3(data, frame)


def not_audio() -> AudioError:
    return AudioError("not_audio", f"This is not an audio file that can be read here: bring {READABLE}.")


def _refuse_foreign(head: bytes) -> None:
    name = next((n for at, magic, n in _FOREIGN if head[at : at + len(magic)] == magic), None)
    if head[:4] == bytes.fromhex("1a45dfa3"):
        name = "a WebM file" if b"webm" in head else "a Matroska (MKV) file"
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0:  # MPEG sync with layer 0 is ADTS
        name = "an AAC file"
    if name:
        raise AudioError(
            "unsupported",
            f"This is {name}, which cannot be read here: convert it to {READABLE} "
            "(for example with `ffmpeg -i clip clip.wav`) and bring that.",
        )


def _after_id3(data: bytes) -> int:
    """Where the sound begins behind an ID3v2 tag, whose size is four 7-bit bytes; 0 without one."""
    if data[:3] != b"ID3" or len(data) < 10:
        return 0
    size = 0
    for byte in data[6:10]:
        size = size << 7 | byte & 0x7F
    return 10 + size + (10 if data[5] & 0x10 else 0)  # a tag may end with a footer


def _patch(data: bytes, at: int, value: int, width: int, order: Literal["little", "big"]) -> bytes:
    return data[:at] + value.to_bytes(width, order) + data[at + width :]


def _chunks(data: bytes, at: int, order: Literal["little", "big"], last: bytes = b"") -> dict[bytes, tuple[int, int]]:
    """Where the chunks of a RIFF or FORM file start and how long they say they are, up to the chunk `last`."""
    found: dict[bytes, tuple[int, int]] = {}
    for _ in range(MAX_CHUNKS):
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], order)
        if at + 8 > len(data):
            break
        found.setdefault(name, (at + 8, size))
        if name == last:
            break
        at += 8 + size + size % 2
    return found


def _is_chunk(data: bytes, at: int, order: Literal["little", "big"]) -> bool:
    name = data[at : at + 4]
    fits = int.from_bytes(data[at + 4 : at + 8], order) <= len(data) - at - 8
    return len(name) == 4 and all(32 <= byte < 127 for byte in name) and fits


def _wav(data: bytes, begin: int, order: Literal["little", "big"]) -> Container:
    chunks = _chunks(data, begin + 12, order, last=b"data")
    channels = rate = None
    at = chunks.get(b"fmt ", (len(data), 0))[0]
    if len(data) >= at + 8:
        channels = int.from_bytes(data[at + 2 : at + 4], order)
        rate = int.from_bytes(data[at + 4 : at + 8], order)
    if b"data" not in chunks:
        return Container("WAV", data, channels, rate, payload=0)

    start, size = chunks[b"data"]
    present = len(data) - start
    at, width = start - 4, 4
    if b"ds64" in chunks and size == UNKNOWN_SIZE:  # RF64 keeps a 64-bit length there
        at, width = chunks[b"ds64"][0] + 8, 8
        size = int.from_bytes(data[at : at + 8], order)
    whole = begin + 8 + int.from_bytes(data[begin + 4 : begin + 8], order)
    end = start + size  # a chunk of odd length is padded, though some writers forget to
    goes_on = len(data) - end > 8 and not (_is_chunk(data, end, order) or _is_chunk(data, end + size % 2, order))
    unfinished = size >= UNKNOWN_FROM or (size == 0 and goes_on)
    if goes_on and (size == 0 or whole >= len(data)):
        data = _patch(data, at, present, width, order)
        return Container("WAV", data, channels, rate, present, ratio=size / present, unfinished=unfinished)
    ratio = size / present if size > present > 0 else 1.0
    return Container("WAV", data, channels, rate, min(size, present), ratio=ratio, unfinished=unfinished)


def _aiff(data: bytes, begin: int) -> Container:
    chunks = _chunks(data, begin + 12, "big")
    channels = rate = None
    at = chunks.get(b"COMM", (len(data), 0))[0]
    if len(data) >= at + 18:
        channels = int.from_bytes(data[at : at + 2], "big")
        # 80-bit float: sign and exponent (2 bytes), mantissa with its leading one (8 bytes)
        exponent = int.from_bytes(data[at + 8 : at + 10], "big")
        mantissa = int.from_bytes(data[at + 10 : at + 18], "big")
        rate = mantissa >> 16446 - exponent if 16383 <= exponent <= 16446 else 0
    if b"SSND" not in chunks:
        return Container("AIFF", data, channels, rate, payload=0)

    start, size = chunks[b"SSND"]  # it begins with eight bytes that are no sound
    present = len(data) - start
    if size == 0 or size >= UNKNOWN_FROM:  # the decoder then reads to the end by itself
        return Container("AIFF", data, channels, rate, max(present - 8, 0), unfinished=present > 8)
    ratio = size / present if size > present > 0 else 1.0
    return Container("AIFF", data, channels, rate, max(min(size, present) - 8, 0), ratio=ratio)


def _flac(data: bytes, begin: int) -> Container:
    info = data[begin + 8 : begin + 42]  # STREAMINFO is always the first block
    if len(info) < 34 or data[begin + 4] & 0x7F:
        return Container("FLAC", data)
    rate = int.from_bytes(info[10:13], "big") >> 4
    total = int.from_bytes(info[13:18], "big") & (1 << 36) - 1
    # 0 means "unknown" to the decoder, which then reads on to the real end
    data = _patch(data, begin + 8 + 13, (info[13] & 0xF0) << 32, 5, "big")
    if not (total and rate):
        return Container("FLAC", data, open_ended=True)
    return Container("FLAC", data, seconds=total / rate)


def _ogg(data: bytes, begin: int) -> Container:
    if len(data) < begin + 28:
        return Container("OGG", data)
    packet = data[begin + 27 + data[begin + 26] :][:32]  # behind the page header and its segment table
    if packet[:8] == b"Speex   ":
        _refuse_speex()
    rate = skip = 0
    if packet[:7] == b"\x01vorbis":
        rate = int.from_bytes(packet[12:16], "little")
    elif packet[:8] == b"OpusHead":
        rate, skip = 48_000, int.from_bytes(packet[10:12], "little")  # its clock runs at 48 kHz whatever the input was

    last = data.rfind(b"OggS")
    page = data[last : last + 27 + 255]
    complete = len(page) >= 27 and last + 27 + page[26] + sum(page[27 : 27 + page[26]]) <= len(data)
    if not complete or not page[5] & 4:  # 4 marks the last page of a stream
        return Container("OGG", data, cut=True, open_ended=True)
    granule = int.from_bytes(page[6:14], "little", signed=True) - skip
    seconds = granule / rate if rate and granule > 0 else None
    return Container("OGG", data, seconds=seconds)


def _refuse_speex() -> None:
    raise AudioError(
        "unsupported", f"This is a Speex file, which cannot be read here: convert it to {READABLE} and bring that."
    )


def _first_mpeg_frame(data: bytes, start: int, within: int) -> int | None:
    """Where the first MPEG layer III frame header stands (sync, a valid version, bit rate and sample rate)."""
    for at in range(start, min(start + within, len(data) - 3)):
        sync, kind, rates = data[at : at + 3]
        if sync != 0xFF or kind & 0xE0 != 0xE0:
            continue
        if kind & 0x18 != 0x08 and kind & 0x06 == 0x02 and rates >> 4 != 15 and rates & 0x0C != 0x0C:
            return at
    return None


def _mp3(data: bytes, frame: int) -> Container:
    """An MP3 with an index frame announces its length.  One without makes the decoder guess from the first frame's bit
    rate and stop there, too early when the bit rate varies; such a stream gets an index frame that never ends."""
    head = data[frame : frame + 4]
    first = data[frame : frame + 256]
    if b"Xing" in first or b"Info" in first or b"VBRI" in first:
        return Container("MP3", data)
    version, mono = head[1] >> 3 & 3, head[3] >> 6 == 3  # version 3 is MPEG-1, 2 MPEG-2, 0 MPEG-2.5
    rate = _MPEG_RATES[head[2] >> 2 & 3] >> {3: 0, 2: 1}.get(version, 2)
    first_version = version == 3
    side = (17 if mono else 32) if first_version else (9 if mono else 17)
    bit_rate_index = 5 if first_version else 8  # both mean 64 kbit/s
    length = (144 if first_version else 72) * 64_000 // rate
    header = bytes((0xFF, head[1] | 1, bit_rate_index << 4 | head[2] & 0x0C, head[3]))
    index = header + bytes(side) + b"Xing" + (1).to_bytes(4, "big") + (0x7FFFFF).to_bytes(4, "big")
    return Container("MP3", data[:frame] + index.ljust(length, b"\0") + data[frame:], open_ended=True)
