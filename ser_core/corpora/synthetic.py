"""The synthetic corpus that ships with the package: 20 voices of eSpeak NG, 7 emotions by rule, 5 sentences.

Nobody spoke these clips and nobody felt anything: `synthesis/` turns published directions for emotional prosody into
numbers and lets a speech synthesiser follow them.  A name is voice_emotion_sentence, e.g. f10_happy_3.ogg.
"""

import re
from pathlib import Path

from ser_core.corpora.base import PUBLIC_DOMAIN, Corpus, Utterance
from ser_core.corpora.synthesis.prosody import RULES
from ser_core.corpora.synthesis.voices import SENTENCES, VOICES, spoken, with_role
from ser_core.errors import CorpusError

_CLIPS = Path(__file__).with_name("synthetic_data") / "clips"
_NAME = re.compile(r"([fm]\d\d)_([a-z]+)_(\d)")
_EMOTIONS = tuple(sorted(RULES))
_SEX = {voice.name: voice.sex for voice in VOICES}

# One female and one male voice that no model may be trained or selected on; all sample clips are theirs.
HELD_OUT_SPEAKERS = tuple(f"synthetic/{voice.name}" for voice in with_role("held_out"))
VALIDATION_SPEAKERS = tuple(f"synthetic/{voice.name}" for voice in with_role("validation"))
TEXTS = {f"synthetic/{number}": spoken(text) for number, text in enumerate(SENTENCES, start=1)}


class Synthetic(Corpus):
    def locate(self, data: Path | None) -> Path:
        """The folder inside the package, whatever the data folder is."""
        if not _CLIPS.is_dir():
            raise CorpusError(f"The synthetic corpus is missing from this installation ({_CLIPS}): install it again.")
        return _CLIPS

    def parse(self, path: Path) -> Utterance:
        match = _NAME.fullmatch(path.stem)
        if not match:
            raise CorpusError("not a name of the synthetic corpus (voice_emotion_sentence)")
        voice, emotion, sentence = match.groups()
        if voice not in _SEX or emotion not in _EMOTIONS or not 1 <= int(sentence) <= len(SENTENCES):
            raise CorpusError("a synthetic name with an unknown voice, emotion or sentence")
        return Utterance(
            id=f"synthetic/{path.stem}",
            path=path,
            corpus="synthetic",
            emotion=emotion,
            speaker=f"synthetic/{voice}",
            sex=_SEX[voice],
            language="en",
            text=f"synthetic/{sentence}",
        )


SYNTHETIC = Synthetic(
    name="synthetic",
    title="Synthetic (eSpeak NG)",
    language="en",
    licence=PUBLIC_DOMAIN,
    homepage="https://github.com/espeak-ng/espeak-ng",
    citation="Made for this project: eSpeak NG under prosody rules after Murray & Arnott (1993), Cahn (1990) and "
    "Juslin & Laukka (2003).",
    synthetic=True,
    expected=dict.fromkeys(_EMOTIONS, len(VOICES) * len(SENTENCES)),
)


def samples() -> tuple[Utterance, ...]:
    """The clips that the app offers to a visitor: every emotion from both held-out voices, in varied sentences."""
    every = {utterance.id: utterance for utterance in SYNTHETIC.scan(None).utterances}
    chosen = []
    for order, emotion in enumerate(_EMOTIONS):
        for shift, speaker in enumerate(HELD_OUT_SPEAKERS):
            sentence = (order + 2 * shift) % len(SENTENCES) + 1
            chosen.append(every[f"{speaker}_{emotion}_{sentence}"])
    return tuple(chosen)
