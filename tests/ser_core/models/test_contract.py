"""What every system and every variant promises, one set of tests over all of them.

The five defaults run at real size, everything else at the size of `TINY`; counts are taken at full size, on the meta
device.  Clips of 30 s and full sizes of the variants: `make test-heavy`.
"""

from __future__ import annotations

import re
import threading
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from ser_core.maps import capture_attention
from ser_core.models import System, cost_of, create, list_systems, list_variants
from ser_core.segments import collate

DEFAULTS = [(system, "default") for system in list_systems()]
EVERYTHING = [(system, variant) for system in list_systems(baselines=True) for variant in list_variants(system)]
TRAINABLE = [pair for pair in EVERYTHING if pair[0] != "svm"]  # the SVM learns by scikit-learn, not by gradients

# (system, variant, classes): trainable parameters, as published or as counted from the papers' descriptions.
COUNTS = {
    ("ctmam", "default", 4): 1_031_674,
    ("ctmam", "default", 7): 1_035_517,
    ("ctmam", "small", 7): 544_361,
    ("ctmam", "no_tsa", 4): 1_031_140,
    ("ctmam", "no_lstm", 4): 1_031_146,
    ("ctmam", "no_lct", 4): 294_058,
    ("ctmam", "no_ca", 4): 1_021_618,
    ("ctmam", "no_se", 4): 1_006_138,
    ("ctmam", "conv_lct", 4): 1_404_922,
    ("ctmam", "convffn_large", 4): 10_390_522,
    ("ctmam", "convffn_small", 4): 2_526_202,
    ("ctmam", "transformer", 4): 1_357_810,
    ("serct", "default", 7): 26_462_791,
    ("serct", "default", 5): 26_462_277,
    ("serct", "depth_1", 7): 10_655_767,
    ("serct", "depth_2", 7): 15_924_775,
    ("serct", "depth_3", 7): 21_193_783,
    ("serct", "depth_5", 7): 31_731_799,
    ("serct", "depth_6", 7): 37_000_807,
    ("serct", "vanilla", 7): 26_397_191,
    ("serct", "no_transformer", 7): 5_386_759,
    ("serct", "no_cnn", 7): 22_146_631,
    ("serct", "layer_norm", 7): 26_468_935,
    ("tf_transformer", "default", 4): 239_464,
    ("tf_transformer", "default", 6): 239_546,
    ("tf_transformer", "t_f", 4): 88_236,
    ("tf_transformer", "t_tf", 4): 193_888,
    ("tf_transformer", "f_tf", 4): 193_888,
    ("vit_vertical", "teacher_6", 7): 5_276_104,
    ("vit_vertical", "teacher_6", 6): 5_275_847,
    ("vit_vertical", "teacher_12", 7): 15_908_296,
    ("vit_vertical", "default", 7): 2_599_943,
    ("vit_vertical", "default", 6): 2_599_686,
    ("vit_vertical", "teacher_6_no_position", 7): 5_210_056,
    ("vit_vertical", "teacher_6_square", 7): 5_375_176,
    ("mhsa_faca", "bmhsa", 4): 4_349_764,
    ("mhsa_faca", "fa", 4): 4_875_076,
    ("mhsa_faca", "default", 4): 4_875_148,
    ("mhsa_faca", "default", 8): 4_876_176,
}

# Settings that make a variant small enough for a quick test; what is not listed is small already.
TINY: dict[str, dict[str, Any]] = {
    "vit_vertical": {"width": 16, "heads": 2, "head_width": 8, "hidden": 16, "depth": 2, "stem_width": 2},
    "serct": {"channels": 32, "width": 64, "hidden": 32},
    "tf_transformer": {"channels": 4, "hidden": 16, "joint_hidden": 16},
    "mhsa_faca": {"channels": 2, "hidden": 16, "classifier": 8},
    "ast": {"depth": 2, "heads": 2, "head_width": 8, "expansion": 1},
    "septr": {"depth": 2, "width": 8, "heads": 2, "head_width": 4, "hidden": 8},
}

# Parameters whose gradient is zero by mathematics, with the reason.
NO_GRADIENT = {
    r"key\.bias$": "a bias on all keys shifts every logit of a row alike, and softmax does not see that",
    r"^(stem\.conv|head|blocks\.\d\.attention\.(reduce|coordinate\.squeeze)).*0\.bias$": "batch norm takes a bias away",
    r"convolutions\.[03]\.bias$": "batch norm takes a bias away",
    r"^stem\.layers\.[04]\.bias$": "batch norm takes a bias away",
    r"^stem\.\d+\.bias$": "instance norm takes a bias away",
    r"transformer bias$": "the published count holds the bias B, which plain attention does not use",
    # of the last block:
    r"^blocks\.2\.(norm2\.bias|feed_forward\.contract\.1\.bias)$": "only shifts channels before the head's batch norm",
    r"transformer blocks\.2\.1\.layers\.1\.feed_forward\.2\.bias$": "the same in the variant with plain attention",
    r"mobilevit_v[23]_d\d blocks\.0\.(layers\.\d|back\.1)\.bias$": "the same in the MobileViT variants",
    r"small blocks\.0\.norm2\.bias$": "the same in the variant of one block",
}


