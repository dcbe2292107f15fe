"""A job as its run folder tells it: what state it is in, how far, and why."""

from __future__ import annotations

import csv
import os
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ValidationError

from ser_core.errors import JobError, SpeechEmotionError
from ser_core.files import runs_folder
from ser_core.jobs.folder import Order, last_beat, locked, order_path, output_path, read_note, stop_path
from ser_core.jobs.local import Local
from ser_core.jobs.logs import tail
from ser_core.jobs.sight import Place, Sight
from ser_core.recipes import Recipe
from ser_core.training.run import Run

State = Literal["queued", "running", "stopping", "done", "failed", "cancelled", "lost"]
LAST_WORDS: tuple[State, ...] = ("done", "failed", "cancelled")
ENDED: tuple[State, ...] = (*LAST_WORDS, "lost")
SILENT = 300.0  # seconds without a sign of life that are worth a word


@dataclass(frozen=True)
class Status:
    """reason: why it is in this state, in words, empty where there is nothing to say.

    device: it runs on or waits for.  place: in line for it, 1 is the next.  what: it is doing, done of total.
    epoch of epochs: of its stage.  seconds_left: of its stage, by what it took so far.  rate: steps per second.
    metrics: its last row, numbers only.  fits: a training.batch_size that would have fitted, where memory ran out.
    load, memory: see `Beat`.  kept: name under which its checkpoint was kept.
    """

    state: State
    reason: str = ""
    device: str = ""
    place: int | None = None
    what: str = ""
    done: int = 0
    total: int = 0
    stage: str = ""
    epoch: int = 0
    epochs: int = 0
    seconds_left: float | None = None
    rate: float | None = None
    metrics: dict[str, float] = field(default_factory=dict)
    fits: int | None = None
    load: float | None = None
    memory: int | None = None
    kept: str = ""

    @property
    def ended(self) -> bool:
        return self.state in ENDED


class Stored(BaseModel):
    """What state.json says that is used here."""

    status: str = ""
    reason: str = ""
    stage: str = ""
    epoch: int = 0
    epochs: int = 0
    fits: int | None = None
    kept: str = ""


def stored_state(run: Run) -> Stored:
    """Raises RunError or JobError where the file is damaged."""
    try:
        return Stored.model_validate(run.state())
    except ValidationError as error:
        raise JobError(f"{run.folder / 'state.json'} is damaged: clone the job and start anew.") from error


@dataclass(frozen=True)
class Job:
    """A run that was launched; its id is the name of its folder."""

    run: Run

    @property
    def id(self) -> str:
        return self.run.folder.name

    @cached_property
    def order(self) -> Order | None:
        """What was asked for, None for a run that was started by hand.  Raises JobError where it is damaged."""
        return read_note(order_path(self.run), Order)

    @property
    def place(self) -> Place:
        """Raises JobError where its order is damaged."""
        if self.order and self.order.place == "slurm":
            from ser_core.jobs.slurm import Slurm

            return Slurm()
        return Local()

    @property
    def owner(self) -> str:
        """Who launched it, see `Order.by`; a job whose order is damaged belongs to whoever runs the server."""
        try:
            return self.order.by if self.order else ""
        except JobError:
            return ""

    def recipe(self) -> Recipe:
        """Raises RecipeError where it was edited into something that is none."""
        return self.run.recipe()

    def status(self) -> Status:
        """Read from the folder at this moment; never raises, whatever stands in it and whosever it is."""
        try:
            return self._status()
        except SpeechEmotionError as error:
            reason = str(error)
        except Exception as error:  # one folder must not hide all others
            reason = f"{self.run.folder} cannot be read ({type(error).__name__}: {error})."
        # Its notes are damaged; whether somebody works on it can be seen all the same.
        return Status("running" if locked(self.run) else "failed", reason)

    def _status(self) -> Status:
        stored, sight = stored_state(self.run), Sight(alive=False)
        if stored.status not in LAST_WORDS:
            sight = self.place.sight(self.run)
            stored = stored_state(self.run)  # again: who was seen to be gone has said its last word by now
        last = "done" if self.run.done and not sight.alive else stored.status  # it may have died before its last word
        state = _state(last, sight, stop_path(self.run).exists())
        beat = last_beat(self.run) if state in ("running", "stopping") else None
        stages = list(self.metrics().values())
        return Status(
            state,
            _reason(state, stored, sight),
            device=(beat.device if beat else "") or _device(sight, self.order),
            place=sight.standing.place if sight.standing else None,
            what=beat.what if beat else "",
            done=beat.done if beat else 0,
            total=beat.total if beat else 0,
            stage=stored.stage,
            epoch=stored.epoch,
            epochs=stored.epochs,
            seconds_left=beat.left if beat else None,
            rate=beat.rate if beat else None,
            metrics=stages[-1][-1] if stages else {},
            fits=stored.fits,
            load=beat.load if beat else None,
            memory=beat.memory if beat else None,
            kept=stored.kept,
        )

    def metrics(self) -> dict[str, list[dict[str, float]]]:
        """Stage -> its epochs, see `Run.metrics`; empty where the table is damaged."""
        try:
            return self.run.metrics()
        except (OSError, ValueError, TypeError, LookupError, csv.Error):
            return {}

    def log(self, lines: int = 200) -> str:
        """What happened, in sentences, the last lines of it."""
        return tail(self.run.folder / "log.txt", lines)

    def output(self, lines: int = 200) -> str:
        """What the worker printed: warnings of libraries, and the traceback where a defect ended it."""
        return tail(output_path(self.run), lines)


