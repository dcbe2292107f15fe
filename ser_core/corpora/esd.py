"""ESD: ten English and ten Mandarin speakers, 5 emotions, 350 sentences per language spoken in each emotion.

Zhou, Sisman, Liu & Li (2022), Speech Communication 137, 1-18.  One release holds both languages: `0011/Angry/
0011_000351.wav`, in some copies with a folder train, evaluation or test between.  Speakers 0001 to 0010 speak Mandarin,
0011 to 0020 English.  The numbers of a speaker run through five blocks of 350, one per emotion in the same order of
sentences, so the sentence is the number within its block.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from ser_core.corpora.base import Corpus, Utterance
from ser_core.corpora.licences import SIGNED_AGREEMENT
from ser_core.errors import CorpusError

_NAME = re.compile(r"(\d{4})_(\d{6})")
_EMOTIONS = {name: name.lower() for name in ("Angry", "Happy", "Neutral", "Sad", "Surprise")}
_SENTENCES = 350
_WOMEN = {"0001", "0002", "0003", "0007", "0009", "0015", "0016", "0017", "0018", "0019"}
_SPEAKERS = {
    "zh": tuple(f"{n:04}" for n in range(1, 11)),
    "en": tuple(f"{n:04}" for n in range(11, 21)),
}


class Esd(Corpus):
    def files(self, root: Path) -> Iterator[Path]:
        """The files of this language; those of the other speakers are no problem of it."""
        other = {name for code, names in _SPEAKERS.items() if code != self.language for name in names}
        return (path for path in super().files(root) if other.isdisjoint(path.relative_to(root).parts))

    def parse(self, path: Path) -> Utterance:
        match = _NAME.fullmatch(path.stem)
        speaker = match.group(1) if match else ""
        if not match or speaker not in _SPEAKERS[self.language]:
            raise CorpusError("not an ESD name (speaker and number, as 0011_000351)")
        emotion = next((_EMOTIONS[folder.name] for folder in path.parents[:2] if folder.name in _EMOTIONS), None)
        if emotion is None:
            raise CorpusError(f"in no folder of an emotion ({', '.join(_EMOTIONS)})")
        sentence = (int(match.group(2)) - 1) % _SENTENCES + 1
        return Utterance(
            id=f"{self.name}/{path.stem}",
            path=path,
            corpus=self.name,
            emotion=emotion,
            speaker=f"{self.name}/{speaker}",
            sex="female" if speaker in _WOMEN else "male",
            language=self.language,
            text=f"{self.name}/{sentence:03}",
        )


def _esd(language: str, title: str) -> Esd:
    name = f"esd-{language}"
    return Esd(
        name=name,
        title=title,
        language=language,
        licence=SIGNED_AGREEMENT,
        homepage="https://hltsingapore.github.io/ESD/",
        citation="Zhou, Sisman, Liu & Li (2022). Emotional voice conversion: theory, databases and ESD. "
        "Speech Communication 137, 1-18.",
        folder="esd",
        folders=("Emotion Speech Dataset", "Emotional Speech Dataset (ESD)"),
        expected=dict.fromkeys(_EMOTIONS.values(), 3500),
        speakers={f"{name}/{s}": "female" if s in _WOMEN else "male" for s in _SPEAKERS[language]},
        by_hand="its authors send the address to those who sign its licence form.",
        steps=(
            "Fill in the licence form on the home page of ESD and send it to its authors.",
            "Unpack the archive into <data>/esd, so that the folders 0001 to 0020 stand below it.",
        ),
    )


ESD_ENGLISH = _esd("en", "ESD (English)")
ESD_CHINESE = _esd("zh", "ESD (Mandarin)")
