"""What a page is given of one clip: the same curves as elsewhere, planes, votes that add up, the product."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ser_core.audio import load
from ser_core.corpora.synthetic import samples
from ser_core.errors import InspectionError
from ser_core.inspection.curves import attention_curves
from ser_core.inspection.look import Look, look, multiplied, segment_maps
from ser_core.maps import AttentionMap, capture_attention
from ser_core.models import System, create, system_class
from ser_core.segments import clip_logits

CLIP = load(samples()[0].path)


def model_of(system: str, variant: str = "default") -> System:
    torch.manual_seed(0)
    return create(system, variant, 7, system_class(system).usual).eval()


class Alone:
    """What `segment_maps` needs of a recogniser."""

    def __init__(self, system: str) -> None:
        self.model = model_of(system)

    def segment_attention(self, waveform: object, segment: int) -> dict[str, AttentionMap]:
        with torch.inference_mode(), capture_attention() as maps:
            clip = self.model.prepare(torch.tensor(CLIP.samples))
            self.model(clip.features[segment : segment + 1])
        return {name: one.at("segment", 0) for name, one in maps.items()}


@pytest.fixture(scope="module")
def tf() -> Look:
    return look(model_of("tf_transformer"), CLIP)


def test_its_curves_are_those_of_the_figures() -> None:
    model = model_of("mhsa_faca")
    found, expected = look(model, CLIP).curves, attention_curves(model, CLIP)
    assert found.keys() == expected.keys()
    for view, curve in expected.items():
        np.testing.assert_array_equal(found[view].values, curve.values)


def test_the_mean_of_the_heads_is_the_curve(tf: Look) -> None:
    heads = tf.heads("time.attention")
    assert [axis.name for axis in heads.axes] == ["time", "head"]
    np.testing.assert_allclose(heads.values.mean(1), tf.curve("time.attention").values, rtol=1e-5)


def test_a_gate_keeps_its_rows_in_order_and_stays_within_its_range() -> None:
    found = look(model_of("ctmam", "small"), CLIP)
    plane = found.plane("timing")
    assert [axis.name for axis in plane.axes] == ["time", "row"]
    assert plane.values.shape[1] == 6
    assert 0.26 < plane.values.min() <= plane.values.max() < 0.74
    np.testing.assert_allclose(plane.values.mean(1), found.curve("timing").values, rtol=1e-4)


def test_the_mean_of_the_votes_is_the_logit_above_the_mean_logit() -> None:
    model = model_of("serct", "depth_1")
    found = look(model, CLIP)
    with torch.inference_mode():
        logits = clip_logits(model(model.prepare(torch.tensor(CLIP.samples)).features)).numpy()
    tokens = found.kept["token_logits"].values[0]
    np.testing.assert_allclose(tokens.mean(0), logits, atol=1e-4)
    votes = found.votes()
    np.testing.assert_allclose(votes.values.sum(1), 0, atol=1e-4)
    np.testing.assert_array_equal(found.votes(2).values, votes.values[:, 2])


def test_the_product_is_even_where_both_marginals_are(tf: Look) -> None:
    product = tf.product()
    assert [axis.unit for axis in product.axes] == ["s", "Hz"]
    assert product.values.mean() == pytest.approx(1, rel=0.02)


def test_the_product_of_one_window_is_that_of_its_own_marginals(tf: Look) -> None:
    maps = segment_maps(Alone("tf_transformer"), CLIP, 1)  # type: ignore[arg-type]
    product = multiplied(maps["time"], maps["band"])
    assert [axis.name for axis in product.axes] == ["time", "band"]
    assert np.linalg.matrix_rank(product.values, tol=1e-3) == 1
    assert product.values.mean() == pytest.approx(1, rel=1e-4)
    np.testing.assert_allclose(product.values.mean(1) / len(product.axes[0]), maps["time"].values, rtol=1e-3)


def test_a_segments_maps_are_those_of_the_whole_clip() -> None:
    maps = segment_maps(Alone("vit_vertical"), CLIP, 0)  # type: ignore[arg-type]
    np.testing.assert_array_equal(maps["layer0.cls"].values, maps["layer0.attention"].values[:, 0])


def test_what_a_short_clip_is_filled_with_is_counted_and_a_repeated_clip_has_none() -> None:
    model = model_of("vit_vertical")
    found = look(model, CLIP)
    columns = found.kept["cls"].axis("time").centres
    weights = found.kept["cls"].values[0]
    behind = weights[columns >= CLIP.seconds].sum() / weights.sum()
    assert 0 < behind < 1
    assert found.on_filling("cls") == pytest.approx(behind, abs=0.01)
    assert look(model_of("mhsa_faca"), CLIP).on_filling("calibration") == 0.0


def test_the_segment_around_a_moment(tf: Look) -> None:
    middle = float(tf.clip.starts[1]) + tf.clip.seconds / 2
    assert tf.segment_at(middle) == 1
    assert tf.segment_at(1e9) == len(tf.clip) - 1


def test_what_is_asked_for_and_does_not_exist_is_said(tf: Look) -> None:
    with pytest.raises(KeyError):
        tf.votes()
    with pytest.raises(KeyError, match="rows"):
        tf.plane("time")
    with pytest.raises(InspectionError, match="no attention along time"):
        look(model_of("mlp"), CLIP)
