"""Jobs from the shell: one line each, errors in one sentence."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from ser_core.errors import JobError
from ser_core.evaluation import Progress
from ser_core.jobs import AT_THE_SHELL, Job, cancel, delete, list_jobs, resume, watch
from ser_core.jobs import devices as probing
from ser_core.jobs.devices import Device
from ser_core.jobs.folder import Order, order_path, process_path, write_note
from ser_core.jobs.local import Local
from ser_core.jobs.process import process
from ser_core.jobs.queue import Line
from ser_core.recipes import Recipe
from ser_core.training import trainer
from ser_core.training.run import Run
from tests.ser_core.jobs.places import NOBODY, put_run

Shell = Callable[..., tuple[int, str, str]]
SMALL = (
    "submit", "--recipe", "ctmam-synthetic", "--set", "variant=small", "--set", "name=mine",
)  # fmt: skip


@pytest.fixture
def asleep(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers that are there, and never do anything: this very process."""

    def start(self: Local, run: Run, order: Order) -> None:
        Line(run.folder.parent).enter(run, [order.device])
        write_note(process_path(run), process())

    monkeypatch.setattr(Local, "start", start)


@pytest.mark.usefixtures("asleep")
def test_from_launch_to_trash(shell: Shell, runs: Path) -> None:
    status, out, _ = shell("jobs", *SMALL)
    name = out.split(":")[0]
    assert (status, name.startswith("mine-")) == (0, True)
    assert "1st in line for cpu." in out
    assert shell("jobs", "list")[1] == f"{name}  queued. 1st in line for cpu.\n"
    assert shell("jobs", "delete", name)[0] == 2
    write_note(process_path(Run(runs / name)), NOBODY)
    status, out, _ = shell("jobs", "list", "--json")
    assert [(job["id"], job["state"]) for job in json.loads(out)] == [(name, "lost")]
    status, out, _ = shell("jobs", "resume", name, "--device", "cuda:1")
    assert (status, "queued. " in out, "for cuda:1" in out) == (0, True, True)
    Run(runs / name).log("something happened")
    assert "something happened" in shell("jobs", "logs", name)[1]
    assert shell("jobs", "logs", name, "--output")[1].strip() == ""
    write_note(process_path(Run(runs / name)), NOBODY)
    status, out, _ = shell("jobs", "cancel", name, "--grace", "0")
    assert (status, "lost" in out) == (0, True)  # it had ended already
    status, out, _ = shell("jobs", "delete", name)
    assert (status, ".trash" in out) == (0, True)
    assert shell("jobs", "list")[1].startswith("No jobs yet")