def small(system: str, variant: str, num_classes: int = 7) -> System:
    """The variant at test size, in eval mode; the five defaults at their real size."""
    torch.manual_seed(7)
    changes = {} if (system, variant) in DEFAULTS else TINY.get(system, {})
    return create(system, variant, num_classes, **changes).eval()


def speech(seconds: float, seed: int = 0) -> Tensor:
    """Noise with a syllable's rhythm: loud and soft like a voice.  Shape = (n,)."""
    generator = torch.Generator().manual_seed(seed)
    n = round(16_000 * seconds)
    rhythm = (torch.arange(n) * (2 * torch.pi * (3 + seed % 3) / 16_000)).sin().clamp_min(0.05)
    return 0.1 * rhythm * torch.randn(n, generator=generator)


def batch(model: System, clips: int = 4, seconds: float = 2.0) -> Tensor:
    """The first segment of some clips, [clips, rows, frames]."""
    return torch.cat([model.prepare(speech(seconds, seed)).features[:1] for seed in range(clips)])


@pytest.fixture(params=EVERYTHING, ids="-".join, scope="module")
def model(request: pytest.FixtureRequest) -> System:
    return small(*request.param)


@pytest.mark.parametrize(("system", "variant", "classes"), COUNTS)
def test_the_published_count(system: str, variant: str, classes: int) -> None:
    assert cost_of(system, variant, classes).parameters == COUNTS[system, variant, classes]


@pytest.mark.parametrize(("system", "variant"), TRAINABLE)
def test_a_gradient_reaches_every_parameter(system: str, variant: str) -> None:
    model = small(system, variant)
    features = batch(model).double()
    model.double().train()  # in double precision what is zero by mathematics stands far below what is not
    with torch.no_grad():  # away from the start, where gates of zero hide what stands behind them
        for parameter in model.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    F.cross_entropy(model(features), torch.arange(4)).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        if not any(re.search(pattern, place) for pattern in NO_GRADIENT for place in (name, f"{variant} {name}")):
            assert parameter.grad.abs().max() > 1e-12, name


