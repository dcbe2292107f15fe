"""Jobs on a real SLURM of one node; skipped, with the reason, where there can be none."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ser_core.errors import JobError
from ser_core.jobs import AT_THE_SHELL, Cluster, Job, cancel, delete, launch, list_jobs, resume
from ser_core.jobs import slurm as place
from ser_core.jobs.folder import order_path, read_note
from ser_core.jobs.slurm import Slurm, ask, parameters
from tests.ser_core.jobs.places import finished, put_run, text, until
from tests.ser_core.jobs.slurm_node import slurm, why_not
from tests.ser_core.runs import epochs, small_recipe

LONG = ("training.epochs=20000", "training.patience=20000")  # it never ends by itself while a test looks at it
ONE = Cluster(gpus=0, cpus=1, minutes=5)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Path]:
    reason = why_not()
    if reason:
        pytest.skip(reason)
    with slurm() as folder:
        yield folder


@pytest.fixture(autouse=True)
def asked_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each look asks SLURM."""
    monkeypatch.setattr(place, "FRESH", 0.05)
    monkeypatch.setattr(place, "_ended", {})


def submit(data: Path, *changes: str, asked: Cluster = ONE) -> Job:
    return launch(small_recipe(*changes), AT_THE_SHELL, data=data, cluster=asked)


def number(job: Job) -> str:
    return text(job.run.folder / "slurm.txt").strip()


@pytest.mark.heavy
def test_a_job_is_done_by_the_cluster(cluster: Path, small_data: Path) -> None:
    job = submit(small_data)
    assert finished(job).status().state == "done", job.output()
    assert len(epochs(job.run)) == 2
    assert "begins on cpu" in job.log()
    assert list_jobs()[0].status().state == "done"


@pytest.mark.heavy
def test_cancelled_at_work_and_resumed(cluster: Path, small_data: Path) -> None:
    job = submit(small_data, *LONG)
    until(lambda: job.status().ended or job.status().epoch >= 1)
    assert job.status().state == "running"
    cancel(job, AT_THE_SHELL, grace=600)
    assert job.status().state == "cancelled"
    assert "asked to stop" in job.status().reason
    before = job.status().epoch
    again = resume(job, AT_THE_SHELL)
    assert again.order
    assert again.order.place == "slurm"
    until(lambda: again.status().ended or again.status().epoch > before)
    assert again.status().state == "running"
    ask("scancel", number(again))
    until(lambda: again.status().ended)
    assert again.status().state == "lost"
    assert "scancel" in again.status().reason


@pytest.mark.heavy
def test_in_line_it_says_why_and_leaves_it_when_cancelled(cluster: Path, small_data: Path) -> None:
    ask("scontrol", "update", "partition=all", "state=down")
    try:
        job = submit(small_data)
        until(lambda: "PartitionDown" in job.status().reason)
        assert job.status().state == "queued"
        with pytest.raises(JobError, match="still queued"):
            delete(job, AT_THE_SHELL)
        cancel(job, AT_THE_SHELL)
        until(lambda: job.status().ended)
        assert job.status().state == "cancelled"
    finally:
        ask("scontrol", "update", "partition=all", "state=up")


@pytest.mark.heavy
def test_displaced_it_goes_on_by_itself_to_the_same_weights(cluster: Path, small_data: Path) -> None:
    """As at the end of its time: SLURM warns it, it goes back into the line and on from its last epoch."""
    changes = ("training.epochs=5", "training.mixup=0.2")
    unbroken = finished(submit(small_data, *changes))
    job = submit(small_data, *changes)
    until(lambda: job.status().ended or job.status().epoch >= 1)
    assert job.status().state == "running"
    ask("scancel", "--signal=USR2", number(job))
    until(lambda: job.status().state == "queued")
    ask("scontrol", "update", f"jobid={number(job)}", "StartTime=now")  # a requeued job is held back for a while
    assert finished(job).status().state == "done", job.output()
    assert "resumed after epoch" in job.log()
    name = "checkpoint/model.safetensors"
    assert (job.run.folder / name).read_bytes() == (unbroken.run.folder / name).read_bytes()


