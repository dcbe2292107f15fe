"""The block diagram: drawn from the model, whole, and with words for every block."""

from __future__ import annotations

import math

import pytest
import torch

from ser_core.errors import InspectionError, RecipeError
from ser_core.models import count_parameters, create, list_systems, list_variants
from ser_core.models.diagram import OUT, SOUND, Diagram, draw, parts
from ser_core.models.explain import explain, explain_part

EVERY = [(system, variant) for system in list_systems(baselines=True) for variant in list_variants(system)]


def kinds_before(diagram: Diagram, number: int) -> set[str]:
    """What the block of this number is computed from."""
    return {diagram.blocks[a].path or diagram.blocks[a].kind for a, b in diagram.arrows if b == number}


def number_of(diagram: Diagram, path: str) -> int:
    return next(n for n, block in enumerate(diagram.blocks) if path in (block.path, block.kind))


@pytest.mark.parametrize(("system", "variant"), EVERY)
def test_every_variant_is_drawn_whole_and_explained(system: str, variant: str) -> None:
    diagram = draw(system, variant)
    with torch.device("meta"):
        model = create(system, variant)
    drawn = sum(block.parameters for block in diagram.blocks)
    assert drawn + sum(math.prod(shape) for shape in diagram.own.values()) == count_parameters(model)
    assert diagram.blocks[0].kind == SOUND
    assert diagram.blocks[0].gives == (model.cutting.length,)
    assert diagram.blocks[-1].kind == OUT
    assert diagram.blocks[-1].gives == (model.config.num_classes,)
    assert {b for _, b in diagram.arrows} == set(range(1, len(diagram.blocks)))  # nothing stands unconnected
    assert explain_part(diagram).sentence
    for block in diagram.blocks:
        words = explain(system, block)
        assert words.title
        assert words.sentence
        assert words.equation or not block.parameters


@pytest.mark.parametrize("system", list_systems())
def test_every_part_can_be_looked_into(system: str) -> None:
    for path in parts(system):
        diagram = draw(system, "default", path)
        drawn = sum(block.parameters for block in diagram.blocks)
        assert drawn + sum(math.prod(shape) for shape in diagram.own.values()) == diagram.parameters
        assert all(explain(system, block).sentence for block in diagram.blocks)


def test_layers_in_a_row_are_one_block() -> None:
    blocks = {block.kind: block for block in draw("ctmam").blocks}
    assert (blocks["LctBlock"].repeats, blocks["LctBlock"].parameters) == (3, 3 * 244_696)
    assert draw("ctmam").own == {"bias": (2, 84, 21)}


def test_the_joint_transformer_reads_the_picture_the_frames_and_the_bands() -> None:
    diagram = draw("tf_transformer")
    assert kinds_before(diagram, number_of(diagram, "joint")) == {"normaliser", "time", "frequency"}
    assert kinds_before(diagram, number_of(diagram, "time")) == {"normaliser"}
    without = draw("tf_transformer", "f_tf")
    assert "time" not in {block.path for block in without.blocks}


def test_residuals_are_drawn_where_the_model_adds() -> None:
    diagram = draw("ctmam", "default", "blocks.0")
    sums = [n for n, block in enumerate(diagram.blocks) if block.kind == "+"]
    assert [kinds_before(diagram, n) for n in sums] == [
        {"blocks.0.local", "blocks.0.attention"},
        {"+", "blocks.0.feed_forward"},
    ]


def test_the_attention_map_has_its_shape() -> None:
    (softmax,) = (block for block in draw("mhsa_faca", "default", "attention").blocks if block.kind == "softmax")
    assert softmax.gives == (8, 50, 50)


def test_drawing_leaves_the_random_state_alone() -> None:
    before = torch.random.get_rng_state()
    draw("mhsa_faca")
    assert torch.equal(before, torch.random.get_rng_state())


def test_what_is_not_there_gets_a_sentence() -> None:
    with pytest.raises(InspectionError, match="no part 'wings'"):
        draw("ctmam", "default", "wings")
    with pytest.raises(InspectionError):
        draw("ctmam", "default", "output")  # a layer, which has no parts
    with pytest.raises(RecipeError):
        draw("ctmam", "huge")
