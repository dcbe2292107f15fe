"""What a place (this computer, a cluster) can say of a job, and what it can do with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ser_core.jobs.folder import Order
from ser_core.jobs.queue import Standing
from ser_core.training.run import Run


@dataclass(frozen=True)
class Sight:
    """alive: whether a process works on the run, or will.  gone: where not, what became of it.

    standing: in the line for a device.  waits: why it has not begun, in the place's own words.
    silent: seconds since its last sign of life.  note: what else there is to say.
    """

    alive: bool
    gone: str = ""
    standing: Standing | None = None
    waits: str = ""
    silent: float | None = None
    note: str = ""


class Place(Protocol):
    """Where jobs run."""

    def start(self, run: Run, order: Order) -> None:
        """Make a worker start on a run, now or in its turn.  Raises JobError where that is refused."""

    def sight(self, run: Run) -> Sight: ...

    def withdraw(self, run: Run) -> None:
        """Take it out of a line in which nobody reads its stop file."""

    def kill(self, run: Run) -> None:
        """End it at once."""

    def wait(self, run: Run, seconds: float) -> bool:
        """Wait for its end.  Returns whether it has ended."""
