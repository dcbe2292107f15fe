"""One clip of the synthetic corpus, from its name to samples at 16 kHz."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import soxr

from ser_core.audio import SAMPLE_RATE
from ser_core.corpora.synthesis import colouring, markup
from ser_core.corpora.synthesis.espeak import speak
from ser_core.corpora.synthesis.prosody import RULES, Cue, Prosody
from ser_core.corpora.synthesis.voices import SENTENCES, VOICES, Voice

# All ours.
NEUTRAL_DBFS = -26.0
ROOM_DBFS = -66.0  # a quiet room instead of digital silence
PEAK = 0.85
MARGIN_SECONDS = (0.08, 0.12)  # room before and after the voice
SPAN = 45  # eSpeak NG's pitch range in the neutral style
# No two readings are alike: how far each cue strays from its rule, drawn evenly either way for every clip.
STRAY = {"pitch": 0.6, "slope": 0.6, "accent": 0.4, "ending": 0.4, "loudness": 1.5, "stress": 0.6, "tilt": 0.4}
STRAY_FACTOR = {"span": 0.12, "rate": 0.05, "pause": 0.25, "tremor": 0.2, "growl": 0.2}


@dataclass(frozen=True)
class Clip:
    """What is to be spoken: a voice, an emotion, and the number of the sentence from 1."""

    voice: Voice
    emotion: str
    sentence: int

    @property
    def stem(self) -> str:
        return f"{self.voice.name}_{self.emotion}_{self.sentence}"

    @property
    def seed(self) -> int:
        return int.from_bytes(hashlib.sha256(self.stem.encode()).digest()[:4], "little") >> 1


def clips() -> Iterator[Clip]:
    """All clips: voices x emotions x sentences."""
    for voice in VOICES:
        for emotion in sorted(RULES):
            for number in range(1, len(SENTENCES) + 1):
                yield Clip(voice, emotion, number)


def performed(clip: Clip, generator: np.random.Generator) -> Prosody:
    """The rule as this voice performs it this time: scaled by the voice's expression, then strayed from a little."""
    rule, neutral = RULES[clip.emotion], RULES["neutral"]
    cues: dict[str, Any] = {}
    for item in fields(Prosody):
        cue = getattr(rule, item.name)
        if not isinstance(cue, Cue):
            continue
        base = getattr(neutral, item.name).value
        value = base + clip.voice.expression * (cue.value - base)
        value += STRAY.get(item.name, 0.0) * generator.uniform(-1, 1)
        value *= 1 + STRAY_FACTOR.get(item.name, 0.0) * generator.uniform(-1, 1)
        cues[item.name] = replace(cue, value=value)
    return replace(rule, **cues)


def render(clip: Clip) -> np.ndarray:
    """Samples at 16 kHz, float32, shape = (n,).  The same clip gives the same samples.

    Raises CorpusError where eSpeak NG is not installed.
    """
    generator = np.random.default_rng(clip.seed)
    rule = performed(clip, generator)
    voice = clip.voice
    # Played faster by this factor at the end: formants rise by it, so pitch and rate are lowered by it before.
    tract = voice.tract * rule.tract.value
    lowered = 12 * np.log2(tract)
    samples, rate = speak(
        markup.ssml(SENTENCES[clip.sentence - 1], rule, voice.semitones - lowered),
        voice.engine,
        rate=round(voice.rate * rule.rate.value / tract),
        pitch=markup.MIDDLE,
        span=round(min(SPAN * rule.span.value, 99)),
        volume=markup.LOUDNESS,
        seed=clip.seed,
    )
    samples = colouring.trim(samples, rate)
    samples = colouring.waver(samples, rate, rule.tremor.value, rule.jitter.value, generator)
    samples = soxr.resample(samples, rate * tract, SAMPLE_RATE, quality="VHQ")
    samples = colouring.growl(samples, SAMPLE_RATE, rule.growl.value, generator)
    samples = colouring.tilt(samples, SAMPLE_RATE, rule.tilt.value)
    samples = colouring.breathe(samples, SAMPLE_RATE, rule.breath.value, generator)
    samples = colouring.fade(samples, rule.fade.value)
    samples = colouring.level(samples, SAMPLE_RATE, NEUTRAL_DBFS + rule.loudness.value)
    samples = np.pad(samples, [round(margin * SAMPLE_RATE) for margin in MARGIN_SECONDS])
    samples += 10 ** (ROOM_DBFS / 20) * generator.standard_normal(len(samples))
    safe: np.ndarray = (samples * min(1.0, PEAK / np.abs(samples).max())).astype(np.float32)
    return safe
