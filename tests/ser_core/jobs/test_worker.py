"""However a training ends, its folder says so in one sentence."""

import errno
import json
import os
import shutil
import signal
import weakref
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch

from ser_core.errors import CorpusError, JobError
from ser_core.jobs import AT_THE_SHELL, Job, clone, failures, launch, resume, worker
from ser_core.jobs.folder import order_path, process_path, read_note, stop_path, write_note
from ser_core.jobs.local import Local
from ser_core.jobs.queue import Line
from ser_core.jobs.watch import Watch
from ser_core.jobs.worker import claim, main, work
from ser_core.training.run import Run
from tests.ser_core.jobs.places import NOBODY, put_run, text


@pytest.fixture(autouse=True)
def as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests' own process stays as quick as it was."""
    monkeypatch.setattr(worker, "be_modest", lambda: None)
    monkeypatch.setattr(torch, "set_num_threads", lambda count: None)


def failing(error: BaseException) -> Callable[..., None]:
    """A training that ends like this, as the real one does: with its own last word before."""

    def train(recipe: Any, run: Run, data: Any, progress: Any, device: str) -> None:
        run.write_state(status="failed", reason="the trainer's own words")
        raise error

    return train


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (CorpusError("RAVDESS is not there."), "RAVDESS is not there."),
        (OSError(errno.ENOSPC, "No space left on device"), "The disk is full: free some space, then resume it."),
        (OSError(errno.EROFS, "Read-only file system", "/runs/a"), "/runs/a cannot be written: make it writable"),
        (MemoryError(), "This computer ran out of memory: lower training.batch_size"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"), "This computer ran out of memory"),
        (ZeroDivisionError("so it happened"), "ZeroDivisionError: so it happened"),
    ],
)
def test_a_failure_is_a_sentence(error: BaseException, says: str, capfd: pytest.CaptureFixture[str]) -> None:
    run = put_run()
    assert work(run, failing(error)) == 1
    status = Job(run).status()
    assert status.state == "failed"
    assert status.reason.startswith(says)
    assert status.reason in text(run.folder / "log.txt")
    traceback = capfd.readouterr().err
    assert ("Traceback" in traceback) is not isinstance(error, CorpusError)  # of what may be a defect
    assert not Line(run.folder.parent).busy()


def test_a_stop_is_no_failure() -> None:
    run = put_run()

    def train(recipe: Any, run: Run, data: Any, progress: Watch, device: str) -> None:
        stop_path(run).touch()
        progress._looked = 0
        progress("training: epoch 1 of 2", 1, 2)

    assert work(run, train) == 0
    assert Job(run).status().state == "cancelled"


def test_a_signal_from_outside_is_a_stop() -> None:
    run = put_run()
    before = signal.signal(signal.SIGTERM, worker._terminated)
    try:
        assert work(run, lambda *_: os.kill(os.getpid(), signal.SIGTERM)) == 0
    finally:
        signal.signal(signal.SIGTERM, before)
    assert Job(run).status().state == "cancelled"
    assert "SIGTERM" in Job(run).status().reason


@pytest.mark.parametrize(
    ("nonsense", "says"),
    [("name = ", "cannot be read as a recipe"), ("epochs = 3\n", "name: this field is missing"), ("\xff", "recipe"),
     ('name = "x"\nsystem = "ctmam"\nlabels = ["angry", "glad"]\ncorpora = ["synthetic"]\n', "labels")],
)  # fmt: skip
def test_a_recipe_edited_into_nonsense(nonsense: str, says: str) -> None:
    run = put_run()
    run.recipe_path.write_text(nonsense, encoding="latin-1")
    assert work(run, lambda *_: pytest.fail("it trained")) == 1
    assert Job(run).status().state == "failed"
    assert says in Job(run).status().reason


def test_a_place_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "probe_devices", list)
    run = put_run()
    order = read_note(order_path(run), worker.Order)
    assert order
    write_note(order_path(run), order.model_copy(update={"device": "cuda"}))
    assert work(run) == 1
    assert "no CUDA device" in Job(run).status().reason


Usage = namedtuple("Usage", "total used free")


def test_a_full_disk_is_seen_before_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    run = put_run()
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(2**40, 2**40 - 2**20, 2**20))
    assert work(run, lambda *_: pytest.fail("it trained")) == 1
    assert "has only 1 MB left" in Job(run).status().reason