def list_jobs(runs: Path | None = None) -> list[Job]:
    """Every run, the newest first.  runs: the folder that holds them, by default SER_RUNS."""
    folder = (runs or runs_folder()).resolve()
    if not folder.is_dir():
        return []
    found = [
        path for path in folder.iterdir() if not path.name.startswith(".") and os.path.isfile(path / "recipe.toml")
    ]
    return [Job(Run(path)) for path in sorted(found, key=_launched, reverse=True)]


def get_job(name: str, runs: Path | None = None) -> Job:
    """Raises JobError where there is no such job."""
    folder = (runs or runs_folder()).resolve() / name
    plain = os.path.basename(name) == name and not name.startswith(".")
    if not plain or not os.path.isfile(folder / "recipe.toml"):  # unlike Path.is_file it does not mind an endless name
        raise JobError(f"There is no job {name!r}: list them with `python -m ser_core jobs list`.")
    return Job(Run(folder))


def _state(stored: str, sight: Sight, asked_to_stop: bool) -> State:
    """What the folder says, corrected by what can be seen."""
    for last in LAST_WORDS:
        if stored == last:  # a process that is still there is on its way out
            return last
    if not sight.alive:
        return "cancelled" if asked_to_stop else "lost"
    if asked_to_stop:
        return "stopping"
    return "queued" if stored == "queued" or sight.standing or sight.waits else "running"


def _reason(state: State, stored: Stored, sight: Sight) -> str:
    if state == "lost":
        return sight.gone
    if state == "stopping":
        return "It was asked to stop and ends after the step it is in."
    if state == "cancelled" and stored.status == "queued":
        return "It was taken out of the line before it began."
    if state == "cancelled" and stored.status != "cancelled":
        return "It was asked to stop, and then killed."
    if sight.note:
        return sight.note
    if state == "queued":
        return _waits(sight)
    if state == "running" and sight.silent is not None and sight.silent > SILENT:
        return f"It lives, but has not said anything for {sight.silent / 60:.0f} minutes."
    return stored.reason


def _waits(sight: Sight) -> str:
    if sight.standing is None:
        return sight.waits or "It is starting."
    behind = f", behind {sight.standing.behind}" if sight.standing.behind else ""
    return f"{ordinal(sight.standing.place)} in line for {sight.standing.device}{behind}."


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th, ..."""
    teen = 10 <= number % 100 <= 20
    return f"{number}{'th' if teen else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


def _device(sight: Sight, order: Order | None) -> str:
    if sight.standing:
        return sight.standing.device
    if order and order.place == "slurm":
        return "slurm"  # which gives it a device when it begins
    return order.device if order else ""


def _launched(folder: Path) -> tuple[str, str]:
    try:
        order = read_note(order_path(Run(folder)), Order)
    except JobError:
        order = None
    return (order.launched if order else "", folder.name)
