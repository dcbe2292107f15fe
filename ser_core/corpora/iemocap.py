"""IEMOCAP: ten American actors in five sessions of two, improvised and scripted.  Busso et al. (2008).

The release has Session1 to Session5; a recording is `sentences/wav/<dialogue>/<utterance>.wav`, and its label, the vote
of the raters, stands in `dialog/EmoEvaluation/<dialogue>.txt` in a line "[start - end] utterance code [v, a, d]".
An utterance is Ses01F_impro03_M007: session 1, markers on the woman, scenario 3, turn 7 of the man.  Scripts are shared
by all sessions, so a script's part is the text id; what is improvised nobody says twice.

`excited` is an emotion of its own here (recipes merge it into happy, as most papers do).  Votes without a majority
(xxx) and "other" (oth) have no place in the vocabulary and are left out, counted.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from ser_core.corpora.base import Corpus, Utterance
from ser_core.corpora.licences import SIGNED_AGREEMENT
from ser_core.errors import CorpusError

_NAME = re.compile(r"(Ses0([1-5])[FM])_(impro\d\d|script\d\d_\d)[a-z]?_([FM])[A-Z]*\d+")
_LINE = re.compile(r"\[\d+\.\d+ - \d+\.\d+\]\s+(Ses\w+)\s+(\w+)\s")
_EMOTIONS = {
    "ang": "angry",
    "dis": "disgust",
    "exc": "excited",
    "fea": "fear",
    "fru": "frustrated",
    "hap": "happy",
    "neu": "neutral",
    "sad": "sad",
    "sur": "surprise",
}
_NO_NAME = {"xxx": "the raters did not agree", "oth": "other"}
_SPEAKERS = {f"iemocap/Ses0{n}{s}": sex for n in range(1, 6) for s, sex in (("F", "female"), ("M", "male"))}


class Iemocap(Corpus):
    def files(self, root: Path) -> Iterator[Path]:
        """The sentences of every session; dialogues, videos and motion capture are passed over."""
        for session in _sessions(root):
            for path in super().files(session / "sentences" / "wav"):
                if self.name == "iemocap" or "_impro" in path.name:
                    yield path

    def reader(self, root: Path) -> Callable[[Path], Utterance]:
        labels: dict[str, str] = {}
        for session in _sessions(root):
            for path in sorted((session / "dialog" / "EmoEvaluation").glob("Ses*.txt")):
                try:
                    labels.update(_LINE.findall(path.read_text(encoding="utf-8", errors="replace")))
                except OSError as error:
                    raise CorpusError(f"{path} cannot be read ({error.strerror}): the labels stand in it.") from error
        if not labels:
            raise CorpusError(
                f"{root} holds no IEMOCAP labels: expected Session1/dialog/EmoEvaluation/Ses01F_impro01.txt and so on."
            )
        return lambda path: self.utterance(path, labels)

    def utterance(self, path: Path, labels: dict[str, str]) -> Utterance:
        match = _NAME.fullmatch(path.stem)
        if not match:
            raise CorpusError("not an IEMOCAP name (as Ses01F_impro03_M007)")
        code = labels.get(path.stem)
        if code is None:
            raise CorpusError("no label in EmoEvaluation")
        if code not in _EMOTIONS:
            raise CorpusError(f"left out, its label is {code!r} ({_NO_NAME.get(code, 'not a code of the release')})")
        _, session, part, sex = match.groups()
        scripted = part.startswith("script")
        speaker = f"iemocap/Ses0{session}{sex}"
        return Utterance(
            id=f"iemocap/{path.stem}",
            path=path,
            corpus=self.name,
            emotion=_EMOTIONS[code],
            speaker=speaker,
            sex=_SPEAKERS[speaker],
            language="en",
            text=f"iemocap/{part if scripted else path.stem}",
            session=f"iemocap/Ses0{session}",
            style="scripted" if scripted else "improvised",
        )


def _sessions(root: Path) -> list[Path]:
    """Session1 to Session5, in root or in a folder of the release below it.  Raises CorpusError where there is none."""
    for folder in (root, *sorted(path for path in root.iterdir() if path.is_dir())):
        sessions = [folder / f"Session{n}" for n in range(1, 6) if (folder / f"Session{n}" / "sentences").is_dir()]
        if sessions:
            return sessions
    raise CorpusError(f"{root} holds no IEMOCAP files: expected Session1/sentences/wav and so on, as its release has.")


def _iemocap(name: str, title: str, expected: dict[str, int]) -> Iemocap:
    return Iemocap(
        name=name,
        title=title,
        language="en",
        licence=SIGNED_AGREEMENT,
        homepage="https://sail.usc.edu/iemocap/",
        citation="Busso et al. (2008). IEMOCAP: interactive emotional dyadic motion capture database. "
        "Language Resources and Evaluation 42, 335-359.",
        folder="iemocap",
        folders=("IEMOCAP_full_release",),
        key="iemocap",
        expected=expected,
        emotions=tuple(sorted(_EMOTIONS.values())),
        speakers=_SPEAKERS,
        by_hand="its authors send it to those who ask for it with their form.",
        steps=(
            "Ask for the release with the form at https://sail.usc.edu/iemocap/iemocap_release.htm.",
            "Unpack it into <data>/iemocap, so that <data>/iemocap/Session1/sentences/wav is a folder.",
        ),
    )


IEMOCAP = _iemocap(
    "iemocap",
    "IEMOCAP",
    {
        "angry": 1103, "disgust": 2, "excited": 1041, "fear": 40, "frustrated": 1849, "happy": 595, "neutral": 1708,
        "sad": 1084, "surprise": 107,
    },
)  # fmt: skip
# Of the improvised part only these four are stated (the Time-Frequency Transformer's paper): 2,280 utterances.
IEMOCAP_IMPROVISED = _iemocap(
    "iemocap-improvised", "IEMOCAP (improvised)", {"angry": 289, "happy": 284, "neutral": 1099, "sad": 608}
)
