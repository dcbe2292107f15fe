"""Time-Frequency Transformer: the counts, the encoder layer against PyTorch's, and what its maps say."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ser_core.maps import AttentionMap, capture_attention
from ser_core.models import System, count_parameters, create
from ser_core.models.tf_transformer import TransformerLayer, pooled

VARIANTS = ["default", "t_f", "t_tf", "f_tf"]


def small(variant: str = "default", **changes: object) -> System:
    torch.manual_seed(5)
    return create("tf_transformer", variant, 4, channels=4, hidden=16, joint_hidden=16, **changes).eval()


def look(model: System, features: Tensor) -> dict[str, AttentionMap]:
    with capture_attention() as maps, torch.no_grad():
        model(features)
    return maps


@pytest.mark.parametrize(
    ("variant", "classes", "parameters"),
    [("default", 4, 239_464), ("default", 6, 239_546), ("t_f", 4, 88_236), ("t_tf", 4, 193_888), ("f_tf", 4, 193_888)],
)
@pytest.mark.parametrize("positions", [False, True])
def test_parameter_counts(variant: str, classes: int, parameters: int, positions: bool) -> None:
    """Positions are a fixed pattern, nothing to be learnt."""
    with torch.device("meta"):
        model = create("tf_transformer", variant, classes, positions=positions)
    assert count_parameters(model) == parameters


def test_segments_end_with_the_clip() -> None:
    model = small()
    clip = model.prepare(torch.randn(32_000))
    assert clip.features.shape == (4, 80, 80)
    np.testing.assert_allclose(clip.starts, [0, 0.4, 0.8, 2 - 0.81])
    assert model.prepare(torch.randn(4_000)).features.shape[1:] == (80, 80)


def test_a_segment_is_emphasised_by_itself() -> None:
    """A segment's features do not know what stood before its first sample."""
    model = small()
    clip = torch.randn(32_000)
    alone = model.raw_segments(clip[6_400 : 6_400 + 12_960]).features[0]
    torch.testing.assert_close(model.raw_segments(clip).features[1], alone)


def test_embedding_is_mean_and_deviation_over_tokens() -> None:
    tokens = torch.randn(3, 20, 20)
    expected = np.concatenate([tokens.numpy().mean(1), np.sqrt(tokens.numpy().var(1) + 1e-5)], axis=1)
    np.testing.assert_allclose(pooled(tokens), expected, rtol=1e-5)
    features = torch.randn(2, 80, 80)
    with torch.no_grad():
        for variant, width in (("default", 40), ("t_f", 80), ("t_tf", 40), ("f_tf", 40)):
            assert small(variant).embed(features).shape == (2, width)


def test_encoder_layer_is_the_one_of_pytorch() -> None:
    """With PyTorch's weights copied over, self-attention gives PyTorch's numbers."""
    theirs = nn.TransformerEncoderLayer(20, 2, 512, batch_first=True).eval()
    tokens = torch.randn(3, 80, 20)
    ours = small().time.layer
    ours = TransformerLayer(2, 512, 0.1, ours.name, ours.axes[1:]).eval()
    assert count_parameters(ours) == count_parameters(theirs) == 22_772
    weight, bias = theirs.self_attn.in_proj_weight.chunk(3), theirs.self_attn.in_proj_bias.chunk(3)
    state = {f"{name}.weight": weight[i] for i, name in enumerate(("query", "key", "value"))}
    state |= {f"{name}.bias": bias[i] for i, name in enumerate(("query", "key", "value"))}
    pairs = {
        "project": theirs.self_attn.out_proj, "norm1": theirs.norm1, "norm2": theirs.norm2,
        "feed_forward.0": theirs.linear1, "feed_forward.3": theirs.linear2,
    }  # fmt: skip
    for name, module in pairs.items():
        state |= {f"{name}.{key}": value for key, value in module.state_dict().items()}
    ours.load_state_dict(state)
    with torch.no_grad():
        torch.testing.assert_close(ours(tokens, tokens, tokens), theirs(tokens), rtol=1e-4, atol=1e-5)


def test_axes_say_seconds_hertz_and_plain_index() -> None:
    model = small()
    maps = look(model, torch.randn(2, 80, 80))
    assert set(maps) == {"time.attention", "frequency.attention", "cross.attention", "time", "band"}
    shapes = {"time.attention": (2, 80, 80), "frequency.attention": (2, 80, 80), "cross.attention": (4, 20, 20)}
    for name, shape in shapes.items():
        assert maps[name].values.shape == (2, *shape)
        assert maps[name].softmax
        np.testing.assert_allclose(maps[name].values.sum(-1), 1, rtol=1e-5)
    for axis in ("query", "key"):
        assert maps["time.attention"].axis(axis).unit == "s"
        np.testing.assert_allclose(maps["time.attention"].axis(axis).centres[[0, 79]], [0.01, 0.80])
        assert maps["frequency.attention"].axis(axis).unit == "Hz"
        hertz = maps["frequency.attention"].axis(axis).centres
        assert 36 < hertz[0] < 38
        assert 7_650 < hertz[-1] < 7_750
        assert maps["cross.attention"].axis(axis).unit not in ("s", "Hz")
    assert (maps["time"].axis("time").unit, maps["band"].axis("band").unit) == ("s", "Hz")


def test_marginals_are_what_each_frame_and_band_receives() -> None:
    maps = look(small(), torch.randn(2, 80, 80))
    for marginal, whole in (("time", "time.attention"), ("band", "frequency.attention")):
        assert maps[marginal].values.shape == (2, 80)
        np.testing.assert_allclose(maps[marginal].values, maps[whole].values.mean((1, 2)), rtol=1e-5)
        np.testing.assert_array_equal(maps[marginal].axes[1].centres, maps[whole].axis("key").centres)


@pytest.mark.parametrize(
    ("variant", "missing"),
    [("t_f", {"cross.attention"}), ("t_tf", {"frequency.attention", "band"}), ("f_tf", {"time.attention", "time"})],
)
def test_an_ablation_has_no_map_of_what_it_lacks(variant: str, missing: set[str]) -> None:
    everything = {"time.attention", "frequency.attention", "cross.attention", "time", "band"}
    assert set(look(small(variant), torch.randn(1, 80, 80))) == everything - missing


@pytest.mark.parametrize("variant", VARIANTS)
def test_looking_changes_nothing(variant: str) -> None:
    model = small(variant)
    features = torch.randn(3, 80, 80)
    with torch.no_grad():
        unseen = model(features)
        with capture_attention():
            torch.testing.assert_close(model(features), unseen, rtol=1e-5, atol=1e-5)


def test_positions_tell_the_order_of_frames() -> None:
    """Without them the time encoder sees a bag of frames; the paper's equations have none."""
    order = torch.randperm(80)
    picture = torch.randn(1, 1, 80, 80)
    with torch.no_grad():
        for positions in (False, True):
            encoder = small(positions=positions).time
            shuffled = encoder(picture[..., order])
            same = torch.allclose(shuffled, encoder(picture)[:, order], atol=1e-5)
            assert same != positions


def test_config_fits_its_variant() -> None:
    model = small("t_f")
    assert model.config == replace(create("tf_transformer", "t_f", 4).config, channels=4, hidden=16, joint_hidden=16)
    assert "joint" not in {name.split(".")[0] for name, _ in model.named_parameters()}
