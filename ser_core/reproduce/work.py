"""One fold of one cell: its recipe, its run folder, and what came out."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from ser_core.checkpoints import load_card
from ser_core.corpora import Utterance, get_corpus
from ser_core.errors import CorpusError, EvaluationError, OutOfTime, RunError
from ser_core.evaluation import Evaluation, Progress, load_evaluation
from ser_core.files import runs_folder
from ser_core.protocols import folds
from ser_core.recipes import Recipe, composed_recipe, validate
from ser_core.reproduce.tables import Cell
from ser_core.training.run import Run
from ser_core.training.trainer import train


@dataclass(frozen=True)
class Setting:
    """How cells are run.  fast: the laptop's recipes.  deadline: of `time.time`, None for none."""

    data: Path | None
    device: str
    fast: bool
    deadline: float | None = None


def recipe_of(cell: Cell, fold: int, setting: Setting) -> Recipe:
    """The recipe of a system and corpus under the cell's protocol; all else stays as it is published or made fast."""
    name = f"{cell.system}-{cell.corpus}" + ("-fast" if setting.fast else "")
    values = composed_recipe(name).model_dump(mode="json")
    values |= {"variant": cell.variant, "protocol": cell.protocol, "fold": fold}
    if cell.seed is not None:
        values["seed"] = cell.seed
    if cell.system == "vit_vertical" and cell.variant != "default":
        values["transfer"] = None  # the teachers, and the student that has none
    elif cell.table == "transfer-003" and values["transfer"] is None:
        values["transfer"] = {"teacher": "teacher_6", "weight": 10.0}  # what this table is about, fast or not
        values["note"] += " For this table with a teacher of six layers, in three stages."
    if cell.column == "paper":  # by what a paper judges its epochs is part of its protocol, fast or not
        published = composed_recipe(f"{cell.system}-{cell.corpus}").training.best_by
        if published != values["training"]["best_by"]:
            values["training"]["best_by"] = published
            values["note"] += " Under this protocol the epoch is judged as in the paper."
    if cell.protocol == "paper:003":  # its fourfold pool is the augmentation; no further change on top of it
        values["augment"] = {}
        values["note"] += " Its fourfold pool is all the augmentation there is."
    if setting.device.startswith("cuda"):
        values["training"]["precision"] = "bfloat16"
    return validate(values)


def same_training(one: Recipe, other: Recipe) -> bool:
    """Whether two recipes train alike: what they are called, the fold, and a GPU's precision aside."""

    def bare(recipe: Recipe) -> Recipe:
        training = recipe.training.model_copy(update={"precision": "float32"})
        return recipe.model_copy(update={"name": "", "note": "", "fold": 0, "training": training})

    return bare(one) == bare(other)


def run_of(cell: Cell, fold: int, setting: Setting) -> Run:
    """Its run, begun or not.  The folder is named after all that tells runs apart, so a later call finds it."""
    kind = "fast" if setting.fast else "paper"
    device = setting.device.partition(":")[0]
    return Run(runs_folder() / "reproduce" / f"{cell.id}-{kind}-{device}" / f"fold_{fold}")


def do(cell: Cell, fold: int, setting: Setting, progress: Progress) -> None:
    """Train one fold to its end, or to the deadline.

    Raises OutOfTime at the deadline, RunError where the folder holds an earlier recipe or another process trains in it,
    and what `train` raises.
    """
    recipe = recipe_of(cell, fold, setting)
    run = run_of(cell, fold, setting)
    report = within(setting.deadline, progress, f"{cell.id}, fold {fold + 1}")
    with alone(run):
        if run.recipe_path.is_file() and not run.recipe().alike(recipe):
            raise RunError(
                f"{run.folder} holds a run of an earlier recipe: move it away, and the fold is trained anew."
            )
        Run.start(recipe, run.folder)
        train(recipe, run, setting.data, report, setting.device)


@contextmanager
def alone(run: Run) -> Iterator[None]:
    """Nobody else trains in this folder meanwhile: two would write over each other's epochs.

    The lock lies beside the folder, which holds nothing before its run.  Raises RunError where another process has it.
    """
    run.folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(run.folder.with_name(f"{run.folder.name}.lock"), timeout=0):
            yield
    except Timeout as error:
        raise RunError(
            f"{run.folder} is being trained by another process: the same command takes up what it made."
        ) from error


def within(deadline: float | None, progress: Progress, what: str) -> Progress:
    """A progress callback that names the work, and raises OutOfTime past the deadline."""

    def report(doing: str, done: int, total: int) -> None:
        if deadline is not None and time.time() > deadline:
            raise OutOfTime("The time is over; the same command goes on from the last epoch.")
        progress(f"{what}: {doing}", done, total)

    return report


def utterances_of(cell: Cell, setting: Setting) -> tuple[Utterance, ...]:
    """The clips that the cell's recipe has a label for.  Raises CorpusError where those of some label are missing."""
    recipe = composed_recipe(f"{cell.system}-{cell.corpus}")
    (name,) = recipe.corpora
    scan = get_corpus(name).scan(setting.data)
    found = {recipe.merge.get(u.emotion, u.emotion) for u in scan.utterances}
    if missing := [label for label in recipe.labels if label not in found]:
        raise CorpusError(f"this copy of {name} has no clip of {', '.join(missing)}")
    return tuple(u for u in scan.utterances if recipe.label_of(u.emotion) is not None)


def folds_of(cell: Cell, setting: Setting) -> dict[int, str]:
    """The folds a cell needs: their numbers, and what each holds out.  Raises CorpusError or ProtocolError."""
    recipe = recipe_of(cell, 0, setting)
    every = folds(utterances_of(cell, setting), cell.protocol, recipe.seed)
    wanted = cell.folds or range(len(every))
    return {number: every[number].fold for number in wanted}


@dataclass(frozen=True)
class Outcome:
    """A finished fold.  rows: the epochs of its last stage, as numbers; chosen: the one that was kept."""

    evaluation: Evaluation
    rows: list[dict[str, float]]
    chosen: dict[str, float]
    parameters: int
    seconds: float
    environment: dict[str, str]


def outcome(cell: Cell, fold: int, setting: Setting) -> Outcome | None:
    """What a finished fold gave; None where it is not finished, or was trained by an earlier recipe.

    Raises RunError where a finished run has no answers to test clips, as where none of them could be read.
    """
    run = run_of(cell, fold, setting)
    if not run.done or not same_training(run.recipe(), recipe_of(cell, fold, setting)):
        return None
    card = load_card(run.checkpoint)
    (name,) = composed_recipe(f"{cell.system}-{cell.corpus}").corpora
    stages = run.metrics()
    last = list(stages.values())[-1]
    try:
        evaluation = load_evaluation(run.evaluation(get_corpus(name).key))
    except EvaluationError as error:
        raise RunError(
            f"{run.folder} is done, but its answers to the test clips cannot be read (log.txt there may say why): move "
            "it away, and the fold is trained anew."
        ) from error
    return Outcome(
        evaluation=evaluation,
        rows=last,
        chosen=last[card.epoch - 1],
        parameters=card.parameters,
        seconds=sum(row["seconds"] for rows in stages.values() for row in rows),
        environment=card.environment,
    )


def plain(value: Any) -> Any:
    """Rounded for a results file: four digits are more than any of these figures deserves."""
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, list | tuple) else value
