"""What a job keeps in its run folder beside what the training writes there.

job.json         what was asked for: where, on which device, from which data     written by who launches
process.json     which process works on it                                       written at its start
heartbeat.json   what it is doing, how far it is, written every few seconds      written by the worker
stop             there while somebody wants it to stop                           written by who cancels
environment.json commands, package versions and devices, one entry per start     written by the worker
output.txt       what the worker printed, bounded                                the worker's stdout and stderr
.lock            held by the worker, so that two never work on one run
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ser_core.errors import JobError
from ser_core.files import write_text
from ser_core.jobs.process import Process
from ser_core.training.run import Run

Device = Annotated[str, Field(pattern=r"^(cpu|cuda(:\d{1,3})?)$")]
Place = Literal["local", "slurm"]
Kind = TypeVar("Kind", bound=BaseModel)


class Note(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Cluster(Note):
    """What SLURM is asked for.

    minutes: SLURM ends the job after so many.  requeue: it goes on by itself when it was displaced or ran out of time.
    """

    partition: str = Field(
        "", pattern=r"^[\w.,-]{0,64}$",
        description="Empty: the cluster's usual one. Several, with commas: the first that is free.",
    )  # fmt: skip
    nodes: int = Field(1, ge=1, le=64)
    gpus: int = Field(1, ge=0, le=64, description="GPUs per node; 0 trains on the processor.")
    processes: int = Field(0, ge=0, le=64, description="Per node; they share every batch.  0: one for each GPU.")
    cpus: int = Field(4, ge=1, le=512, description="Processor cores per process.")
    memory_gb: int = Field(0, ge=0, le=10_000, description="Memory per node; 0: the cluster's own rule.")
    minutes: int = Field(24 * 60, ge=1, le=60 * 24 * 60)
    requeue: bool = True


class Axis(Note):
    """What one field of the recipe may be in a search: one of `choices`, or a number from `low` to `high`.

    log: drawn evenly by its logarithm.  whole: integers only.
    """

    choices: tuple[bool | int | float | str, ...] = ()
    low: float | None = None
    high: float | None = None
    log: bool = False
    whole: bool = False

    @model_validator(mode="after")
    def _check(self) -> Axis:
        if self.choices and self.low is None and self.high is None:
            return self
        if self.choices or self.low is None or self.high is None or not self.low < self.high:
            raise ValueError("give choices, or a low and a higher bound")
        if self.log and self.low <= 0:
            raise ValueError("a logarithmic range begins above 0")
        return self


class Search(Note):
    """A hyper-parameter search.  space: field of the recipe, e.g. "training.learning_rate" -> what it may be.

    pruning: give up a trial whose validation UA falls behind the median of the others.
    """

    space: dict[str, Axis] = Field(min_length=1, max_length=20)
    trials: int = Field(20, ge=1, le=1000)
    pruning: bool = True
    seed: int = Field(0, ge=0)


class Order(Note):
    """What was asked for.  threads: of the processor.  by: a visitor of an open server, empty for whoever runs it.

    launcher: who started the worker; it answers for the job until the worker itself does.
    sweep: name of the launch that it is one line of; changes: what this line changes, e.g. "seed=2".
    search: what a hyper-parameter search tries, where it is one.  tensorboard: write event files for it, too.
    """

    place: Place = "local"
    device: Device = "cpu"
    data: str | None = None
    threads: int = Field(1, ge=1)
    by: str = ""
    launched: str
    launcher: Process
    cluster: Cluster | None = None
    sweep: str = ""
    changes: tuple[str, ...] = ()
    search: Search | None = None
    tensorboard: bool = False


class Beat(Note):
    """A sign of life.  moment: seconds on the computer's own monotonic clock.

    rate: steps per second since this process began with the stage.  left: seconds, of this stage.
    load: busy share of the GPU, or of the threads on the processor.  memory: bytes that the process holds there.
    """

    what: str
    done: int
    total: int
    moment: float
    rate: float | None
    left: float | None
    device: str
    load: float | None = None
    memory: int | None = None


def checked(kind: type[Kind], **values: Any) -> Kind:
    """A note from values that somebody typed.  Raises JobError that names the first one that does not fit, and why."""
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        if field == "device":
            raise JobError(f"There is no device {values['device']!r}: choose cpu, cuda, or cuda:N.") from error
        raise JobError(f"The job's {field}: {first['msg']}.") from error


def write_note(path: Path, note: BaseModel) -> None:
    write_text(path, note.model_dump_json(indent=1) + "\n")


def read_note(path: Path, kind: type[Kind]) -> Kind | None:
    """A note, None where there is none.  Raises JobError where it is damaged."""
    try:
        return kind.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise JobError(f"{path} is damaged: delete the job, or clone it.") from error


def last_beat(run: Run) -> Beat | None:
    """The last sign of life.  It only describes: one that is damaged, or of another version, is none."""
    try:
        return read_note(beat_path(run), Beat)
    except JobError:
        return None


def order_path(run: Run) -> Path:
    return run.folder / "job.json"


def process_path(run: Run) -> Path:
    return run.folder / "process.json"


def beat_path(run: Run) -> Path:
    return run.folder / "heartbeat.json"


def stop_path(run: Run) -> Path:
    return run.folder / "stop"


def output_path(run: Run) -> Path:
    return run.folder / "output.txt"


def lock(run: Run, timeout: float = 0) -> FileLock:
    return FileLock(run.folder / ".lock", timeout=timeout)


def attended(run: Run) -> bool:
    """Whether a process works on this run, or is just being started for it."""
    worker = read_note(process_path(run), Process)
    if worker is None:
        order = read_note(order_path(run), Order)
        worker = order.launcher if order else None
    if worker is None:
        return False
    return worker.alive if worker.here else locked(run)


def locked(run: Run) -> bool:
    """Whether some process, perhaps of another computer on the same disk, holds the run."""
    try:
        with lock(run):
            return False
    except Timeout:
        return True
    except OSError:  # a folder that cannot be written
        return False
