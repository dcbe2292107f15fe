"""The training loop, short enough to read aloud.

    for every epoch:  draw an order, take steps, look at the validation speakers, save everything
    the best epoch on the validation speakers is the one that is kept; the test speakers are never looked at here

An epoch draws all its chance from (seed, epoch), so a run that was killed goes on from its last complete epoch and
ends with the same weights as one that was not.  Several processes (started by a launcher) share every batch: each takes
its part, and the gradients are those of the whole batch.  Only batch norm's statistics are then each process's own on
CPUs; on GPUs they are shared too.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.utils import DistributedDataParallelKwargs, set_seed
from safetensors.torch import load as load_tensors
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from ser_core.errors import RunError
from ser_core.evaluation import Progress
from ser_core.models import System
from ser_core.recipes.schema import Recipe
from ser_core.training.data import SegmentSet
from ser_core.training.history import History, in_words
from ser_core.training.memory import keep_freed_memory
from ser_core.training.mixup import mixup
from ser_core.training.objectives import CONFUSION, Batch, Objective, Row
from ser_core.training.resuming import resume, save
from ser_core.training.run import Run
from ser_core.training.schedule import class_weight, learning_rate


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
    if model.fill != "none":  # segments of every length would leave ever more pieces behind
        keep_freed_memory()
    cpu = device.type == "cpu"
    mixed = "no" if cpu or settings.precision == "float32" else "bf16"
    unused = DistributedDataParallelKwargs(find_unused_parameters=True)  # as the last layer is in feature matching
    accelerator = Accelerator(cpu=cpu, mixed_precision=mixed, kwargs_handlers=[unused])
    if accelerator.num_processes > 1 and not cpu:
        model = nn.SyncBatchNorm.convert_sync_batchnorm(model)
    optimiser = torch.optim.Adam(model.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay)
    averaged: Any = running_mean(model.to(accelerator.device), settings.average)
    prepared, optimiser = accelerator.prepare(Loss(model, objective), optimiser)
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
        loss = train_epoch(prepared, optimiser, accelerator, data, recipe, epoch, progress, averaged)
        row: Row = {"stage": stage, "epoch": epoch + 1, "learning_rate": rate, "train_loss": loss}
        row |= objective.judge(averaged.module, validation, accelerator.device)
        run.write_confusion(stage, epoch + 1, row.pop(CONFUSION, None))
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


class Loss(nn.Module):
    """Model and objective as one module, so that gradients are shared between processes whatever is called."""

    def __init__(self, model: System, objective: Objective) -> None:
        super().__init__()
        self.model, self.objective = model, objective

    def forward(self, batch: Batch) -> Tensor:
        return self.objective.loss(self.model, batch)


def train_epoch(
    step: nn.Module,
    optimiser: torch.optim.Optimizer,
    accelerator: Accelerator,
    data: SegmentSet,
    recipe: Recipe,
    epoch: int,
    progress: Progress,
    averaged: AveragedModel,
) -> float:
    """One pass over the segments in a random order.  Returns the mean loss."""
    step.train()
    objective, processes = accelerator.unwrap_model(step).objective, accelerator.num_processes
    settings, device = recipe.training, accelerator.device
    classes = len(recipe.labels)
    labels = data.segment_labels()
    weight = class_weight(labels, classes).to(device) if settings.balance else None
    smoothing = 0.0 if settings.mixup else settings.label_smoothing
    batches = torch.randperm(len(labels)).split(settings.batch_size)
    steps, losses = len(batches), []
    for done, batch in enumerate(batches, 1):
        if len(batch) < 2 * processes:  # batch norm needs two
            continue
        own = batch.tensor_split(processes)[accelerator.process_index]
        inputs, lengths = data.batch(own, device)
        inputs, targets = mixup(inputs, labels[own].to(device), classes, settings.mixup)
        loss = step(Batch(inputs, targets, lengths, weight, smoothing))
        optimiser.zero_grad()
        accelerator.backward(loss * (len(own) * processes / len(batch)))  # parts of unequal size count by their size
        optimiser.step()
        averaged.update_parameters(accelerator.unwrap_model(step).model)
        losses.append(loss.detach())
        what = f"{objective.stage}: epoch {epoch + 1} of {settings.epochs}"
        progress(what, epoch * steps + done, settings.epochs * steps)
    return float(accelerator.reduce(torch.stack(losses).mean(), "mean"))


def running_mean(model: System, decay: float) -> AveragedModel:
    """A copy of the model that follows it: its running mean (Polyak), or with decay 0 the model as it is.

    The mean is short at first, so that the random start is soon forgotten; batch norm's statistics follow too.
    """

    def follow(mean: Tensor, now: Tensor, steps: Tensor | int) -> Tensor:
        share = min(decay, (1 + int(steps)) / (10 + int(steps)))
        return mean + (now - mean) * (1 - share)

    return AveragedModel(model, avg_fn=follow, use_buffers=True)
