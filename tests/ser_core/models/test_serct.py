"""SERCT: the published counts, what a token is, and that padding has no say."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from ser_core.maps import capture_attention
from ser_core.models import cost_of, count_parameters, create
from ser_core.models.deformable import REACH, DeformableAttention, TokenClock
from ser_core.models.serct import Serct, sinusoid
from ser_core.models.wave_encoder import ConvEncoder, token_count
from ser_core.segments import collate

TINY = {"channels": 16, "width": 64, "hidden": 32, "depth": 2}
VARIANTS = ["default", "vanilla", "no_transformer", "no_cnn", "layer_norm"]


def tiny(variant: str = "default", **changes: object) -> Serct:
    """A small model in eval mode whose windows differ from token to token."""
    torch.manual_seed(1)
    size = {key: value for key, value in TINY.items() if variant != "no_transformer" or key != "depth"}
    model = create("serct", variant, **(size | changes)).eval()
    assert isinstance(model, Serct)
    for layer in windowed(model):
        torch.nn.init.normal_(layer.window.weight, std=0.1)
    return model


def windowed(model: Serct) -> list[DeformableAttention]:
    return [module for module in model.modules() if isinstance(module, DeformableAttention)]


def wave(samples: int, seed: int = 0) -> Tensor:
    return 0.1 * torch.randn(samples, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(
    ("variant", "classes", "parameters"),
    [
        ("default", 7, 26_462_791),
        ("default", 5, 26_462_277),
        ("depth_1", 7, 10_655_767),
        ("depth_2", 7, 15_924_775),
        ("depth_3", 7, 21_193_783),
        ("depth_4", 7, 26_462_791),
        ("depth_5", 7, 31_731_799),
        ("depth_6", 7, 37_000_807),
        ("vanilla", 7, 26_397_191),
        ("no_transformer", 7, 5_386_759),
        ("no_cnn", 7, 22_146_631),
        ("layer_norm", 7, 26_468_935),
    ],
)
def test_parameter_counts(variant: str, classes: int, parameters: int) -> None:
    with torch.device("meta"):
        assert count_parameters(create("serct", variant, classes)) == parameters


def test_cost_of_nine_seconds() -> None:
    """Counted by hand: convolutions by their outputs, linear layers by 450 tokens, attention by 450 x 450 pairs."""
    frames = [28_799, 14_399, 7_199, 3_599, 1_799, 899, 450]
    kernels = [10, *(512 * k for k in (3, 3, 3, 3, 2, 2))]
    convolutions = sum(512 * n * kernel for n, kernel in zip(frames, kernels, strict=True))
    block = 450 * (1024 * (3072 + 16 + 1024) + 2 * 1024 * 512) + 2 * 450**2 * 1024
    tokens = 450 * (512 * 1024 + 1024 * 512 + 512 * 256)
    expected = convolutions + tokens + 4 * block + 256 * 7
    assert cost_of("serct").madds_per_segment == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize(("samples", "tokens"), [(240, 1), (400, 1), (559, 1), (560, 2), (48_000, 150), (144_000, 450)])
def test_a_clip_gives_as_many_tokens_as_it_has(samples: int, tokens: int) -> None:
    assert token_count(samples) == tokens


@torch.no_grad()
@pytest.mark.parametrize("variant", ["default", "no_cnn"])
def test_a_token_hears_its_own_400_samples(variant: str) -> None:
    """A changed sample reaches the tokens whose field 320 t - 160 ... 320 t + 239 holds it, and no other."""
    encoder = tiny(variant, norm="layer").encoder  # a GroupNorm hears the whole clip
    samples = wave(4000)[None]
    before = encoder(samples, None)
    for changed in (0, 159, 160, 239, 240, 479, 480, 559, 560, 3999):
        other = samples.clone()
        other[0, changed] += 1.0
        moved = (encoder(other, None) - before).abs().amax(dim=(0, 2)) > 1e-7
        expected = [320 * t - 160 <= changed <= 320 * t + 239 for t in range(len(moved))]
        assert moved.tolist() == expected, changed


@torch.no_grad()
@pytest.mark.parametrize("samples", [400, 720, 6_000, 70_000])
def test_the_encoder_is_seven_convolutions_and_a_group_norm(samples: int) -> None:
    """Against PyTorch's own layers, run over the whole clip at once, with an offset in the recording."""
    encoder = tiny().encoder
    assert isinstance(encoder, ConvEncoder)
    torch.nn.init.normal_(encoder.first.norm.weight)
    torch.nn.init.normal_(encoder.first.norm.bias)
    x = torch.stack([wave(samples), wave(samples, 1)]) + 0.05
    y = F.gelu(encoder.first.norm(encoder.first.conv(x.unsqueeze(1))))
    for number, conv in enumerate(encoder.convs):
        padding = 1 if number == 5 else 0
        y = F.gelu(F.conv1d(y, conv.weight.permute(2, 1, 0), stride=2, padding=padding))
    expected = encoder.project(encoder.norm(y.transpose(1, 2)))[:, : token_count(samples)]
    torch.testing.assert_close(encoder(x, None), expected, rtol=1e-4, atol=1e-5)


