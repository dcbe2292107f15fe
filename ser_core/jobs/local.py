"""Jobs as processes of this computer."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import psutil

from ser_core.errors import JobError
from ser_core.files import PROJECT
from ser_core.jobs.child import environment
from ser_core.jobs.folder import (
    Order,
    attended,
    last_beat,
    order_path,
    output_path,
    process_path,
    read_note,
    write_note,
)
from ser_core.jobs.logs import tail
from ser_core.jobs.process import Process, boot, process
from ser_core.jobs.queue import Line
from ser_core.jobs.sight import Sight
from ser_core.training.run import Run

COMMAND = (sys.executable, "-m", "ser_core.training")


def default_threads() -> int:
    """All processor cores but one where there are more than two: the application must stay quick."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else psutil.cpu_count() or 1
    return max(1, cores - 1) if cores > 2 else cores


class Local:
    """This computer: a detached process for each job, a line for each device."""

    def start(self, run: Run, order: Order) -> None:
        """Take a ticket and start the worker in a session of its own; it outlives this process.

        Raises JobError where the computer will not start one.
        """
        line = Line(run.folder.parent)
        line.enter(run, [] if order.device == "cuda" else [order.device])
        try:
            with output_path(run).open("ab") as output:
                worker = subprocess.Popen(
                    [*COMMAND, str(run.folder)], cwd=PROJECT, env=worker_environment(run, order),
                    stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
                )  # fmt: skip
        except OSError as error:
            line.leave(run)
            raise JobError(f"The job's process cannot be started: {error.strerror}.") from error
        write_note(process_path(run), process(worker.pid))
        threading.Thread(target=worker.wait, daemon=True).start()  # collects it, so that no dead process lingers

    def sight(self, run: Run) -> Sight:
        """What can be seen of a job's process from here."""
        if not attended(run):
            return Sight(alive=False, gone=why_gone(run))
        standing = Line(run.folder.parent).standing(run)
        return Sight(alive=True, standing=standing, silent=silence(run))

    def withdraw(self, run: Run) -> None:
        """Nothing to do: whoever waits reads the stop file."""

    def kill(self, run: Run) -> None:
        """End the worker and all its children at once; does nothing where it has ended already."""
        worker = read_note(process_path(run), Process)
        if worker and worker.alive:
            with suppress(ProcessLookupError):
                os.killpg(worker.pid, signal.SIGKILL)  # it leads its own group

    def wait(self, run: Run, seconds: float) -> bool:
        """Wait for the worker's end.  Returns whether it has ended."""
        worker = read_note(process_path(run), Process)
        if worker is None or not worker.alive:
            return not attended(run)
        with suppress(psutil.NoSuchProcess):
            psutil.wait_procs([psutil.Process(worker.pid)], timeout=seconds)
        return not worker.alive


def worker_environment(run: Run, order: Order) -> dict[str, str]:
    """Libraries read their number of threads when they are loaded."""
    threads = str(order.threads)
    runs = str(run.folder.parent)
    return environment() | {"OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads, "SER_RUNS": runs}


def why_gone(run: Run) -> str:
    """What became of a job whose last word was not its end."""
    worker = read_note(process_path(run), Process)
    if worker is None:
        if read_note(order_path(run), Order) is None:
            return "It was not launched as a job, so nothing tells whether it still runs; resume it if it does not."
        return "Its launch was broken off before its process began: resume it."
    if not worker.here:
        return f"Nothing is heard of it from {worker.host}: resume it."
    if worker.boot != boot():
        return "The computer was restarted: resume it, it goes on from its last epoch."
    gone = (
        "Its process is gone: it was killed, it crashed, or memory ran out; resume it, it goes on from its last epoch."
    )
    return f"{gone} Its output holds what it printed last." if tail(output_path(run), 1) else gone


def silence(run: Run) -> float | None:
    """Seconds since the worker's last sign of life, by the computer's own clock; None before the first."""
    beat = last_beat(run)
    worker = read_note(process_path(run), Process)
    if beat is None or worker is None or not worker.here:
        return None
    return max(0.0, time.monotonic() - beat.moment)


def data_of(order: Order) -> Path | None:
    return Path(order.data) if order.data else None
