"""A run folder that tells somebody else of every epoch: TensorBoard, or a search that may give the run up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ser_core.errors import JobError
from ser_core.training.run import Run

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

Told = Callable[[str, list[dict[str, Any]]], None]


def to_nobody(stage: str, rows: list[dict[str, Any]]) -> None:
    """Where nothing needs to be told."""


@dataclass(frozen=True)
class ReportingRun(Run):
    """told: called as told(stage, its epochs so far) when an epoch is on disk; what it raises ends the training."""

    told: Told = field(default=to_nobody)

    def write_metrics(self, stage: str, rows: list[dict[str, Any]]) -> None:
        super().write_metrics(stage, rows)
        self.told(stage, rows)


def tensorboard_there() -> bool:
    """Whether event files can be written here."""
    try:
        from torch.utils.tensorboard import SummaryWriter  # noqa: F401
    except ImportError:
        return False
    return True


def to_tensorboard(run: Run) -> ReportingRun:
    """The same run, with event files in its folder `tensorboard`; a resumed one begins a file of its own.

    Raises JobError where the package is missing.
    """
    if not tensorboard_there():
        raise JobError("Event files need the package tensorboard: pip install tensorboard, or launch it without them.")
    from torch.utils.tensorboard import SummaryWriter

    writer: SummaryWriter = SummaryWriter(str(run.folder / "tensorboard"))
    written: dict[str, int] = {}

    def tell(stage: str, rows: list[dict[str, Any]]) -> None:
        for number, row in enumerate(rows[written.get(stage, 0) :], 1 + written.get(stage, 0)):
            for name, value in row.items():
                if isinstance(value, int | float) and name != "epoch":
                    writer.add_scalar(f"{stage}/{name}", value, number)
        written[stage] = len(rows)
        writer.flush()

    return ReportingRun(run.folder, tell)
