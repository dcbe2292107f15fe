"""Hyper-parameter search: one job that makes many small trainings, one after the other, and keeps the best.

Optuna proposes (a tree-structured Parzen estimator) and remembers in `journal.log` of the run folder; every trial is a
run of its own below `trials/`.  Trials compare by validation UA; the test clips decide nothing.  A search that was
killed goes on with the very trial it was in.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ser_core.errors import JobError, RecipeError, RunError
from ser_core.jobs.failures import is_gpu_memory
from ser_core.jobs.folder import Axis, Search
from ser_core.jobs.reporting import ReportingRun
from ser_core.recipes import Recipe, change_recipe
from ser_core.training.run import Run

if TYPE_CHECKING:
    from optuna import Study, Trial

    from ser_core.evaluation import Progress

STAGE = "search"
BEFORE = ("teacher", "matching")  # stages whose accuracy is not the student's
WARM_UP = 2  # epochs that every trial may make
UNPRUNED = 3  # trials before any is pruned


class Pruned(KeyboardInterrupt):
    """A trial that is given up: like a stop, so that its folder stays as it is."""


def check_search(search: Search, recipe: Recipe) -> list[Recipe]:
    """As few of its recipes as hold every choice and both ends of every range.

    Raises JobError where one of them has no validation to compare by; RecipeError where a value does not fit.
    """
    found = []
    for turn in range(max(len(bounds(axis)) for axis in search.space.values())):
        chosen = {name: bounds(axis)[turn % len(bounds(axis))] for name, axis in search.space.items()}
        found.append(change_recipe(recipe, [written(name, value) for name, value in chosen.items()]))
        if found[-1].training.choose == "last":
            raise JobError("A search compares by validation: set training.choose = validation.")
    return found


def perform_search(
    search: Search, train: Callable[..., Any], recipe: Recipe, run: Run, data: Path | None, progress: Progress,
    device: str,
) -> None:  # fmt: skip
    """All trials, from where the journal stands; then the best one's checkpoint becomes the run's own.

    Does nothing more where that has happened.  Raises RunError where no trial came to an end.
    """
    if run.done:
        run.write_state(status="done")
        return
    study = open_study(search, run)
    rows: list[dict[str, Any]] = []
    for number in range(1, search.trials + 1):
        trial = take_up(study, search, number)
        if trial is not None:
            attempt(study, trial, number, search, train, recipe, run, data, progress, device)
        rows.append(row_of(study, number))
        run.write_metrics(STAGE, rows)
        run.write_state(status="running", stage=STAGE, epoch=number, epochs=search.trials)
    best = best_of(study)
    if best is None:
        raise RunError("No trial of the search came to an end: look at trials/*/log.txt, and narrow the space.")
    keep_best(run, trial_folder(run, best + 1), recipe)
    run.write_state(status="done")
    run.log(f"done: the best is trial {best + 1}")


def open_study(search: Search, run: Run) -> Study:
    """The study in the run folder, new or as it was left."""
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    path = run.folder / "journal.log"
    for left in run.folder.glob("journal.log.lock*"):  # by one that was killed; the run is ours alone
        left.unlink(missing_ok=True)
    pruner = optuna.pruners.MedianPruner(UNPRUNED, WARM_UP) if search.pruning else optuna.pruners.NopPruner()
    return optuna.create_study(
        storage=JournalStorage(JournalFileBackend(str(path))), study_name="search", direction="maximize",
        pruner=pruner, load_if_exists=True,
    )  # fmt: skip


def take_up(study: Study, search: Search, number: int) -> Trial | None:
    """The trial of this number (from 1), new or as it was left; None where it has ended."""
    import optuna

    known = study.get_trials(deepcopy=False)
    # From the seed and the number alone, so that a resumed search proposes what an unbroken one does.
    study.sampler = optuna.samplers.TPESampler(seed=search.seed + number)
    if number > len(known):
        return study.ask()
    frozen = known[number - 1]
    return None if frozen.state.is_finished() else optuna.Trial(study, frozen._trial_id)


def attempt(
    study: Study, trial: Trial, number: int, search: Search, train: Callable[..., Any], recipe: Recipe, run: Run,
    data: Path | None, progress: Progress, device: str,
) -> None:  # fmt: skip
    """Make a trial and tell the study how it ended; one that fails for its settings is not the search's failure."""
    from optuna.trial import TrialState

    changes = [written(name, suggested(trial, name, axis)) for name, axis in search.space.items()]
    run.log(f"trial {number}: {', '.join(changes)}")
    try:
        chosen = change_recipe(recipe, [*changes, f"name=trial-{number:03d}"])
    except RecipeError as error:  # values that fit one by one need not fit together
        run.log(f"trial {number} failed: {error}")
        study.tell(trial, state=TrialState.FAIL)
        return
    own = Run.start(chosen, trial_folder(run, number))

    def report(what: str, done: int, total: int) -> None:
        progress(f"trial {number} of {search.trials}, {what}", done, total)

    try:
        train(chosen, ReportingRun(own.folder, judge(trial, search)), data, report, device)
    except Pruned as pruned:
        own.write_state(status="cancelled", reason=str(pruned))
        run.log(f"trial {number}: {pruned}")
        study.tell(trial, state=TrialState.PRUNED)
    except Exception as error:
        if not (isinstance(error, RunError | RecipeError) or is_gpu_memory(error)):
            raise
        run.log(f"trial {number} failed: {error}")
        study.tell(trial, state=TrialState.FAIL)
    else:
        study.tell(trial, float((own.state().get("best") or {})["validation_ua"]))
    shutil.rmtree(own.folder / "resume", ignore_errors=True)  # nobody goes on with it