@pytest.mark.heavy
def test_displaced_it_stops_where_it_is_not_to_go_on_by_itself(cluster: Path, small_data: Path) -> None:
    job = submit(small_data, *LONG, asked=ONE.model_copy(update={"requeue": False}))
    until(lambda: job.status().ended or job.status().epoch >= 1)
    assert job.status().state == "running"
    ask("scancel", "--signal=USR2", number(job))
    until(lambda: job.status().ended)
    assert job.status().state == "cancelled", job.output()
    assert "or it was displaced: resume it" in job.status().reason


@pytest.mark.heavy
def test_two_processes_share_a_training(cluster: Path, small_data: Path) -> None:
    """Done, and cancelled: the second process does not outlive the first."""
    two = ONE.model_copy(update={"processes": 2})
    job = finished(submit(small_data, asked=two))
    assert job.status().state == "done", job.output()
    assert job.log().count(" done") == 1
    job = submit(small_data, *LONG, asked=two)
    until(lambda: job.status().ended or job.status().epoch >= 1)
    assert job.status().state == "running", job.output()
    cancel(job, AT_THE_SHELL)
    until(lambda: job.status().ended and not Slurm().sight(job.run).alive)
    assert job.status().state == "cancelled"


@pytest.mark.heavy
def test_a_refusal_of_slurm_is_a_sentence(cluster: Path, small_data: Path) -> None:
    with pytest.raises(JobError, match=r"SLURM refused the job: .*partition"):
        submit(small_data, asked=Cluster(gpus=0, partition="nowhere"))
    assert list_jobs()[0].status().state == "failed"


def test_without_slurm_it_is_said(small_data: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(JobError, match="There is no SLURM here"):
        submit(small_data)


def test_a_slurm_that_does_not_answer_ends_no_job(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    run = put_run(status="running")
    order = read_note(order_path(run), place.Order)
    assert order
    order_path(run).write_text(order.model_copy(update={"place": "slurm"}).model_dump_json())
    (run.folder / "slurm.txt").write_text("7\n")
    assert (Job(run).status().state, Job(run).status().reason) == ("running", "SLURM does not answer squeue.")


@pytest.mark.parametrize(
    ("squeue", "sacct", "state", "says"),
    [
        ("7|PENDING|Resources", "", "queued", "SLURM's line as job 7 (Resources)"),
        ("7|RUNNING|None", "", "running", ""),
        ("8|RUNNING|None", "TIMEOUT", "lost", "Its time on the cluster was over"),
        ("", "OUT_OF_MEMORY", "lost", "more of the node's memory"),
        ("", "CANCELLED by 1000", "lost", "scancel"),
        ("", "JobId=7 JobState=NODE_FAIL Reason=x", "lost", "Its node failed"),
        ("", "", "lost", "SLURM's job 7 is gone (UNKNOWN)"),
    ],
)
def test_what_slurm_says(squeue: str, sacct: str, state: str, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run = put_run(status="queued" if state == "queued" else "running")
    (run.folder / "slurm.txt").write_text("7\n")
    monkeypatch.setattr(place, "ask", lambda name, *_: squeue if name == "squeue" else sacct)
    place._forget()
    monkeypatch.setattr(Job, "place", Slurm())
    assert Job(run).status().state == state
    assert says in Job(run).status().reason


def test_what_sbatch_is_told() -> None:
    run = put_run()
    told = parameters(run, Cluster(partition="gpu", gpus=1, cpus=8, memory_gb=32, minutes=60, requeue=False))
    assert (told["partition"], told["gpus_per_node"], told["cpus_per_task"], told["mem"], told["time"]) == (
        "gpu", 1, 8, "32GB", 60,
    )  # fmt: skip
    assert told["setup"] == ["unset SER_ADMIN_KEY"]
    assert "no-requeue" in told["additional_parameters"]
    assert "gpus_per_node" not in parameters(run, ONE)
    assert [parameters(run, Cluster(gpus=gpus))["ntasks_per_node"] for gpus in (0, 1, 4)] == [1, 1, 4]
