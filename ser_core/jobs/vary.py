"""What is varied, as one types it: "training.mixup=0,0.2" for a sweep, "training.learning_rate=1e-5..1e-2:log" too for
a search."""

from __future__ import annotations

import tomllib
from collections.abc import Container, Mapping, Sequence
from typing import Any

from ser_core.errors import JobError
from ser_core.jobs.folder import Axis, checked

HOW = "write e.g. seed=1,2,3, training.mixup=0,0.2, or for a search training.learning_rate=1e-5..1e-2:log"


def axes_of(texts: Sequence[str]) -> dict[str, list[Any]]:
    """Field -> the values of a grid.  Raises JobError where a text is none."""
    found: dict[str, list[Any]] = {}
    for text in texts:
        name, values = _named(text, found)
        found[name] = [value_of(part) for part in values.split(",")]
    return found


def space_of(texts: Sequence[str]) -> dict[str, Axis]:
    """Field -> what it may be in a search.  Raises JobError where a text is none."""
    found: dict[str, Axis] = {}
    for text in texts:
        name, values = _named(text, found)
        if ".." not in values:
            found[name] = checked(Axis, choices=tuple(value_of(part) for part in values.split(",")))
            continue
        span, _, scale = values.partition(":")
        low, high = (value_of(part) for part in span.split("..", 1))
        if scale not in ("", "log") or not all(type(end) in (int, float) for end in (low, high)):
            raise JobError(f"{text!r} cannot be read: {HOW}.")
        whole = isinstance(low, int) and isinstance(high, int)
        found[name] = checked(Axis, low=low, high=high, log=scale == "log", whole=whole)
    return found


def as_typed(space: Mapping[str, Axis]) -> str:
    """The lines that `space_of` reads."""
    lines = []
    for name, axis in space.items():
        values = ",".join(str(one).lower() if isinstance(one, bool) else str(one) for one in axis.choices)
        if not values:
            low, high = (round(end) if axis.whole else end for end in (axis.low or 0.0, axis.high or 0.0))
            values = f"{low}..{high}" + (":log" if axis.log else "")
        lines.append(f"{name}={values}")
    return "\n".join(lines)


def value_of(text: str) -> Any:
    """A number, true or false; anything else is text."""
    try:
        return tomllib.loads(f"value = {text.strip()}")["value"]
    except tomllib.TOMLDecodeError:
        return text.strip()


def _named(text: str, before: Container[str]) -> tuple[str, str]:
    name, equals, values = text.partition("=")
    if not equals or not name.strip() or not values.strip():
        raise JobError(f"{text!r} cannot be read: {HOW}.")
    if name.strip() in before:
        raise JobError(f"{name.strip()} is named twice: write all its values on one line.")
    return name.strip(), values.strip()
