"""RAVDESS, speech: 24 North American actors, 8 emotions, 2 sentences.

Livingstone & Russo (2018), PLOS ONE 13(5): e0196391.
A name is modality-channel-emotion-intensity-statement-repetition-actor, e.g. 03-01-05-02-01-01-12.wav.
"""

import re
from pathlib import Path

from ser_core.corpora.base import CC_BY_NC_SA, Corpus, Utterance
from ser_core.errors import CorpusError

_NAME = re.compile(r"(\d\d)-(\d\d)-(\d\d)-(\d\d)-(\d\d)-(\d\d)-(\d\d)")
_EMOTIONS = dict(
    zip(
        ("01", "02", "03", "04", "05", "06", "07", "08"),
        ("neutral", "calm", "happy", "sad", "angry", "fear", "disgust", "surprise"),
        strict=True,
    )
)


class Ravdess(Corpus):
    def parse(self, path: Path) -> Utterance:
        match = _NAME.fullmatch(path.stem)
        if not match:
            raise CorpusError("not a RAVDESS name (modality-channel-emotion-intensity-statement-repetition-actor)")
        modality, channel, emotion, _, statement, _, actor = match.groups()
        if channel != "01":
            raise CorpusError("RAVDESS song, not speech: left out")
        if modality != "03" or emotion not in _EMOTIONS or not 1 <= int(actor) <= 24:
            raise CorpusError("a RAVDESS name with a field out of range")
        return Utterance(
            id=f"ravdess/{path.stem}",
            path=path,
            corpus="ravdess",
            emotion=_EMOTIONS[emotion],
            speaker=f"ravdess/{actor}",
            sex="male" if int(actor) % 2 else "female",  # odd actors are men
            language="en",
            text=f"ravdess/{statement}",
        )


RAVDESS = Ravdess(
    name="ravdess",
    title="RAVDESS",
    language="en",
    licence=CC_BY_NC_SA,
    homepage="https://zenodo.org/records/1188976",
    citation="Livingstone & Russo (2018). The Ryerson Audio-Visual Database of Emotional Speech and Song. "
    "PLOS ONE 13(5): e0196391.",
    expected={name: 96 if name == "neutral" else 192 for name in _EMOTIONS.values()},
)
