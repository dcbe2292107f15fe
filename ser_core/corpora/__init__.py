"""Corpora by name.  A new corpus is one file in this folder and one line here."""

import os
from pathlib import Path

from ser_core.corpora.base import Corpus, Licence, Problem, Scan, Utterance
from ser_core.corpora.emodb import EMODB
from ser_core.corpora.ravdess import RAVDESS
from ser_core.corpora.savee import SAVEE
from ser_core.corpora.synthetic import SYNTHETIC
from ser_core.errors import CorpusError

__all__ = ["Corpus", "Licence", "Problem", "Scan", "Utterance", "data_folder", "get_corpus", "list_corpora"]

_corpora = {corpus.name: corpus for corpus in (EMODB, RAVDESS, SAVEE, SYNTHETIC)}


def list_corpora() -> list[str]:
    return sorted(_corpora)


def get_corpus(name: str) -> Corpus:
    """Raises CorpusError for a name that is not one of `list_corpora`."""
    if name not in _corpora:
        raise CorpusError(f"There is no corpus {name!r}: choose one of {', '.join(list_corpora())}.")
    return _corpora[name]


def data_folder(option: str | Path | None = None) -> Path | None:
    """Where corpora live: the option given, else the environment variable SER_DATA, else None."""
    chosen = option or os.environ.get("SER_DATA")
    return Path(chosen).expanduser() if chosen else None
