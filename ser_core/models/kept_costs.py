"""Costs of every variant, counted once for this version of the code and kept in the cache folder.

Counting all of them takes some ten seconds, which nobody should wait for twice.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict
from functools import cache
from pathlib import Path

import torch

from ser_core.files import cache_folder, write_json
from ser_core.models.cost import Cost, cost_of
from ser_core.models.registry import list_systems, list_variants

Progress = Callable[[str, int, int], None]  # what is being done, done, of how many
Key = tuple[str, str]  # system, variant


def every_variant() -> list[Key]:
    return [(system, variant) for system in list_systems(baselines=True) for variant in list_variants(system)]


def kept_costs() -> dict[Key, Cost]:
    """What has been counted so far; a damaged file counts for nothing."""
    try:
        rows = json.loads(_path().read_text(encoding="utf-8"))
        return {(row["system"], row["variant"]): Cost(**row["cost"]) for row in rows}
    except (OSError, ValueError, TypeError, KeyError):
        return {}


def count_costs(progress: Progress) -> dict[Key, Cost]:
    """Count what is not kept yet.  What is done when `progress` raises stays."""
    costs, every = kept_costs(), every_variant()
    for done, key in enumerate(every):
        if key not in costs:
            progress(" ".join(key), done, len(every))
            costs[key] = cost_of(*key)
            rows = [{"system": one[0], "variant": one[1], "cost": asdict(cost)} for one, cost in costs.items()]
            write_json(_path(), rows)
    return costs


def _path() -> Path:
    return cache_folder() / "costs" / f"{_version()}.json"


@cache
def _version() -> str:
    """Changes with everything that a cost depends on: the code below this package, the front ends, torch."""
    here = Path(__file__).parent
    digest = hashlib.sha256(torch.__version__.encode())
    for path in (*sorted(here.glob("*.py")), here.parent / "features.py", here.parent / "segments.py"):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
