"""Corpora of one's own: a folder tree, a CSV file, or an audformat database, named by where they lie.

    folder:PATH      PATH/<emotion>/*.wav; the innermost folder that names an emotion counts
    csv:PATH         a table with the columns path and emotion; paths relative to the file
    audformat:PATH   the folder with db.yaml

A relative PATH is looked for below the data folder, then where the command runs.  Options follow a question mark and
are joined by &, as in `folder:clips?speaker=(s\\d+)_&language=de`:

    name=WORD        what ids begin with: <kind>-WORD; without it the last part of PATH
    language=CODE    of every recording, where the corpus itself does not tell
    speaker=REGEX    folder: searched for in the path below PATH; its first group, or all it matches, is the speaker
    table=, emotion=, speaker=   audformat: the table and its columns, where they are not the usual ones

Nothing is known of their licence, so weights trained on them do not ship.  Where nobody says who speaks, every speaker
is `<key>/unknown` (`Utterance.speaker_known` is False).
"""

from __future__ import annotations

import re

from ser_core.corpora.own.audformat_database import AudformatCorpus
from ser_core.corpora.own.base import OwnCorpus
from ser_core.corpora.own.folder import FolderCorpus
from ser_core.corpora.own.table import CsvCorpus
from ser_core.errors import CorpusError

_KINDS: dict[str, type[OwnCorpus]] = {"folder": FolderCorpus, "csv": CsvCorpus, "audformat": AudformatCorpus}
_NAME = re.compile(r"(?P<kind>[a-z]+):(?P<path>.*?)(?:\?(?P<options>[a-z]+=.*))?", re.DOTALL)

FORMS = tuple(f"{kind}:PATH" for kind in _KINDS)


def is_own(name: str) -> bool:
    return name.partition(":")[0] in _KINDS and ":" in name


def own_corpus(name: str) -> OwnCorpus:
    """The corpus of a name such as folder:PATH.  Only the name is looked at, not the disk.

    Raises CorpusError where the path is missing or an option is not one of its kind.
    """
    match = _NAME.fullmatch(name)
    if not match or match["kind"] not in _KINDS or not match["path"].strip():
        raise CorpusError(f"{name!r} is no corpus of your own: write {', '.join(FORMS)}.")
    if not name.isprintable():
        raise CorpusError(f"{name!r} holds characters that no path should: name the place in plain text.")
    kind = _KINDS[match["kind"]]
    options: dict[str, str] = {}
    for part in re.split(r"&(?=[a-z]+=)", match["options"] or ""):
        option, _, value = part.partition("=")
        if not part:
            continue
        if option not in kind.OPTIONS or not value or option in options:
            raise CorpusError(
                f"{name!r} has an option that is unknown, empty or given twice ({part!r}): "
                f"{match['kind']}: takes {', '.join(kind.OPTIONS)}."
            )
        options[option] = value
    return kind.make(name, match["kind"], match["path"], options)
