"""CASIA: four professional Mandarin speakers, 6 emotions, 50 sentences spoken in each of them.

Institute of Automation, Chinese Academy of Sciences; the part with the same text in every emotion, which papers use.
A file is speaker/emotion/sentence, e.g. `wangzhe/angry/201.wav`: all three stand in its folders.
"""

from pathlib import Path

from ser_core.corpora.base import Corpus, Utterance
from ser_core.corpora.licences import SIGNED_AGREEMENT
from ser_core.errors import CorpusError

_EMOTIONS = ("angry", "fear", "happy", "neutral", "sad", "surprise")
_SPEAKERS = {"liuchanhg": "female", "zhaoquanyin": "female", "wangzhe": "male", "zhaozuoxiang": "male"}


class Casia(Corpus):
    def parse(self, path: Path) -> Utterance:
        speaker, emotion = path.parent.parent.name.lower(), path.parent.name.lower()
        if speaker not in _SPEAKERS or emotion not in _EMOTIONS or not (path.stem.isascii() and path.stem.isdigit()):
            raise CorpusError("not a CASIA file (speaker/emotion/number, as wangzhe/angry/201.wav)")
        return Utterance(
            id=f"casia/{speaker}_{emotion}_{path.stem}",
            path=path,
            corpus="casia",
            emotion=emotion,
            speaker=f"casia/{speaker}",
            sex=_SPEAKERS[speaker],
            language="zh",
            text=f"casia/{path.stem}",
        )


CASIA = Casia(
    name="casia",
    title="CASIA",
    language="zh",
    licence=SIGNED_AGREEMENT,
    homepage="http://www.chineseldc.org/resource_info.php?rid=76",
    citation="CASIA Chinese emotional speech corpus, Institute of Automation, Chinese Academy of Sciences.",
    folders=("CASIA database",),
    expected=dict.fromkeys(_EMOTIONS, 200),
    speakers={f"casia/{name}": sex for name, sex in _SPEAKERS.items()},
    by_hand="it is ordered under its distributor's terms.",
    steps=(
        "Order the corpus from the Chinese Linguistic Data Consortium (its home page) under its terms.",
        "Put the speakers' folders below <data>/casia, so that <data>/casia/wangzhe/angry/201.wav is a file.",
    ),
)
