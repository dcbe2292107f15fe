"""Who speaks in the synthetic corpus, and what is said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Role = Literal["train", "validation", "held_out"]


@dataclass(frozen=True)
class Voice:
    """One synthetic speaker.  All the numbers are ours.

    engine: the eSpeak NG voice, an accent and a variant; the variant sets formants, pitch and timbre.
    semitones: moved from the pitch that the variant has by itself.
    rate: words per minute in the neutral style.
    tract: formant frequencies relative to the variant's; a shorter vocal tract is above 1.
    expression: how far this voice goes from neutral; scales every departure that a rule asks for.
    """

    name: str
    sex: Literal["female", "male"]
    engine: str
    semitones: float = 0.0
    rate: int = 182
    tract: float = 1.0
    expression: float = 1.0
    role: Role = "train"


VOICES: Final = (
    Voice("f01", "female", "en-us+f1", semitones=0.0, rate=182, tract=1.00, expression=1.00),
    Voice("f02", "female", "en-gb-x-gbcwmd+f5", semitones=-1.0, rate=178, tract=1.00, expression=0.90),
    Voice("f03", "female", "en-gb-scotland+f4", semitones=1.0, rate=174, tract=1.00, expression=1.10),
    Voice("f04", "female", "en+linda", semitones=-2.0, rate=187, tract=0.98, expression=0.95),
    Voice("f05", "female", "en-us-nyc+Alicia", semitones=-4.0, rate=182, tract=1.00, expression=1.05),
    Voice("f06", "female", "en-029+belinda", semitones=-1.0, rate=185, tract=1.03, expression=1.15),
    Voice("f07", "female", "en-gb-x-gbclan+f1", semitones=-1.5, rate=178, tract=0.96, expression=0.85),
    Voice("f08", "female", "en-us+f4", semitones=2.0, rate=196, tract=1.04, expression=1.00),
    Voice("f09", "female", "en-gb-x-rp+f2", semitones=0.0, rate=182, role="validation"),
    Voice("f10", "female", "en-us+f3", semitones=0.0, rate=182, role="held_out"),
    Voice("m01", "male", "en-us+m1", semitones=1.0, rate=182, tract=1.00, expression=1.00),
    Voice("m02", "male", "en-gb-x-rp+m2", semitones=2.0, rate=176, tract=1.00, expression=0.90),
    Voice("m03", "male", "en-gb-scotland+m6", semitones=0.0, rate=174, tract=0.97, expression=1.10),
    Voice("m04", "male", "en+m7", semitones=3.0, rate=187, tract=1.02, expression=0.95),
    Voice("m05", "male", "en-us-nyc+m4", semitones=2.5, rate=192, tract=1.00, expression=1.05),
    Voice("m06", "male", "en-029+adam", semitones=1.5, rate=185, tract=1.03, expression=1.15),
    Voice("m07", "male", "en-gb-x-gbclan+max", semitones=-0.5, rate=178, tract=1.00, expression=0.90),
    Voice("m08", "male", "en-us+m2", semitones=4.0, rate=196, tract=1.06, expression=1.00),
    Voice("m09", "male", "en-gb-x-gbcwmd", semitones=1.5, rate=182, role="validation"),
    Voice("m10", "male", "en-us+m3", semitones=1.0, rate=182, role="held_out"),
)


# Ours, and plain: nothing in the words says how they are meant.  `*` stands before a stressed word,
# `|` where a speaker who pauses would pause.
SENTENCES: Final = (
    "The *blue *folder | is on the *table",
    "We *keep the *spare *keys | in the *kitchen",
    "*Nine *boxes | *stand beside the *window",
    "The *bus turns *left | after the *library",
    "Her *coat is *hanging | by the *door",
)


def spoken(sentence: str) -> str:
    """The words alone, as a reader would print them."""
    return sentence.replace("*", "").replace("| ", "") + "."


def with_role(role: Role) -> tuple[Voice, ...]:
    """The voices of one role, females first."""
    return tuple(voice for voice in VOICES if voice.role == role)
