"""Random copies of a model: what changes, what stays, and what the comparison says."""

import numpy as np
import pytest
import torch

from ser_core.inspection.curves import attention_curves
from ser_core.inspection.randomisation import cascade, cascading, random_copies, randomisation
from tests.ser_core.inspection.made import SMALL, small, speechlike


@pytest.mark.parametrize("system", SMALL)
def test_a_copy_has_other_weights_and_the_model_keeps_its_own(system: str) -> None:
    model = small(system)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    state = torch.random.get_rng_state()
    copies = random_copies(model, 2, seed=1)
    assert torch.equal(torch.random.get_rng_state(), state)  # nobody else's draws are moved
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, before[name])
    drawn = {name for name, value in copies[0].named_parameters() if value.numel() > 1 and value.std() > 0}
    weights = [name for name in drawn if before[name].ndim > 1]  # the others begin as a constant, such as a norm's
    assert len(weights) > 5
    for name in weights:
        own = [copy.state_dict()[name] for copy in copies]
        assert not torch.equal(own[0], before[name])
        assert not torch.equal(own[0], own[1])
    again = random_copies(model, 1, seed=1)[0].state_dict()
    assert all(torch.equal(again[name], copies[0].state_dict()[name]) for name in weights)


def test_the_statistics_of_the_features_stay() -> None:
    model = small("tf_transformer")
    model.normaliser.mean.fill_(3.0)
    (copy,) = random_copies(model, 1)
    assert (copy.normaliser.mean == 3.0).all()


def test_the_very_same_weights_give_rho_one() -> None:
    model, clip = small("ctmam"), speechlike(2.0)
    curves = attention_curves(model, clip, 0, {"block1.attention", "timing"})
    found = randomisation(curves, [model, model], clip, 0)
    assert [one.mean for one in found.values()] == pytest.approx([1.0, 1.0])
    other = randomisation(curves, random_copies(model, 3, seed=9), clip, 0)["block1.attention"]
    assert other.mean is not None
    assert other.mean < 0.9
    assert len(other.rho) == 3


def test_parts_behind_a_map_cannot_change_it() -> None:
    model, clip = small("ctmam"), speechlike(2.0)
    found = cascading(attention_curves(model, clip, 0, {"timing"}), model, clip, 0, seed=9)["timing"]
    parts = list(found)
    assert parts[0] == "output"
    before = parts[: parts.index("timing")]
    assert [found[part] for part in before] == pytest.approx([1.0] * len(before))
    assert found["stem"] != pytest.approx(1.0)


@pytest.mark.parametrize("system", SMALL)
def test_a_cascade_ends_with_everything_random(system: str) -> None:
    model = small(system)
    *_, (_, last) = cascade(model, seed=1)
    (copy,) = random_copies(model, 1, seed=1)
    for name, tensor in copy.state_dict().items():
        assert torch.equal(last.state_dict()[name], tensor)


def test_a_map_that_is_constant_in_the_copies_is_said_in_words() -> None:
    """Fresh space gates have weight zero: they are constant whatever is said."""
    model, clip = small("ctmam"), speechlike(2.0)
    model.space_channel.space_weight.fill_(1.0)
    curves = attention_curves(model, clip, 0, {"space"})
    found = randomisation(curves, random_copies(model, 2), clip, 0)["space"]
    assert found.mean is None
    assert "constant" in found.reason
    assert np.isfinite(next(iter(curves.values())).values).all()
