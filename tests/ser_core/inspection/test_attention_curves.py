"""What every system offers as a curve along the clip, and that it lies where the sound is."""

import numpy as np
import pytest
import torch

from ser_core.audio import SAMPLE_RATE, Waveform
from ser_core.errors import InspectionError
from ser_core.inspection.curves import attention_curves, on_clip_line
from ser_core.inspection.derived import focus, with_derived
from ser_core.inspection.views import views
from ser_core.maps import AttentionMap, capture_attention, index_axis, seconds_axis
from ser_core.models import create, list_systems, list_variants
from ser_core.models.patches import rollout
from ser_core.preparation import Preparation
from ser_core.segments import Segments
from tests.ser_core.inspection.made import SMALL, small, speechlike


def test_the_small_models_are_all_published_systems() -> None:
    assert sorted(SMALL) == list_systems()


@pytest.mark.parametrize("system", SMALL)
@pytest.mark.parametrize("seconds", [0.4, 3.0, 10.0])
def test_every_view_is_a_curve_on_the_clip(system: str, seconds: float) -> None:
    model, clip = small(system), speechlike(seconds)
    found = attention_curves(model, clip)
    assert tuple(found) == views(model)
    grids = [curve.axis("time").centres for curve in found.values()]
    for view, one in found.items():
        times = one.axis("time").centres
        np.testing.assert_allclose(np.diff(times), 0.01)
        np.testing.assert_array_equal(times, grids[0])
        assert times[0] >= 0
        assert times[-1] <= seconds
        assert np.isfinite(one.values).all(), view.name
    assert grids[0][-1] - grids[0][0] > seconds - 0.25  # CTMAM drops a rest shorter than its hop


@pytest.mark.parametrize("system", SMALL)
def test_every_view_says_what_it_shows_and_what_not(system: str) -> None:
    found = views(small(system))
    assert found[0].head is None
    assert len({view.name for view in found}) == len({view.title for view in found}) == len(found)
    for view in found:
        for sentence in (view.shows, view.shows_not):
            assert len(sentence) > 20
            assert sentence.endswith(".")


@pytest.mark.parametrize("system", SMALL)
def test_a_map_is_the_mean_of_its_heads(system: str) -> None:
    found = attention_curves(small(system), speechlike(1.0))
    sources = {view.source for view in found if view.head is not None}
    assert sources
    for source in sources:
        heads = [one.values for view, one in found.items() if view.source == source and view.head is not None]
        mean = next(one.values for view, one in found.items() if view.source == source and view.head is None)
        np.testing.assert_allclose(np.mean(heads, axis=0), mean, atol=1e-5)


@pytest.mark.parametrize("system", SMALL)
def test_every_variant_offers_what_it_has(system: str) -> None:
    for variant in list_variants(system):
        settings = {key: value for key, value in SMALL[system].items() if key in ("channels", "width", "hidden")}
        model = create(system, variant, **settings).eval()
        offered = views(model)
        if (system, variant) != ("tf_transformer", "f_tf"):  # knows no time, only frequency
            assert offered, variant


def test_a_curve_of_fine_columns_is_the_recognisers_own() -> None:
    """MHSA-FACA's frames are 10 ms apart, as the grid is: nothing is interpolated."""
    model, clip = small("mhsa_faca"), speechlike(1.3)
    segments = model.prepare(torch.tensor(clip.samples))
    with torch.inference_mode(), capture_attention() as maps:
        model(segments.features)
    over_time = maps["attention"].over_time()
    assert over_time is not None
    placed = AttentionMap("attention", over_time.values, (seconds_axis("segment", segments.starts), over_time.axes[1]))
    expected = placed.along_clip((0.0, 1.3), segments.wraps)
    found = next(one for view, one in attention_curves(model, clip).items() if view.name == "attention")
    np.testing.assert_allclose(found.values, expected.values, atol=1e-6)


def test_overlapping_coarse_columns_make_no_steps() -> None:
    """Each segment holds the clip's own time at columns 128 ms apart: the curve is a straight line."""
    starts, times = 0.2 * np.arange(10), 0.048 + 0.128 * np.arange(14)
    values = (starts[:, None] + times).astype(np.float32)
    clip = Segments(torch.zeros(10, 1, 1), starts, 1.8, (0.0, 3.6))
    one = AttentionMap("time", values, (seconds_axis("segment", starts), seconds_axis("time", times)))
    found = on_clip_line(one, clip)
    middle = slice(50, 300)  # at its ends a segment's outermost columns are held level
    np.testing.assert_allclose(found.values[middle], found.axis("time").centres[middle], atol=0.02)
    assert np.diff(found.values[middle]).min() > 0


