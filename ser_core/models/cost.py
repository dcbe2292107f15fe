"""What a system costs: multiply-adds, counted on the meta device without computing anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from ser_core.models.base import System, count_parameters
from ser_core.models.registry import create_from, list_systems, list_variants, system_class, variant_config


@dataclass(frozen=True)
class Cost:
    """parameters: trainable.  madds_per_segment: of convolutions, linear and recurrent layers and attention products
    for one segment of full length, front end apart.  madds_per_second: times the segments that a second of sound gives.
    """

    parameters: int
    madds_per_segment: int
    madds_per_second: int


def cost_of(
    system: str, variant: str = "default", num_classes: int | None = None, changes: Mapping[str, Any] | None = None
) -> Cost:
    """changes: of the system's config, as `create_from` takes them.

    Raises RecipeError for an unknown system, variant or field.
    """
    with torch.device("meta"):
        model = create_from(system, variant, num_classes, None, changes or {}).eval()
    madds = madds_of(model)
    return Cost(count_parameters(model), madds, round(madds / model.hop_seconds))


@torch.no_grad()
def madds_of(model: System) -> int:
    """Multiply-adds of one segment.  The model stands on the meta device, where recurrent layers are counted too."""
    features = model.raw_segments(torch.zeros(model.cutting.length)).features.to("meta")
    in_place = {torch.ops.aten.baddbmm_: baddbmm_flops}  # the counter knows only the one that is not in place
    with FlopCounterMode(display=False, custom_mapping=in_place) as counter:
        model.to("meta")(features)
    return counter.get_total_flops() // 2


def baddbmm_flops(_: torch.Size, left: torch.Size, right: torch.Size, **__: object) -> int:
    """Of a sum with a batch of matrix products, from their shapes (B, m, k) and (B, k, n)."""
    return 2 * left.numel() * right[-1]


def describe_systems(cost: Callable[[str, str], Cost] = cost_of) -> list[dict[str, Any]]:
    """Every system, variant and baseline as plain values: what it is, what it costs, and what its paper prints.

    cost: of a system's variant; counted, unless the caller has it already.
    paper_parameters, paper_flops: None where the paper says nothing.  deviations: in words.
    """
    return [
        {
            "system": name,
            "title": cls.title,
            "baseline_of": cls.baseline_of,
            "variant": variant,
            "num_classes": variant_config(name, variant).num_classes,
            **asdict(cost(name, variant)),
            "paper_parameters": cls.paper_parameters.get(variant),
            "paper_flops": cls.paper_flops.get(variant),
            "deviations": list(cls.deviations()),
        }
        for name in list_systems(baselines=True)
        for cls in (system_class(name),)
        for variant in list_variants(name)
    ]
