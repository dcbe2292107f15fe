"""The epochs of a stage, and the weights of the best one so far."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from safetensors.torch import save as save_tensors

from ser_core.models import System
from ser_core.training.objectives import Row, number


@dataclass
class History:
    """rows: one per epoch.  best: the row that is kept, weights: of that epoch, as safetensors."""

    rows: list[Row] = field(default_factory=list)
    best: Row | None = None
    weights: bytes = b""

    def add(self, row: Row, model: System, better: Callable[[Row], tuple[float, ...]]) -> None:
        """Note an epoch; keep the weights where it is the best so far."""
        self.rows.append(row)
        if self.best is None or better(row) > better(self.best):
            self.best, self.weights = row, save_tensors(model.weights())

    def stopped_early(self, patience: int | None) -> bool:
        return (
            patience is not None and self.best is not None and len(self.rows) - number(self.best, "epoch") >= patience
        )


def in_words(row: Row) -> Iterator[str]:
    """An epoch for the log."""
    yield f"training loss {number(row, 'train_loss'):.3f}"
    if row["validation_loss"] is not None:
        yield f"validation loss {number(row, 'validation_loss'):.3f}"
    if row["validation_ua"] is not None:
        yield f"validation UA {100 * number(row, 'validation_ua'):.1f} %"
    yield f"{number(row, 'seconds'):.0f} s"
