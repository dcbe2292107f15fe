"""RAVDESS, speech: 24 North American actors, 8 emotions, 2 sentences.

Livingstone & Russo (2018), PLOS ONE 13(5): e0196391.
A name is modality-channel-emotion-intensity-statement-repetition-actor, e.g. 03-01-05-02-01-01-12.wav.
"""

import re
from pathlib import Path

from ser_core.corpora.base import Corpus, Utterance
from ser_core.corpora.licences import CC_BY_NC_SA
from ser_core.corpora.sources import Archive
from ser_core.errors import CorpusError

_NAME = re.compile(r"(\d\d)-(\d\d)-(\d\d)-(\d\d)-(\d\d)-(\d\d)-(\d\d)")
_EMOTIONS = dict(
    zip(
        ("01", "02", "03", "04", "05", "06", "07", "08"),
        ("neutral", "calm", "happy", "sad", "angry", "fear", "disgust", "surprise"),
        strict=True,
    )
)
_INTENSITIES = {"01": "normal", "02": "strong"}
_SPEAKERS = {f"ravdess/{n:02}": "male" if n % 2 else "female" for n in range(1, 25)}  # odd actors are men


class Ravdess(Corpus):
    def parse(self, path: Path) -> Utterance:
        match = _NAME.fullmatch(path.stem)
        if not match:
            raise CorpusError("not a RAVDESS name (modality-channel-emotion-intensity-statement-repetition-actor)")
        modality, channel, emotion, intensity, statement, _, actor = match.groups()
        if channel != "01":
            raise CorpusError("RAVDESS song, not speech: left out")
        speaker = f"ravdess/{actor}"
        if modality != "03" or emotion not in _EMOTIONS or intensity not in _INTENSITIES or speaker not in _SPEAKERS:
            raise CorpusError("a RAVDESS name with a field out of range")
        return Utterance(
            id=f"ravdess/{path.stem}",
            path=path,
            corpus="ravdess",
            emotion=_EMOTIONS[emotion],
            speaker=speaker,
            sex=_SPEAKERS[speaker],
            language="en",
            text=f"ravdess/{statement}",
            intensity=_INTENSITIES[intensity],
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
    speakers=_SPEAKERS,
    archives=(
        Archive(
            url="https://zenodo.org/records/1188976/files/Audio_Speech_Actors_01-24.zip?download=1",
            name="Audio_Speech_Actors_01-24.zip",
            digest="md5:bc696df654c87fed845eb13823edef8a",
            bytes=208_468_073,
            cited="Zenodo record 1188976",
        ),
    ),
    steps=(
        "Fetch Audio_Speech_Actors_01-24.zip (208 MB) from the Zenodo record.",
        "Unpack it into <data>/ravdess, so that <data>/ravdess/Actor_01 is a folder.",
    ),
)
