"""Corpora by name.  A new corpus is one file in this folder and one line here.

Corpora of one's own have no file: `folder:PATH`, `csv:PATH` and `audformat:PATH` (see `own`).
"""

import os
from pathlib import Path

from ser_core.corpora.base import Corpus, Licence, Problem, Scan, Utterance
from ser_core.corpora.casia import CASIA
from ser_core.corpora.crema_d import CREMA_D
from ser_core.corpora.emodb import EMODB
from ser_core.corpora.esd import ESD_CHINESE, ESD_ENGLISH
from ser_core.corpora.iemocap import IEMOCAP, IEMOCAP_IMPROVISED
from ser_core.corpora.own import FORMS, is_own, own_corpus
from ser_core.corpora.ravdess import RAVDESS
from ser_core.corpora.savee import SAVEE
from ser_core.corpora.synthetic import SYNTHETIC
from ser_core.corpora.tess import TESS
from ser_core.errors import CorpusError

__all__ = ["Corpus", "Licence", "Problem", "Scan", "Utterance", "data_folder", "get_corpus", "list_corpora"]

_published = (
    CASIA, CREMA_D, EMODB, ESD_CHINESE, ESD_ENGLISH, IEMOCAP, IEMOCAP_IMPROVISED, RAVDESS, SAVEE, SYNTHETIC, TESS,
)  # fmt: skip
_corpora: dict[str, Corpus] = {corpus.name: corpus for corpus in _published}


def list_corpora() -> list[str]:
    """The published ones; those of one's own are not listed."""
    return sorted(_corpora)


def get_corpus(name: str) -> Corpus:
    """A corpus by name, or one's own by `folder:PATH`, `csv:PATH` or `audformat:PATH`.

    Raises CorpusError for any other name.  Whether the files are there shows when it is scanned.
    """
    if is_own(name):
        return own_corpus(name)
    if name not in _corpora:
        raise CorpusError(
            f"There is no corpus {name!r}: choose one of {', '.join(list_corpora())}, "
            f"or your own as {', '.join(FORMS)}."
        )
    return _corpora[name]


def data_folder(option: str | Path | None = None) -> Path | None:
    """Where corpora live: the option given, else the environment variable SER_DATA, else None."""
    chosen = option or os.environ.get("SER_DATA")
    return Path(chosen).expanduser() if chosen else None
