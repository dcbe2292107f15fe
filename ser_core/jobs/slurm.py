"""Jobs on a cluster: handed to SLURM through submitit, watched through squeue and sacct.

The worker is the same as on this computer; SLURM does what the line of devices does there.  The run folder has to lie
on a disk that the cluster's computers share.
"""

from __future__ import annotations

import os
import subprocess
import threading
import time
from functools import partial
from pathlib import Path
from typing import Any

from ser_core.errors import JobError
from ser_core.files import PROJECT, write_text
from ser_core.jobs.child import SECRETS
from ser_core.jobs.folder import Cluster, Order, output_path
from ser_core.jobs.sight import Sight
from ser_core.training.run import Run

FRESH = 2.0  # seconds that an answer of squeue is kept
REQUEUES = 100  # how often a job may run out of its time and go on
WARNING = 120  # seconds before the end of its time at which it is told
ENDS = {
    "TIMEOUT": "Its time on the cluster was over: resume it, it goes on from its last epoch.",
    "OUT_OF_MEMORY": "It took more of the node's memory than it was given: ask for more, and resume it.",
    "NODE_FAIL": "Its node failed: resume it, it goes on from its last epoch.",
    "PREEMPTED": "It was displaced on the cluster: resume it, it goes on from its last epoch.",
    "CANCELLED": "It was cancelled on the cluster (scancel): resume it, it goes on from its last epoch.",
}
AT_WORK = ("RUNNING", "COMPLETING", "STOPPED", "SUSPENDED", "STAGE_OUT", "SIGNALING")
WAITING = ("PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_HOLD", "REQUEUE_FED", "SPECIAL_EXIT", "RESIZING")

_guard = threading.Lock()
_ended: dict[str, str] = {}  # what has ended stays so, until it is put into the line again
_line: dict[str, tuple[str, str]] = {}
_asked = float("-inf")


class Submitted:
    """What submitit carries to the cluster: the worker for a run folder, and how it goes on after it was displaced.

    goes_on: whether it does.
    """

    def __init__(self, folder: str, goes_on: bool) -> None:
        self.folder, self.goes_on = folder, goes_on

    def __call__(self) -> None:
        from submitit.helpers import TorchDistributedEnvironment

        from ser_core.jobs.worker import follow, work

        run = Run(Path(self.folder))
        with output_path(run).open("ab") as output:
            for stream in (1, 2):
                os.dup2(output.fileno(), stream)
        processes = TorchDistributedEnvironment()
        if processes.world_size == 1:
            work(run)
            return
        processes.export(set_cuda_visible_devices=False, overwrite=True)
        if processes.rank > 0:
            follow(run)
        elif work(run) or not run.done:
            raise SystemExit("The first process has ended, and so do the others.")  # see `parameters`

    def checkpoint(self) -> Any:
        """The run folder holds every epoch: the same again is all it takes.

        Called in the midst of the training.  Raises Stopped where the job is not to go on by itself.
        """
        from submitit.helpers import DelayedSubmission

        from ser_core.jobs.watch import Stopped

        if not self.goes_on:
            raise Stopped("Its time on the cluster was over, or it was displaced: resume it.")
        return DelayedSubmission(self)


