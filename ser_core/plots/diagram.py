"""A model's block diagram: boxes from the sound at the top to the answer at the bottom, with arrows between them."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import plotly.graph_objects as go

from ser_core.models.diagram import OUT, SOUND, Block, Diagram, Shape
from ser_core.models.explain import explain
from ser_core.plots.theme import Palette, dress

LINE: Final = 17  # pixels of a line of text
PADDING: Final = 8  # pixels above and below the text of a box
STEP: Final = 24  # height of a step that is no module, pixels
GAP: Final = 26  # between rows, pixels
FIELD: Final = 0.86  # share of the width for the boxes; right of it run the arrows that go round blocks
WIDEST: Final = 0.62  # of a box that stands alone
TITLE_SIZE, TEXT_SIZE = 14, 12


@dataclass(frozen=True)
class Place:
    """Where a block is drawn.  x, width: shares of the figure's width.  top, height: pixels.  row: from above."""

    row: int
    x: float
    width: float
    top: float
    height: float

    @property
    def bottom(self) -> float:
        return self.top + self.height


def block_diagram(diagram: Diagram, colours: Palette) -> go.Figure:
    """Boxes with names, shapes and parameters; what a box does stands in its hover text.

    Shapes are of one segment.  A box with a stack behind it stands for several equal ones in a row.
    """
    rows = ranks(diagram)
    texts = [lines_of(diagram, block, rows.count(row)) for block, row in zip(diagram.blocks, rows, strict=True)]
    places = lay_out(diagram.blocks, rows, texts)
    figure = go.Figure()
    _arrows(figure, diagram, places, colours)
    for block, text, spot in zip(diagram.blocks, texts, places, strict=True):
        _box(figure, diagram.system, block, text, spot, colours)
    height = max(spot.bottom for spot in places) + 4
    figure.update_xaxes(visible=False, range=[0, 1], fixedrange=True)
    figure.update_yaxes(visible=False, range=[height, -2], fixedrange=True)
    return dress(
        figure, colours, height=round(height) + 4, margin={"l": 2, "r": 2, "t": 2, "b": 2}, barmode="overlay",
        barcornerradius=6,
    )  # fmt: skip


def ranks(diagram: Diagram) -> list[int]:
    """The row of each block: below everything that it is computed from."""
    rows: list[int] = []
    for number in range(len(diagram.blocks)):
        rows.append(1 + max((rows[a] for a, b in diagram.arrows if b == number), default=-1))
    return rows


def lines_of(diagram: Diagram, block: Block, beside: int) -> list[str]:
    """The text of a box, line by line; shorter where several boxes share a row."""
    title = capital(explain(diagram.system, block).title)
    if not block.path:
        return [step_text(diagram, block)]
    if block.repeats > 1:
        title = f"{block.repeats} × {title}"
    wide = {1: 34, 2: 19}.get(beside, 13)
    lines = [f"<b>{line}</b>" for line in textwrap.wrap(title, wide)]
    alone = beside == 1
    gives = shape_text(block.gives)
    lines.append(f"{shape_text(block.given)} → {gives}" if alone and block.given != block.gives else gives)
    if block.parameters:
        each = block.parameters // block.repeats
        count = f"{block.repeats} × {each:,}" if block.repeats > 1 else f"{each:,}"
        lines.append(f"{count} {'parameters' if beside < 3 else 'param.'}")
    if block.detail and alone:
        lines.append(block.detail)
    return lines


def step_text(diagram: Diagram, block: Block) -> str:
    if block.kind == SOUND:
        return f"{block.gives[0]:,} samples"
    if block.kind == OUT and not diagram.inside:
        return f"{block.gives[0]} scores"
    if block.kind in ("+", "×"):
        return block.kind
    return f"{explain(diagram.system, block).title}: {shape_text(block.gives)}"


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def shape_text(shape: Shape) -> str:
    return " × ".join(f"{size:,}" for size in shape)


