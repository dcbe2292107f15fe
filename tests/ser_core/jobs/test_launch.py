"""Launching, cancelling, resuming, deleting: complete or not at all, and only for whoever may."""

import errno
import os
import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest

from ser_core.checkpoints import load_card
from ser_core.errors import CorpusError, JobError, NotAllowed, RecipeError
from ser_core.jobs import (
    AT_THE_SHELL,
    Job,
    Permission,
    actions,
    cancel,
    clone,
    delete,
    estimate,
    get_job,
    keep,
    launch,
    list_jobs,
    resume,
)
from ser_core.jobs.folder import Order, lock, order_path, process_path, stop_path, write_note
from ser_core.jobs.local import Local
from ser_core.jobs.process import process
from ser_core.jobs.queue import Line
from ser_core.training.run import Run
from tests.ser_core.jobs.places import NOBODY, child, put_run, text
from tests.ser_core.runs import small_recipe

NOT_ALLOWED = Permission(False, "It takes a passphrase.")
ANN, BOB = Permission(True, "open", "ann"), Permission(True, "open", "bob")


@pytest.fixture
def asleep(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers that are there, and never do anything: this very process."""

    def start(self: Local, run: Run, order: Order) -> None:
        Line(run.folder.parent).enter(run, [order.device])
        write_note(process_path(run), process())

    monkeypatch.setattr(Local, "start", start)


@pytest.mark.usefixtures("asleep")
def test_ten_launches_in_one_second_are_ten_jobs(small_data: Path) -> None:
    jobs = [launch(small_recipe(), AT_THE_SHELL, data=small_data) for _ in range(10)]
    assert len({job.id for job in jobs}) == 10
    assert {job.id for job in list_jobs()} == {job.id for job in jobs}
    assert [job.status().place for job in jobs] == list(range(1, 11))
    assert jobs[1].status().reason == "2nd in line for cpu."


@pytest.mark.usefixtures("asleep")
def test_what_was_asked_for_is_stored(small_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(small_data.parent)
    job = launch(small_recipe(), AT_THE_SHELL, data=Path(small_data.name), threads=3)
    assert job.recipe() == small_recipe()
    assert job.order
    assert (job.order.device, job.order.threads, job.order.data) == ("cpu", 3, str(small_data))


@pytest.mark.parametrize(
    ("changes", "device", "error", "says"),
    [
        ((), "banana", JobError, "choose cpu, cuda"),
        ((), "cuda:x", JobError, "choose cpu, cuda"),
        ((), "", JobError, "choose cpu, cuda"),
        (("variant=huge",), "cpu", RecipeError, "no variant 'huge'"),
        (("corpora=['savee']", "labels=['angry', 'sad']"), "cpu", CorpusError, "SAVEE"),
    ],
)
def test_what_cannot_run_leaves_no_job(
    changes: tuple[str, ...], device: str, error: type[Exception], says: str, small_data: Path, runs: Path
) -> None:
    with pytest.raises(error, match=says):
        launch(small_recipe(*changes), AT_THE_SHELL, device=device, data=small_data)
    assert list(runs.iterdir()) == []


def test_a_disk_that_is_read_only_leaves_no_job(small_data: Path, runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Injected, as the tests may run as root."""

    def read_only(path: Path, note: Any) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(actions, "write_note", read_only)
    with pytest.raises(JobError, match="cannot be written: Read-only file system"):
        launch(small_recipe(), AT_THE_SHELL, data=small_data)
    assert list_jobs() == []
    assert [path.name for path in runs.iterdir()] == []


def test_runs_where_a_file_stands(small_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("SER_RUNS", str(tmp_path / "file" / "runs"))
    with pytest.raises(JobError, match="cannot be written"):
        launch(small_recipe(), AT_THE_SHELL, data=small_data)


def test_a_process_that_cannot_be_started_is_a_failed_job(small_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any, **__: Any) -> None:
        raise OSError(errno.EAGAIN, "Resource temporarily unavailable")

    with monkeypatch.context() as patched:
        patched.setattr("ser_core.jobs.local.subprocess.Popen", refused)
        with pytest.raises(JobError, match="cannot be started: Resource temporarily unavailable"):
            launch(small_recipe(), AT_THE_SHELL, data=small_data)
    (job,) = list_jobs()
    assert job.status().state == "failed"
    assert not Line(job.run.folder.parent).busy()
    monkeypatch.setattr(Local, "start", lambda self, run, order: None)
    assert resume(job, AT_THE_SHELL).status().state == "queued"


@pytest.mark.parametrize("moment", ["a folder of its own", "process"])
def test_a_launcher_killed_half_way(moment: str, small_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before its folder is there: no job.  After, and before its process is: a lost one, which can be resumed."""
    die = lambda *_, **__: os.kill(os.getpid(), 9)  # noqa: E731
    with monkeypatch.context() as patched:
        if moment == "process":
            patched.setattr(Local, "start", die)
        else:
            patched.setattr(actions, "_free_name", die)
        child(launch_one, small_data).join()
    if moment == "process":
        (job,) = list_jobs()
        assert job.status().state == "lost"
        assert "broken off" in job.status().reason
        monkeypatch.setattr(Local, "start", lambda self, run, order: None)
        assert resume(job, AT_THE_SHELL).status().state == "queued"
    else:
        assert list_jobs() == []


def launch_one(data: Path) -> None:
    launch(small_recipe(), AT_THE_SHELL, data=data)


@pytest.mark.usefixtures("asleep")
def test_each_action_asks_for_permission(small_data: Path) -> None:
    job = launch(small_recipe(), AT_THE_SHELL, data=small_data)
    for action in (
        lambda: launch(small_recipe(), NOT_ALLOWED, data=small_data),
        lambda: cancel(job, NOT_ALLOWED),
        lambda: resume(job, NOT_ALLOWED),
        lambda: delete(job, NOT_ALLOWED),
        lambda: estimate(small_recipe(), NOT_ALLOWED),
    ):
        with pytest.raises(NotAllowed, match="It takes a passphrase"):
            action()
    assert len(list_jobs()) == 1
    assert not stop_path(job.run).exists()


@pytest.mark.usefixtures("asleep")
def test_a_visitor_has_a_quota_and_their_own_jobs_only(small_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    anns = [launch(small_recipe(), ANN, data=small_data) for _ in range(2)]
    with pytest.raises(NotAllowed, match="2 of the 2 jobs"):
        launch(small_recipe(), ANN, data=small_data)
    bobs = launch(small_recipe(), BOB, data=small_data)
    with pytest.raises(NotAllowed, match="somebody else's"):
        cancel(bobs, ANN)
    write_note(process_path(anns[0].run), NOBODY)
    third = launch(small_recipe(), ANN, data=small_data)
    with pytest.raises(NotAllowed, match="2 of the 2 jobs"):
        resume(anns[0], ANN)
    monkeypatch.setattr(actions, "KEPT", 3)
    write_note(process_path(third.run), NOBODY)
    with pytest.raises(NotAllowed, match="3 of the 3 runs that one visitor may keep"):
        launch(small_recipe(), ANN, data=small_data)
    launch(small_recipe(), AT_THE_SHELL, data=small_data)


def test_cancelling_what_has_ended_changes_nothing() -> None:
    job = Job(put_run(status="failed", reason="as it was"))
    cancel(job, AT_THE_SHELL, grace=0)
    assert (job.status().state, job.status().reason) == ("failed", "as it was")
    assert not stop_path(job.run).exists()


def test_what_is_at_work_cannot_be_resumed_or_deleted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "LINGERS", 0)
    run = put_run(worker=process(), status="running")
    for action in (resume, delete):
        with pytest.raises(JobError, match=r"still running, it cannot be (resumed|deleted): cancel it first"):
            action(Job(run), AT_THE_SHELL)
    write_note(process_path(run), NOBODY)
    with lock(run):  # somebody is just about to begin
        for action in (resume, delete):
            with pytest.raises(JobError, match="still at work"):
                action(Job(run), AT_THE_SHELL)
    assert Job(run).status().state == "lost"


@pytest.mark.usefixtures("asleep")
@pytest.mark.parametrize("last", ["cancelled", "failed"])
def test_a_process_that_said_its_last_word_stops_nobody(last: str, runs: Path) -> None:
    """Between its last word and its end the page offers to resume and to delete: neither is to be refused."""
    run = put_run(worker=process(), status=last)
    assert resume(Job(run), AT_THE_SHELL).status().state == "queued"
    gone = put_run("another", worker=process(), status=last)
    assert delete(Job(gone), AT_THE_SHELL) == runs / ".trash" / "another"


def test_deleted_jobs_lie_in_the_trash(runs: Path) -> None:
    for reason in ("first", "second"):
        run = put_run("again", status="failed", reason=reason)
        delete(get_job("again"), AT_THE_SHELL)
        assert not run.folder.exists()
    assert list_jobs() == []
    found = {path.name: Run(path).state()["reason"] for path in (runs / ".trash").iterdir()}
    assert found == {"again": "first", "again-2": "second"}


def test_a_resumed_job_goes_to_the_end_of_the_line_and_forgets_why_it_ended(
    small_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Order] = []
    monkeypatch.setattr(Local, "start", lambda self, run, order: started.append(order))
    run = put_run(status="cancelled", reason="cancelled", fits=2, epoch=3)
    before = Order(launched="", launcher=NOBODY, data=str(small_data), threads=5, by="ann")
    write_note(order_path(run), before)
    stop_path(run).touch()
    job = resume(Job(run), AT_THE_SHELL, device="cuda:1")
    assert job.status().state == "queued"
    assert (job.status().reason, job.status().fits, job.status().epoch) == ("It is starting.", None, 3)
    (order,) = started
    assert (order.device, order.threads, order.data, order.by) == ("cuda:1", 5, str(small_data), "ann")
    assert order.launcher == process()


def test_a_finished_job_is_not_resumed(monkeypatch: pytest.MonkeyPatch) -> None:
    run = put_run(status="done")
    run.checkpoint.mkdir()
    (run.checkpoint / "card.json").touch()
    monkeypatch.setattr(Local, "start", lambda self, run, order: pytest.fail("started"))
    with pytest.raises(JobError, match="is done: clone it"):
        resume(Job(run), AT_THE_SHELL)


def test_a_clone_starts_from_the_recipe() -> None:
    run = put_run()
    assert clone(Job(run)) == small_recipe().model_dump(mode="json")
    run.write_state(status="failed", fits=2)
    assert clone(Job(run))["training"]["batch_size"] == 2
    assert tomllib.loads(text(run.recipe_path))["training"]["batch_size"] == 4
    run.recipe_path.write_text("epochs =")
    with pytest.raises(RecipeError):
        clone(Job(run))


@pytest.mark.parametrize("note", ["job.json", "process.json", "state.json", "recipe.toml"])
def test_a_job_whose_notes_are_damaged_can_still_be_thrown_away(note: str, runs: Path) -> None:
    run = put_run()
    (run.folder / note).write_text("\x00 nonsense", encoding="utf-8")
    (job,) = list_jobs()
    assert job.status().state == "failed" or note == "recipe.toml"
    with pytest.raises(NotAllowed):
        delete(job, ANN)  # whose it was, nobody can tell
    assert delete(job, AT_THE_SHELL) == runs / ".trash" / "run"
    assert list_jobs() == []


def test_keep_puts_a_finished_checkpoint_beside_those_that_ship(
    trained: tuple[Run, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SER_CHECKPOINTS", str(tmp_path / "checkpoints"))
    job = Job(put_run())
    with pytest.raises(JobError, match="it has no checkpoint yet"):
        keep(job, "mine", AT_THE_SHELL)
    shutil.copytree(trained[0].checkpoint, job.run.checkpoint)
    with pytest.raises(NotAllowed):
        keep(job, "mine", NOT_ALLOWED)
    assert keep(job, "mine", AT_THE_SHELL) == tmp_path / "checkpoints" / "mine"
    assert job.status().kept == "mine"
    assert load_card("mine").name == "mine"


def test_what_a_visitor_throws_away_does_not_fill_the_disk(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Theirs only: what whoever runs the server threw away stays."""
    monkeypatch.setattr(actions, "KEPT", 2)
    for number, by in enumerate(["", "ann", "ann", "ann", "bob"]):
        run = put_run(f"run-{number}")
        write_note(order_path(run), Order(launched=f"2026-01-0{number + 1}", launcher=NOBODY, by=by))
        delete(Job(run), Permission(True, "", by))
    assert sorted(path.name for path in (runs / ".trash").iterdir()) == ["run-0", "run-2", "run-3", "run-4"]


def test_a_visitor_keeps_a_checkpoint_once(
    trained: tuple[Run, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SER_CHECKPOINTS", str(tmp_path / "checkpoints"))
    run = put_run()
    write_note(order_path(run), Order(launched="2026-01-01", launcher=NOBODY, by="ann"))
    shutil.copytree(trained[0].checkpoint, run.checkpoint)
    keep(Job(run), "first", ANN)
    with pytest.raises(NotAllowed, match="kept as first already"):
        keep(Job(run), "second", ANN)
    keep(Job(run), "second", AT_THE_SHELL)
