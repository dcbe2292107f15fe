"""An audformat database as a corpus (https://audeering.github.io/audformat/): db.yaml, its tables, its media.

Needs the package audformat, which is not installed with the project.  It would load a table from a pickle where one
lies beside the table; a pickle can run code, so a folder that holds one is refused.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final

from ser_core.corpora.base import Problem, Scan, Utterance
from ser_core.corpora.own.base import VOCABULARY, OwnCorpus, emotion_of, inner_path, trouble
from ser_core.errors import CorpusError

SEX_COLUMNS: Final = ("gender", "sex")
# audformat writes ISO 639-3; the project writes two letters where there are two
LANGUAGES: Final = {"eng": "en", "deu": "de", "zho": "zh", "cmn": "zh", "fra": "fr", "ita": "it", "spa": "es"}


@dataclass(frozen=True)
class AudformatCorpus(OwnCorpus):
    OPTIONS: ClassVar[tuple[str, ...]] = ("name", "language", "table", "emotion", "speaker")

    def read(self, root: Path) -> Scan:
        database = loaded(root)
        column = self.options.get("emotion", "emotion")
        table = self.emotion_table(root, database, column)
        emotions = values(table, column)
        speakers, sexes = people(database, table, self.options.get("speaker", "speaker"))
        spoken = [LANGUAGES.get(code, code) for code in database.languages]
        language = self.options.get("language") or (spoken[0] if len(spoken) == 1 else "")
        found: list[Utterance] = []
        problems: list[Problem] = []
        for name, word in emotions.items():
            inside = inner_path(os.path.relpath(name, root) if os.path.isabs(name) else name)
            if inside is None:
                problems.append(Problem(Path(name), "lies outside the folder of the database"))
                continue
            path = root / inside
            emotion = emotion_of(word)
            if emotion is None:
                what = f"the emotion {word!r} is not in the vocabulary ({VOCABULARY})" if word else "no emotion"
                problems.append(Problem(path, what))
            elif reason := trouble(path):
                problems.append(Problem(path, reason))
            else:
                speaker, sex = speakers.get(name, ""), sexes.get(name, "")
                found.append(self.utterance(path, inside, emotion, speaker=speaker, sex=sex, language=language))
        return self.finish(root, found, problems)

    def emotion_table(self, root: Path, database: Any, column: str) -> Any:
        """The table to read.  Raises CorpusError where none or more than one would do, or it cuts files into parts."""
        with_column = [name for name in database.tables if column in database[name].columns]
        if not with_column:
            raise CorpusError(
                f"{root} has no table with a column {column!r}: name another with audformat:PATH?emotion=COLUMN."
            )
        wanted = self.options.get("table") or (column if column in with_column else with_column[0])
        if wanted not in with_column or (len(with_column) > 1 and wanted not in (self.options.get("table"), column)):
            raise CorpusError(
                f"{root} has the column {column!r} in {', '.join(with_column)}: choose one with "
                "audformat:PATH?table=NAME."
            )
        table = database[wanted]
        if not table.is_filewise:
            raise CorpusError(f"The table {wanted} of {root} labels parts of files: cut them into files of their own.")
        return table


def loaded(root: Path) -> Any:
    """The database in a folder.  Raises CorpusError where it or the package is missing, or it does not load."""
    if not (root / "db.yaml").is_file():
        raise CorpusError(f"{root} holds no db.yaml: audformat: takes the folder of a database.")
    pickles = sorted(root.glob("*.pkl"))
    if pickles:
        raise CorpusError(
            f"{pickles[0].name} is a pickle, which can run code when it is opened: save the database with its tables "
            "as csv or parquet, and delete the .pkl files."
        )
    try:
        import audformat
    except ImportError as error:
        raise CorpusError("audformat: needs the package audformat: install it with pip install audformat.") from error
    try:
        return audformat.Database.load(str(root), load_data=True)
    except Exception as error:  # whatever a damaged header or table makes the package raise
        raise CorpusError(f"{root} does not load as an audformat database: {error}") from error


def values(table: Any, column: str) -> dict[str, str]:
    """File -> value as text, empty where there is none."""
    series = table[column].get()
    present = series.notna()
    return {
        str(name): str(value) if here else "" for name, value, here in zip(series.index, series, present, strict=True)
    }


def people(database: Any, table: Any, column: str) -> tuple[dict[str, str], dict[str, str]]:
    """Speaker and sex by file, from the table of emotions or from any other that labels whole files."""
    speakers: dict[str, str] = {}
    sexes: dict[str, str] = {}
    tables = [table, *(one for one in database.tables.values() if one is not table and one.is_filewise)]
    for one in tables:
        if column in one.columns and not speakers:
            speakers = values(one, column)
            for name in SEX_COLUMNS:  # what the scheme of the speakers says of each of them
                scheme = one[column].scheme
                if scheme is not None and name in label_fields(scheme.labels):
                    mapped = one[column].get(map=name)
                    sexes = {str(file): str(sex) for file, sex in mapped.items()}
        for name in SEX_COLUMNS:
            if name in one.columns and not sexes:
                sexes = values(one, name)
    return speakers, sexes


def label_fields(labels: Any) -> set[str]:
    """What a scheme tells about its labels, where it tells anything."""
    if not isinstance(labels, dict):
        return set()
    return {name for told in labels.values() if isinstance(told, dict) for name in told}
