"""An evaluation as a folder, to be opened again without audio and without the checkpoint.

evaluation.json   every figure (`Report`), and the format's number
predictions.csv   a row for each clip: utterance, speaker, sex, language, fold, truth, predicted, p_<label> ...
figures.csv       a row for each emotion: precision, recall, f1, support; for a spreadsheet, never read again

evaluation.json is written last: a folder that has it is complete.  Clips go by their ids; no path of the machine where
it was made stands in it.  The figures are held against the predictions when it is read.
"""

from __future__ import annotations

import csv
import io
import json
import math
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import TypeAdapter, ValidationError, field_validator

from ser_core.checkpoints import Section
from ser_core.emotions import check_labels
from ser_core.errors import EvaluationError
from ser_core.evaluation.report import Report, check_id
from ser_core.evaluation.result import NOISE, Clip, Evaluation
from ser_core.evaluation.scores import drawable
from ser_core.files import write_text

FORMAT = 1
FIGURES, PREDICTIONS, EMOTIONS = "evaluation.json", "predictions.csv", "figures.csv"
COLUMNS = ("utterance", "speaker", "sex", "language", "fold", "truth", "predicted")


class Stored(Report):
    """The content of evaluation.json."""

    format: Literal[1] = 1

    @field_validator("labels")
    @classmethod
    def _labels(cls, labels: tuple[str, ...]) -> tuple[str, ...]:
        return check_labels(labels)


class Row(Section):
    """A line of predictions.csv."""

    utterance: str
    speaker: str
    sex: str
    language: str
    fold: str
    truth: str
    predicted: str
    probabilities: tuple[float, ...]

    @field_validator("utterance", "speaker")
    @classmethod
    def _relative(cls, name: str) -> str:
        return check_id(name)

    @field_validator("probabilities")
    @classmethod
    def _sum(cls, values: tuple[float, ...]) -> tuple[float, ...]:
        if min(values) < 0 or not math.isclose(sum(values), 1.0, abs_tol=1e-6):
            raise ValueError("probabilities lie between 0 and 1 and sum to 1")
        return values


ROWS = TypeAdapter(list[Row])


def save_evaluation(folder: Path, evaluation: Evaluation) -> None:
    """Write the three files; what an earlier evaluation left in the folder is replaced.

    Raises EvaluationError where the folder cannot be one, or an id is a path.
    """
    check_folder(folder)
    try:
        rows = ROWS.validate_python(_rows(evaluation))
    except ValidationError as error:
        raise EvaluationError(f"This evaluation cannot be stored: {_first(error)}.") from error
    stored = Stored(**portable(evaluation.report()).model_dump())
    (folder / FIGURES).unlink(missing_ok=True)  # from here to the last line the folder is not an evaluation
    header = (*COLUMNS, *(f"p_{name}" for name in evaluation.labels))
    write_text(folder / PREDICTIONS, _table(header, (_line(row) for row in rows)))
    emotions = [one.model_dump() for one in evaluation.emotions()]
    write_text(folder / EMOTIONS, _table(list(emotions[0]), (list(one.values()) for one in emotions)))
    write_text(folder / FIGURES, stored.model_dump_json(indent=1) + "\n")


def check_folder(folder: Path) -> None:
    """Before the work begins: raises EvaluationError where the folder cannot be one."""
    if any(path.exists() and not path.is_dir() for path in (folder, *folder.parents)):
        raise EvaluationError(f"{folder} is a file, or lies in one: name a folder for the evaluation.")


def portable(report: Report) -> Report:
    """The same without the place of a corpus of one's own on this machine: folder:/home/me/clips -> folder:clips."""
    kind, _, place = report.corpus.partition(":")
    path, mark, options = place.partition("?")
    if not path.startswith(("/", "~", "..")):
        return report
    corpus = f"{kind}:{path.rstrip('/').rpartition('/')[2]}{mark}{options}"
    command = report.command.replace(shlex.quote(report.corpus), shlex.quote(corpus)).replace(report.corpus, corpus)
    return report.model_copy(update={"corpus": corpus, "command": command})


