"""CTMAM: the published counts and what its design promises."""

import numpy as np
import pytest
import torch

from ser_core.maps import capture_attention
from ser_core.models import count_parameters, create
from ser_core.models.depthwise import DepthwiseConv2d


@pytest.mark.parametrize(
    ("variant", "classes", "parameters"),
    [
        ("default", 4, 1_031_674),
        ("default", 7, 1_035_517),
        ("small", 7, 544_361),
        ("no_tsa", 4, 1_031_140),
        ("no_lstm", 4, 1_031_146),
        ("no_lct", 4, 294_058),
        ("no_ca", 4, 1_021_618),
        ("no_se", 4, 1_006_138),
        ("conv_lct", 4, 1_404_922),
        ("convffn_large", 4, 10_390_522),
        ("convffn_small", 4, 2_526_202),
    ],
)
def test_parameter_counts(variant: str, classes: int, parameters: int) -> None:
    assert count_parameters(create("ctmam", variant, classes)) == parameters


def test_front_end_gives_the_published_shape() -> None:
    model = create("ctmam")
    assert model.prepare(torch.randn(48_000)).features.shape == (7, 26, 57)


def test_timing_gate_stays_within_its_range() -> None:
    """The LSTM's tanh bounds the gate: sigmoid(-1) to sigmoid(1)."""
    model = create("ctmam", num_classes=7).eval()
    with capture_attention() as maps, torch.no_grad():
        model(50 * torch.randn(4, 26, 57))
    gate = maps["timing"].values
    assert gate.shape == (4, 6, 14)
    assert gate.min() >= 0.2689
    assert gate.max() <= 0.7311


def test_attention_rows_sum_to_one_and_looking_changes_nothing() -> None:
    model = create("ctmam", num_classes=4).eval()
    features = torch.randn(3, 26, 57)
    with torch.no_grad():
        unseen = model(features)
        with capture_attention() as maps:
            seen = model(features)
    torch.testing.assert_close(seen, unseen, rtol=1e-5, atol=1e-5)
    for block in range(3):
        weights = maps[f"block{block}.attention"]
        assert weights.values.shape == (3, 2, 84, 21)
        assert weights.softmax
        np.testing.assert_allclose(weights.values.sum(-1), 1, rtol=1e-5)


def test_a_segment_does_not_depend_on_its_batch() -> None:
    model = create("ctmam", num_classes=7).eval()
    features = torch.randn(5, 26, 57)
    with torch.no_grad():
        torch.testing.assert_close(model(features)[2:3], model(features[2:3]), rtol=1e-5, atol=1e-5)


def test_the_released_scrambling_is_another_function() -> None:
    torch.manual_seed(0)
    ours = create("ctmam", num_classes=7).eval()
    torch.manual_seed(0)
    released = create("ctmam", num_classes=7, published=True).eval()
    features = torch.randn(2, 26, 57)
    with torch.no_grad():
        assert not torch.allclose(ours(features), released(features), atol=1e-4)


def test_fast_depthwise_convolution_is_the_convolution() -> None:
    layer = DepthwiseConv2d(8, 7, 6, 14).double()
    x = torch.randn(4, 8, 6, 14, dtype=torch.float64, requires_grad=True)
    fast = layer.train()(x)
    fast_gradients = torch.autograd.grad(fast.square().sum(), [x, layer.weight, layer.bias])
    plain = layer.eval()(x)
    plain_gradients = torch.autograd.grad(plain.square().sum(), [x, layer.weight, layer.bias])
    torch.testing.assert_close(fast, plain)
    for one, other in zip(fast_gradients, plain_gradients, strict=True):
        torch.testing.assert_close(one, other)
