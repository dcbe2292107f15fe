"""How sure a checkpoint may be of an answer: its calibrated confidence, and how far the clip moves what it learnt.

The distance is that of the clip's embedding from the training clips' mean, which a checkpoint's
`statistics.safetensors` holds with their covariance, divided so that the training clips' own root mean square is 1.
Measured (`results/unsure.md`): clips of a corpus that the model never met lie *nearer* to the mean than its training
clips, since little of what it learnt responds to them; Mahalanobis' distance says the same, less clearly.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors

from ser_core.checkpoints import Card, find_checkpoint
from ser_core.errors import CheckpointError
from ser_core.recogniser import Prediction

SURE: Final = 0.5  # of calibrated confidence; below it the answer is expected to be wrong more often than right
FAINT: Final = 0.6  # of the training clips' distance; one in ten clips of new voices of known corpora lies nearer


def confidence(prediction: Prediction, card: Card) -> float:
    """Calibrated: the winner's share of the softmax of the clip's logits divided by the card's temperature."""
    scaled = prediction.logits / card.temperature
    shares = np.exp(scaled - scaled.max())
    return float(shares.max() / shares.sum())


@dataclass(frozen=True, eq=False)
class Training:
    """Where the training clips lie.  mean: shape = (D,).  spread: root mean square of their distances from it."""

    mean: np.ndarray
    spread: float

    def distance(self, embedding: np.ndarray) -> float:
        """Of a clip, 1 for a typical training clip.  embedding: shape = (D,)."""
        return float(np.linalg.norm(embedding - self.mean)) / self.spread


def training_of(checkpoint: str | Path) -> Training | None:
    """None where the checkpoint does not say.  Raises CheckpointError where its statistics are damaged."""
    folder = find_checkpoint(checkpoint)
    path = folder / "statistics.safetensors"
    if not path.is_file():
        return None
    damaged = CheckpointError(f"The statistics of {folder.name} are damaged: fetch the folder again.")
    try:
        tensors = load_tensors(path.read_bytes())
        mean, variances, residual, directions = (
            tensors[f"embedding_{name}"].double().numpy() for name in ("mean", "variances", "residual", "directions")
        )
    except KeyError:
        return None
    except (OSError, SafetensorError, TypeError, ValueError, RuntimeError) as error:
        raise damaged from error
    fits = mean.ndim == 1 and residual.shape == (1,) and directions.shape == (len(variances), len(mean))
    if not fits or not np.isfinite(mean).all():
        raise damaged
    total = float(variances.sum() + residual[0] * (len(mean) - len(variances)))  # the trace of the covariance
    if not (np.isfinite(total) and total > 0):
        raise damaged
    return Training(mean, float(np.sqrt(total)))
