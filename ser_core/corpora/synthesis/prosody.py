"""The rules: what each of seven emotions does to a voice.

The sources agree on directions ("much faster", "slightly lower"), hardly ever on amounts.  So every line gives the
direction and who states it; **every number is ours**, a translation of that direction into a unit.  Where the
sources contradict each other the line says whom it follows.

MA  Murray and Arnott 1993, Toward the simulation of emotion in synthetic speech: a review of the literature on
    human vocal emotion, J. Acoust. Soc. Am. 93(2), 1097-1108, doi 10.1121/1.405558.  Its summary covers anger,
    happiness, sadness, fear and disgust.
C   Cahn 1990, The generation of affect in synthesized speech, Journal of the American Voice I/O Society 8, 1-19
    (the Affect Editor).  Its settings cover angry, disgusted, glad, sad, scared and surprised.
JL  Juslin and Laukka 2003, Communication of emotions in vocal expression and music performance, Psychological
    Bulletin 129(5), 770-814, doi 10.1037/0033-2909.129.5.770.  Its summary covers anger, fear, happiness, sadness.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Cue:
    """One number of a rule (ours) and the direction that it translates, with its source."""

    value: float
    source: str


_NOTHING = Cue(0.0, "as neutral")
_SAME = Cue(1.0, "as neutral")
_CLEAR = Cue(-45.0, "ours: hardly any")


@dataclass(frozen=True)
class Prosody:
    """What one emotion does to a voice, relative to that voice's neutral style."""

    pitch: Cue = _NOTHING  # mean, semitones
    span: Cue = _SAME  # size of the pitch movements, factor
    slope: Cue = _NOTHING  # rise of the pitch from the first to the last word, semitones
    accent: Cue = _NOTHING  # extra pitch on stressed words, semitones
    ending: Cue = _NOTHING  # extra pitch on the last word, semitones
    rate: Cue = _SAME  # words per minute, factor
    drawl: Cue = _SAME  # rate of the stressed words alone, factor
    pause: Cue = _NOTHING  # silence between subject and predicate, milliseconds
    loudness: Cue = _NOTHING  # mean level, decibels
    stress: Cue = _NOTHING  # extra level on stressed words, decibels
    fade: Cue = _NOTHING  # change of level from the first to the last moment, decibels
    tilt: Cue = _NOTHING  # brightness: slope added to the spectrum above 500 Hz, decibels per octave
    breath: Cue = _CLEAR  # aspiration noise, decibels below the voice
    tremor: Cue = _NOTHING  # pitch wavering at about 6 Hz, semitones either way
    jitter: Cue = _NOTHING  # irregular pitch, standard deviation in semitones
    growl: Cue = _NOTHING  # amplitude modulation at about 30 Hz, depth from 0 to 1
    tract: Cue = _SAME  # formant frequencies, factor
    tune: str = "."  # the sentence's last mark, which picks eSpeak NG's final tune


