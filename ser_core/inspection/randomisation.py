"""Does a curve change when the weights are random?  One that does not explains nothing of what was learnt.

Adebayo et al., "Sanity checks for saliency maps" (arXiv 1810.03292): the curve of the trained model against that of a
copy whose weights are drawn anew as before training.  Everything but the learnt weights stays: the front end, the
features' statistics, the cutting, the clip.  Smooth curves correlate by chance, so look at several copies.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass
from threading import Lock
from typing import Any

import numpy as np
import torch
from torch import nn

from ser_core.audio import Waveform
from ser_core.checkpoints import config_changes
from ser_core.inspection.agreement import agreement
from ser_core.inspection.curves import attention_curves
from ser_core.inspection.views import View
from ser_core.maps import AttentionMap
from ser_core.models import System, create_from

COPIES = 3
KEPT = ("front_end", "normaliser")  # not learnt by gradients: how sound becomes features

_drawing = Lock()  # the random state belongs to the process


@dataclass(frozen=True)
class Randomisation:
    """rho: Spearman's, between the trained model's curve and that of each random copy.  mean: of those.

    Near 1: the curve comes from the architecture and the sound.  Where it is None, reason says why.
    """

    rho: tuple[float | None, ...]
    mean: float | None
    reason: str = ""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def random_copies(model: System, count: int = COPIES, seed: int = 0) -> list[System]:
    """Copies of a model with fresh weights, each from a seed of its own.  The model itself stays as it is."""
    return [list(cascade(model, seed + number))[-1][1] for number in range(count)]


def cascade(model: System, seed: int = 0) -> Iterator[tuple[str, System]]:
    """(name of a part, copy in which this part and all behind it are random), from the output down to the input.

    The same copy each time, with one more part made random: use it before asking for the next.
    """
    copy, fresh = deepcopy(model), _fresh(model, seed).state_dict()
    for name, keys in _parts(copy):
        own = copy.state_dict()
        copy.load_state_dict({key: fresh[key] if key in keys else value for key, value in own.items()})
        yield name, copy


def randomisation(
    curves: Mapping[View, AttentionMap], copies: Sequence[System], waveform: Waveform, emotion: int
) -> dict[str, Randomisation]:
    """For each of a trained model's curves of a clip, by the view's name: how alike the copies' curves are.

    copies: from `random_copies`.  emotion: index of the label whose votes the curves show, where they show votes.
    """
    names = {view.name for view in curves}
    drawn = [attention_curves(copy, waveform, emotion, names) for copy in copies]
    return {view.name: _compare(curve, [other[view] for other in drawn]) for view, curve in curves.items()}


def cascading(
    curves: Mapping[View, AttentionMap], model: System, waveform: Waveform, emotion: int, seed: int = 0
) -> dict[str, dict[str, float | None]]:
    """The same with parts made random one after the other: view name -> part -> rho, from the output down.

    A part behind a map cannot change it: there rho is 1.
    """
    found: dict[str, dict[str, float | None]] = {view.name: {} for view in curves}
    for part, copy in cascade(model, seed):
        drawn = attention_curves(copy, waveform, emotion, found.keys())
        for view, curve in curves.items():
            found[view.name][part] = _compare(curve, [drawn[view]]).mean
    return found


def _compare(curve: AttentionMap, others: Sequence[AttentionMap]) -> Randomisation:
    pairs = [agreement({"trained": curve, "random": other}) for other in others]
    rho = tuple(pair.mean for pair in pairs)
    usable = [value for value in rho if value is not None]
    if not usable:
        return Randomisation(rho, None, pairs[0].reason if pairs else "there is no random copy")
    return Randomisation(rho, float(np.mean(usable)))


def _fresh(model: System, seed: int) -> System:
    """The same architecture as it is before training."""
    with _drawing, torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return create_from(
            model.name, "default", model.config.num_classes, model.preparation, config_changes(model)
        ).eval()


def _parts(model: System) -> list[tuple[str, Collection[str]]]:
    """(name, keys of its weights) of each part with weights, the one next to the output first.

    Parts are the model's direct children, those of a list one by one, and last what belongs to the model itself.
    """
    children: list[str] = []
    for name, child in model.named_children():
        inner = isinstance(child, nn.ModuleList)
        children += [f"{name}.{i}" for i in range(len(child))] if inner else [name]  # type: ignore[arg-type]
    keys = [key for key in model.state_dict() if key.split(".")[0] not in KEPT]
    parts = [(name, {key for key in keys if key.startswith(f"{name}.")}) for name in reversed(children)]
    parts.append(("the model's own", {key for key in keys if "." not in key}))
    return [(name, own) for name, own in parts if own]
