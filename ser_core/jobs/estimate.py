"""What a run will cost, asked of a child process that makes a few steps of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ser_core.jobs.child import Question, ask
from ser_core.jobs.folder import Note
from ser_core.jobs.local import default_threads
from ser_core.permission import Permission
from ser_core.recipes import Recipe

SECONDS = 300.0  # after which a child is given up


class Estimate(Note):
    """All stages and epochs together; early stopping may end it sooner, another job on the device makes it longer.

    memory: bytes on the device; on the processor, of the whole process.  available: what there is of it just now.
    """

    seconds: float
    seconds_per_epoch: float
    steps_per_epoch: int
    clips: int
    segments: int
    memory: int
    available: int

    @property
    def fits(self) -> bool:
        return self.memory <= self.available


def estimate(recipe: Recipe, permission: Permission, device: str = "cpu", data: Path | None = None) -> Estimate:
    """A minute at most.  Raises NotAllowed; JobError where the recipe cannot run there, with the reason."""
    return answer(begin_estimate(recipe, permission, device, data))


def begin_estimate(recipe: Recipe, permission: Permission, device: str, data: Path | None) -> Question:
    """Let a child begin, for whoever has something else to do meanwhile; see `answer`.  Raises NotAllowed."""
    permission.require("estimate a training")
    return Question("estimate", _request(recipe, device, data))


def answer(question: Question) -> Estimate:
    """Raises JobError where the recipe cannot run there, with the reason."""
    return Estimate.model_validate(question.answer(SECONDS))


def fitting_batch(recipe: Recipe, device: str, data: Path | None) -> int:
    """The largest batch, halved from the recipe's own, with which a step fits on the device now; 0 where none does."""
    return int(ask("fitting", _request(recipe, device, data), SECONDS)["batch_size"])


def _request(recipe: Recipe, device: str, data: Path | None) -> dict[str, Any]:
    """With as many threads as a launch takes when nobody says how many."""
    about = {"recipe": recipe.model_dump(mode="json"), "device": device, "data": str(data) if data else None}
    return about | {"threads": default_threads()}
