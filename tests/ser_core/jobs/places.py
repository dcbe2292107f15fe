"""Run folders in every condition, and waiting for what other processes do, without sleeping blindly."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import psutil

from ser_core.files import runs_folder
from ser_core.jobs import Job
from ser_core.jobs.folder import Order, order_path, process_path, write_note
from ser_core.jobs.process import Process, process
from ser_core.training.run import Run
from tests.ser_core.runs import small_recipe

DEADLINE = 900.0  # seconds; where nothing happens for so long the test fails instead of hanging
NOBODY = process().model_copy(update={"started": -1})


def put_run(name: str = "run", worker: Process | None = NOBODY, **state: Any) -> Run:
    """A run as a launch leaves it, below SER_RUNS.  worker: who works on it; nobody where that process has ended."""
    run = Run.start(small_recipe(), runs_folder() / name)
    write_note(order_path(run), Order(launched="2026-01-01", launcher=NOBODY))
    if worker:
        write_note(process_path(run), worker)
    run.write_state(**{"status": "queued", "reason": "", **state})
    return run


def until(condition: Callable[[], Any], pid: int | None = None) -> Any:
    """Wait until a condition holds, or fail.  pid: a process whose end is looked at as well, sooner than anything."""
    began = time.monotonic()
    watched = [psutil.Process(pid)] if pid and psutil.pid_exists(pid) else []
    waiting = get_context("fork").Event()
    while not (found := condition()):
        assert time.monotonic() - began < DEADLINE, "nothing happened"
        if watched:
            watched = psutil.wait_procs(watched, timeout=0.05)[1]
        else:
            waiting.wait(0.05)
    return found


def finished(job: Job) -> Job:
    """The same job, when it has ended."""
    until(lambda: job.status().ended and not job.place.sight(job.run).alive)
    return job


def child(target: Callable[..., Any], *arguments: Any) -> BaseProcess:
    """Run a function in a process of its own, started at once."""
    made = get_context("fork").Process(target=target, args=arguments)
    made.start()
    return made


def kill(started: BaseProcess) -> None:
    """As the system does it: at once, without a word.  The dead process is not collected yet."""
    assert started.pid
    os.kill(started.pid, 9)
    until(lambda: psutil.Process(started.pid).status() == psutil.STATUS_ZOMBIE)


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
