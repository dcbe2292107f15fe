"""Sentence and rule -> SSML for eSpeak NG, word by word."""

from __future__ import annotations

from dataclasses import dataclass

from ser_core.corpora.synthesis.prosody import Prosody

# eSpeak NG's pitch parameter runs from 0 to 99 with 50 in the middle.  Measured on eight voices with eSpeak NG 1.52:
# a semitone takes 5.4 steps above the middle and 6.5 below it, within half a semitone.
MIDDLE = 50
STEPS_ABOVE = 5.4
STEPS_BELOW = 6.5
LAST_STEP = 99
LOUDNESS = 45  # eSpeak NG's volume parameter, linear in amplitude; at 100 several voices clip


@dataclass(frozen=True)
class Word:
    """text; stressed; whether a pause may follow; position: 0 for the first word, 1 for the last."""

    text: str
    stressed: bool
    before_pause: bool
    position: float


def words(sentence: str) -> tuple[Word, ...]:
    """Read a sentence of `voices.SENTENCES` with its marks."""
    tokens = sentence.split()
    spoken = [index for index, token in enumerate(tokens) if token != "|"]
    return tuple(
        Word(
            text=tokens[index].lstrip("*"),
            stressed=tokens[index].startswith("*"),
            before_pause=index + 1 < len(tokens) and tokens[index + 1] == "|",
            position=order / (len(spoken) - 1),
        )
        for order, index in enumerate(spoken)
    )


def pitch_step(semitones: float) -> int:
    """eSpeak NG's pitch parameter for a distance from the variant's own pitch, kept inside its scale."""
    step = MIDDLE + semitones * (STEPS_ABOVE if semitones > 0 else STEPS_BELOW)
    return round(min(max(step, 0.0), float(LAST_STEP)))


def ssml(sentence: str, rule: Prosody, semitones: float) -> str:
    """One sentence under one rule.

    semitones: the voice's own distance from its variant's pitch, and whatever else must be added to every word.
    """
    spoken = words(sentence)
    mean_position = sum(word.position for word in spoken) / len(spoken)
    parts = []
    for word in spoken:
        last = word is spoken[-1]
        height = semitones + rule.pitch.value + rule.slope.value * (word.position - mean_position)
        height += rule.accent.value * word.stressed + rule.ending.value * last
        # relative to the process-wide parameters, in per cent of them
        pitch = 100 * pitch_step(height) / MIDDLE - 100
        volume = 100 * 10 ** (rule.stress.value * word.stressed / 20) - 100
        rate = 100 * (rule.drawl.value if word.stressed else 1.0) - 100
        # the closing mark stands inside the element: outside it eSpeak NG reads it out as "dot"
        text = word.text + (rule.tune if last else "")
        parts.append(f'<prosody pitch="{pitch:+.0f}%" volume="{volume:+.0f}%" rate="{rate:+.0f}%">{text}</prosody>')
        if word.before_pause and rule.pause.value >= 1:
            parts.append(f'<break time="{rule.pause.value:.0f}ms"/>')
    return f"<speak>{' '.join(parts)}</speak>"
