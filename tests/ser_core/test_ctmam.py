"""CTMAM: the published counts and what its design promises."""

import numpy as np
import pytest
import torch

from ser_core.maps import capture_attention
from ser_core.models import count_parameters, create
from ser_core.models.ctmam_blocks import QUERIES, MobileVit1, from_patches, to_patches
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
        ("transformer", 4, 1_357_810),
        ("mobilevit_v1_d2", 4, 2_036_458),
        ("mobilevit_v1_d3", 4, 2_726_506),
        ("mobilevit_v2_d2", 4, 964_140),  # the paper's 937,898 is not reached, nor are the next three
        ("mobilevit_v2_d3", 4, 1_273_581),
        ("mobilevit_v3_d2", 4, 725_548),
        ("mobilevit_v3_d3", 4, 907_437),
    ],
)
def test_parameter_counts(variant: str, classes: int, parameters: int) -> None:
    with torch.device("meta"):
        model = create("ctmam", variant, classes)
    assert count_parameters(model) == parameters


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


def test_the_released_slip_reshapes_tokens_without_transposing() -> None:
    """The same blocks, but the head reads [B, 84, 128] poured into [B, 128, 6, 14] as it lies in memory."""
    torch.manual_seed(0)
    ours = create("ctmam", num_classes=7).eval()
    torch.manual_seed(0)
    released = create("ctmam", num_classes=7, published=True).eval()
    read: list[torch.Tensor] = []
    for model in (ours, released):
        model.head.register_forward_pre_hook(lambda _, inputs: read.append(inputs[0]))
    features = torch.randn(2, 26, 57)
    with torch.no_grad():
        ours(features)
        released(features)
    plain, scrambled = read
    tokens = plain.flatten(2).transpose(1, 2)
    torch.testing.assert_close(scrambled, tokens.contiguous().view(2, 128, 6, 14))
    assert not torch.allclose(scrambled, plain, atol=1e-3)


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


def test_patches_hold_neighbouring_cells_and_go_back_to_their_places() -> None:
    cells = torch.arange(2 * 3 * 84).view(2, 3, 6, 14)
    patches = to_patches(cells)
    assert patches.shape == (2, 3, 4, 21)
    # Place 3 (lower right) of patch 8 (second row, second column) is the cell in row 3, column 3.
    assert torch.equal(patches[:, :, 3, 8], cells[:, :, 3, 3])
    assert torch.equal(from_patches(patches), cells)


@pytest.mark.parametrize("variant", ["transformer", "mobilevit_v1_d2"])
def test_other_cores_show_who_looks_where(variant: str) -> None:
    """One row for each of the 84 cells."""
    model = create("ctmam", variant, 4).eval()
    with capture_attention() as maps, torch.no_grad():
        model(torch.randn(2, 26, 57))
    weights = maps["block0.layer0.attention"]
    assert weights.axis("query").centres.tolist() == QUERIES.centres.tolist()
    assert weights.values.shape == (2, *((2, 84, 84) if variant == "transformer" else (8, 84, 21)))
    np.testing.assert_allclose(weights.values.sum(-1), 1, rtol=1e-5)


def test_mobilevit_attention_stands_at_the_cell_that_looks() -> None:
    """Even weights but for one cell: that cell's row alone is uneven."""
    block = MobileVit1(1, "block").eval()
    weights = torch.full((4, 8, 21, 21), 1 / 21)
    weights[3, :, 8] = torch.eye(21)[5]  # place 3 of patch 8, the cell in row 3 and column 3, looks at patch 5
    with capture_attention() as maps:
        block.record_attention(0, weights)
    recorded = maps["block.layer0.attention"].values[0]
    uneven = np.flatnonzero(recorded[0].max(-1) > 0.5)
    assert uneven.tolist() == [3 * 14 + 3]
    assert recorded[0, uneven[0]].argmax() == 5


@pytest.mark.parametrize("variant", ["mobilevit_v2_d2", "mobilevit_v3_d2"])
def test_separable_attention_weighs_each_place_of_the_patches_by_itself(variant: str) -> None:
    model = create("ctmam", variant, 4).eval()
    with capture_attention() as maps, torch.no_grad():
        model(torch.randn(2, 26, 57))
    scores = maps["block0.layer1.context"].values
    assert scores.shape == (2, 6, 14)
    np.testing.assert_allclose(to_patches(torch.tensor(scores)[:, None]).sum(-1), 1, rtol=1e-5)


def test_the_unused_bias_of_the_transformer_variant_gets_no_gradient() -> None:
    model = create("ctmam", "transformer", 4)
    model(torch.randn(2, 26, 57)).square().sum().backward()
    assert torch.equal(model.bias.grad, torch.zeros_like(model.bias))


def test_columns_lie_where_the_frames_are() -> None:
    """A column of the map stands for four frames of 32 ms, a key's column for eight; frame 0 is centred on sample 0."""
    with capture_attention() as maps, torch.no_grad():
        create("ctmam", num_classes=7).eval()(torch.randn(1, 26, 57))
    np.testing.assert_allclose(maps["timing"].axis("time").centres, 0.048 + 0.128 * np.arange(14))
    np.testing.assert_allclose(maps["block0.attention"].axis("key").centres[:7], 0.112 + 0.256 * np.arange(7))
    np.testing.assert_allclose(maps["block0.attention"].axis("query").centres[14:28], 0.048 + 0.128 * np.arange(14))
