"""The training loop, short enough to read aloud.

    for every epoch:  draw an order, take steps, look at the validation speakers, save everything
    the best epoch on the validation speakers is the one that is kept; the test speakers are never looked at here

An epoch draws all its chance from (seed, epoch), so a run that was killed goes on from its last complete epoch and
ends with the same weights as one that was not.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pickle import UnpicklingError
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.utils import set_seed
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor
from torch.optim.swa_utils import AveragedModel

from ser_core.errors import RunError
from ser_core.evaluation import Progress
from ser_core.files import write_bytes, write_json
from ser_core.models import System
from ser_core.recipes.schema import Recipe, TrainingSection
from ser_core.training.data import SegmentSet
from ser_core.training.memory import keep_freed_memory
from ser_core.training.mixup import mixup
from ser_core.training.objectives import Batch, Objective, Row, number
from ser_core.training.run import Run


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


def fit(
    model: System,
    recipe: Recipe,
    objective: Objective,
    training_set: Callable[[int], SegmentSet],
    validation: SegmentSet,
    run: Run,
    progress: Progress,
    device: torch.device,
) -> History:
    """Train `model` for one stage, as the recipe says; leaves it with the best epoch's weights, on the CPU.

    training_set: epoch number, counted from 0 -> the segments to train on (the same ones, or freshly augmented).
    Raises RunError where a loss is no longer a number.
    """
    settings, stage = recipe.training, objective.stage
    keep_freed_memory()
    cpu = device.type == "cpu"
    mixed = "no" if cpu or settings.precision == "float32" else "bf16"
    accelerator = Accelerator(cpu=cpu, mixed_precision=mixed)
    if accelerator.num_processes > 1:
        raise RunError("This loop trains in one process: start it without a launcher.")
    optimiser = torch.optim.Adam(model.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay)
    averaged: Any = running_mean(model.to(accelerator.device), settings.average)
    prepared, optimiser = accelerator.prepare(model, optimiser)
    accelerator.register_for_checkpointing(averaged)
    history, validation = resume(accelerator, run, stage), validation.stored_on(accelerator.device)
    for epoch in range(len(history.rows), settings.epochs):
        if history.stopped_early(settings.patience):
            run.log(f"{stage} stopped: nothing better on validation for {settings.patience} epochs")
            break
        began = time.monotonic()
        set_seed(1000 * recipe.seed + epoch)
        rate = learning_rate(settings, epoch)
        for group in optimiser.param_groups:
            group["lr"] = rate
        data = training_set(epoch).stored_on(accelerator.device)
        loss = train_epoch(prepared, optimiser, accelerator, data, recipe, objective, epoch, progress, averaged)
        row: Row = {"stage": stage, "epoch": epoch + 1, "learning_rate": rate, "train_loss": loss}
        row |= objective.judge(averaged.module, validation, accelerator.device)
        row["seconds"] = round(time.monotonic() - began, 1)
        if not all(math.isfinite(value) for value in row.values() if isinstance(value, float)):
            raise RunError(
                f"The loss of epoch {epoch + 1} is no longer a number: lower training.learning_rate and start anew."
            )
        history.add(row, averaged.module, objective.better)
        save(accelerator, history, run, stage)
        run.write_state(status="running", stage=stage, epoch=epoch + 1, epochs=settings.epochs, best=history.best)
        run.log(f"{stage}: epoch {epoch + 1}: " + ", ".join(in_words(row)))
    model.load_weights(load_tensors(history.weights))
    model.cpu()
    return history


def in_words(row: Row) -> Iterator[str]:
    """An epoch for the log."""
    yield f"training loss {number(row, 'train_loss'):.3f}"
    if row["validation_loss"] is not None:
        yield f"validation loss {number(row, 'validation_loss'):.3f}"
    if row["validation_ua"] is not None:
        yield f"validation UA {100 * number(row, 'validation_ua'):.1f} %"
    yield f"{number(row, 'seconds'):.0f} s"


def train_epoch(
    model: System,
    optimiser: torch.optim.Optimizer,
    accelerator: Accelerator,
    data: SegmentSet,
    recipe: Recipe,
    objective: Objective,
    epoch: int,
    progress: Progress,
    averaged: AveragedModel,
) -> float:
    """One pass over the segments in a random order.  Returns the mean loss."""
    model.train()
    settings, device = recipe.training, accelerator.device
    classes = len(recipe.labels)
    labels = data.segment_labels()
    weight = class_weight(labels, classes).to(device) if settings.balance else None
    smoothing = 0.0 if settings.mixup else settings.label_smoothing
    batches = torch.randperm(len(labels)).split(settings.batch_size)
    steps, losses = len(batches), []
    for done, batch in enumerate(batches, 1):
        if len(batch) < 2:  # batch norm needs two
            continue
        inputs, lengths = data.batch(batch, device)
        inputs, targets = mixup(inputs, labels[batch].to(device), classes, settings.mixup)
        loss = objective.loss(model, Batch(inputs, targets, lengths, weight, smoothing))
        optimiser.zero_grad()
        accelerator.backward(loss)
        optimiser.step()
        averaged.update_parameters(accelerator.unwrap_model(model))
        losses.append(loss.detach())
        what = f"{objective.stage}: epoch {epoch + 1} of {settings.epochs}"
        progress(what, epoch * steps + done, settings.epochs * steps)
    return float(torch.stack(losses).mean())


def running_mean(model: System, decay: float) -> AveragedModel:
    """A copy of the model that follows it: its running mean (Polyak), or with decay 0 the model as it is.

    The mean is short at first, so that the random start is soon forgotten; batch norm's statistics follow too.
    """

    def follow(mean: Tensor, now: Tensor, steps: Tensor | int) -> Tensor:
        share = min(decay, (1 + int(steps)) / (10 + int(steps)))
        return mean + (now - mean) * (1 - share)

    return AveragedModel(model, avg_fn=follow, use_buffers=True)


def learning_rate(settings: TrainingSection, epoch: int) -> float:
    """The rate of an epoch (counted from 0)."""
    start, schedule = settings.learning_rate, settings.schedule
    floor = min(start, schedule.floor)
    if schedule.kind == "constant":
        return start
    if schedule.kind == "exponential":
        return max(start * schedule.factor**epoch, floor)
    if schedule.kind == "step":
        return max(start * schedule.factor ** (epoch // schedule.every), floor)
    share = epoch / max(1, settings.epochs - 1)
    return floor + (start - floor) * 0.5 * (1 + math.cos(math.pi * share))


def class_weight(labels: Tensor, classes: int) -> Tensor:
    """Inverse frequency, mean 1 over the classes present, shape = (C,)."""
    counts = torch.bincount(labels, minlength=classes).float()
    present = (counts > 0).sum()
    return torch.where(counts > 0, len(labels) / (present * counts.clamp_min(1)), torch.zeros(()))


def save(accelerator: Accelerator, history: History, run: Run, stage: str) -> None:
    """Write the training state beside the old one, then make it the newest by a rename."""
    folder = run.folder / "resume" / stage / "writing"
    accelerator.save_state(str(folder))
    write_bytes(folder / "best.safetensors", history.weights)
    write_json(folder / "history.json", {"rows": history.rows, "best": history.best})
    run.commit_resume(stage, folder, len(history.rows))
    run.write_metrics(stage, history.rows)


def resume(accelerator: Accelerator, run: Run, stage: str) -> History:
    """Load the newest complete state of a stage, if there is one, and the history up to it."""
    folder = run.resume_folder(stage)
    if folder is None:
        return History()
    stored = run.read_json(folder / "history.json")
    try:
        accelerator.load_state(str(folder))
    except (RuntimeError, ValueError, KeyError, EOFError, SafetensorError, UnpicklingError) as error:
        raise RunError(f"The training state in {folder} is damaged: start anew in another folder.") from error
    run.log(f"{stage}: resumed after epoch {len(stored['rows'])}")
    return History(stored["rows"], stored["best"], (folder / "best.safetensors").read_bytes())
