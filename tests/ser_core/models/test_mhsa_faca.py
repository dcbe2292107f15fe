"""MHSA-FACA: the counts, how clips become windows, and FA and CA by their formulas."""

import numpy as np
import pytest
import torch
from torch import Tensor

from ser_core.maps import AttentionMap, capture_attention
from ser_core.models import System, count_parameters, create
from ser_core.preparation import Preparation
from ser_core.segments import Cutting

VARIANTS = ["default", "bmhsa", "fa", "faca"]


def small(variant: str = "default", **changes: object) -> System:
    """Two LSTMs of 16 instead of 256; heads and frames as published."""
    torch.manual_seed(5)
    return create("mhsa_faca", variant, 4, channels=2, hidden=16, classifier=8, **changes).eval()


def look(model: System, features: Tensor) -> dict[str, np.ndarray]:
    return {name: one.values for name, one in whole_maps(model, features).items()}


def whole_maps(model: System, features: Tensor) -> dict[str, AttentionMap]:
    with capture_attention() as maps, torch.no_grad():
        model(features)
    return maps


@pytest.mark.parametrize(
    ("variant", "classes", "parameters"),
    [
        ("bmhsa", 4, 4_349_764),
        ("fa", 4, 4_875_076),
        ("faca", 4, 4_875_148),
        ("default", 4, 4_875_148),
        ("default", 8, 4_876_176),
    ],
)
def test_parameter_counts(variant: str, classes: int, parameters: int) -> None:
    with torch.device("meta"):
        model = create("mhsa_faca", variant, classes)
    assert count_parameters(model) == parameters


def test_windows_cover_the_clip_to_its_end() -> None:
    model = small()
    assert model.prepare(torch.randn(8_000)).features.shape == (1, 40, 50)
    exact = model.prepare(torch.randn(16_000))
    np.testing.assert_allclose(exact.starts, [0, 0.1, 0.2, 0.3, 0.4, 0.5])
    rest = model.prepare(torch.randn(16_000 + 640))  # 4 frames more
    np.testing.assert_allclose(rest.starts, [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.54])
    assert rest.ends()[-1] == pytest.approx(1.04)
    torch.testing.assert_close(rest.features[5, :, 4:], rest.features[6, :, :-4])


@pytest.mark.parametrize("normalise", ["none", "clip", "corpus"])
def test_windows_are_cut_from_the_frames_of_the_whole_clip(normalise: str) -> None:
    """Frame j of a window lies 10 j ms behind its start."""
    model = small(preparation=Preparation(normalise=normalise))
    clip = torch.randn(20_000)
    windows = model.prepare(clip)
    whole = model.front_end(clip[None])[0]
    if normalise == "clip":
        whole = whole[:, :125]  # all 125 frames whose centre lies inside the clip, each once
        whole = (whole - whole.mean(1, keepdim=True)) / whole.std(1, keepdim=True)
    for window, start in zip(windows.features, windows.starts, strict=True):
        first = round(100 * start)
        torch.testing.assert_close(window, whole[:, first : first + 50], rtol=1e-3, atol=1e-3)


def test_the_clip_is_normalised_over_its_own_frames() -> None:
    """Mean 0 and deviation 1 over the frames of the clip, not over those of its overlapping windows."""
    model = small()
    loudness = torch.linspace(0.01, 1, 20_000)
    windows = model.prepare(loudness * torch.randn(20_000))
    frames = torch.full((40, 125), torch.nan)
    for window, start in zip(windows.features, windows.starts, strict=True):
        frames[:, round(100 * start) : round(100 * start) + 50] = window
    assert frames.mean(1).abs().max() < 1e-3
    assert (frames.std(1) - 1).abs().max() < 1e-3
    assert windows.features[:, 0].mean().abs() > 0.01  # the overlapping ones count the middle more often


def test_a_short_clip_is_repeated() -> None:
    clip = 0.1 * torch.randn(4_800)
    windows = small().prepare(clip)
    assert windows.features.shape == (2, 40, 50)  # 0.3 s twice: 60 frames
    assert windows.span == (0, 0.3)
    assert (windows.ends() <= 0.3).all()
    torch.testing.assert_close(windows.features, small().prepare(clip.repeat(2)).features)


def test_trimming_moves_the_windows() -> None:
    clip = torch.cat([torch.zeros(8_000), torch.randn(16_000), torch.zeros(8_000)])
    windows = small(preparation=Preparation(normalise="clip", trim_db=40)).prepare(clip)
    assert windows.starts[0] == pytest.approx(0.5, abs=0.026)
    assert windows.ends()[-1] == pytest.approx(1.5, abs=0.026)


