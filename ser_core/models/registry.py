"""Systems by name.  A new system is one file in this folder whose class carries `@register`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any

from pydantic import ValidationError

from ser_core.errors import RecipeError
from ser_core.models.base import System
from ser_core.preparation import Preparation

_systems: dict[str, type[System]] = {}
_variants: dict[str, dict[str, Any]] = {}


def register(variants: Mapping[str, Any]) -> Callable[[type[System]], type[System]]:
    """Class decorator: `variants` maps each variant's name to its config, a frozen pydantic dataclass, so that every
    field is checked; one variant is "default"."""

    def add(cls: type[System]) -> type[System]:
        _systems[cls.name] = cls
        _variants[cls.name] = dict(variants)
        return cls

    return add


def list_systems(baselines: bool = False) -> list[str]:
    """The published systems, and on request the baselines that their papers compare with."""
    return sorted(name for name, cls in _systems.items() if baselines or cls.baseline_of is None)


def list_variants(system: str) -> list[str]:
    """Variants of a system, the default first.  Raises RecipeError for an unknown system."""
    system_class(system)
    return sorted(_variants[system], key=lambda name: name != "default")


def system_class(system: str) -> type[System]:
    if system not in _systems:
        raise RecipeError(f"There is no system {system!r}: choose one of {', '.join(list_systems(baselines=True))}.")
    return _systems[system]


def variant_config(
    system: str, variant: str, num_classes: int | None = None, changes: Mapping[str, Any] | None = None
) -> Any:
    """The frozen config of a variant; `num_classes` as its paper reports where left out.

    Raises RecipeError for an unknown system, variant or field, or a value that does not fit.
    """
    system_class(system)
    if variant not in _variants[system]:
        raise RecipeError(f"{system} has no variant {variant!r}: choose one of {', '.join(list_variants(system))}.")
    config = _variants[system][variant]
    known = [name for name in asdict(config) if name != "num_classes"]  # that one follows from the labels
    unknown = set(changes or {}) - set(known)
    if unknown:
        raise RecipeError(f"{system} has no setting {', '.join(sorted(unknown))}: it knows {', '.join(known)}.")
    classes = {} if num_classes is None else {"num_classes": num_classes}
    try:
        return replace(config, **classes, **(changes or {}))
    except ValidationError as error:
        first = error.errors()[0]
        raise RecipeError(f"{system}'s setting {'.'.join(map(str, first['loc']))}: {first['msg']}.") from error


def create(
    system: str,
    variant: str = "default",
    num_classes: int | None = None,
    preparation: Preparation | None = None,
    **changes: Any,
) -> System:
    """Build a system with random weights.

    num_classes: as many as the paper reports where left out.  preparation: the system's usual one where left out.

    changes: fields of the system's config to override, e.g. `published=True`.
    Raises RecipeError for an unknown system, variant or field, or a value that does not fit.
    """
    return create_from(system, variant, num_classes, preparation, changes)


def create_from(
    system: str,
    variant: str,
    num_classes: int | None,
    preparation: Preparation | None,
    settings: Mapping[str, Any],
) -> System:
    """`create` with settings that come from a file, whatever their names."""
    config = variant_config(system, variant, num_classes, settings)
    cls = system_class(system)
    return cls(config, preparation or cls.usual)  # type: ignore[call-arg]