def test_training_and_recognising_convolve_alike() -> None:
    """Without a gradient the clip is convolved in stretches; the gradient reaches the norm that sits in the kernel."""
    encoder = tiny().encoder
    samples = wave(70_000)[None]
    whole = encoder(samples, None)
    with torch.no_grad():
        torch.testing.assert_close(encoder(samples, None), whole, rtol=1e-4, atol=1e-5)
    whole.square().sum().backward()
    for parameter in encoder.first.parameters():
        assert parameter.grad.abs().max() > 0


@torch.no_grad()
@pytest.mark.parametrize("variant", VARIANTS)
def test_the_same_answer_beside_a_longer_clip(variant: str) -> None:
    model = tiny(variant)
    clips = [wave(n, seed)[None, None] for seed, n in enumerate((9_000, 300, 400, 24_011))]
    features, lengths = collate(clips)
    features += 0.3 * (torch.arange(features.shape[2]) >= lengths[:, None, None])  # whatever stands in the padding
    alone = torch.cat([model(clip) for clip in clips])
    torch.testing.assert_close(model(features, lengths), alone, rtol=1e-5, atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("variant", VARIANTS)
def test_the_mean_of_the_tokens_votes_is_the_clips_logit(variant: str) -> None:
    model = tiny(variant)
    features = wave(20_000)[None, None]
    with capture_attention() as maps:
        logits = model(features)
    votes = maps["token_logits"]
    assert [axis.name for axis in votes.axes] == ["segment", "time", "emotion"]
    assert votes.values.shape == (1, 62, 7)
    np.testing.assert_allclose(votes.values.mean(1), logits.numpy(), rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_maps_lie_on_the_clips_time_line() -> None:
    model = tiny()
    with capture_attention() as maps:
        model(wave(20_000)[None, None])
    attention = maps["block1.attention"]
    assert attention.values.shape == (1, 8, 62, 62)
    assert attention.softmax
    np.testing.assert_allclose(attention.values.sum(-1), 1, rtol=1e-5)
    for name in ("query", "key"):
        np.testing.assert_allclose(attention.axis(name).centres[:2], [39.5 / 16_000, 359.5 / 16_000])
    start, end, anchor = (maps[f"block1.{name}"].values for name in ("start", "end", "anchor"))
    assert start.shape == (1, 8, 62)
    assert (start <= anchor + 1e-6).all()
    assert (anchor <= end + 1e-6).all()
    centres = attention.axis("key").centres
    looked_at = (centres >= start[..., None] - 1e-4) & (centres <= end[..., None] + 1e-4)
    assert ((attention.values > 0) <= looked_at).all()


@torch.no_grad()
def test_looking_changes_nothing() -> None:
    for variant in ("default", "vanilla"):
        model = tiny(variant)
        features = wave(20_000)[None, None]
        unseen = model(features)
        with capture_attention():
            torch.testing.assert_close(model(features), unseen, rtol=1e-5, atol=1e-5)


@torch.no_grad()
def test_windows_start_on_their_token_and_widen_from_head_to_head() -> None:
    layer = create("serct", depth=1).blocks[0].attention
    anchor, half = layer.windows(torch.randn(1, 30, 1024))
    torch.testing.assert_close(anchor, torch.arange(30.0).expand(1, 8, 30))
    expected = torch.tensor([1.25, 4.64, 8.04, 11.43, 14.82, 18.21, 21.61, 25.0])
    torch.testing.assert_close(half[0, :, 7], expected, rtol=0, atol=0.006)


def attention_layer(clamped: bool, shift: float, stretch: float) -> DeformableAttention:
    """One layer whose anchors all move by `shift` * 450 tokens, with half-widths of `stretch` * 450."""
    torch.manual_seed(2)
    layer = DeformableAttention(32, 4, "block0", TokenClock(0.0, 0.02), clamped).eval()
    layer.reset_windows()
    with torch.no_grad():
        layer.window.bias[:4] = math.atanh(shift)
        layer.window.bias[4:] = math.log(stretch / (1 - stretch))
    return layer


@torch.no_grad()
@pytest.mark.parametrize("shift", [-0.999, 0.999])
@pytest.mark.parametrize("valid", [None, 5])
def test_no_window_is_empty(shift: float, valid: int | None) -> None:
    """However far a head looks away, its window keeps a token of the clip; the release's may leave it."""
    tokens = torch.randn(1, 20, 32)
    clock = TokenClock(0.0, 0.02)
    axes = clock.axis("query", 20, 20), clock.axis("key", 20, 20)
    real = None if valid is None else torch.tensor([valid])
    with capture_attention() as maps:
        attention_layer(True, shift, 1e-6)(tokens, real, axes)
    kept = maps["block0.attention"].values
    np.testing.assert_allclose(kept.sum(-1), 1, rtol=1e-5)
    assert ((kept > 0).sum(-1) <= 3).all()  # a narrow window: the edge of the clip, and no uniform row
    assert not kept[..., (valid or 20) :].any()
    with capture_attention() as maps:
        attention_layer(False, shift, 1e-6)(tokens, None, axes)
    np.testing.assert_allclose(maps["block0.attention"].values, 1 / 20, rtol=1e-4)
    edge = maps["block0.end" if shift < 0 else "block0.start"].values
    assert (edge < 0).all() if shift < 0 else (edge > clock.step * 20).all()


@torch.no_grad()
def test_attention_follows_the_formula() -> None:
    """Against the point weights written out for every pair of tokens."""
    torch.manual_seed(3)
    layer = DeformableAttention(32, 4, "block0", TokenClock(0.0, 0.02)).eval()
    torch.nn.init.normal_(layer.window.weight, std=0.01)
    torch.nn.init.normal_(layer.window.bias[4:], mean=-4.0)
    tokens = torch.randn(2, 40, 32)
    axes = TokenClock(0.0, 0.02).axis("query", 40, 40), TokenClock(0.0, 0.02).axis("key", 40, 40)
    with capture_attention() as maps:
        layer(tokens, None, axes)
    query, key, _ = layer.query_key_value(tokens).chunk(3, dim=2)
    anchor, half = layer.windows(query)
    shift, stretch = layer.window(query).transpose(1, 2).chunk(2, dim=1)
    torch.testing.assert_close(anchor, (torch.arange(40) + 450 * shift.tanh()).clamp(0, 39))
    torch.testing.assert_close(half, REACH * stretch.sigmoid())
    a, left, right = (x.unsqueeze(3) for x in (anchor, anchor - half, anchor + half))
    j = torch.arange(40.0)
    weight = 1 + (1 - (j - a).abs()).clamp_min(0)
    weight -= (left - left.floor()) * (j == left.floor()) + (right.ceil() - right) * (j == right.ceil())
    logits = query.unflatten(2, (4, 8)).transpose(1, 2) @ key.unflatten(2, (4, 8)).permute(0, 2, 3, 1) / 8**0.5
    logits = (logits * weight).masked_fill((j < left.floor()) | (j > right.ceil()), -1e8)
    np.testing.assert_allclose(maps["block0.attention"].values, logits.softmax(-1).numpy(), rtol=1e-4, atol=1e-6)


def test_the_position_is_a_sinusoid_that_is_not_stored() -> None:
    table = sinusoid(2000, 1024)
    torch.testing.assert_close(table[0, :4], torch.tensor([0.0, 1.0, 0.0, 1.0]))
    torch.testing.assert_close(table[7, :2], torch.tensor([math.sin(7), math.cos(7)]))
    torch.testing.assert_close(table[7, 512], torch.tensor(math.sin(7 / 100)))
    assert "position" not in tiny().weights()


@torch.no_grad()
def test_the_order_of_tokens_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plain attention alone could not tell one order from another: the position does."""
    tokens = torch.randn(1, 30, 64)
    for variant, counts in (("vanilla", True), ("no_transformer", False)):
        model = tiny(variant)
        answers = []
        for order in (torch.arange(30), torch.arange(30).flip(0)):
            monkeypatch.setattr(model.encoder, "forward", lambda *_, order=order: tokens[:, order])
            answers.append(model(wave(30 * 320)[None, None]))
        assert torch.allclose(*answers, atol=1e-5) is not counts


@torch.no_grad()
def test_published_brings_the_release_back() -> None:
    ours, released = tiny(), tiny(published=True)
    released.load_weights(ours.weights() | {"position": released.position})
    features = wave(20_000)[None, None]
    assert not torch.allclose(ours(features), released(features), atol=1e-3)
    # Padding counts, as far as 144,000 samples, and the noise is always the same draw.
    torch.testing.assert_close(released(F.pad(features, (0, 124_000))), released(features))
    assert not torch.allclose(ours(F.pad(features, (0, 124_000))), ours(features), atol=1e-3)
    assert released.position.abs().max() <= math.sqrt(6 / (2000 + 64))
    assert torch.equal(released.position, tiny(published=True).position)
    assert "position" in released.weights()
    with capture_attention() as maps:
        released(features)
    centres = maps["token_logits"].axis("time").centres
    assert len(centres) == 450
    assert np.isfinite(centres).sum() == 63  # tokens in the padding have no place in the clip


def test_segments_keep_their_length_up_to_nine_seconds() -> None:
    model = tiny()
    short, long = model.prepare(wave(20_000)), model.prepare(wave(230_000))
    assert short.features.shape == (1, 1, 20_000)
    assert long.features.shape == (3, 1, 144_000)
    np.testing.assert_allclose(long.starts, [0.0, 4.5, (230_000 - 144_000) / 16_000])