def lay_out(blocks: Sequence[Block], rows: Sequence[int], texts: Sequence[Sequence[str]]) -> list[Place]:
    places: dict[int, Place] = {}
    top = 0.0
    for row in range(max(rows) + 1):
        here = [number for number, own in enumerate(rows) if own == row]
        slot = FIELD / len(here)
        heights = {n: STEP if not blocks[n].path else LINE * len(texts[n]) + 2 * PADDING for n in here}
        tallest = max(heights.values())
        for order, number in enumerate(here):
            width = step_width(texts[number][0], slot) if not blocks[number].path else min(WIDEST, 0.93 * slot)
            above = (tallest - heights[number]) / 2
            places[number] = Place(row, slot * (order + 0.5), width, top + above, heights[number])
        top += tallest + GAP
    return [places[number] for number in range(len(blocks))]


def step_width(text: str, slot: float) -> float:
    """Of a step's pill, as a share of the width."""
    return 0.09 if len(text) == 1 else min(0.93 * slot, 0.02 * len(text) + 0.06)


def _box(figure: go.Figure, system: str, block: Block, lines: Sequence[str], spot: Place, colours: Palette) -> None:
    module = bool(block.path)
    words = explain(system, block)
    for copy in range(min(block.repeats, 3) - 1, -1, -1):  # a stack of up to three
        figure.add_bar(
            y=[spot.top + spot.height / 2 + 3 * copy],
            x=[spot.width],
            base=[spot.x - spot.width / 2 + 0.008 * copy],
            width=[spot.height],
            orientation="h",
            marker={
                "color": colours.surface if module else colours.background,
                "line": {"color": colours.accent if module else colours.grid, "width": 1},
            },
            hovertemplate=f"<b>{words.title}</b><br>{'<br>'.join(textwrap.wrap(words.sentence, 50))}<extra></extra>",
        )
    figure.add_annotation(
        x=spot.x,
        y=spot.top + spot.height / 2,
        text="<br>".join(
            line if line.startswith("<b>") or not module else f'<span style="font-size:{TEXT_SIZE}px">{line}</span>'
            for line in lines
        ),
        showarrow=False,
        font={"size": TITLE_SIZE if module else TEXT_SIZE, "color": colours.text if module else colours.muted},
    )


def _arrows(figure: go.Figure, diagram: Diagram, places: Sequence[Place], colours: Palette) -> None:
    lanes: list[list[tuple[float, float]]] = []  # stretches that are taken, lane by lane
    for a, b in sorted(diagram.arrows, key=lambda pair: places[pair[1]].row - places[pair[0]].row):
        start, end = places[a], places[b]
        if end.row - start.row > 1 and not _clear(start, end, places):
            _round(figure, start, end, _lane(lanes, start.bottom, end.top), colours)
        else:
            _line(figure, [start.x, end.x], [start.bottom, end.top], colours)


def _clear(start: Place, end: Place, places: Sequence[Place]) -> bool:
    """Whether a straight line down meets no box on its way."""
    between = [spot for spot in places if start.row < spot.row < end.row]
    return start.x == end.x and all(abs(spot.x - start.x) > spot.width / 2 for spot in between)


def _lane(lanes: list[list[tuple[float, float]]], top: float, bottom: float) -> int:
    """The first lane that is free from top to bottom; it is taken."""
    for number, taken in enumerate(lanes):
        if all(bottom <= begin or top >= end for begin, end in taken):
            taken.append((top, bottom))
            return number
    lanes.append([(top, bottom)])
    return len(lanes) - 1


def _round(figure: go.Figure, start: Place, end: Place, lane: int, colours: Palette) -> None:
    """An arrow that goes round the blocks between, on their right."""
    x = FIELD + min(0.02 + 0.03 * lane, 0.13)
    out, back = start.bottom + 8, end.top - 12
    into = end.x + min(0.03 + 0.012 * lane, 0.4 * end.width)
    _line(figure, [start.x, start.x, x, x, into, into], [start.bottom, out, out, back, back, end.top], colours)


def _line(figure: go.Figure, x: list[float], y: list[float], colours: Palette) -> None:
    figure.add_scatter(
        x=x, y=y, mode="lines", line={"color": colours.muted, "width": 1.2, "shape": "linear"}, hoverinfo="skip"
    )
    figure.add_annotation(
        x=x[-1], y=y[-1], ax=x[-2], ay=y[-2], xref="x", yref="y", axref="x", ayref="y", showarrow=True, text="",
        arrowhead=2, arrowsize=1.1, arrowwidth=1.2, arrowcolor=colours.muted,
    )  # fmt: skip