@torch.no_grad()
def test_a_clip_does_not_depend_on_its_neighbours(model: System) -> None:
    features = batch(model)
    torch.testing.assert_close(model(features)[2:3], model(features[2:3]), rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_a_clip_does_not_depend_on_padding(model: System) -> None:
    """A short clip alone and beside a longer one."""
    short, long = (model.prepare(speech(seconds)).features for seconds in (1.1, 2.3))
    features, lengths = collate([short, long])
    assert (lengths is not None) == (model.fill == "none")
    torch.testing.assert_close(model(features, lengths)[: len(short)], model(short), rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_looking_changes_nothing_and_rows_are_distributions(model: System) -> None:
    features = batch(model)
    unseen = model(features)
    with capture_attention() as maps:
        seen = model(features)
    torch.testing.assert_close(seen, unseen, rtol=1e-5, atol=1e-5)
    assert maps or model.baseline_of, "a published system shows its attention"
    for one in maps.values():
        assert len(one.values) == len(features)
        assert np.isfinite(one.values).all(), one.name
        if one.softmax:
            np.testing.assert_allclose(one.values.sum(-1), 1, rtol=1e-4, err_msg=one.name)
        for axis in one.axes:
            assert axis.unit
            if axis.unit == "s" and axis.name != "segment":
                placed = axis.centres[np.isfinite(axis.centres)]
                assert placed.min() >= 0
                assert placed.max() <= model.segment_seconds


@torch.no_grad()
@pytest.mark.parametrize(("system", "variant"), TRAINABLE)
def test_saved_and_loaded_is_the_same(system: str, variant: str) -> None:
    one, other = small(system, variant), small(system, variant)
    for parameter in other.parameters():
        parameter.add_(0.1)
    features = batch(one, clips=2)
    assert not torch.allclose(one(features), other(features))
    other.load_weights(one.weights())
    assert torch.equal(one(features), other(features))


@torch.no_grad()
@pytest.mark.parametrize("classes", [2, 11])
@pytest.mark.parametrize(("system", "variant"), TRAINABLE)
def test_any_number_of_classes(system: str, variant: str, classes: int) -> None:
    model = small(system, variant, classes)
    assert model(batch(model, clips=2)).shape == (2, classes)


@torch.no_grad()
def test_a_very_short_clip(model: System) -> None:
    """0.3 s, shorter than the segment of every system."""
    clip = model.prepare(speech(0.3))
    assert len(clip) >= 1
    assert model(clip.features).isfinite().all()


@pytest.mark.parametrize(("system", "variant"), DEFAULTS)
def test_eight_threads_get_what_each_gets_alone(system: str, variant: str) -> None:
    """Half of them look at the attention, all over one model."""
    model = small(system, variant)
    clips = [batch(model, clips=1, seconds=1.0 + 0.1 * number) for number in range(8)]

    def run(number: int) -> tuple[Tensor, dict[str, np.ndarray]]:
        with torch.no_grad():
            if number % 2:
                return model(clips[number]), {}
            with capture_attention() as maps:
                return model(clips[number]), {name: one.values for name, one in maps.items()}

    alone = [run(number) for number in range(8)]
    together: list[Any] = [None] * 8

    def work(number: int) -> None:
        for _ in range(2):
            together[number] = run(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for (logits, maps), (own_logits, own_maps) in zip(together, alone, strict=True):
        torch.testing.assert_close(logits, own_logits, rtol=1e-5, atol=1e-5)
        assert maps.keys() == own_maps.keys()
        for name, values in own_maps.items():
            np.testing.assert_allclose(maps[name], values, rtol=1e-4, atol=1e-5, err_msg=name)


@torch.no_grad()
@pytest.mark.heavy
@pytest.mark.parametrize(("system", "variant"), EVERYTHING)
def test_full_size_and_thirty_seconds(system: str, variant: str) -> None:
    """Every variant at its published size on a 30 s clip, a few segments at a time."""
    torch.manual_seed(7)
    model = create(system, variant).eval()
    clip = model.prepare(speech(30.0))
    assert clip.ends()[-1] == pytest.approx(30.0, abs=model.hop_seconds)
    for part in clip.features.split(model.batch):
        assert model(part).isfinite().all()


def linear(tokens: int, inputs: int, outputs: int) -> int:
    return tokens * inputs * outputs


def test_costs_equal_hand_counts() -> None:
    """Multiply-adds of one segment by the papers' shapes, biases and norms apart."""
    student = linear(128, 128, 256) + linear(1, 256, 7)
    student += 3 * (linear(129, 256, 960) + 2 * 5 * 129 * 129 * 64 + linear(129, 320, 256) + 2 * linear(129, 256, 1024))
    assert cost_of("vit_vertical").madds_per_segment == student

    convolutions = 38 * 50 * 3 * 64 + 17 * 50 * 3 * 64 * 64  # 40 coefficients lose two rows each time, halved between
    lstm = 2 * 50 * 4 * 256 * (512 + 256) * 2  # two layers of two directions, both read 512 values
    attention = 4 * linear(50, 512, 512) + 2 * 8 * 50 * 50 * 64
    focus = linear(50, 512, 512) + linear(1, 512, 512) + 2 * 8 * linear(50, 64, 1)
    rest = linear(1, 8, 8) + linear(1, 512, 256) + linear(1, 256, 4)
    assert cost_of("mhsa_faca").madds_per_segment == convolutions + lstm + attention + focus + rest

    along = 40 * 80 * 64 * 5 + 20 * 80 * 64 * 5 * 64  # the same along time and along frequency
    both = 40 * 40 * 64 * 25 + 20 * 20 * 64 * 25 * 64
    encoder = linear(80, 20, 60) + 2 * 80 * 80 * 20 + linear(80, 20, 20) + 2 * linear(80, 20, 512)
    last = 4 * linear(20, 20, 20) + 2 * 20 * 20 * 20 + 2 * linear(20, 20, 1024)
    expected = 2 * (along + encoder + linear(20, 80, 20)) + both + last + linear(1, 40, 4)
    assert cost_of("tf_transformer").madds_per_segment == expected

    stem = 26 * 57 * 2 * 8 * 3 + 26 * 57 * 32 * 16 * 9 + 13 * 28 * 48 * 32 * 9 + 84 * 64 * 48 * 9 + 84 * 128 * 64 * 9
    timing = 14 * 2 * 4 * 3 * (6 + 3) * 2  # two layers of two directions over 14 columns
    local = 84 * 128 * 49 + linear(84, 128, 128)
    gates = linear(20, 128, 8) + linear(6 + 14, 8, 128)
    attention = 21 * 128 * 4 + 2 * linear(21, 128, 128) + linear(84, 128, 128) + 2 * 84 * 21 * 128
    feed_forward = 2 * linear(84, 128, 512) + 84 * 512 * 49 + 2 * linear(1, 128, 32)
    head = linear(84, 128, 1280) + linear(1, 1280, 4)
    cost = cost_of("ctmam")
    assert cost.madds_per_segment == stem + timing + 3 * (local + gates + attention + feed_forward) + head
    assert cost.madds_per_second == round(cost.madds_per_segment / 0.2)
