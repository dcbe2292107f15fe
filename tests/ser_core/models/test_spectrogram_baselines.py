"""AST and SepTr on the log-mel picture: their shapes, and what their maps say."""

import numpy as np
import pytest
import torch
from torch import Tensor

from ser_core.maps import AttentionMap, capture_attention
from ser_core.models import System, cost_of, create, system_class

AST = {"depth": 2, "heads": 2, "head_width": 8, "expansion": 1}
SEPTR = {"depth": 2, "width": 8, "heads": 2, "head_width": 4, "hidden": 8}


def small(system: str) -> System:
    torch.manual_seed(3)
    return create(system, **{"ast": AST, "septr": SEPTR}[system]).eval()


def pictures(count: int = 2) -> Tensor:
    return torch.rand(count, 128, 128, generator=torch.Generator().manual_seed(1))


def look(model: System, features: Tensor) -> dict[str, AttentionMap]:
    with capture_attention() as maps, torch.no_grad():
        model(features)
    return maps


@pytest.mark.parametrize(
    ("system", "variant", "parameters", "madds"),
    [
        ("ast", "default", 85_370_887, 12.73e9),
        ("ast", "small", 21_451_783, 3.32e9),
        ("septr", "default", 8_730_119, 175.81e9),
    ],
)
def test_size_and_cost(system: str, variant: str, parameters: int, madds: float) -> None:
    """AST's small variant and SepTr cost what paper 003 prints, to 1 %."""
    full = cost_of(system, variant, 7)
    assert full.parameters == parameters
    assert full.madds_per_segment == pytest.approx(madds, rel=0.01)


@pytest.mark.parametrize("system", ["ast", "septr"])
def test_they_are_baselines_of_the_vertical_patches_from_scratch(system: str) -> None:
    assert system_class(system).baseline_of == "vit_vertical"
    assert "from scratch" in system_class(system).title
    assert any("random weights" in line for line in system_class(system).deviations())


@torch.no_grad()
@pytest.mark.parametrize("system", ["ast", "septr"])
def test_the_same_picture_as_the_paper_s_own_system(system: str) -> None:
    clip = torch.randn(70_000, generator=torch.Generator().manual_seed(0))
    ours, theirs = small(system).prepare(clip), create("vit_vertical", depth=1, width=8).prepare(clip)
    assert torch.equal(ours.features, theirs.features)
    np.testing.assert_array_equal(ours.starts, theirs.starts)


@torch.no_grad()
@pytest.mark.parametrize("system", ["ast", "septr"])
def test_they_know_the_order_of_columns_and_rows(system: str) -> None:
    model, features = small(system).double(), pictures().double()
    for axis in (1, 2):
        assert (model(features.flip(axis)) - model(features)).abs().max() > 1e-5


def test_ast_patches_overlap_by_six() -> None:
    model = small("ast")
    maps = look(model, pictures())
    assert maps["layer0.attention"].values.shape == (2, 2, 145, 145)
    assert maps["cls"].values.shape == maps["rollout"].values.shape == (2, 12, 12)
    time, band = maps["cls"].axis("time").centres, maps["cls"].axis("band").centres
    np.testing.assert_allclose(time, 0.03125 * (8 + 10 * np.arange(12)))
    np.testing.assert_allclose(band[-1], model.front_end.rows.centres[110:126][7:9].mean())


@torch.no_grad()
def test_ast_does_not_see_the_last_two_columns_and_rows() -> None:
    """As its docstring says: 12 patches of stride 10 cover 126 cells."""
    model, features = small("ast"), pictures()
    changed = features.clone()
    changed[:, 126:, :], changed[:, :, 126:] = 0, 0
    assert torch.equal(model(changed), model(features))
    changed[:, :, 125] = 0
    assert not torch.equal(model(changed), model(features))


def test_septr_looks_along_columns_then_along_rows() -> None:
    model = small("septr")
    maps = look(model, pictures())
    assert set(maps) == {"vertical0.cls", "vertical1.cls", "horizontal0.cls", "horizontal1.cls", "cls"}
    vertical, horizontal = maps["vertical1.cls"], maps["horizontal1.cls"]
    assert [axis.unit for axis in vertical.axes[1:]] == ["index", "s", "Hz"]
    assert [axis.unit for axis in horizontal.axes[1:]] == ["index", "Hz", "s"]
    for one in (vertical, horizontal):
        assert one.values.shape == (2, 2, 128, 129)
        assert np.isnan(one.axes[-1].centres[0])
        np.testing.assert_allclose(one.values.sum(-1), 1, rtol=1e-5)
    np.testing.assert_allclose(maps["cls"].values, horizontal.values.mean(1)[..., 1:], rtol=1e-5)
    assert vertical.over_time() is None  # a column's softmax over its bands says nothing of one column against another


def test_septr_columns_are_columns() -> None:
    """In the first layer a column's class token knows that column alone."""
    model, features = small("septr"), pictures(1)
    changed = features.clone()
    changed[:, :, 30] = 0
    before, after = (look(model, one)["vertical0.cls"].values[0] for one in (features, changed))
    differs = np.abs(before - after).max(axis=(0, 2)) > 0
    assert np.flatnonzero(differs).tolist() == [30]
