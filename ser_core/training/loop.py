"""The training loop, short enough to read aloud.

    for every epoch:  draw an order, take steps, look at the validation speakers, save everything
    the best epoch on validation UA is the one that is kept; the test speakers are never looked at here

An epoch draws all its chance from (seed, epoch), so a run that was killed goes on from its last complete epoch and
ends with the same weights as one that was not.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from accelerate import Accelerator
from accelerate.utils import set_seed
from safetensors.torch import save as save_tensors
from torch import Tensor
from torch.optim.swa_utils import AveragedModel

from ser_core.evaluation import Progress, score
from ser_core.files import write_bytes, write_json
from ser_core.models import System
from ser_core.recipes.schema import Recipe, ScheduleSection
from ser_core.training.data import SegmentSet
from ser_core.training.mixup import mixup
from ser_core.training.run import Run

EVALUATION_BATCH = 64


def fit(
    model: System,
    recipe: Recipe,
    training_set: Callable[[int], SegmentSet],
    validation: SegmentSet,
    run: Run,
    progress: Progress,
    device: str = "cpu",
) -> dict[str, Any]:
    """Train `model` as the recipe says; leaves the best epoch's weights in `best.safetensors` of the run.

    training_set: epoch number -> the segments to train on (the same ones, or freshly augmented).
    Returns the history: {"rows": one dict per epoch, "best": the row that was kept}.
    """
    accelerator = Accelerator(cpu=device == "cpu")
    optimiser = torch.optim.Adam(
        model.parameters(), lr=recipe.training.learning_rate, weight_decay=recipe.training.weight_decay
    )
    averaged: Any = running_mean(model.to(accelerator.device), recipe.training.average)
    model, optimiser = accelerator.prepare(model, optimiser)
    accelerator.register_for_checkpointing(averaged)
    history = resume(accelerator, run)
    for epoch in range(len(history["rows"]), recipe.training.epochs):
        if finished_early(history, recipe):
            run.log(f"stopped: no better validation UA for {recipe.training.patience} epochs")
            break
        began = time.monotonic()
        set_seed(1000 * recipe.seed + epoch)
        rate = learning_rate(recipe.training.learning_rate, recipe.training.schedule, epoch)
        for group in optimiser.param_groups:
            group["lr"] = rate
        loss = train_epoch(model, optimiser, accelerator, training_set(epoch), recipe, epoch, progress, averaged)
        row = {"epoch": epoch + 1, "learning_rate": rate, "train_loss": loss}
        row |= validate(averaged.module, validation, accelerator.device)
        row["seconds"] = round(time.monotonic() - began, 1)
        if not math.isfinite(loss):
            raise FloatingPointError("the training loss is no longer a number: lower the learning rate")
        history["rows"].append(row)
        if history["best"] is None or better(row, history["best"]):
            history["best"] = row
            write_bytes(run.folder / "best.safetensors", save_tensors(averaged.module.weights()))
        save(accelerator, history, run, epoch)
        run.write_state(status="running", epoch=epoch + 1, epochs=recipe.training.epochs, best=history["best"])
        run.log(
            f"epoch {epoch + 1}: training loss {loss:.3f}, validation UA {100 * row['validation_ua']:.1f} %, "
            f"{row['seconds']:.0f} s"
        )
    return history


def train_epoch(
    model: System,
    optimiser: torch.optim.Optimizer,
    accelerator: Accelerator,
    data: SegmentSet,
    recipe: Recipe,
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
    batches = torch.randperm(len(labels)).split(settings.batch_size)
    losses = []
    for done, batch in enumerate(batches, 1):
        if len(batch) < 2:  # batch norm needs two
            continue
        own = batch[accelerator.process_index :: accelerator.num_processes]
        inputs, targets = mixup(data.features[own].to(device), labels[own].to(device), classes, settings.mixup)
        smoothing = 0.0 if settings.mixup else settings.label_smoothing
        loss = F.cross_entropy(model(inputs), targets, weight=weight, label_smoothing=smoothing)
        optimiser.zero_grad()
        accelerator.backward(loss)
        optimiser.step()
        averaged.update_parameters(accelerator.unwrap_model(model))
        losses.append(loss.detach())
        progress(f"epoch {epoch + 1} of {settings.epochs}", done, len(batches))
    return float(torch.stack(losses).mean())


@torch.no_grad()
def validate(model: System, data: SegmentSet, device: torch.device) -> dict[str, float]:
    """Loss, WA and UA over whole clips (mean of segment logits)."""
    logits = clip_outputs(model, data, device)
    scores = score(data.label.numpy(), logits.argmax(1).numpy())
    loss = float(F.cross_entropy(logits, data.label))
    return {"validation_loss": loss, "validation_wa": scores.wa, "validation_ua": scores.ua}


@torch.no_grad()
def clip_outputs(model: System, data: SegmentSet, device: torch.device) -> Tensor:
    """Mean logits of each clip's segments, shape = (clips, C)."""
    model.eval()
    logits = torch.cat([model(part.to(device)).float().cpu() for part in data.features.split(EVALUATION_BATCH)])
    return clip_means(logits, data.clip, len(data.label))


