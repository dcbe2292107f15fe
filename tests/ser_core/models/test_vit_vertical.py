"""ViT with vertical patches: the counts, what student and teacher know of order, and what their maps say."""

import numpy as np
import pytest
import torch
from torch import Tensor

from ser_core.maps import AttentionMap, capture_attention
from ser_core.models import System, count_parameters, create
from ser_core.models.patches import PatchGrid, rollout, stripes
from ser_core.models.vit_vertical import coordinate_planes

COLUMNS = 0.03125 * (np.arange(128) + 0.5)  # seconds


def small(variant: str = "default", **changes: object) -> System:
    """A narrow model of the variant, in eval mode; its order of columns works as in the full one."""
    torch.manual_seed(3)
    sizes = {"width": 32, "heads": 2, "head_width": 8, "hidden": 32, "depth": 2, "stem_width": 2} | changes
    return create("vit_vertical", variant, **sizes).eval()


def pictures(count: int = 2) -> Tensor:
    return torch.rand(count, 128, 128, generator=torch.Generator().manual_seed(1))


def look(model: System, features: Tensor) -> dict[str, AttentionMap]:
    with capture_attention() as maps, torch.no_grad():
        model(features)
    return maps


@pytest.mark.parametrize(
    ("variant", "classes", "parameters"),
    [
        ("default", 7, 2_599_943),
        ("default", 6, 2_599_686),
        ("student", 7, 2_599_943),
        ("teacher_6", 7, 5_276_104),
        ("teacher_6", 6, 5_275_847),
        ("teacher_12", 7, 15_908_296),
        ("teacher_6_no_position", 7, 5_210_056),
        ("teacher_6_no_position", 6, 5_209_799),
        ("teacher_6_square", 7, 5_375_176),
    ],
)
def test_parameter_counts(variant: str, classes: int, parameters: int) -> None:
    with torch.device("meta"):
        model = create("vit_vertical", variant, classes)
    assert count_parameters(model) == parameters


def test_segments_are_four_seconds_and_none_is_lost() -> None:
    model = small()
    short, long = model.prepare(torch.randn(4_800)), model.prepare(torch.randn(16_000 * 9))
    assert short.features.shape == (1, 128, 128)
    np.testing.assert_allclose(long.starts, [0, 2, 4, 5])
    assert long.features.min() >= 0
    assert long.features.max() <= 1


@torch.no_grad()
def test_the_student_does_not_know_the_order_of_its_columns() -> None:
    """At its full size: class token, no positions, every patch treated alike."""
    torch.manual_seed(0)
    student = create("vit_vertical").eval()
    features = pictures()
    shuffled = features[:, :, torch.randperm(128)]
    torch.testing.assert_close(student(shuffled), student(features), rtol=0, atol=1e-5)
    assert (student(features.flip(1)) - student(features)).abs().max() > 1e-3  # rows are another matter


@torch.no_grad()
@pytest.mark.parametrize("variant", ["teacher_6", "teacher_6_no_position", "teacher_6_square"])
def test_a_teacher_knows_the_order_of_its_columns(variant: str) -> None:
    """Without coordinates it still sees neighbours, through its convolutions."""
    teacher = small(variant)
    features = pictures()
    shuffled = features[:, :, torch.randperm(128, generator=torch.Generator().manual_seed(2))]
    assert (teacher(shuffled) - teacher(features)).abs().max() > 1e-3


def test_coordinates_run_from_minus_one_to_one() -> None:
    across, down = coordinate_planes().numpy()
    line = np.linspace(-1, 1, 128)
    np.testing.assert_allclose(across, np.tile(line, (128, 1)), atol=1e-6)
    np.testing.assert_allclose(down, np.tile(line[:, None], (1, 128)), atol=1e-6)


@torch.no_grad()
def test_coordinates_are_part_of_what_the_teacher_sees() -> None:
    with_places, without = small("teacher_6"), small("teacher_6_no_position")
    assert with_places.to_token[0].normalized_shape == (3 * 128,)
    assert without.to_token[0].normalized_shape == (128,)