def test_one_job_in_full(shell: Shell) -> None:
    run = put_run(status="failed", reason="So it was.", epoch=2, epochs=8)
    run.write_metrics("training", [{"stage": "training", "epoch": 2, "validation_ua": 0.512345}])
    status, out, _ = shell("jobs", "show", "run")
    assert status == 0
    assert "run: failed, epoch 2 of 8. So it was." in out
    assert "0.512345" in out
    status, out, _ = shell("jobs", "show", "run", "--json")
    assert json.loads(out)["metrics"] == {"epoch": 2, "validation_ua": 0.512345}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("show", "none"), "There is no job 'none': list them"),
        (("cancel", "../x"), "There is no job"),
        ((*SMALL, "--device", "tpu"), "choose cpu, cuda, or cuda:N"),
        ((*SMALL, "--set", "training.epochs=none"), "training.epochs"),
        ((*SMALL, "--set", "variant=huge"), "no variant 'huge'"),
        ((*SMALL, "--place", "moon"), "local or slurm"),
        ((*SMALL, "--place", "slurm", "--partition", "a b"), "partition"),
        ((*SMALL, "--set", "corpora=['savee']"), "SAVEE"),
    ],
)
def test_errors_are_one_sentence(
    arguments: tuple[str, ...], says: str, shell: Shell, runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SER_DATA", raising=False)
    status, out, err = shell("jobs", *arguments)
    assert (status, out) == (2, "")
    assert says in err
    assert err.count("\n") == 1
    assert list(runs.iterdir()) == []


def test_devices_are_listed_with_their_jobs(shell: Shell, monkeypatch: pytest.MonkeyPatch, runs: Path) -> None:
    gpu = Device(id="cuda:0", name="A GPU", memory=80 * 2**30, free=60 * 2**30, load=0.25)
    monkeypatch.setattr(probing, "ask", lambda question: {"devices": [gpu.model_dump()]})
    monkeypatch.setattr(probing, "_asked", float("-inf"))
    run = put_run(worker=process())
    Line(runs).enter(run, ["cuda:0"])
    status, out, _ = shell("jobs", "devices")
    assert (status, out) == (0, "cuda:0   A GPU, 60.0 of 80.0 GB free, 25 % busy, jobs: run\n")
    monkeypatch.setattr(probing, "_asked", float("-inf"))


def test_a_damaged_job_does_not_break_the_list(shell: Shell) -> None:
    order_path(put_run("a")).write_text("{")
    put_run("b", status="done")
    status, out, _ = shell("jobs", "list")
    assert status == 0
    assert {line.split()[0]: line.split()[1].strip(".,") for line in out.splitlines()} == {"a": "failed", "b": "done"}


@pytest.mark.usefixtures("asleep")
def test_a_sweep_and_its_table(shell: Shell, tmp_path: Path) -> None:
    small = ("--recipe", "ctmam-synthetic", "--set", "variant=small", "--set", "name=mine")
    status, out, _ = shell("jobs", "sweep", *small, "--vary", "seed=1,2")
    assert status == 0
    assert [line.partition(": ")[2] for line in out.splitlines()[:2]] == ["seed=1", "seed=2"]
    name = out.split()[-1]
    assert shell("jobs", "table")[1] == f"{name}: 2 runs\n"
    status, out, _ = shell("jobs", "table", name, "--csv", str(tmp_path / "table.csv"))
    assert out.splitlines() == ["seed=1  queued", "seed=2  queued"]
    assert (tmp_path / "table.csv").read_text(encoding="utf-8").startswith("run,seed,state,")
    assert len(json.loads(shell("jobs", "table", name, "--json")[1])) == 2
    for wrong in (("table", "banana"), ("sweep", *small), ("sweep", *small, "--vary", "seed"), ("sweep",)):
        status, out, err = shell("jobs", *wrong)
        assert (status, out, err.count("\n")) == (2, "", 1)


@pytest.mark.usefixtures("asleep")
def test_a_search_is_one_job(shell: Shell) -> None:
    status, out, _ = shell(
        "jobs", "search", "--recipe", "ctmam-synthetic", "--vary", "training.learning_rate=1e-4..1e-2:log",
        "--trials", "3", "--no-pruning",
    )  # fmt: skip
    assert status == 0
    (job,) = list_jobs()
    assert job.order
    assert job.order.search
    assert (job.order.search.trials, job.order.search.pruning) == (3, False)
    assert out.startswith(job.id)


def test_a_training_at_the_shell_is_seen_to_run_and_left_alone(
    shell: Shell, runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody may resume or delete it from the page while it trains."""
    seen: list[str] = []

    def train(recipe: Recipe, run: Run, *_: object) -> NoReturn:
        run.write_state(status="running", reason="", epoch=1, epochs=2, name=recipe.name)
        seen.append(Job(run).status().state)
        for act in (resume, delete):
            with pytest.raises(JobError, match="cancel it first"):
                act(Job(run), AT_THE_SHELL)
        raise JobError("enough")

    monkeypatch.setattr(trainer, "train", train)
    status, _, said = shell("train", "--recipe", "ctmam-synthetic", "--run", str(runs / "by-hand"))
    assert (status, seen) == (2, ["running"])
    assert "enough" in said


def test_a_training_at_the_shell_can_be_cancelled_from_a_page(
    shell: Shell, runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def train(recipe: Recipe, run: Run, data: object, progress: Progress, device: str) -> NoReturn:
        progress("training: epoch 1 of 2", 1, 10)
        cancel(Job(run), AT_THE_SHELL)
        monkeypatch.setattr(watch, "LOOK", 0)
        progress("training: epoch 1 of 2", 2, 10)
        raise AssertionError("it trained on")

    monkeypatch.setattr(trainer, "train", train)
    status, _, said = shell("train", "--recipe", "ctmam-synthetic", "--run", str(runs / "by-hand"))
    assert status == 2
    assert "It was asked to stop" in said
    assert Job(Run(runs / "by-hand")).status().state == "cancelled"