def test_weight_on_several_rows_of_one_column_lies_at_its_time() -> None:
    values = np.zeros((1, 6), dtype=np.float32)
    values[0, [1, 4]] = 1.0  # two rows of three columns: both cells of the middle one
    one = AttentionMap("rows", values, (seconds_axis("segment", np.zeros(1)), seconds_axis("key", [0.1, 0.3, 0.5] * 2)))
    found = on_clip_line(one, Segments(torch.zeros(1, 1, 1), np.zeros(1), 0.6, (0.0, 0.6)))
    assert found.axis("time").centres[found.values.argmax()] == pytest.approx(0.3, abs=0.01)
    assert found.values.max() == pytest.approx(1.0, abs=0.05)


def test_what_the_preparation_trims_has_no_attention() -> None:
    quiet = np.zeros(SAMPLE_RATE)
    clip = Waveform.from_array(np.concatenate([quiet, speechlike(2.0).samples, quiet]), SAMPLE_RATE)
    model = create("ctmam", num_classes=3, preparation=Preparation(normalise="clip", trim_db=40.0)).eval()
    times = next(iter(attention_curves(model, clip).values())).axis("time").centres
    assert 0.95 < times[0] < 1.1
    assert 2.7 < times[-1] < 3.05


def test_the_votes_of_a_clip_add_up_to_its_answer() -> None:
    model, clip = small("serct"), speechlike(3.0)
    with torch.inference_mode():
        logits = model(model.prepare(torch.tensor(clip.samples)).features)[0].numpy()
    for emotion in range(3):
        votes = next(iter(attention_curves(model, clip, emotion).values())).values
        assert votes.mean() == pytest.approx(logits[emotion] - logits.mean(), abs=0.01)


def test_the_answer_is_whose_votes_are_shown_unless_asked() -> None:
    model, clip = small("serct"), speechlike(1.0)
    with torch.inference_mode():
        answer = int(model(model.prepare(torch.tensor(clip.samples)).features)[0].argmax())
    shown = next(iter(attention_curves(model, clip).values())).values
    np.testing.assert_array_equal(shown, next(iter(attention_curves(model, clip, answer).values())).values)
    assert shown.mean() > 0


def test_names_choose_and_unknown_ones_are_refused() -> None:
    model, clip = small("ctmam"), speechlike(1.0)
    assert [view.name for view in attention_curves(model, clip, names={"timing"})] == ["timing"]
    with pytest.raises(InspectionError, match="no attention along time called melody"):
        attention_curves(model, clip, names={"melody"})


def test_a_model_without_attention_has_no_views() -> None:
    model = create("cnn", num_classes=3, width=4).eval()
    assert views(model) == ()
    with pytest.raises(InspectionError, match="no attention along time"):
        attention_curves(model, speechlike(0.5))


def test_the_focus_alone_lies_where_mu_says() -> None:
    axes = (index_axis("segment", 1), index_axis("head", 1), seconds_axis("query", 0.01 * np.arange(50)))
    mu = AttentionMap("mu", np.full((1, 1, 50), 0.2, dtype=np.float32), axes)
    sigma = AttentionMap("sigma", np.full((1, 1, 50), 0.05, dtype=np.float32), axes)
    found = focus(mu, sigma)
    np.testing.assert_allclose(found.values.sum(-1), 1.0, rtol=1e-5)
    assert (found.values.argmax(-1) == 20).all()
    far = AttentionMap("mu", np.full((1, 1, 50), 9.0, dtype=np.float32), axes)
    assert np.isfinite(focus(far, sigma).values).all()


def test_rollout_of_serct_follows_all_blocks() -> None:
    model = small("serct")
    with torch.inference_mode(), capture_attention() as maps:
        model(model.prepare(torch.tensor(speechlike(1.0).samples)).features)
    traced = with_derived(maps)["rollout"]
    np.testing.assert_allclose(traced.values.sum(-1), 1.0, rtol=1e-4)
    by_hand = rollout([torch.from_numpy(maps[f"block{i}.attention"].values) for i in range(2)])
    np.testing.assert_allclose(traced.values, by_hand.numpy(), atol=1e-6)


def test_progress_can_stop_a_long_clip() -> None:
    def stop(what: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        attention_curves(small("mhsa_faca"), speechlike(2.0), progress=stop)
