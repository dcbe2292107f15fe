"""A SAVEE of three recordings, packed as a server would offer it."""

from __future__ import annotations

import hashlib
import io
import zipfile
from dataclasses import replace

import numpy as np

from ser_core.corpora import Corpus, get_corpus
from ser_core.corpora.sources import Archive
from tests.ser_core.clips import wav
from tests.ser_core.corpora.server import Site

NAMES = ("DC_a01", "DC_sa01", "KL_h01")


def packed(*names: str) -> bytes:
    """A zip with noise in it, so that it does not shrink to nothing."""
    buffer = io.BytesIO()
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 60_000)
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name in names:
            file.writestr(name, wav(noise))
    return buffer.getvalue()


WHOLE = packed(*(f"AudioData/{name[:2]}/{name[3:]}.wav" for name in NAMES))


def corpus_at(site: Site, digest: str | None = "md5", size: int | None = None) -> Corpus:
    """A SAVEE of three recordings.  digest: "md5" for that of the true file."""
    true = f"md5:{hashlib.md5(WHOLE).hexdigest()}"
    archive = Archive(site.url, "corpus.zip", true if digest == "md5" else digest, size, "this test")
    expected = {"angry": 1, "sad": 1, "happy": 1}
    speakers = {"savee/DC": "male", "savee/KL": "male"}
    return replace(get_corpus("savee"), archives=(archive,), expected=expected, speakers=speakers)
