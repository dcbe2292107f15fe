"""What each block of a diagram does, in a sentence, with its equation.

The words stand in `explained/`, a file for each system.  A block is looked up there by its class, then by its place in
the model; else among the layers that all libraries have.  A system without a file gets the first sentences of its
classes' docstrings.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ser_core.models.diagram import Block, Diagram, place

_FOLDER = Path(__file__).with_name("explained")


@dataclass(frozen=True)
class Words:
    """title: its name.  sentence: what it does.  equation: LaTeX, empty where the sentence says it all."""

    title: str
    sentence: str = ""
    equation: str = ""


def explain(system: str, block: Block) -> Words:
    """Of one block of the system's diagram."""
    if not block.path:
        return _words("steps").get(block.kind) or Words(block.kind)
    own, spot = _words(system), place(block.path)
    known = own.get(block.kind) or own.get(spot) or _words("front_ends").get(block.kind)
    if known:
        return known
    name = spot.rpartition(".")[2].replace("_", " ")
    numbered = block.path.rpartition(".")[2].isdigit()
    layer = _words("layers").get(block.kind)
    if layer is None:
        return Words(name or block.kind, block.says)
    if numbered or name.rstrip("0123456789") in layer.title:
        return layer
    title = name if block.kind == "Sequential" else f"{name}: {layer.title}"
    return Words(title, layer.sentence, layer.equation)


def explain_part(diagram: Diagram) -> Words:
    """Of the part that a diagram shows, or of the whole system."""
    if not diagram.inside:
        return _words(diagram.system).get("system") or Words(diagram.system, diagram.says)
    return explain(diagram.system, Block(diagram.inside, diagram.kind, (), (), says=diagram.says))


def explain_own(system: str, name: str) -> Words:
    """Of a parameter that belongs to no block, by its name."""
    return _words(system).get(name) or Words(name.replace("_", " "))


@cache
def _words(name: str) -> dict[str, Words]:
    path = _FOLDER / f"{name}.toml"
    if not path.is_file():
        return {}
    return {key: Words(**values) for key, values in tomllib.loads(path.read_text(encoding="utf-8")).items()}
