"""Maps that follow from recorded ones: what the class token looks at, where the focus lies, attention followed down."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count, takewhile

import numpy as np
import torch

from ser_core.maps import AttentionMap, seconds_axis
from ser_core.models.patches import rollout


def with_derived(maps: Mapping[str, AttentionMap]) -> dict[str, AttentionMap]:
    """The maps of some segments, first axis "segment", and what follows from them.

    "layer<i>.cls"   (segment, head, key), where the keys begin with a class token
    "focus"          (segment, head, query, key) from MHSA-FACA's "mu" and "sigma"
    "rollout"        (segment, query, key) from SERCT's blocks
    """
    found = dict(maps)
    for number in takewhile(lambda i: f"layer{i}.attention" in maps, count()):
        layer = maps[f"layer{number}.attention"]
        if np.isnan(layer.axis("key").centres[0]):
            found[f"layer{number}.cls"] = layer.at("query", 0)
    if "mu" in maps and "sigma" in maps:
        found["focus"] = focus(maps["mu"], maps["sigma"])
    if "token_logits" in maps and "block0.attention" in maps:
        found["rollout"] = followed(maps)
    return found


def focus(mu: AttentionMap, sigma: AttentionMap) -> AttentionMap:
    """The softmax of the focus' Gaussians alone: exp(-2 (t - mu)^2 / sigma^2) over the frames' times t.

    mu, sigma: seconds, axes (segment, head, query).  Returns axes (segment, head, query, key).
    """
    times = mu.axis("query").centres
    away = (times - mu.values[..., None]) / sigma.values[..., None]
    logits = -2 * away**2
    weights = np.exp(logits - logits.max(-1, keepdims=True))  # a centre beside the frames would leave only zeros
    weights /= weights.sum(-1, keepdims=True)
    return AttentionMap("focus", weights.astype(np.float32), (*mu.axes, seconds_axis("key", times)), softmax=True)


def followed(maps: Mapping[str, AttentionMap]) -> AttentionMap:
    """SERCT's blocks as one: which token of the encoder each token of the last block goes back to."""
    names = takewhile(lambda name: name in maps, (f"block{i}.attention" for i in count()))
    blocks = [maps[name] for name in names]
    traced = rollout([torch.from_numpy(block.values) for block in blocks]).numpy()
    segment, _, query, key = blocks[0].axes
    return AttentionMap("rollout", traced, (segment, query, key), softmax=True)