def load_evaluation(folder: Path) -> Evaluation:
    """The evaluation as it was saved.  Raises EvaluationError, in one sentence, where it is missing or damaged."""
    if not (folder / FIGURES).is_file():
        raise EvaluationError(
            f"There is no evaluation in {folder}: make one with `python -m ser_core evaluate --out FOLDER`."
        )
    stored = _read_figures(folder)
    rows = _read_rows(folder, stored.labels)
    evaluation = Evaluation(
        checkpoint=stored.checkpoint,
        corpus=stored.corpus,
        protocol=stored.protocol,
        labels=stored.labels,
        clips=tuple(Clip(row.utterance, row.speaker, row.sex, row.language, row.fold) for row in rows),
        truth=np.array([stored.labels.index(row.truth) for row in rows]),
        probabilities=np.array([row.probabilities for row in rows]),
        excluded=stored.excluded,
        learnt=stored.learnt,
        outside=stored.outside,
        problems=stored.problems,
        seen_included=stored.seen_included,
        temperature=stored.temperature,
        command=stored.command.removesuffix(NOISE),
        note=stored.note,
        noise=stored.noise,
        weights=stored.weights,
        stored=Report(**stored.model_dump(exclude={"format"})),
    )
    _check(folder, evaluation, stored, rows)
    if not drawable(row.speaker for row in rows):  # earlier versions stored an interval all the same
        return replace(evaluation, stored=evaluation.report().model_copy(update={"intervals": {}}))
    return evaluation


def _rows(evaluation: Evaluation) -> list[dict[str, Any]]:
    answers = zip(evaluation.clips, evaluation.truth, evaluation.predicted, evaluation.probabilities, strict=True)
    return [
        {
            "utterance": clip.id,
            "speaker": clip.speaker,
            "sex": clip.sex,
            "language": clip.language,
            "fold": clip.fold,
            "truth": evaluation.labels[truth],
            "predicted": evaluation.labels[predicted],
            "probabilities": tuple(values.tolist()),
        }
        for clip, truth, predicted, values in answers
    ]


def _line(row: Row) -> list[Any]:
    *known, probabilities = row.model_dump().values()
    return [*known, *(repr(value) for value in probabilities)]  # repr: read back to the last bit


def _table(header: Sequence[str], lines: Iterable[Sequence[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(lines)
    return text.getvalue()


def _read_figures(folder: Path) -> Stored:
    try:
        values = json.loads((folder / FIGURES).read_text(encoding="utf-8"))
        if isinstance(values, dict) and values.get("format") != FORMAT:
            raise EvaluationError(
                f"The evaluation in {folder} has format {values.get('format')!r}, this version reads {FORMAT}: update "
                "the application or evaluate again."
            )
        return Stored.model_validate(values)
    except ValidationError as error:
        raise EvaluationError(f"{folder / FIGURES} is damaged at {_first(error)}: evaluate again.") from error
    except (OSError, ValueError, RecursionError) as error:
        raise EvaluationError(f"{folder / FIGURES} cannot be read: it is not a JSON file.") from error


def _read_rows(folder: Path, labels: tuple[str, ...]) -> list[Row]:
    path = folder / PREDICTIONS
    try:
        header, *lines = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"))))
    except (OSError, ValueError, csv.Error) as error:
        raise EvaluationError(f"{path} is missing or cannot be read: evaluate again.") from error
    if header != [*COLUMNS, *(f"p_{name}" for name in labels)]:
        raise EvaluationError(f"{path} does not have the columns of this evaluation: evaluate again.")
    known = len(COLUMNS)
    values = [dict(zip(COLUMNS, line, strict=False)) | {"probabilities": line[known:]} for line in lines]
    try:
        rows = ROWS.validate_python(values)
    except ValidationError as error:
        raise EvaluationError(f"{path} is damaged at row {_first(error)}: evaluate again.") from error
    for number, row in enumerate(rows):
        if row.truth not in labels or row.predicted not in labels or len(row.probabilities) != len(labels):
            raise EvaluationError(f"{path} is damaged at row {number}: it does not fit the labels: evaluate again.")
    return rows


def _check(folder: Path, evaluation: Evaluation, stored: Stored, rows: list[Row]) -> None:
    """The figures follow from the predictions."""
    complete = len({row.utterance for row in rows}) == len(rows) == stored.n > 0
    again = evaluation.scores() if complete else None
    same = (
        again is not None
        and [row.predicted for row in rows] == [evaluation.labels[answer] for answer in evaluation.predicted]
        and stored.confusion == tuple(tuple(line) for line in evaluation.confusion().tolist())
        and np.allclose((again.wa, again.ua, again.wf1), (stored.wa, stored.ua, stored.wf1), rtol=0, atol=1e-9)
    )
    if not same:
        raise EvaluationError(f"The figures in {folder} do not follow from its predictions: evaluate again.")


def _first(error: ValidationError) -> str:
    first = error.errors()[0]
    return f"{'.'.join(str(part) for part in first['loc'])} ({first['msg']})"
