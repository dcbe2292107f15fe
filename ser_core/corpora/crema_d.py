"""CREMA-D: 91 American actors, 6 emotions, 12 sentences.  Cao et al. (2014), IEEE Trans. Affective Computing 5(4).

A name is actor_sentence_emotion_level, e.g. AudioWAV/1001_IEO_ANG_HI.wav: the emotion is the one acted, and levels are
low, medium, high, or XX where none was asked for.  The release has one slip, 1040_ITH_SAD_X.  The women are those of
VideoDemographics.csv.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from ser_core.corpora.base import Corpus, Utterance
from ser_core.corpora.licences import ODBL
from ser_core.errors import CorpusError

_NAME = re.compile(r"(10\d\d)_([A-Z]{3})_(ANG|DIS|FEA|HAP|NEU|SAD)_(LO|MD|HI|XX?)")
_EMOTIONS = {"ANG": "angry", "DIS": "disgust", "FEA": "fear", "HAP": "happy", "NEU": "neutral", "SAD": "sad"}
_SENTENCES = ("DFA", "IEO", "IOM", "ITH", "ITS", "IWL", "IWW", "MTI", "TAI", "TIE", "TSI", "WSI")
_LEVELS = {"LO": "low", "MD": "medium", "HI": "high"}
_WOMEN = {
    1002, 1003, 1004, 1006, 1007, 1008, 1009, 1010, 1012, 1013, 1018, 1020, 1021, 1024, 1025, 1028, 1029, 1030, 1037,
    1043, 1046, 1047, 1049, 1052, 1053, 1054, 1055, 1056, 1058, 1060, 1061, 1063, 1072, 1073, 1074, 1075, 1076, 1078,
    1079, 1082, 1084, 1089, 1091,
}  # fmt: skip
_SPEAKERS = {f"crema-d/{n}": "female" if n in _WOMEN else "male" for n in range(1001, 1092)}


class CremaD(Corpus):
    def files(self, root: Path) -> Iterator[Path]:
        """The recordings; the MP3 copies and the videos of the repository beside them are passed over."""
        aside = {"AudioMP3", "VideoFlash", "processedResults"}
        folder = root / "AudioWAV"
        if folder.is_dir():
            return super().files(folder)
        return (path for path in super().files(root) if aside.isdisjoint(path.relative_to(root).parts))

    def parse(self, path: Path) -> Utterance:
        match = _NAME.fullmatch(path.stem)
        if not match or f"crema-d/{match.group(1)}" not in _SPEAKERS or match.group(2) not in _SENTENCES:
            raise CorpusError("not a CREMA-D name (actor, sentence, emotion and level, as 1001_IEO_ANG_HI)")
        actor, sentence, emotion, level = match.groups()
        speaker = f"crema-d/{actor}"
        return Utterance(
            id=f"crema-d/{path.stem}",
            path=path,
            corpus="crema-d",
            emotion=_EMOTIONS[emotion],
            speaker=speaker,
            sex=_SPEAKERS[speaker],
            language="en",
            text=f"crema-d/{sentence}",
            intensity=_LEVELS.get(level, ""),
        )


CREMA_D = CremaD(
    name="crema-d",
    title="CREMA-D",
    language="en",
    licence=ODBL,
    homepage="https://github.com/CheyneyComputerScience/CREMA-D",
    citation="Cao, Cooper, Keutmann, Gur, Nenkova & Verma (2014). CREMA-D: crowd-sourced emotional multimodal actors "
    "dataset. IEEE Transactions on Affective Computing 5(4), 377-390.",
    folders=("CREMA-D", "cremad", "CREMA_D"),
    expected={name: 1087 if name == "neutral" else 1271 for name in _EMOTIONS.values()},
    speakers=_SPEAKERS,
    by_hand="its recordings stand in Git LFS, which git itself has to fetch.",
    steps=(
        "Install git and git-lfs; the recordings stand in Git LFS, a plain clone holds pointers instead of sound.",
        "git lfs install && git clone https://github.com/CheyneyComputerScience/CREMA-D <data>/crema-d",
        "Only the folder AudioWAV (about 600 MB) is read.",
    ),
)
