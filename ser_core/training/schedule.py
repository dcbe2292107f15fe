"""What follows from a recipe's numbers: the learning rate of an epoch, the weight of a class."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ser_core.recipes.schema import TrainingSection


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
