"""The evaluations that are stored: those that ship, those made on this page, and those of the runs that are here.

All visitors see them: they hold answers to the corpora of this server only.  What came out on a visitor's own ZIP is
never among them.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path

import streamlit as st

from ser_core.checkpoints import list_checkpoints
from ser_core.errors import EvaluationError
from ser_core.evaluation import Evaluation, load_evaluation, save_evaluation
from ser_core.files import PROJECT, runs_folder

SHIPPED = PROJECT / "results" / "evaluations"
MADE = "evaluations"  # below the runs folder
_FILE = "evaluation.json"


@dataclass(frozen=True)
class Stored:
    """A stored evaluation, as far as a list needs it.

    model: as the list calls it: a checkpoint's name, or "run <folder>" of a run that nobody kept as a checkpoint.
    """

    folder: Path
    model: str
    checkpoint: str
    corpus: str
    protocol: str
    n: int
    ua: float


def catalogue() -> list[Stored]:
    """Everything that can be opened; for one model, corpus and protocol only the first found: what was made here
    comes before what ships.  What is damaged is left out (`problems` tells).
    """
    return [one for one in _everything() if isinstance(one, Stored)]


def problems() -> list[str]:
    """A sentence for each stored evaluation that cannot be read."""
    return [one for one in _everything() if isinstance(one, str)]


def _everything() -> list[Stored | str]:
    runs = runs_folder()
    folders = [(path, "") for path in (*sorted(runs.glob(f"{MADE}/*")), *sorted(SHIPPED.glob("*")))]
    kept = set(list_checkpoints())
    for path in sorted(runs.glob(f"*/evaluations/*/{_FILE}")):
        run = path.parents[2].name
        folders.append((path.parent, "" if run in kept else f"run {run}"))
    found: dict[tuple[str, str, str], Stored | str] = {}
    for folder, model in folders:
        file = folder / _FILE
        if not file.is_file():
            continue
        one = _read(str(folder), model, file.stat().st_mtime_ns)
        key = (one, "", "") if isinstance(one, str) else (one.model, one.corpus, one.protocol)
        found.setdefault(key, one)
    return list(found.values())


@st.cache_resource(max_entries=1024, show_spinner=False)
def _read(folder: str, model: str, stamp: int) -> Stored | str:
    path = Path(folder)
    try:
        values = json.loads((path / _FILE).read_text(encoding="utf-8"))
        name = str(values["checkpoint"])
        return Stored(
            path, model or name, name, str(values["corpus"]), str(values["protocol"]), int(values["n"]),
            float(values["ua"]),
        )  # fmt: skip
    except (OSError, ValueError, LookupError, TypeError):
        return f"The evaluation in {path.name} is damaged: evaluate again."


def find(model: str, corpus: str, protocol: str) -> Stored | None:
    wanted = (model, corpus, protocol)
    return next((one for one in catalogue() if (one.model, one.corpus, one.protocol) == wanted), None)


def opened(stored: Stored) -> Evaluation:
    """Raises EvaluationError, in one sentence, where it is damaged."""
    stamp = max(path.stat().st_mtime_ns for path in stored.folder.iterdir())
    found = _load(str(stored.folder), stamp)
    if isinstance(found, str):
        raise EvaluationError(found)
    return found


@st.cache_resource(max_entries=32, show_spinner=False)
def _load(folder: str, stamp: int) -> Evaluation | str:
    try:
        return load_evaluation(Path(folder))
    except EvaluationError as error:
        return str(error)


def keep(evaluation: Evaluation, model: str) -> Path:
    """Store what was evaluated here, so that it opens at once the next time.  Raises EvaluationError.

    model: as the list calls it.  The card of a run that nobody kept bears its recipe's name, as other runs' may.
    """
    if model != evaluation.checkpoint:
        evaluation = replace(evaluation, checkpoint=model, stored=None)
    corpus = re.sub(r"[^A-Za-z0-9]+", "-", evaluation.corpus).strip("-")
    protocol = evaluation.protocol.replace(":", "")
    seen = "-seen" if evaluation.seen_included else ""
    named = re.sub(r"[^A-Za-z0-9._-]+", "-", model)
    folder = runs_folder() / MADE / f"{named}-{corpus}-{protocol}{seen}"
    save_evaluation(folder, evaluation)
    return folder
