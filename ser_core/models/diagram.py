"""The block diagram of a system, drawn from the model itself: it cannot go stale.

A private copy with random weights answers one segment, and `tracing` notes what is called.  The copy stands on the meta
device, where nothing is computed; only a model with a recurrent layer, which the meta device takes apart step by step,
runs on the processor, on one thread.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from ser_core.errors import InspectionError
from ser_core.models.base import System, count_parameters
from ser_core.models.registry import create
from ser_core.models.tracing import IN, OUT, Block, Shape, Trace, docstring

__all__ = ["IN", "OUT", "SOUND", "Block", "Diagram", "Shape", "draw", "parts"]

SOUND = "sound"
Arrows = Sequence[tuple[int, int]]


@dataclass(frozen=True)
class Diagram:
    """Blocks in the order of the computation, and arrows between their numbers.

    inside: path of the part that is drawn, empty for the whole model; kind, says: as of a block.
    own: parameters that belong to it and to no block, by name with their shapes.  parameters: of it all.
    """

    system: str
    variant: str
    inside: str
    kind: str
    blocks: tuple[Block, ...]
    arrows: tuple[tuple[int, int], ...]
    own: dict[str, Shape]
    parameters: int
    says: str = ""


def draw(system: str, variant: str = "default", inside: str = "") -> Diagram:
    """The diagram of a system, or of one of its `parts`.

    Raises RecipeError for an unknown system or variant, InspectionError where it has no such part.
    """
    model, device = private_copy(system, variant)
    part = dict(model.named_modules()).get(inside)
    features = one_segment(model)
    if part is not None:
        trace = Trace(model, part)
        trace.run(features.to(device))
    if part is None or (inside and inside not in trace.opened):
        raise InspectionError(f"{system} ({variant}) has no part {inside!r} to look into: see `parts`.")
    own = {name: tuple(parameter.shape) for name, parameter in part.named_parameters(recurse=False)}
    blocks, arrows = trace.blocks, trace.arrows
    if not inside:
        blocks, arrows = with_front_end(blocks, arrows, model, tuple(features.shape[1:]))
    drawn = collapsed(blocks, arrows)
    return Diagram(system, variant, inside, type(part).__name__, *drawn, own, count_parameters(part), docstring(part))


def parts(system: str, variant: str = "default") -> tuple[str, ...]:
    """What `draw` can look into, by path, in the order of the modules; of layers in a row the first."""
    model, device = private_copy(system, variant)
    trace = Trace(model, model)
    trace.run(one_segment(model).to(device))
    firsts: dict[tuple[str, str, int], str] = {}
    for path, module in model.named_modules():
        if path and path in trace.opened:
            firsts.setdefault((place(path), type(module).__name__, count_parameters(module)), path)
    return tuple(firsts.values())


def place(path: str) -> str:
    """A path without its numbers: alike for all layers in a row."""
    return re.sub(r"\.\d+\b", "", path)


def private_copy(system: str, variant: str) -> tuple[System, torch.device]:
    """A model of its own and where it stands; the random state of the process is as before."""
    with torch.random.fork_rng(devices=[]):
        with torch.device("meta"):
            model = create(system, variant)
        recurrent = any(isinstance(module, nn.RNNBase) for module in model.modules())
        if recurrent:
            model = create(system, variant)
    return model.eval(), torch.device("cpu" if recurrent else "meta")


def one_segment(model: System) -> Tensor:
    """Features of one segment of silence [1, rows, frames]."""
    return model.raw_segments(torch.zeros(model.cutting.length)).features[:1]


def with_front_end(
    blocks: list[Block], arrows: Arrows, model: System, features: Shape
) -> tuple[list[Block], list[tuple[int, int]]]:
    """What works before the network is called, in the place of the block that stands for its input."""
    sound = (model.cutting.length,)
    front = [
        Block("", SOUND, sound, sound),
        Block("front_end", type(model.front_end).__name__, sound, features),
    ]
    if model.preparation.normalise != "none":
        front.append(Block("normaliser", "Normaliser", features, features))
    shift = len(front) - 1
    ahead = [(number, number + 1) for number in range(shift)]
    return [*front, *blocks[1:]], [*ahead, *((a + shift, b + shift) for a, b in arrows)]


def collapsed(blocks: Sequence[Block], arrows: Arrows) -> tuple[tuple[Block, ...], tuple[tuple[int, int], ...]]:
    """Equal modules in a row become one block with `repeats`."""
    into = {number: {a for a, b in arrows if b == number} for number in range(len(blocks))}
    out = {number: {b for a, b in arrows if a == number} for number in range(len(blocks))}
    kept: list[Block] = []
    moved: list[int] = []
    for number, block in enumerate(blocks):
        in_a_row = number > 0 and into[number] == {number - 1} and out[number - 1] == {number}
        if in_a_row and block.path and alike(kept[-1], block):
            last = kept[-1]
            kept[-1] = replace(last, repeats=last.repeats + 1, parameters=last.parameters + block.parameters)
        else:
            kept.append(block)
        moved.append(len(kept) - 1)
    joined = {(moved[a], moved[b]) for a, b in arrows if moved[a] != moved[b]}
    return tuple(kept), tuple(sorted(joined))


def alike(first: Block, second: Block) -> bool:
    """Whether the second is one more of the first."""
    one = replace(first, path=place(first.path), parameters=first.parameters // first.repeats, repeats=1)
    return one == replace(second, path=place(second.path))
