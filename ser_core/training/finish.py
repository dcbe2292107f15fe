"""After the last epoch: calibrate, describe the training data, and write the checkpoint."""

from __future__ import annotations

import platform
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from scipy.optimize import minimize_scalar
from torch import Tensor

from ser_core.checkpoints import Card, Data, Part, config_changes, save_checkpoint
from ser_core.corpora import get_corpus
from ser_core.models import System, count_parameters
from ser_core.protocols import ON_TEST
from ser_core.recipes import Recipe
from ser_core.training.data import Clip, SegmentSet
from ser_core.training.objectives import Row, clip_outputs, number, over_clips

DIRECTIONS = 64  # leading directions of the covariance that are kept


def temperature(logits: Tensor, labels: Tensor) -> float:
    """The divisor of clip logits that minimises the cross entropy on validation (Guo et al. 2017, arXiv 1706.04599)."""

    def loss(log_t: float) -> float:
        return float(F.cross_entropy(logits / float(np.exp(log_t)), labels))

    return float(np.exp(minimize_scalar(loss, bounds=(-3.0, 3.0), method="bounded").x))


@torch.no_grad()
def embeddings(model: System, data: SegmentSet, device: torch.device) -> Tensor:
    """What the last layer reads, averaged over the segments of each clip, shape = (clips, D)."""
    model.eval()
    return over_clips(model, model.embed, data, device)


def describe(training: Tensor) -> dict[str, Tensor]:
    """Mean and covariance of the training clips' embeddings, the covariance by its leading directions.

    covariance = directions^T diag(variances) directions + residual * (identity - directions^T directions).
    """
    mean = training.mean(0)
    _, singular, directions = torch.linalg.svd((training - mean).double(), full_matrices=False)
    variances = singular.square() / max(1, len(training) - 1)
    kept = min(DIRECTIONS, len(variances))
    rest = max(1, training.shape[1] - kept)
    return {
        "embedding_mean": mean,
        "embedding_directions": directions[:kept].half().contiguous(),
        "embedding_variances": variances[:kept].float(),
        "embedding_residual": (variances[kept:].sum() / rest).float().reshape(1),
    }


def statistics(
    model: System, training: SegmentSet, validation: SegmentSet | None, device: torch.device
) -> dict[str, Tensor]:
    """What later pages need: the training data's shape; validation logits and labels where clips were held out."""
    found = describe(embeddings(model, training, device))
    if validation is None:
        return found
    return found | {
        "validation_logits": clip_outputs(model, validation, device),
        "validation_labels": validation.label,
    }


def part(clips: list[Clip]) -> Part:
    return Part(
        utterances={clip.utterance.id: clip.digest[:16] for clip in clips},
        speakers=tuple(sorted({clip.utterance.speaker for clip in clips})),
    )


def write_checkpoint(
    folder: Path,
    model: System,
    recipe: Recipe,
    parts: dict[str, list[Clip]],
    stored: dict[str, Tensor],
    best: Row,
    device: torch.device,
) -> Card:
    """Write the finished checkpoint, without results yet.  Returns its card.

    stored: see `statistics`.  best: the row of the epoch that was kept.  device: where it was trained.
    """
    corpora = [get_corpus(name) for name in recipe.corpora]
    held_out = "validation_logits" in stored  # else nothing chose the epoch, or the test clips did
    strictest = max((corpus.licence for corpus in corpora), key=lambda licence: licence.rank)
    card = Card(
        name=recipe.name,
        system=recipe.system,
        variant=recipe.variant,
        model=config_changes(model),
        preparation=model.preparation,
        labels=recipe.labels,
        merge=recipe.merge,
        parameters=count_parameters(model),
        temperature=temperature(stored["validation_logits"], stored["validation_labels"]) if held_out else 1.0,
        validation_ua=number(best, "validation_ua") if held_out else None,
        epoch=int(number(best, "epoch")),
        data=Data(
            corpora=recipe.corpora,
            synthetic=tuple(corpus.name for corpus in corpora if corpus.synthetic),
            languages=tuple(sorted({c.utterance.language for c in parts["train"]})),
            protocol=recipe.protocol,
            train=part(parts["train"]),
            validation=part(
                parts["test"] if recipe.protocol in ON_TEST else parts["validation"]
            ),  # what chose the epoch
            test=part(parts["test"]),
        ),
        licence=strictest.name,
        ships=strictest.ships,
        recipe=recipe.model_dump(mode="json"),
        reproduce="",
        environment={"python": platform.python_version(), "torch": torch.__version__, "device": device_name(device)},
        note=recipe.note,
    ).named(recipe.name)
    save_checkpoint(folder, model, card, stored)
    return card


def device_name(device: torch.device) -> str:
    """The processor as its maker calls it, e.g. "cpu" or "NVIDIA H200"."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