class Slurm:
    """The cluster that this computer can submit to."""

    def start(self, run: Run, order: Order) -> None:
        """Raises JobError in one sentence where there is no SLURM, or it refuses."""
        import submitit

        try:
            executor = submitit.SlurmExecutor(folder=run.folder / "slurm", max_num_timeout=REQUEUES)
        except RuntimeError as error:
            raise JobError("There is no SLURM here (srun is missing): launch it on this computer.") from error
        cluster = order.cluster or Cluster()
        executor.update_parameters(**parameters(run, cluster))
        try:
            submitted = executor.submit(Submitted(str(run.folder), cluster.requeue))
        except (submitit.core.utils.FailedJobError, subprocess.SubprocessError, OSError) as error:
            raise JobError(f"SLURM refused the job: {str(error).strip().splitlines()[-1]}") from error
        write_text(_id_path(run), submitted.job_id + "\n")
        _forget()

    def sight(self, run: Run) -> Sight:
        number = _job_id(run)
        if not number:
            return Sight(alive=False, gone="Its launch was broken off before SLURM had it: resume it.")
        try:
            state, reason = line().get(number) or (last_state(number), "")
        except JobError as error:  # who cannot be asked has not said that it is over
            return Sight(alive=True, note=str(error))
        if state in WAITING:
            return Sight(alive=True, waits=f"It waits in SLURM's line as job {number} ({reason or state}).")
        if state in AT_WORK:
            return Sight(alive=True)
        return Sight(alive=False, gone=ENDS.get(state, f"SLURM's job {number} is gone ({state}): resume it."))

    def withdraw(self, run: Run) -> None:
        """Take it out of SLURM's line; once it runs, the worker reads the stop file itself."""
        if self.sight(run).waits:
            self.kill(run)

    def kill(self, run: Run) -> None:
        ask("scancel", _job_id(run))
        _forget()

    def wait(self, run: Run, seconds: float) -> bool:
        pause, until = threading.Event(), time.monotonic() + seconds
        while self.sight(run).alive:
            if time.monotonic() >= until:
                return False
            pause.wait(min(FRESH, seconds))
            _forget()
        return True


def parameters(run: Run, cluster: Cluster) -> dict[str, Any]:
    """What sbatch is told, in submitit's names."""
    asked: dict[str, Any] = {
        "job_name": f"ser-{run.folder.name}"[:64],
        "nodes": cluster.nodes,
        "ntasks_per_node": cluster.processes or max(1, cluster.gpus),
        "cpus_per_task": cluster.cpus,
        "time": cluster.minutes,
        "signal_delay_s": min(WARNING, 30 * cluster.minutes),
        "setup": [f"unset {name}" for name in SECRETS],
        "srun_args": ["--kill-on-bad-exit=1"],  # processes that wait for one that has ended would wait for ever
        "additional_parameters": {"chdir": str(PROJECT), "requeue" if cluster.requeue else "no-requeue": True},
    }
    if cluster.partition:
        asked["partition"] = cluster.partition
    if cluster.gpus:
        asked["gpus_per_node"] = cluster.gpus
    if cluster.memory_gb:
        asked["mem"] = f"{cluster.memory_gb}GB"
    return asked


def line() -> dict[str, tuple[str, str]]:
    """Number of each job that SLURM still has -> its state and the reason of that; asked every few seconds.

    Raises JobError where SLURM does not answer.
    """
    global _line, _asked
    with _guard:
        if time.monotonic() - _asked > FRESH:
            rows = (row.split("|", 2) for row in ask("squeue", "-h", "-a", "-o", "%i|%T|%r").splitlines())
            _line = {row[0]: (row[1], row[2]) for row in rows if len(row) == 3}
            for number in _line:
                _ended.pop(number, None)
            _asked = time.monotonic()
        return _line


def last_state(number: str) -> str:
    """How a job that has left the line ended, UNKNOWN where neither sacct nor scontrol remembers it."""
    if number in _ended:
        return _ended[number]
    for question in (
        partial(ask, "sacct", "-n", "-X", "-P", "-j", number, "-o", "State"),
        partial(ask, "scontrol", "show", "job", "--oneliner", number),
    ):
        try:
            answer = question().strip()
        except JobError:
            continue
        state = answer.partition("JobState=")[2] or answer  # "CANCELLED by 1000" in sacct
        if state:
            word = state.split()[0]
            if word not in (*WAITING, *AT_WORK):
                _ended[number] = word
            return word
    return "UNKNOWN"


def ask(*command: str) -> str:
    """Raises JobError where SLURM does not answer."""
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout
    except subprocess.CalledProcessError as error:
        last = (error.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise JobError(f"SLURM does not answer {command[0]}: {last}.") from error
    except (OSError, subprocess.SubprocessError) as error:
        raise JobError(f"SLURM does not answer {command[0]}.") from error


def _forget() -> None:
    global _asked
    with _guard:
        _asked = float("-inf")


def _id_path(run: Run) -> Path:
    return run.folder / "slurm.txt"


def _job_id(run: Run) -> str:
    try:
        return _id_path(run).read_text(encoding="ascii").strip()
    except (OSError, UnicodeError):
        return ""
