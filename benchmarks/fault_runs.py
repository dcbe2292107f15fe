"""What the cases of `benchmarks.faults` share: a training of seconds, waiting, killing, counting."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ser_core.errors import SpeechEmotionError
from ser_core.jobs import AT_THE_SHELL, Job, launch, list_jobs
from ser_core.jobs.folder import process_path, read_note
from ser_core.jobs.process import Process
from ser_core.recipes import Recipe
from tests.ser_core.runs import small_recipe

PATIENCE = 900.0
WEIGHTS = ("model.safetensors", "statistics.safetensors")


@dataclass
class Case:
    """One row of the table."""

    what: str
    how: str
    times: int = 0
    right: int = 0
    resumed: int = 0
    same: int = 0
    said: set[str] = field(default_factory=set)

    def note(self, right: bool, job: Job | None = None, said: str = "") -> None:
        self.times += 1
        self.right += right
        reason = said or (job.status().reason if job else "")
        if reason:
            self.said.add(
                re.sub(r"/[\w./-]*small-[\w-]*|small-[\w-]*", "RUN", re.sub(r"/[\w./-]*/runs(?![\w-])", "RUNS", reason))
            )
        if not right:
            print(f"NOT RIGHT: {self.what}: {job.status() if job else said}", file=sys.stderr)

    def ended(self, job: Job, unbroken: Path) -> None:
        """Count a resumed run."""
        wait_for(lambda: job.status().ended and not job.place.sight(job.run).alive)
        if job.status().state != "done":
            print(f"NOT DONE: {self.what}: {job.status()}", file=sys.stderr)
            return
        self.resumed += 1
        same = all((job.run.checkpoint / n).read_bytes() == (unbroken / n).read_bytes() for n in WEIGHTS)
        self.same += same
        if not same:
            print(f"OTHER WEIGHTS: {self.what}: {job.run.folder}", file=sys.stderr)

    def row(self) -> str:
        said = " / ".join(sorted(self.said)) or "-"
        resumed = f"{self.resumed}" if self.resumed else "-"
        return f"| {self.what} | {self.how} | {self.times} | {self.right} | {resumed} | {self.same or '-'} | {said} |"


def small(*changes: str) -> Recipe:
    """Four epochs with everything that draws chance; some seconds, most of them for loading libraries."""
    chance = ("training.epochs=4", "training.mixup=0.2", "training.average=0.9", "augment.gain_db=[-6, 6]")
    return small_recipe(*chance, *changes)


def start(*changes: str) -> Job:
    return launch(small(*changes), AT_THE_SHELL, threads=1)


def wait_for(condition: Callable[[], object]) -> None:
    until = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > until:
            raise SystemExit("nothing happened for ten minutes")
        time.sleep(0.05)


def worker(job: Job) -> Process:
    found = read_note(process_path(job.run), Process)
    assert found
    return found


def kill(job: Job) -> None:
    """Worker and children at once; then wait until the system has taken them away."""
    dead = worker(job)
    if dead.alive:
        os.killpg(dead.pid, signal.SIGKILL)
    wait_for(lambda: not dead.alive)


def listed(job: Job) -> bool:
    return job.id in {one.id for one in list_jobs()}


def broken(job: Job, state: str = "lost") -> bool:
    """In the list, not running, with a reason."""
    status = job.status()
    return listed(job) and status.state == state and bool(status.reason)


def learnt(job: Job, epochs: int = 1) -> None:
    wait_for(lambda: job.status().ended or job.status().epoch >= epochs)


@contextmanager
def small_disk(megabytes: int) -> Iterator[Path]:
    """A real file system that is soon full."""
    folder = Path(tempfile.mkdtemp())
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
        folder.rmdir()


def refused(act: Callable[[], object]) -> tuple[bool, None, str]:
    """Whether it was refused in a sentence, and that sentence."""
    try:
        act()
    except SpeechEmotionError as error:
        return True, None, str(error)
    return False, None, "(was not refused)"
