"""The clip that a visitor looks at: its sound, its quality, and where it came from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ser_core import audio, quality
from ser_core.audio import Waveform
from ser_core.quality import CLIPPED_HINT, Quality


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
    """Decode and check what a visitor brought.  Raises AudioError, also where it holds no speech."""
    waveform = audio.load(data, name=name)
    measured = quality.assess(waveform)
    quality.require_speech(waveform, measured)
    return Clip(title, origin, waveform, measured, waveform.to_wav())


def quality_line(measured: Quality) -> str:
    """Length, level, clipping and speech in one line, e.g. "3.9 s · level −21 dBFS · no clipping · 2.3 s of speech"."""
    if measured.clipped_share == 0:
        clipping = "no clipping"
    elif measured.clipped_share < CLIPPED_HINT:
        clipping = "hardly any clipping"
    else:
        clipping = f"{100 * measured.clipped_share:.1f}% clipped"
    return " · ".join(
        (
            duration(measured.seconds),
            f"level {measured.level_dbfs:.0f} dBFS".replace("-", "\N{MINUS SIGN}"),
            clipping,
            f"{duration(measured.speech_seconds)} of speech",
        )
    )


def duration(seconds: float) -> str:
    """Seconds as a person says them: "3.9 s", "2 min 5 s"."""
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"
