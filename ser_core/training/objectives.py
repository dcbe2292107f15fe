"""What a stage of training minimises, and by what its epochs are judged.

Classification       cross entropy of a segment's logits; judged by UA over the clips of the validation speakers
Feature matching     mean absolute difference between what student and teacher hand to their last layer (L1), the
                     teacher frozen; judged by that difference on the validation speakers
Transfer             cross entropy + weight * L1: the last stage of knowledge transfer (paper 003, weight 10)
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from ser_core.evaluation import confusion, score
from ser_core.models import System
from ser_core.recipes.schema import TrainingSection
from ser_core.training.data import SegmentSet

Row = dict[str, float | str | None]
CONFUSION = "validation_confusion"  # of a judged epoch: counts as JSON, rows what was acted; not kept in the table


@dataclass(frozen=True)
class Batch:
    """inputs: features [B, rows, frames].  targets: label distributions [B, C].  lengths: see `SegmentSet`."""

    inputs: Tensor
    targets: Tensor
    lengths: Tensor | None
    weight: Tensor | None
    smoothing: float


@dataclass(frozen=True)
class Objective:
    """stage: its name in the run folder and on the progress bar.  loss: of a batch.

    judge: validation figures of an epoch.  better: of those, what is to grow; epochs compare by it.
    """

    stage: str
    loss: Callable[[System, Batch], Tensor]
    judge: Callable[[System, SegmentSet, torch.device], Row]
    better: Callable[[Row], tuple[float, ...]]


def entropy(logits: Tensor, batch: Batch) -> Tensor:
    """Cross entropy of segment logits [B, C]."""
    return F.cross_entropy(logits, batch.targets, weight=batch.weight, label_smoothing=batch.smoothing)


@torch.no_grad()
def accuracy(model: System, data: SegmentSet, device: torch.device) -> Row:
    """Loss, WA and UA over whole clips (mean of segment logits)."""
    logits = clip_outputs(model, data, device)
    truth, heard = data.label.numpy(), logits.argmax(1).numpy()
    scores = score(truth, heard)
    loss = float(F.cross_entropy(logits, data.label))
    return {
        "validation_loss": loss,
        "validation_wa": scores.wa,
        "validation_ua": scores.ua,
        "validation_wf1": scores.wf1,
        CONFUSION: json.dumps(confusion(truth, heard, logits.shape[1]).tolist()),
    }


def unjudged(model: System, data: SegmentSet, device: torch.device) -> Row:
    """Where the last epoch is kept, nothing is looked at."""
    return dict.fromkeys(("validation_loss", "validation_wa", "validation_ua", "validation_wf1"))


def higher(score: str) -> Callable[[Row], tuple[float, ...]]:
    """Higher UA, WA or mean of both, between equals the lower loss.  Without any, the later epoch."""

    def better(row: Row) -> tuple[float, ...]:
        if row["validation_ua"] is None:
            return (number(row, "epoch"),)
        ua, wa = number(row, "validation_ua"), number(row, "validation_wa")
        return {"ua": ua, "wa": wa, "mean": (ua + wa) / 2}[score], -number(row, "validation_loss")

    return better


def number(row: Row, name: str) -> float:
    value = row[name]
    if not isinstance(value, int | float):
        raise TypeError(f"{name} is no number: {value!r}")
    return float(value)


def classification(settings: TrainingSection, stage: str = "training") -> Objective:
    def loss(model: System, batch: Batch) -> Tensor:
        return entropy(model(batch.inputs, batch.lengths), batch)

    return Objective(stage, loss, judge_of(settings), higher(settings.best_by))


def judge_of(settings: TrainingSection) -> Callable[[System, SegmentSet, torch.device], Row]:
    return unjudged if settings.choose == "last" else accuracy


def feature_matching(settings: TrainingSection, teacher: System) -> Objective:
    """The student learns to see what the frozen teacher sees; its own last layer is not trained here."""

    def loss(model: System, batch: Batch) -> Tensor:
        return difference(model.embed(batch.inputs, batch.lengths), teacher, batch)

    @torch.no_grad()
    def judge(model: System, data: SegmentSet, device: torch.device) -> Row:
        model.eval()

        def apart(features: Tensor, lengths: Tensor | None) -> Tensor:
            return (model.embed(features, lengths) - teacher.embed(features, lengths)).abs().mean(1, keepdim=True)

        mean = float(over_clips(model, apart, data, device).mean())
        return {**unjudged(model, data, device), "validation_loss": mean}

    if settings.choose == "last":
        return Objective("matching", loss, unjudged, higher("ua"))
    return Objective("matching", loss, judge, lambda row: (-number(row, "validation_loss"),))


def transfer(settings: TrainingSection, teacher: System, weight: float) -> Objective:
    """Cross entropy, and still the teacher's view; both from one pass through the student."""

    def loss(model: System, batch: Batch) -> Tensor:
        embedding = model.embed(batch.inputs, batch.lengths)
        return entropy(model.classify(embedding), batch) + weight * difference(embedding, teacher, batch)

    return Objective("student", loss, judge_of(settings), higher(settings.best_by))


def difference(embedding: Tensor, teacher: System, batch: Batch) -> Tensor:
    """L1 between the student's embedding and the frozen teacher's, mean over batch and features."""
    with torch.no_grad():
        aim = teacher.embed(batch.inputs, batch.lengths)
    return F.l1_loss(embedding, aim)


@torch.no_grad()
def clip_outputs(model: System, data: SegmentSet, device: torch.device) -> Tensor:
    """Mean logits of each clip's segments, shape = (clips, C)."""
    model.eval()
    return over_clips(model, model, data, device)


def over_clips(model: System, call: Callable[..., Tensor], data: SegmentSet, device: torch.device) -> Tensor:
    """Mean over each clip's segments of what `call` (the model or a part of it) gives, shape = (clips, K)."""
    parts = torch.arange(len(data.features)).split(model.batch)
    values = torch.cat([call(*data.batch(part, device)).float().cpu() for part in parts])
    return clip_means(values, data.clip, len(data.label))


def clip_means(values: Tensor, clip: Tensor, clips: int) -> Tensor:
    """Mean over the segments of each clip.  [N, K] -> [clips, K]."""
    total = torch.zeros(clips, values.shape[1]).index_add_(0, clip, values)
    return total / torch.bincount(clip, minlength=clips)[:, None]