def clip_means(values: Tensor, clip: Tensor, clips: int) -> Tensor:
    """Mean over the segments of each clip.  [N, K] -> [clips, K]."""
    total = torch.zeros(clips, values.shape[1]).index_add_(0, clip, values)
    return total / torch.bincount(clip, minlength=clips)[:, None]


def running_mean(model: System, decay: float) -> AveragedModel:
    """A copy of the model that follows it: its running mean (Polyak), or with decay 0 the model as it is.

    The mean is short at first, so that the random start is soon forgotten; batch norm's statistics follow too.
    """

    def follow(mean: Tensor, now: Tensor, steps: Tensor | int) -> Tensor:
        share = min(decay, (1 + int(steps)) / (10 + int(steps)))
        return mean + (now - mean) * (1 - share)

    return AveragedModel(model, avg_fn=follow, use_buffers=True)


def learning_rate(start: float, schedule: ScheduleSection, epoch: int) -> float:
    """The rate of an epoch (counted from 0)."""
    if schedule.kind == "constant":
        return start
    if schedule.kind == "exponential":
        return max(start * schedule.factor**epoch, min(start, schedule.floor))
    if schedule.kind == "step":
        return max(start * schedule.factor ** (epoch // schedule.every), min(start, schedule.floor))
    share = min(1.0, epoch / max(1, schedule.every))
    return schedule.floor + (start - schedule.floor) * 0.5 * (1 + math.cos(math.pi * share))


def class_weight(labels: Tensor, classes: int) -> Tensor:
    """Inverse frequency, mean 1 over the classes present, shape = (C,)."""
    counts = torch.bincount(labels, minlength=classes).float()
    present = (counts > 0).sum()
    return torch.where(counts > 0, len(labels) / (present * counts.clamp_min(1)), torch.zeros(()))


def better(row: dict[str, float], best: dict[str, float]) -> bool:
    """Higher validation UA; between equals the lower loss."""
    return (row["validation_ua"], -row["validation_loss"]) > (best["validation_ua"], -best["validation_loss"])


def finished_early(history: dict[str, Any], recipe: Recipe) -> bool:
    patience, best = recipe.training.patience, history["best"]
    return patience is not None and best is not None and history["rows"][-1]["epoch"] - best["epoch"] >= patience


def save(accelerator: Accelerator, history: dict[str, Any], run: Run, epoch: int) -> None:
    """Write the training state beside the old one, then make it the newest by a rename."""
    folder = run.folder / "resume" / "writing"
    accelerator.save_state(str(folder))
    write_json(folder / "history.json", history)
    run.commit_resume(folder, epoch)
    run.write_metrics(history["rows"])


def resume(accelerator: Accelerator, run: Run) -> dict[str, Any]:
    """Load the newest complete state, if there is one, and the history up to it."""
    folder = run.resume_folder()
    if folder is None:
        return {"rows": [], "best": None}
    accelerator.load_state(str(folder))
    history = json.loads((folder / "history.json").read_text(encoding="utf-8"))
    run.log(f"resumed after epoch {len(history['rows'])}")
    return history
