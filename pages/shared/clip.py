"""The clip that a visitor looks at: its sound, its quality, and where it came from."""

from __future__ import annotations

import gc
import threading
from dataclasses import dataclass
from typing import Literal
from weakref import WeakSet

from ser_core import audio, quality
from ser_core.audio import Waveform
from ser_core.errors import AudioError
from ser_core.quality import CLIPPED_HINT, Quality

COUNTED = 60.0  # seconds; what is longer counts against what all visitors together may bring
MOST_SECONDS = 4 * 3600.0  # of long recordings in this server's memory, where an hour takes some 400 MB
CROWDED = (
    "The long recordings of other visitors fill the memory of this computer: bring one of up to a minute, or try again "
    "later."
)
_held: WeakSet[Waveform] = WeakSet()  # the long ones that visitors still have
_holding = threading.Lock()


@dataclass(frozen=True, eq=False)
class Clip:
    """A clip that passed every check.

    title: what the strip calls it.  wav: the sound for the player.
    played: the emotion that a sample was made to express, None for a visitor's own clip.  text: what is said, if known.
    """

    title: str
    origin: Literal["sample", "upload", "recording"]
    waveform: Waveform
    quality: Quality
    wav: bytes
    played: str | None = None
    text: str | None = None

    @property
    def synthetic(self) -> bool:
        return self.origin == "sample"


def open_clip(data: bytes, name: str, title: str, origin: Literal["upload", "recording"]) -> Clip:
    """Decode and check what a visitor brought.  Raises AudioError, also where it holds no speech.

    A long recording is refused where those of all visitors would come to more than `MOST_SECONDS`.
    """
    waveform = audio.load(data, name=name)
    if waveform.seconds > COUNTED:
        _admit(waveform)
    measured = quality.assess(waveform)
    quality.require_speech(waveform, measured)
    return Clip(title, origin, waveform, measured, waveform.to_wav())


def _admit(waveform: Waveform) -> None:
    """Count a long recording for as long as somebody has it.  Raises AudioError `crowded` where it is one too many."""
    with _holding:
        room = MOST_SECONDS - waveform.seconds
        if sum(one.seconds for one in _held) > room:
            gc.collect()  # some may have been let go of already
            if sum(one.seconds for one in _held) > room:
                raise AudioError("crowded", CROWDED)
        _held.add(waveform)


def quality_line(measured: Quality) -> str:
    """In one line, e.g. "3.9 s · level −21 dBFS · no clipping · SNR about 32 dB · 2.3 s of speech"."""
    if measured.clipped_share == 0:
        clipping = "no clipping"
    elif measured.clipped_share < CLIPPED_HINT:
        clipping = "hardly any clipping"
    else:
        clipping = f"{100 * measured.clipped_share:.1f}% clipped"
    snr = () if measured.snr_db is None else (f"SNR about {measured.snr_db:.0f} dB",)  # no pause to measure it in
    return " · ".join(
        (
            duration(measured.seconds),
            f"level {measured.level_dbfs:.0f} dBFS",
            clipping,
            *snr,
            f"{duration(measured.speech_seconds)} of speech",
        )
    ).replace("-", "\N{MINUS SIGN}")


def duration(seconds: float) -> str:
    """Seconds as a person says them: "3.9 s", "2 min 5 s"."""
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"
