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

from pages.shared import loaders
from ser_core.checkpoints import list_checkpoints
from ser_core.errors import EvaluationError
from ser_core.evaluation import Evaluation, load_evaluation, save_evaluation
from ser_core.files import PROJECT, runs_folder

SHIPPED = PROJECT / "results" / "evaluations"
MADE = "evaluations"  # below the runs folder
RUN = "run "  # before the folder of a run that nobody kept as a checkpoint
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
    weights: str

    @property
    def key(self) -> tuple[str, str, str]:
        return self.model, self.corpus, self.protocol


def catalogue() -> list[Stored]:
    """Everything that can be opened; for one model, corpus and protocol only the first found: what was made here
    comes before what ships.  What is damaged is left out (`problems` tells), and so is what other weights answered
    under this name (`outdated`).
    """
    every = [one for one in _everything() if isinstance(one, Stored)]
    now = {model: _weights_of(model) for model in {one.model for one in every}}
    found: dict[tuple[str, str, str], Stored] = {}
    for one in every:
        if _fits(one, now[one.model]):
            found.setdefault(one.key, one)
    return list(found.values())


def problems() -> list[str]:
    """A sentence for each stored evaluation that cannot be read."""
    return list(dict.fromkeys(one for one in _everything() if isinstance(one, str)))


def outdated(model: str, corpus: str, protocol: str) -> bool:
    """Whether all that is stored was answered by weights that this name held before."""
    every = [one for one in _everything() if isinstance(one, Stored) and one.key == (model, corpus, protocol)]
    now = _weights_of(model)
    return bool(every) and not any(_fits(one, now) for one in every)


def place_of(model: str) -> str:
    """What `find_checkpoint` takes; empty where no checkpoint of this name is here."""
    if not model.startswith(RUN):
        return model if model in list_checkpoints() else ""
    folder = runs_folder() / model.removeprefix(RUN) / "checkpoint"
    return str(folder) if (folder / "card.json").is_file() else ""


def _fits(one: Stored, now: str) -> bool:
    """Whether the weights that a name holds now gave these answers; where either is not known, it may be so."""
    return not now or not one.weights or one.weights == now


def _weights_of(model: str) -> str:
    """The digest of the weights that are here under this name, empty where there are none."""
    place = place_of(model)
    return loaders.weights(place) if place else ""


def _everything() -> list[Stored | str]:
    """All that is stored, readable or not, what was made here first."""
    runs = runs_folder()
    folders = [(path, "") for path in (*sorted(runs.glob(f"{MADE}/*")), *sorted(SHIPPED.glob("*")))]
    kept = set(list_checkpoints())
    for path in sorted(runs.glob(f"*/evaluations/*/{_FILE}")):
        run = path.parents[2].name
        folders.append((path.parent, "" if run in kept else f"{RUN}{run}"))
    files = [(folder, model, folder / _FILE) for folder, model in folders]
    return [_read(str(folder), model, file.stat().st_mtime_ns) for folder, model, file in files if file.is_file()]


@st.cache_resource(max_entries=1024, show_spinner=False)
def _read(folder: str, model: str, stamp: int) -> Stored | str:
    path = Path(folder)
    try:
        values = json.loads((path / _FILE).read_text(encoding="utf-8"))
        name = str(values["checkpoint"])
        return Stored(
            path, model or name, name, str(values["corpus"]), str(values["protocol"]), int(values["n"]),
            float(values["ua"]), str(values.get("weights", "")),
        )  # fmt: skip
    except (OSError, ValueError, LookupError, TypeError):
        return f"The evaluation in {path.name} is damaged: evaluate again."


def find(model: str, corpus: str, protocol: str) -> Stored | None:
    wanted = (model, corpus, protocol)
    return next((one for one in catalogue() if one.key == wanted), None)


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