RULES: Final = {
    "neutral": Prosody(),
    "angry": Prosody(
        pitch=Cue(2.5, "MA very much higher, JL high; C lower (we stay between)"),
        span=Cue(1.7, "MA much wider; C widest; JL much variability"),
        slope=Cue(-1.0, "ours"),
        accent=Cue(2.5, "MA abrupt pitch changes on stressed syllables"),
        ending=Cue(-1.5, "C steep final lowering"),
        rate=Cue(1.15, "MA slightly faster; C and JL fast"),
        loudness=Cue(7.0, "MA higher; C loudest; JL high"),
        stress=Cue(4.0, "JL much variability of intensity"),
        tilt=Cue(3.5, "C most brilliance; JL much high-frequency energy; MA tense articulation"),
        jitter=Cue(0.12, "JL irregular"),
        growl=Cue(0.20, "MA chest tone"),
        tract=Cue(1.02, "JL raised first formant"),
        tune="!",
    ),
    "disgust": Prosody(
        pitch=Cue(-4.0, "MA very much lower"),
        span=Cue(1.15, "MA slightly wider; C slightly wider"),
        slope=Cue(-1.0, "MA downward"),
        accent=Cue(1.5, "MA wide changes"),
        ending=Cue(-2.5, "MA wide, downward terminal inflections"),
        rate=Cue(0.80, "MA very much slower; C slower"),
        drawl=Cue(0.90, "ours, after MA very much slower"),
        pause=Cue(110.0, "ours, after MA very much slower"),
        loudness=Cue(-2.0, "MA lower"),
        stress=Cue(2.0, "ours"),
        growl=Cue(0.45, "MA grumbled chest tone"),
        tilt=Cue(0.5, "C some brilliance, MA chest tone (we stay between)"),
        tract=Cue(0.97, "ours, after MA chest tone"),
    ),
    "fear": Prosody(
        pitch=Cue(5.5, "MA very much higher; C highest; JL high"),
        span=Cue(0.65, "JL little variability (MA and C: much wider)"),
        slope=Cue(1.0, "C and JL rising contour"),
        ending=Cue(1.0, "C final rise"),
        rate=Cue(1.28, "MA much faster; C and JL fast"),
        pause=Cue(90.0, "C many hesitation pauses"),
        loudness=Cue(-1.0, "MA normal, JL low (we stay between)"),
        tilt=Cue(-1.0, "JL little high-frequency energy (C: more)"),
        breath=Cue(-26.0, "ours, after MA irregular voicing"),
        tremor=Cue(0.45, "MA irregular voicing"),
        jitter=Cue(0.20, "MA irregular voicing; JL irregular"),
    ),
    "happy": Prosody(
        pitch=Cue(4.5, "MA much higher; JL high"),
        span=Cue(1.8, "MA much wider; C widest; JL much variability"),
        slope=Cue(0.5, "C slightly rising contour; JL rising"),
        accent=Cue(2.0, "MA smooth, upward inflections"),
        ending=Cue(1.0, "MA upward inflections; C less final lowering"),
        rate=Cue(1.10, "JL fast; C slightly faster; MA faster or slower"),
        loudness=Cue(4.0, "MA higher; JL medium to high"),
        stress=Cue(2.5, "ours, after JL variability of intensity"),
        tilt=Cue(1.5, "JL medium high-frequency energy"),
        tract=Cue(1.05, "JL raised first formant"),
        tune="!",
    ),
    "sad": Prosody(
        pitch=Cue(-2.0, "MA slightly lower; JL low"),
        span=Cue(0.5, "MA slightly narrower; C narrower; JL little variability"),
        slope=Cue(-1.5, "MA downward inflections; JL falling contour"),
        ending=Cue(-0.5, "MA downward inflections"),
        rate=Cue(0.82, "MA slightly slower; C slowest; JL slow"),
        pause=Cue(220.0, "C more pauses of both kinds; JL many pauses"),
        loudness=Cue(-6.0, "MA lower; C softer; JL low"),
        fade=Cue(-5.0, "ours"),
        tilt=Cue(-3.5, "C least brilliance; JL little high-frequency energy; MA slurred articulation"),
        breath=Cue(-24.0, "C most breathiness"),
        jitter=Cue(0.10, "JL irregular"),
    ),
    "surprise": Prosody(
        pitch=Cue(3.5, "ours (C leaves the mean alone and widens the range)"),
        span=Cue(1.5, "C much wider"),
        slope=Cue(5.0, "C steepest rising contour"),
        accent=Cue(1.0, "C more accent"),
        ending=Cue(1.5, "ours, after C rising contour"),
        rate=Cue(1.12, "C faster"),
        drawl=Cue(0.92, "ours"),
        loudness=Cue(2.5, "C louder"),
        fade=Cue(3.0, "ours, after C louder and rising"),
        tilt=Cue(-0.5, "C slightly less brilliance"),
        tune="?",
    ),
}
