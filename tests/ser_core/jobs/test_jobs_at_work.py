"""Real workers in processes of their own: killed, left alone by their launcher, cancelled, resumed."""

import os
import signal
from pathlib import Path

import pytest

from ser_core.jobs import AT_THE_SHELL, Job, cancel, get_job, launch, list_jobs, resume
from ser_core.jobs.folder import process_path, read_note
from ser_core.jobs.process import Process
from tests.ser_core.jobs.places import child, finished, kill, text, until
from tests.ser_core.runs import epochs, small_recipe

LONG = ("training.epochs=2000", "training.patience=2000")  # it never ends by itself while a test looks at it
SHORT = ("training.epochs=6", "training.mixup=0.2", "training.average=0.9", "augment.gain_db=[-6, 6]")


def worker(job: Job) -> Process:
    found = read_note(process_path(job.run), Process)
    assert found
    return found


def learnt(job: Job, count: int = 1) -> None:
    """Wait until it has stored so many epochs, as long as it lives."""
    done = until(lambda: job.status().ended or job.status().epoch >= count, worker(job).pid)
    assert done
    assert not job.status().ended, job.status().reason


def start(changes: tuple[str, ...], data: Path) -> Job:
    return launch(small_recipe(*changes), AT_THE_SHELL, data=data, threads=1)


def test_a_killed_worker_is_lost_and_resumed_to_the_weights_of_an_unbroken_run(small_data: Path) -> None:
    """And both wait their turn: the unbroken one is launched while the other is on the device."""
    job, unbroken = start(SHORT, small_data), start(SHORT, small_data)
    learnt(job)
    assert unbroken.status().reason == f"1st in line for cpu, behind {job.id}."
    os.killpg(worker(job).pid, signal.SIGKILL)
    until(lambda: job.status().ended)
    assert (job.status().state, job.status().epoch < 6) == ("lost", True)
    assert "resume it" in job.status().reason
    again = resume(job, AT_THE_SHELL)
    assert finished(unbroken).status().state == "done"
    assert finished(again).status().state == "done"
    assert "resumed after epoch" in again.log()
    for name in ("model.safetensors", "statistics.safetensors"):
        assert (again.run.checkpoint / name).read_bytes() == (unbroken.run.checkpoint / name).read_bytes()
    timed = {"seconds": 0.0}
    assert [row | timed for row in epochs(again.run)] == [row | timed for row in epochs(unbroken.run)]


def launch_and_stay(data: Path) -> None:
    start(LONG, data)
    signal.pause()


def test_the_application_is_killed_and_its_job_goes_on(small_data: Path, tmp_path: Path) -> None:
    """Another application takes over: it sees the job, and stops and resumes it."""
    application = child(launch_and_stay, small_data)
    until(lambda: list_jobs() and process_path(list_jobs()[0].run).is_file(), application.pid)
    (job,) = list_jobs()
    kill(application)
    application.join()
    learnt(job)
    assert os.getsid(worker(job).pid) == worker(job).pid  # no terminal, no group of the application's
    assert job.status().state == "running"
    assert job.status().metrics["epoch"] >= 1
    cancel(job, AT_THE_SHELL)
    until(lambda: not worker(job).alive)
    assert job.status().state == "cancelled"
    before = job.status().epoch
    again = resume(get_job(job.id), AT_THE_SHELL)
    learnt(again, before + 1)
    cancel(again, AT_THE_SHELL, grace=60)
    assert again.status().state == "cancelled"
    assert text(job.run.folder / "output.txt") == ""  # no warning, no traceback
    assert again.status().epoch > before


@pytest.mark.parametrize("moment", ["in line", "at work"])
def test_a_worker_that_does_not_heed_is_killed(moment: str, small_data: Path) -> None:
    """Stopped by a signal it can neither see the stop file nor end."""
    job = start(LONG, small_data)
    if moment == "at work":
        learnt(job)
    os.killpg(worker(job).pid, signal.SIGSTOP)
    cancel(job, AT_THE_SHELL)
    assert job.status().state == "stopping"
    cancel(job, AT_THE_SHELL, grace=0)
    until(lambda: job.status().ended)
    says = "taken out of the line before it began" if moment == "in line" else "asked to stop, and then killed"
    assert (job.status().state, job.status().reason) == ("cancelled", f"It was {says}.")
    after = start(LONG, small_data)
    assert after.status().reason == "1st in line for cpu."  # nobody stands before it
    cancel(after, AT_THE_SHELL, grace=60)
    assert after.status().state == "cancelled"
