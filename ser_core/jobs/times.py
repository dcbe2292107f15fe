"""Lengths of time in words."""

from __future__ import annotations


def in_words(seconds: float) -> str:
    """A length of time as one says it: "45 s", "12 min", "3 h", "2 days"."""
    for unit, size in (("days", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