def judge(trial: Trial, search: Search) -> Callable[[str, list[dict[str, Any]]], None]:
    """Tells the study of every epoch once.  Raises Pruned where the trial is hopeless."""

    def tell(stage: str, rows: list[dict[str, Any]]) -> None:
        ua = rows[-1].get("validation_ua")
        if stage in BEFORE or ua is None:
            return
        trial.report(float(ua), len(rows))
        if search.pruning and trial.should_prune():
            raise Pruned(f"Given up after epoch {len(rows)}: its validation UA lies below the median of the others.")

    return tell


def suggested(trial: Trial, name: str, axis: Axis) -> bool | int | float | str:
    if axis.choices:
        chosen: bool | int | float | str = trial.suggest_categorical(name, list(axis.choices))  # type: ignore[assignment]
        return chosen
    low, high = bounds(axis)
    if axis.whole:
        return trial.suggest_int(name, int(low), int(high), log=axis.log)
    return float(f"{trial.suggest_float(name, float(low), float(high), log=axis.log):.6g}")


def bounds(axis: Axis) -> tuple[Any, ...]:
    """The choices, or the two ends."""
    if axis.choices:
        return axis.choices
    assert axis.low is not None
    assert axis.high is not None
    return (round(axis.low), round(axis.high)) if axis.whole else (axis.low, axis.high)


def written(name: str, value: bool | int | float | str) -> str:
    """As a change of a recipe: "training.learning_rate=0.001"."""
    return f"{name}={str(value).lower() if isinstance(value, bool) else value}"


def row_of(study: Study, number: int) -> dict[str, Any]:
    """A trial as a row of the run's metrics; its "epoch" is its number."""
    best = best_of(study, number)
    trials = study.get_trials(deepcopy=False)
    own = trials[number - 1]
    reached = own.value if own.value is not None else max(own.intermediate_values.values(), default=None)
    return {
        "stage": STAGE,
        "epoch": number,
        "validation_ua": reached,
        "best_ua": None if best is None else trials[best].value,
        **own.params,
    }


def best_of(study: Study, among: int | None = None) -> int | None:
    """Number (from 0) of the trial with the highest validation UA that came to its end; the earlier one of equals."""
    ended = [(i, t.value) for i, t in enumerate(study.get_trials(deepcopy=False)[:among]) if t.value is not None]
    return max(ended, key=lambda one: (one[1], -one[0]))[0] if ended else None


def trial_folder(run: Run, number: int) -> Path:
    return run.folder / "trials" / f"{number:03d}"


def keep_best(run: Run, trial: Path, recipe: Recipe) -> None:
    """Copy the trial's evaluations and its checkpoint, which takes the search's name; it appears complete."""
    from ser_core.checkpoints import load_card, write_card

    copy = run.folder / ".checkpoint"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(trial / "evaluations", run.folder / "evaluations", dirs_exist_ok=True)
    shutil.copytree(trial / "checkpoint", copy)
    write_card(copy, load_card(copy).named(recipe.name))
    copy.rename(run.checkpoint)
