"""Mixup (Zhang et al. 2018, arXiv 1710.09412): train on blends of two segments and of their labels."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def mixup(features: Tensor, labels: Tensor, classes: int, alpha: float) -> tuple[Tensor, Tensor]:
    """features [B, ...], labels [B] -> blended features and label distributions [B, C].

    One share per batch, drawn from Beta(alpha, alpha), as CTMAM's release does; alpha 0 leaves all as it is.
    """
    targets = F.one_hot(labels, classes).to(features.dtype)
    if alpha == 0:
        return features, targets
    share = torch.distributions.Beta(alpha, alpha).sample().item()
    order = torch.randperm(len(features), device=features.device)
    return share * features + (1 - share) * features[order], share * targets + (1 - share) * targets[order]
