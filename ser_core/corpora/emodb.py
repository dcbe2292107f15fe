"""EmoDB (Berlin): ten German actors, 7 emotions, 10 sentences.  Burkhardt et al. (2005), Interspeech, 1517-1520.

A name is speaker(2) text(3) emotion(1) version(1), e.g. 03a01Fa.wav: F is Freude, happiness.  The recordings stand in
`wav/`; the folders of labels beside it are passed over.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from ser_core.corpora.base import Corpus, Utterance
from ser_core.corpora.licences import FREE
from ser_core.corpora.sources import Archive
from ser_core.errors import CorpusError

_NAME = re.compile(r"(\d\d)([ab]\d\d)([WLEAFTN])([a-f])")
_EMOTIONS = {
    "W": "angry",
    "L": "boredom",
    "E": "disgust",
    "A": "fear",
    "F": "happy",
    "T": "sad",
    "N": "neutral",
}
_MEN = ("03", "10", "11", "12", "15")
_WOMEN = ("08", "09", "13", "14", "16")
_LABELS = {"lablaut", "labsilb", "silb", "laryng", "erkennung"}  # phones, syllables, laryngograms: not the recordings


class EmoDb(Corpus):
    def files(self, root: Path) -> Iterator[Path]:
        return (path for path in super().files(root) if _LABELS.isdisjoint(path.relative_to(root).parts[:-1]))

    def parse(self, path: Path) -> Utterance:
        match = _NAME.fullmatch(path.stem)
        if not match or match.group(1) not in _MEN + _WOMEN:
            raise CorpusError("not an EmoDB name (speaker, text, emotion and version, as 03a01Fa)")
        speaker, text, emotion, _ = match.groups()
        return Utterance(
            id=f"emodb/{path.stem}",
            path=path,
            corpus="emodb",
            emotion=_EMOTIONS[emotion],
            speaker=f"emodb/{speaker}",
            sex="male" if speaker in _MEN else "female",
            language="de",
            text=f"emodb/{text}",
        )


EMODB = EmoDb(
    name="emodb",
    title="EmoDB",
    language="de",
    licence=FREE,
    homepage="http://emodb.bilderbar.info/",
    citation="Burkhardt, Paeschke, Rolfes, Sendlmeier & Weiss (2005). A database of German emotional speech. "
    "Interspeech, 1517-1520.",
    expected={"angry": 127, "boredom": 81, "disgust": 46, "fear": 69, "happy": 71, "neutral": 79, "sad": 62},
    speakers={f"emodb/{name}": "male" for name in _MEN} | {f"emodb/{name}": "female" for name in _WOMEN},
    archives=(
        Archive(
            url="http://emodb.bilderbar.info/download/download.zip",
            name="emodb-download.zip",
            digest=None,
            bytes=None,
            cited="the header of the database emodb that audEERING publishes",
        ),
    ),
    steps=(
        "Fetch download.zip from the home page of EmoDB.",
        "Unpack it into <data>/emodb, so that <data>/emodb/wav/03a01Fa.wav is a file.",
    ),
)
