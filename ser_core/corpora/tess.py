"""TESS: two Toronto actresses (aged 26 and 64), 7 emotions, 200 words in "Say the word ...".

Dupuis & Pichora-Fuller (2010), University of Toronto.  A name is speaker_word_emotion, e.g. OAF_back_ps.wav (ps is
pleasant surprise).  It comes flat or in a folder per speaker and emotion; the release has one slip, OA_bite_neutral.
"""

import re
from pathlib import Path

from ser_core.corpora.base import Corpus, Utterance
from ser_core.corpora.licences import CC_BY_NC_ND
from ser_core.errors import CorpusError

_NAME = re.compile(r"(OAF?|YAF)_([A-Za-z]+)_(angry|disgust|fear|happy|neutral|ps|sad)", re.IGNORECASE)
_EMOTIONS = {name: name for name in ("angry", "disgust", "fear", "happy", "neutral", "sad")} | {"ps": "surprise"}


class Tess(Corpus):
    def parse(self, path: Path) -> Utterance:
        match = _NAME.fullmatch(path.stem)
        if not match:
            raise CorpusError("not a TESS name (OAF or YAF, word and emotion, as OAF_back_angry)")
        speaker = "YAF" if match.group(1).upper() == "YAF" else "OAF"
        word, emotion = match.group(2).lower(), match.group(3).lower()
        return Utterance(
            id=f"tess/{speaker}_{word}_{emotion}",
            path=path,
            corpus="tess",
            emotion=_EMOTIONS[emotion],
            speaker=f"tess/{speaker}",
            sex="female",
            language="en",
            text=f"tess/{word}",
        )


TESS = Tess(
    name="tess",
    title="TESS",
    language="en",
    licence=CC_BY_NC_ND,
    homepage="https://doi.org/10.5683/SP2/E8H2MF",
    citation="Pichora-Fuller & Dupuis (2020). Toronto emotional speech set (TESS). Scholars Portal Dataverse.",
    expected=dict.fromkeys(_EMOTIONS.values(), 400),
    speakers={"tess/OAF": "female", "tess/YAF": "female"},
    by_hand="no source that can be cited names one address for all of its files.",
    steps=(
        "Fetch all files of the dataset (2,800 recordings) from its page.",
        "Unpack them into <data>/tess; folders below it do not matter.",
    ),
)