def test_a_wider_hop_gives_fewer_windows() -> None:
    model = small()
    clip = torch.randn(16_000)
    wide = model.raw_segments(clip, Cutting(8_000, 3_200, tail=True))
    np.testing.assert_allclose(wide.starts, [0, 0.2, 0.4, 0.5])
    torch.testing.assert_close(wide.features[1], model.raw_segments(clip).features[2])


def test_maps_by_variant() -> None:
    features = torch.randn(2, 40, 50)
    focus, gates = {"mu", "sigma"}, {"calibration", "calibrated"}
    expected = {"bmhsa": {"attention"}, "fa": {"attention"} | focus, "faca": {"attention"} | focus | gates}
    for variant, names in expected.items():
        maps = whole_maps(small(variant), features)
        assert set(maps) == names
        assert maps["attention"].values.shape == (2, 8, 50, 50)
        assert maps["attention"].softmax
        np.testing.assert_allclose(maps["attention"].values.sum(-1), 1, rtol=1e-5)
    assert not maps["calibrated"].softmax
    assert {axis: maps["calibrated"].axis(axis).unit for axis in ("query", "key")} == {"query": "s", "key": "s"}
    np.testing.assert_allclose(maps["calibrated"].axis("key").centres, 0.01 * np.arange(50))
    assert (maps["mu"].values.shape, maps["calibration"].values.shape) == ((2, 8, 50), (2, 8))


def test_focus_starts_in_the_middle_of_the_window() -> None:
    """sigmoid(0) x 50 frames = 0.25 s."""
    torch.manual_seed(5)
    maps = look(create("mhsa_faca", "default", 4).eval(), torch.randn(1, 40, 50))
    assert np.abs(maps["mu"] - 0.25).max() < 0.05
    assert np.abs(maps["sigma"] - 0.25).max() < 0.05


def test_focus_by_its_formula() -> None:
    """The map with FA is the map without, times the Gaussian of mu and sigma, brought back to sums of 1."""
    plain, focused = small("bmhsa"), small("fa")
    plain.load_state_dict(focused.state_dict(), strict=False)
    with torch.no_grad():  # away from the start, so that mu and sigma differ from query to query
        for vector in (focused.attention.focus.centre, focused.attention.focus.spread):
            vector.mul_(40)
    features = 3 * torch.randn(2, 40, 50)
    before, after = look(plain, features), look(focused, features)
    mu, sigma = 100 * after["mu"][..., None], 100 * after["sigma"][..., None]
    assert mu.std() > 1
    expected = before["attention"] * np.exp(-2 * (np.arange(50) - mu) ** 2 / sigma**2)
    np.testing.assert_allclose(after["attention"], expected / expected.sum(-1, keepdims=True), rtol=1e-3, atol=1e-6)


def test_focus_is_never_narrower_than_a_frame() -> None:
    model = small("fa")
    with torch.no_grad():
        model.attention.focus.spread.mul_(1e6)
        maps = look(model, torch.randn(2, 40, 50))
        assert model(torch.randn(2, 40, 50)).isfinite().all()
    assert maps["sigma"].min() == pytest.approx(0.01)


def test_calibration_by_its_formula() -> None:
    model = small()
    maps = look(model, torch.randn(2, 40, 50))
    layer = model.attention.calibration.gate
    weight, bias = layer.weight.detach().numpy(), layer.bias.detach().numpy()
    largest = maps["attention"].max((2, 3))
    gates = 1 / (1 + np.exp(-(largest @ weight.T + bias)))
    np.testing.assert_allclose(maps["calibration"], gates, rtol=1e-5)
    np.testing.assert_allclose(maps["calibrated"], gates[:, :, None, None] * maps["attention"], rtol=1e-5)
    assert np.abs(maps["calibrated"].sum(-1) - 1).min() > 0.1


def test_what_is_computed_is_the_calibrated_map() -> None:
    """Values weighted by the calibrated map, projected, averaged over frames: the rest of the network by hand."""
    model = small()
    features = torch.randn(2, 40, 50)
    calibrated = torch.tensor(look(model, features)["calibrated"])
    attention = model.attention
    with torch.no_grad():
        states = model.lstm(model.stem(features))[0]
        value = attention.value(states).unflatten(2, (8, -1)).transpose(1, 2)
        pooled = attention.project((calibrated @ value).transpose(1, 2).flatten(2)).mean(1)
        torch.testing.assert_close(model.embed(features), model.hidden(pooled), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("variant", VARIANTS)
def test_looking_changes_nothing(variant: str) -> None:
    model = small(variant)
    features = torch.randn(3, 40, 50)
    with torch.no_grad():
        unseen = model(features)
        with capture_attention():
            torch.testing.assert_close(model(features), unseen, rtol=1e-5, atol=1e-5)
