"""A CSV file as a corpus: the columns path and emotion, and as far as known speaker, sex, language, text, session.

Separated by commas, semicolons or tabs; names of columns in any case; further columns are passed over.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ser_core.corpora.base import Problem, Scan, Utterance
from ser_core.corpora.own.base import VOCABULARY, OwnCorpus, emotion_of, inner_path, trouble
from ser_core.errors import CorpusError

NEEDED = ("path", "emotion")
KNOWN = ("speaker", "sex", "language", "text", "session")
MAX_BYTES = 64 * 2**20  # of the table itself


@dataclass(frozen=True)
class CsvCorpus(OwnCorpus):
    def read(self, root: Path) -> Scan:
        """root: the CSV file."""
        found: list[Utterance] = []
        problems: list[Problem] = []
        unknown: dict[str, list[int]] = {}
        for line, row in rows(root):
            emotion = emotion_of(row["emotion"])
            if emotion is None:
                unknown.setdefault(row["emotion"], []).append(line)
                continue
            inside = inner_path(row["path"]) if row["path"] else None
            if inside is None:
                reason = "needs a path below the folder of the CSV file"
                problems.append(Problem(root, f"line {line}: {row['path'] or 'an empty path'} {reason}"))
                continue
            path = root.parent / inside
            if wrong := trouble(path):
                problems.append(Problem(path, f"{wrong} (line {line} of {root.name})"))
                continue
            found.append(self.utterance(path, inside, emotion, **{name: row.get(name, "") for name in KNOWN}))
        for word, lines in unknown.items():
            what = f"the emotion {word!r} is not in the vocabulary ({VOCABULARY})" if word else "no emotion"
            problems.append(Problem(root, f"{numbers(lines)}: {what}", len(lines)))
        return self.finish(root, found, problems)


def rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number and cells by column of a CSV file.  Raises CorpusError where it cannot be read or lacks a column."""
    if path.is_dir():
        raise CorpusError(f"{path} is a folder: csv: takes the file.")
    if not path.is_file():
        raise CorpusError(f"{path} is no file with a table: csv: takes one.")
    try:
        if path.stat().st_size > MAX_BYTES:
            raise CorpusError(
                f"{path} has more than {MAX_BYTES // 2**20} MB: csv: takes the table, not the recordings."
            )
        content = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise CorpusError(f"{path} is not UTF-8 text: save it as CSV (UTF-8).") from error
    except OSError as error:
        raise CorpusError(f"{path} cannot be read: {error.strerror}.") from error
    head = content.partition("\n")[0]
    table = csv.reader(io.StringIO(content, newline=""), delimiter=max(",;\t", key=head.count))
    try:
        columns = [cell.strip().lower() for cell in next(table, [])]
        missing = [name for name in NEEDED if name not in columns]
        if missing:
            here = ", ".join(name for name in columns if name) or "no columns"
            raise CorpusError(
                f"{path} lacks the column {' and '.join(missing)} (its first line has {here}): "
                f"it needs path and emotion, and may have {', '.join(KNOWN)}."
            )
        for cells in table:
            if any(cell.strip() for cell in cells):
                padded = [cell.strip() for cell in cells] + [""] * (len(columns) - len(cells))
                yield table.line_num, dict(zip(columns, padded, strict=False))
    except csv.Error as error:
        raise CorpusError(f"{path} is no CSV at line {table.line_num}: {error}.") from error


def numbers(lines: list[int]) -> str:
    """ "line 3", "lines 3 and 5", "lines 3, 5, 8 and 40 more"."""
    if len(lines) == 1:
        return f"line {lines[0]}"
    if len(lines) <= 4:
        return f"lines {', '.join(map(str, lines[:-1]))} and {lines[-1]}"
    return f"lines {', '.join(map(str, lines[:3]))} and {len(lines) - 3} more"
