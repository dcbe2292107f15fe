"""Attention on the clip's own time line: named axes, whole maps of short clips, curves of long ones, files of them."""

import io
from pathlib import Path

import numpy as np
import pytest

from ser_core import recogniser as module
from ser_core.audio import Waveform, load
from ser_core.checkpoints import Card
from ser_core.corpora.synthetic import samples
from ser_core.maps import AttentionMap, index_axis, join, maps_from_bytes, maps_to_bytes, seconds_axis
from ser_core.recogniser import Recogniser
from ser_core.training.run import Run
from tests.conftest import Shell

Trained = tuple[Run, Card]


@pytest.fixture(scope="module")
def recogniser(trained: Trained) -> Recogniser:
    return Recogniser(trained[0].checkpoint)


@pytest.fixture(scope="module")
def clip() -> Waveform:
    return load(samples()[0].path)


def spike(at: int) -> AttentionMap:
    """Two segments, two heads, three queries, four keys 0.1 s apart: all weight on one key."""
    values = np.zeros((2, 2, 3, 4), dtype=np.float32)
    values[..., at] = 1
    axes = (
        seconds_axis("segment", np.array([0.0, 0.2])),
        index_axis("head", 2),
        seconds_axis("query", np.array([0.1, 0.2, 0.3])),
        seconds_axis("key", np.array([0.05, 0.15, 0.25, 0.35])),
    )
    return AttentionMap("spike", values, axes, softmax=True)


def test_a_curve_puts_weight_where_it_was_paid() -> None:
    """Key 1 of a segment at 0 s lies at 0.15 s, of one at 0.2 s at 0.35 s; what looks (queries) has no say in where."""
    curve = spike(1).over_time()
    assert curve is not None
    placed = curve.along_clip((0.0, 0.6), step=0.1)
    np.testing.assert_allclose(placed.axis("time").centres, [0.05, 0.15, 0.25, 0.35, 0.45, 0.55])
    np.testing.assert_allclose(placed.values, [0, 1, 0, 0.5, 0, 0])


def test_what_lies_in_the_padding_is_not_put_on_the_speech() -> None:
    """A segment of 0.4 s over a clip of 0.2 s: a spike behind its end belongs nowhere, unless the clip is repeated."""
    curve = spike(3).at("segment", 0)
    one = AttentionMap("spike", curve.values[None], (seconds_axis("segment", np.zeros(1)), *curve.axes)).over_time()
    assert one is not None
    assert one.along_clip((0.0, 0.2), wraps=False, step=0.1).values.max() == 0
    assert one.along_clip((0.0, 0.2), wraps=True, step=0.1).values.max() > 0


def test_axes_are_reached_by_name() -> None:
    one = spike(2)
    assert one.mean("head", "query").values.shape == (2, 4)
    assert one.at("segment", 1).axes[0].name == "head"
    with pytest.raises(KeyError, match="band"):
        one.axis("band")
    with pytest.raises(ValueError, match="do not fit"):
        AttentionMap("broken", one.values[0], one.axes)


def test_looking_gives_the_same_answer_and_maps_in_seconds(recogniser: Recogniser, clip: Waveform) -> None:
    plain, seen = recogniser.predict(clip), recogniser.predict(clip, attention=True)
    assert plain.attention is None
    assert seen.attention is not None
    np.testing.assert_allclose(seen.probabilities, plain.probabilities, atol=1e-5)
    weights = seen.attention.maps["block0.attention"]
    np.testing.assert_allclose(weights.axis("segment").centres, seen.starts)
    np.testing.assert_allclose(weights.values.sum(-1), 1, rtol=1e-5)
    for one in seen.attention.along_clip.values():
        time = one.axis("time").centres
        assert 0 <= time[0] < time[-1] <= clip.seconds


@pytest.mark.parametrize("bound", ["KEPT_BYTES", "SEGMENT_BYTES"])
def test_a_long_clip_keeps_curves_and_makes_a_matrix_on_request(
    bound: str, recogniser: Recogniser, clip: Waveform, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = recogniser.predict(clip, attention=True).attention
    monkeypatch.setattr(module, bound, 2000)
    bounded = recogniser.predict(clip, attention=True).attention
    assert whole is not None
    assert bounded is not None
    assert whole.left_out == ()
    assert sum(one.values.nbytes for one in bounded.maps.values()) <= 2000 * len(whole.maps["timing"].values)
    assert "channel" in bounded.maps  # the small ones stay
    assert "block0.attention" in bounded.left_out
    for name, one in whole.along_clip.items():
        np.testing.assert_allclose(bounded.along_clip[name].values, one.values, atol=1e-6)
    again = recogniser.segment_attention(clip, 0)
    assert again.keys() == whole.maps.keys()
    for name, one in again.items():
        np.testing.assert_allclose(one.values, whole.maps[name].values[0], atol=1e-5)
    with pytest.raises(IndexError, match="segments"):
        recogniser.segment_attention(clip, 10_000)


def test_a_file_names_the_maps_that_were_too_large_for_it() -> None:
    content = maps_to_bytes({}, ["block0.attention"])
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        assert arrays["left_out"].tolist() == ["block0.attention"]
    assert maps_from_bytes(content) == {}


def test_maps_survive_a_file(recogniser: Recogniser, clip: Waveform) -> None:
    attention = recogniser.predict(clip, attention=True).attention
    assert attention is not None
    stored = maps_from_bytes(maps_to_bytes(attention.everything()))
    assert stored.keys() == attention.everything().keys()
    for name, one in attention.everything().items():
        np.testing.assert_array_equal(stored[name].values, one.values)
        assert [(a.name, a.unit) for a in stored[name].axes] == [(a.name, a.unit) for a in one.axes]
        for mine, theirs in zip(one.axes, stored[name].axes, strict=True):
            np.testing.assert_array_equal(mine.centres, theirs.centres)


def test_the_shell_writes_every_map(trained: Trained, shell: Shell, tmp_path: Path) -> None:
    clips = [str(u.path) for u in samples()[:2]]
    checkpoint = ("--checkpoint", str(trained[0].checkpoint))
    target = tmp_path / "maps.npz"
    status, _, err = shell("recognise", clips[0], *checkpoint, "--attention", str(target))
    assert (status, err) == (0, "")
    assert "timing" in maps_from_bytes(target.read_bytes())
    assert shell("recognise", *clips, *checkpoint, "--attention", str(target))[0] == 2
    assert shell("recognise", clips[0], *checkpoint, "--attention", str(tmp_path / "maps.csv"))[0] == 2


def test_join_puts_batches_of_segments_behind_each_other() -> None:
    joined = join([spike(0), spike(3)], np.arange(4) / 5)
    assert joined.values.shape == (4, 2, 3, 4)
    assert joined.values[0, 0, 0, 0] == joined.values[3, 0, 0, 3] == 1
