"""SAVEE: four British men, 7 emotions.  Haq & Jackson (2010), in: Machine Audition, IGI Global, pp. 398-423.

The release has a folder per speaker (`AudioData/DC/a01.wav`); flat copies write `DC_a01.wav`.  Both are read.

A number is no sentence: 01 to 03 of every emotion are the three sentences that all emotions share, and neutral, with
thirty, says them again in 16 to 18, then in 19 to 30 the two sentences that each other emotion has for itself (its 04
and 05).  The release does not list which; the numbers were found by warping the recordings onto each other in time
(MFCC, within each speaker), where the same sentence stood out for all four speakers.
"""

import re
from pathlib import Path

from ser_core.corpora.base import Corpus, Utterance
from ser_core.corpora.licences import RESEARCH_ONLY
from ser_core.errors import CorpusError

_NAME = re.compile(r"(?:(DC|JE|JK|KL)_)?(sa|su|a|d|f|h|n)(\d\d)")
_EMOTIONS = {
    "a": "angry",
    "d": "disgust",
    "f": "fear",
    "h": "happy",
    "n": "neutral",
    "sa": "sad",
    "su": "surprise",
}
_SPEAKERS = ("DC", "JE", "JK", "KL")
_COMMON = ("01", "02", "03")
_NEUTRAL = {"16": "common01", "17": "common02", "18": "common03"} | {
    str(19 + place): name
    for place, name in enumerate(
        f"{code}{number}" for code in ("a", "d", "f", "su", "sa", "h") for number in ("04", "05")
    )
}


class Savee(Corpus):
    def parse(self, path: Path) -> Utterance:
        match = _NAME.fullmatch(path.stem)
        speaker = match and (match.group(1) or path.parent.name)
        if not match or speaker not in _SPEAKERS:
            raise CorpusError("not a SAVEE name (SPEAKER_codeNN, or codeNN in a speaker's folder)")
        code, number = match.group(2), match.group(3)
        return Utterance(
            id=f"savee/{speaker}_{code}{number}",
            path=path,
            corpus="savee",
            emotion=_EMOTIONS[code],
            speaker=f"savee/{speaker}",
            sex="male",
            language="en",
            text=f"savee/{sentence(code, number)}",
        )


def sentence(code: str, number: str) -> str:
    """Which sentence a recording speaks, whatever the emotion.  code, number: as in its name."""
    if number in _COMMON:
        return f"common{number}"
    return _NEUTRAL.get(number, code + number) if code == "n" else code + number


SAVEE = Savee(
    name="savee",
    title="SAVEE",
    language="en",
    licence=RESEARCH_ONLY,
    homepage="http://kahlan.eps.surrey.ac.uk/savee/",
    citation="Haq & Jackson (2010). Multimodal emotion recognition. In: Machine Audition, IGI Global, 398-423.",
    expected={name: 120 if name == "neutral" else 60 for name in _EMOTIONS.values()},
    speakers={f"savee/{name}": "male" for name in _SPEAKERS},
    by_hand="it takes a registration in your name.",
    steps=(
        "Register at the home page of SAVEE (free, for research); the password for the download comes by mail.",
        "Unpack AudioData into <data>/savee, so that <data>/savee/AudioData/DC/a01.wav is a file.",
    ),
)