@torch.no_grad()
def test_the_embedding_is_what_the_last_layer_reads() -> None:
    """256 values, which feature matching compares between teacher and student."""
    torch.manual_seed(0)
    model = create("vit_vertical").eval()
    embedding = model.embed(pictures())
    assert embedding.shape == (2, 256)
    torch.testing.assert_close(model.output(embedding), model(pictures()))
    torch.testing.assert_close(embedding.mean(1), torch.zeros(2), rtol=0, atol=1e-5)  # fresh from its LayerNorm


def test_maps_of_vertical_patches_have_time_alone() -> None:
    model = small("teacher_6")
    maps = look(model, pictures())
    assert set(maps) == {"layer0.attention", "layer1.attention", "cls", "rollout", "stripes"}
    attention = maps["layer1.attention"]
    assert attention.values.shape == (2, 2, 129, 129)
    for name in ("query", "key"):
        assert np.isnan(attention.axis(name).centres[0])
        np.testing.assert_allclose(attention.axis(name).centres[1:], COLUMNS)
    for name in ("cls", "rollout", "stripes"):
        assert maps[name].values.shape == (2, 128)
        assert not any(axis.unit == "Hz" for axis in maps[name].axes)
        np.testing.assert_allclose(maps[name].axis("time").centres, COLUMNS)
    np.testing.assert_allclose(maps["cls"].values, attention.values.mean(1)[:, 0, 1:], rtol=1e-5)
    stripe = maps["stripes"].values
    np.testing.assert_allclose((stripe.min(1), stripe.max(1)), [[0, 0], [1, 1]], atol=1e-6)


def test_maps_of_square_patches_have_bands_too() -> None:
    model = small("teacher_6_square")
    maps = look(model, pictures())
    assert maps["layer0.attention"].values.shape == (2, 2, 65, 65)
    centres = maps["layer0.attention"].axis("key").centres
    np.testing.assert_allclose(centres[1:9], 0.5 * (np.arange(8) + 0.5))
    np.testing.assert_allclose(centres[9:17], centres[1:9])
    picture = maps["cls"]
    assert picture.values.shape == (2, 8, 8)
    bands, rows = picture.axis("band").centres, model.front_end.rows.centres
    assert (np.diff(bands) < 0).all()  # from the highest down, as the picture's rows
    np.testing.assert_allclose(bands[0], rows[7:9].mean())


def test_square_patches_lie_where_the_grid_says() -> None:
    """A picture with one bright cell: only the token of that patch changes."""
    model = small("teacher_6_square")
    grid: PatchGrid = model.grid
    picture = torch.zeros(1, 1, 128, 128)
    picture[0, 0, 40, 100] = 1.0  # patch row 2, patch column 6
    lit = torch.nonzero(grid.cut(picture)[0].sum(-1)).flatten().tolist()
    assert lit == [2 * 8 + 6]
    assert grid.tokens("key").centres[1 + lit[0]] == pytest.approx(6.5 * 0.5)


def test_rollout_follows_attention_through_residuals() -> None:
    """Two layers by hand; rows stay distributions."""
    generator = torch.Generator().manual_seed(0)
    layers = [torch.rand(2, 3, 5, 5, generator=generator).softmax(-1) for _ in range(2)]
    traced = rollout(layers)
    torch.testing.assert_close(traced.sum(-1), torch.ones(2, 5))
    first, second = (0.5 * layer.numpy().mean(1) + 0.5 * np.eye(5) for layer in layers)
    np.testing.assert_allclose(traced, second @ first, rtol=1e-5)


def test_rollout_of_a_layer_that_moves_nothing_is_the_identity() -> None:
    still = torch.eye(6).expand(1, 4, 6, 6)
    torch.testing.assert_close(rollout([still] * 3)[0], torch.eye(6))


def test_stripes_smooth_over_seconds() -> None:
    """One bright column becomes a Gaussian of 62.5 ms: at two columns' distance exp(-1/2) is left."""
    curve = torch.zeros(1, 128)
    curve[0, 64] = 0.3
    smooth = stripes(curve, COLUMNS)[0]
    assert int(smooth.argmax()) == 64
    assert float(smooth[66]) == pytest.approx(np.exp(-0.5), rel=1e-4)
    assert not stripes(torch.full((1, 128), 0.5), COLUMNS).isnan().any()
