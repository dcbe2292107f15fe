"""Sweeps and searches: many trainings by one launch."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any

import pytest

from ser_core.checkpoints import load_card
from ser_core.errors import CheckpointError, JobError, NotAllowed, RecipeError, RunError
from ser_core.evaluation import Progress
from ser_core.jobs import AT_THE_SHELL, Job, Permission, launch, list_jobs, resume, sweep
from ser_core.jobs.folder import Axis, Order, Search, process_path, write_note
from ser_core.jobs.local import Local
from ser_core.jobs.reporting import tensorboard_there, to_tensorboard
from ser_core.jobs.search import open_study, perform_search
from ser_core.jobs.sweep import Line, as_csv, grid, launch_sweep, list_sweeps, outcome
from ser_core.jobs.vary import as_typed, axes_of, space_of
from ser_core.jobs.worker import work
from ser_core.recipes import Recipe
from ser_core.reproduce.as_sweep import recipes_of, tables_of
from ser_core.training.run import Run
from ser_core.training.trainer import train
from tests.ser_core.jobs.places import NOBODY, put_run
from tests.ser_core.runs import quiet, small_recipe

SPACE = {"training.learning_rate": Axis(low=1e-4, high=1e-2, log=True), "training.batch_size": Axis(choices=(2, 4))}


@pytest.fixture
def unstarted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Local, "start", lambda self, run, order: None)


def test_a_grid_is_every_combination_under_a_name_of_its_own() -> None:
    found = grid(small_recipe(), axes_of(["seed=1,2", "training.mixup=0,0.2"]))
    assert [(one.recipe.seed, one.recipe.training.mixup) for one in found] == [(1, 0), (1, 0.2), (2, 0), (2, 0.2)]
    assert [one.recipe.name for one in found][:2] == ["small-seed_1-mixup_0", "small-seed_1-mixup_0_2"]
    assert found[1].changes == ("seed=1", "training.mixup=0.2")


@pytest.mark.parametrize(
    ("vary", "error", "says"),
    [
        ([], JobError, "something to vary"),
        (["seed"], JobError, "cannot be read"),
        (["seed="], JobError, "cannot be read"),
        (["seed=1,1"], JobError, "the same run"),
        (["seed=banana"], RecipeError, "seed"),
        (["training.speed=1,2"], RecipeError, "there is no such field"),
        ([f"seed={','.join(map(str, range(65)))}"], JobError, "more than 64 runs"),
    ],
)
def test_what_makes_no_grid_is_said(vary: list[str], error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        grid(small_recipe(), axes_of(vary))


@pytest.mark.parametrize("read", [axes_of, space_of])
def test_a_field_named_twice_is_refused(read: Callable[[list[str]], Any]) -> None:
    with pytest.raises(JobError, match="seed is named twice"):
        read(["seed=1,2", "seed=3"])


def test_a_search_space_is_typed_as_it_was_read() -> None:
    typed = ["training.learning_rate=0.0001..0.01:log", "training.epochs=1..3", "training.balance=true,false"]
    assert as_typed(space_of(typed)).splitlines() == typed


def test_a_search_space_as_one_types_it() -> None:
    assert space_of(["training.learning_rate=1e-4..1e-2:log", "training.batch_size=2,4", "training.epochs=1..3"]) == {
        **SPACE, "training.epochs": Axis(low=1, high=3, whole=True),
    }  # fmt: skip
    for wrong in ("a=1..", "a=2..1", "a=0..1:log", "a=1..2:lin", "a=x..y"):
        with pytest.raises(JobError):
            space_of([wrong])


@pytest.mark.usefixtures("unstarted")
def test_a_sweep_is_launched_whole_or_not_at_all(small_data: Path) -> None:
    found = grid(small_recipe(), {"seed": [1, 2, 3]})
    broken = Line(("variant=huge",), small_recipe("variant=huge"))
    with pytest.raises(RecipeError, match="no variant"):
        launch_sweep("small", [*found, broken], AT_THE_SHELL, data=small_data)
    with pytest.raises(NotAllowed, match="of the 2 jobs that may wait or run, and this makes 3 more"):
        launch_sweep("small", found, Permission(True, "open", "ann"), data=small_data)
    with pytest.raises(NotAllowed):
        launch_sweep("small", found, Permission(False, "closed"), data=small_data)
    assert list_jobs() == []
    jobs = launch_sweep("small", found, AT_THE_SHELL, data=small_data)
    ((name, lines),) = list_sweeps().items()
    assert name.startswith("small-")
    assert [job.id for job in lines] == [job.id for job in jobs]
    assert [job.order.changes for job in lines if job.order] == [("seed=1",), ("seed=2",), ("seed=3",)]


@pytest.mark.usefixtures("unstarted")
def test_two_sweeps_of_one_second_are_two(small_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Stopped(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:
            return datetime(2026, 1, 1, tzinfo=tz)

    monkeypatch.setattr(sweep, "datetime", Stopped)
    for seed in (1, 2):
        launch_sweep("small", grid(small_recipe(), {"seed": [seed]}), AT_THE_SHELL, data=small_data)
    assert len(list_sweeps()) == 2


@pytest.mark.usefixtures("unstarted")
def test_a_sweep_that_breaks_off_says_how_far_it_came(small_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, found = sweep.launch, grid(small_recipe(), {"seed": [1, 2, 3]})

    def full(recipe: Recipe, *more: Any, **others: Any) -> Job:
        if recipe.seed == 2:
            raise JobError("The disk is full.")
        return real(recipe, *more, **others)

    monkeypatch.setattr(sweep, "launch", full)
    with pytest.raises(JobError, match="1 of 3 runs were launched, then: The disk is full"):
        launch_sweep("small", found, AT_THE_SHELL, data=small_data)
    assert len(list_jobs()) == 1


def test_the_table_of_a_sweep(trained: tuple[Run, Any]) -> None:
    """A line that is done has its test score with an interval, the others their state."""
    job = list_jobs(trained[0].folder.parent)[0]
    waiting = outcome(list_jobs(put_run("other").folder.parent)[0])
    done = outcome(job)
    card = load_card(trained[0].checkpoint)
    assert done.ua == card.results[0].ua
    assert (waiting.state, waiting.ua) == ("lost", None)
    rows = list(csv.DictReader(io.StringIO(as_csv([done, waiting]))))
    assert [row["state"] for row in rows] == [done.state, "lost"]
    assert float(rows[0]["ua"]) == done.ua


def test_a_papers_table_as_a_sweep() -> None:
    assert tables_of("tf_transformer") == ["ablation-002"]
    rows = recipes_of("ablation-002", "ravdess", True, None)
    assert [changes for changes, _ in rows] == [(f"variant={v}",) for v in ("default", "t_f", "t_tf", "f_tf")]
    assert {recipe.protocol for _, recipe in rows} == {"kfold"}
    assert len({recipe.name for _, recipe in rows}) == 4
    with pytest.raises(RecipeError, match="choose one of ablation-000"):
        recipes_of("ablation-9", "ravdess", True, None)


def searching(run: Run, data: Path, search: Search, trainer: Callable[..., Any] = train) -> None:
    perform_search(search, trainer, run.recipe(), run, data, quiet, "cpu")


def test_a_search_keeps_its_best_trial_and_goes_on_where_it_was_killed(small_data: Path) -> None:
    search = Search(space=SPACE, trials=3, seed=5)
    whole, killed = put_run("whole"), put_run("killed")
    searching(whole, small_data, search)

    def dying(recipe: Recipe, run: Run, data: Path, progress: Progress, device: str) -> Any:
        def report(what: str, done: int, total: int) -> None:
            progress(what, done, total)
            if "trial-002" in recipe.name and what.startswith("training: epoch 2"):
                raise SystemExit  # as good as a kill: the study is told nothing

        return train(recipe, run, data, report, device)

    with pytest.raises(SystemExit):
        searching(killed, small_data, search, dying)
    searching(killed, small_data, search)
    first, second = open_study(search, whole), open_study(search, killed)
    assert [t.params for t in first.trials] == [t.params for t in second.trials]
    assert [t.value for t in first.trials] == [t.value for t in second.trials]
    assert whole.state()["status"] == "done"
    card = load_card(whole.checkpoint)
    assert card.name == "small"
    assert card.validation_ua == max(t.value for t in first.trials)
    (rows,) = whole.metrics().values()
    assert [row["epoch"] for row in rows] == [1, 2, 3]
    assert rows[-1]["best_ua"] == card.validation_ua


def test_a_hopeless_trial_is_given_up_and_a_failed_one_is_not_the_end(small_data: Path) -> None:
    """Trainings are played: the first four end well, the fifth falls behind, the sixth breaks."""
    run = put_run()

    def played(recipe: Recipe, own: Run, data: Path, progress: Progress, device: str) -> None:
        number = int(recipe.name.rpartition("-")[2])
        if number == 6:
            raise RunError("The loss is no longer a number.")
        rows: list[dict[str, Any]] = []
        for epoch in range(1, 6):
            rows.append({"stage": "training", "epoch": epoch, "validation_ua": 0.1 if number == 5 else 0.8})
            own.write_metrics("training", rows)
        own.write_state(status="done", best=rows[-1])
        (own.folder / "evaluations").mkdir()
        (own.checkpoint).mkdir()

    with pytest.raises(CheckpointError, match="There is no checkpoint"):  # what was played has none
        searching(run, small_data, Search(space=SPACE, trials=6), played)
    states = [trial.state.name for trial in open_study(Search(space=SPACE), run).trials]
    assert states == ["COMPLETE"] * 4 + ["PRUNED", "FAIL"]
    assert "Given up after epoch" in (run.folder / "log.txt").read_text(encoding="utf-8")
    assert Run(run.folder / "trials" / "005").state()["status"] == "cancelled"


@pytest.mark.usefixtures("unstarted")
def test_a_search_that_cannot_compare_is_refused(small_data: Path) -> None:
    with pytest.raises(JobError, match="compares by validation"):
        launch(small_recipe("training.choose=last"), AT_THE_SHELL, data=small_data, search=Search(space=SPACE))
    wrong = Search(space={"training.epochs": Axis(low=0, high=3, whole=True)})
    with pytest.raises(RecipeError, match=r"training\.epochs"):
        launch(small_recipe(), AT_THE_SHELL, data=small_data, search=wrong)
    for name, choices, error in (
        ("training.choose", ("validation", "last"), JobError),
        ("variant", ("small", "default", "nonsense", "small"), RecipeError),
        ("training.schedule.kind", ("cosine", "bogus", "step"), RecipeError),
    ):
        wrong = Search(space={name: Axis(choices=choices)})
        with pytest.raises(error):
            launch(small_recipe(), AT_THE_SHELL, data=small_data, search=wrong)
    assert list_jobs() == []
    job = launch(small_recipe(), AT_THE_SHELL, data=small_data, search=Search(space=SPACE, trials=2))
    job.run.write_state(status="failed")
    write_note(process_path(job.run), NOBODY)
    again = resume(job, AT_THE_SHELL)
    assert again.order
    assert again.order.search == Search(space=SPACE, trials=2)


@pytest.mark.skipif(not tensorboard_there(), reason="tensorboard is not installed")
def test_event_files_hold_every_epoch(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    run = to_tensorboard(Run.start(small_recipe(), tmp_path / "run"))
    rows = [{"stage": "training", "epoch": n, "train_loss": 1 / n, "validation_ua": None} for n in (1, 2)]
    run.write_metrics("training", rows[:1])
    run.write_metrics("training", rows)
    events = EventAccumulator(str(tmp_path / "run" / "tensorboard")).Reload()
    assert [(one.step, one.value) for one in events.Scalars("training/train_loss")] == [(1, 1.0), (2, 0.5)]


def test_event_files_without_the_package_are_refused(small_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ser_core.jobs.actions.tensorboard_there", lambda: False)
    with pytest.raises(JobError, match="pip install tensorboard"):
        launch(small_recipe(), AT_THE_SHELL, data=small_data, tensorboard=True)
    assert list_jobs() == []


def test_the_worker_makes_a_search(small_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the order in the folder, with a training that only says it was called."""
    made: list[str] = []
    run = put_run()
    order = Order.model_validate_json((run.folder / "job.json").read_bytes())
    asked = order.model_copy(update={"search": Search(space=SPACE, trials=2), "data": str(small_data)})
    (run.folder / "job.json").write_text(asked.model_dump_json(), encoding="utf-8")

    def played(recipe: Recipe, own: Run, data: Path, progress: Progress, device: str) -> None:
        made.append(recipe.name)
        raise RunError("No.")

    monkeypatch.setattr("ser_core.jobs.worker.real_training", lambda: played)
    assert work(run) == 1
    assert made == ["trial-001", "trial-002"]
    assert "No trial of the search came to an end" in run.state()["reason"]