def test_too_little_memory_is_seen_before_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    run = put_run()
    monkeypatch.setattr(psutil, "virtual_memory", lambda: namedtuple("Memory", "available")(200 * 2**20))
    assert work(run, lambda *_: pytest.fail("it trained")) == 1
    assert "only 200 MB of memory free" in Job(run).status().reason


@pytest.mark.parametrize(
    ("fits", "says"),
    [(2, "do not fit into the memory of cpu; 2 would: clone it"), (0, "and not even 2 would"),
     (JobError("no answer"), "clone it with a smaller training.batch_size")],
)  # fmt: skip
def test_gpu_memory_runs_out(fits: int | JobError, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The batch size that would fit is looked for while the device is still held, after its memory is freed."""
    run = put_run()
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: None)
    held: list[weakref.ref[torch.Tensor]] = []

    def train(*_: Any) -> None:
        mine = torch.ones(3)
        held.append(weakref.ref(mine))
        raise torch.OutOfMemoryError("CUDA out of memory")

    def fitting(recipe: Any, device: str, data: Path | None) -> int:
        assert Line(run.folder.parent).busy() == {"cpu": ["run"]}
        assert held[0]() is None
        assert Job(run).status().reason == "The GPU's memory ran out: looking for a batch size that fits."
        if isinstance(fits, JobError):
            raise fits
        return fits

    monkeypatch.setattr(failures, "fitting_batch", fitting)
    assert work(run, train) == 1
    status = Job(run).status()
    assert status.state == "failed"
    assert says in status.reason
    assert "Batches of 4" in status.reason
    assert clone(Job(run))["training"]["batch_size"] == (fits if fits == 2 else 4)


def test_a_run_has_one_worker(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A second one goes away, and leaves the folder as it is."""
    run = put_run(status="running")
    lock = worker.lock
    monkeypatch.setattr(worker, "lock", lambda run, timeout: lock(run, timeout=0))
    with claim(run):
        before = {path: path.read_bytes() for path in run.folder.iterdir()}
        assert main([str(run.folder)]) == 2
        assert {path: path.read_bytes() for path in run.folder.iterdir()} == before
    assert "Another process works on" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["a", "b"], ["nowhere"], [""]])
def test_a_worker_needs_a_run(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    assert "Name the folder" in capsys.readouterr().err
    assert list(tmp_path.glob("nowhere")) == []


def test_the_environment_is_stored_at_every_start(monkeypatch: pytest.MonkeyPatch) -> None:
    run = put_run()
    for _ in range(2):
        assert work(run, lambda *_: None) == 0
    starts = json.loads(text(run.folder / "environment.json"))["starts"]
    assert len(starts) == 2
    assert starts[0]["packages"]["torch"] == torch.__version__.partition("+")[0]
    assert (starts[0]["device"], starts[0]["device_name"], starts[0]["threads"]) == ("cpu", "cpu", 1)
    assert starts[0]["command"]
    (run.folder / "environment.json").write_text("{")
    assert work(run, lambda *_: None) == 0
    assert len(json.loads(text(run.folder / "environment.json"))["starts"]) == 1


def test_a_folder_that_takes_no_last_word_belongs_to_a_lost_job(monkeypatch: pytest.MonkeyPatch) -> None:
    """A read-only disk, injected, as the tests may run as root."""
    run = put_run()

    def read_only(self: Run, **values: Any) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    with monkeypatch.context() as patched:
        patched.setattr(Run, "write_state", read_only)
        assert work(run, failing_quietly) == 1
    write_note(process_path(run), NOBODY)  # this process lives on
    assert Job(run).status().state == "lost"


def failing_quietly(*_: Any) -> None:
    raise OSError(errno.EROFS, "Read-only file system")


def test_a_training_that_died_before_the_first_step_is_resumed(
    small_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker's whole path in this process: launched, failed, resumed, done."""
    monkeypatch.setattr(Local, "start", lambda self, run, order: Line(run.folder.parent).enter(run, ["cpu"]))
    job = launch(put_run("as it stands").recipe(), AT_THE_SHELL, data=small_data)
    (small_data / "ravdess").rename(small_data / "away")
    try:
        assert main([str(job.run.folder)]) == 1
    finally:
        (small_data / "away").rename(small_data / "ravdess")
    assert "RAVDESS" in job.status().reason
    write_note(process_path(job.run), NOBODY)  # this process lives on
    again = resume(Job(job.run), AT_THE_SHELL)
    assert main([str(again.run.folder)]) == 0
    assert again.status().state == "done"
    assert "begins on cpu" in again.log()
