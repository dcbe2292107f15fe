"""Changes to a clip, and masks on what a model reads of it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ser_core.audio import SAMPLE_RATE, Waveform
from ser_core.changes import Changes, FeatureMask
from ser_core.errors import AudioError
from ser_core.models import create
from ser_core.segments import Segments

TIME = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
CLIP = Waveform.from_array(0.3 * np.sin(2 * np.pi * 440 * TIME), SAMPLE_RATE, "tone.wav")


def test_no_change_is_false_and_a_hole_without_width_is_none() -> None:
    assert not Changes()
    assert not Changes(muted=(0.4, 0.4), stopped=(900, 900))
    assert Changes(snr_db=40.0)
    assert Changes(muted=(0.1, 0.2))


def test_the_same_noise_each_time() -> None:
    one, other = (Changes(snr_db=10).apply(CLIP) for _ in range(2))
    assert one.digest == other.digest != CLIP.digest
    assert one.source == "tone.wav"


def test_holes_lie_where_the_axes_of_the_changed_clip_say() -> None:
    changed = Changes(speed=2.0, snr_db=20, muted=(0.25, 0.5), stopped=(2_000, 4_000)).apply(CLIP)
    assert changed.seconds == pytest.approx(1.0)
    first, last = int(0.26 * SAMPLE_RATE), int(0.49 * SAMPLE_RATE)
    assert not changed.samples[first:last].any()
    spectrum = np.abs(np.fft.rfft(changed.samples[SAMPLE_RATE // 2 :]))
    hertz = np.fft.rfftfreq(SAMPLE_RATE // 2, 1 / SAMPLE_RATE)
    inside, outside = (spectrum[(hertz > low) & (hertz < low + 1_500)].mean() for low in (2_200, 5_000))
    assert inside < 0.2 * outside


def test_too_much_gain_is_cut_off_at_full_scale() -> None:
    loud = Changes(gain_db=20).apply(CLIP).samples
    assert loud.max() == 1.0
    assert loud.min() == -1.0
    assert (np.abs(loud) == 1.0).mean() > 0.5


@pytest.mark.parametrize("changes", [Changes(gain_db=-100), Changes(muted=(0.0, 1.0)), Changes(shift=3.0, snr_db=0.0)])
def test_a_clip_of_which_nothing_is_left_gets_its_own_sentence(changes: Changes) -> None:
    with pytest.raises(AudioError, match="Nothing is left to hear") as refusal:
        changes.apply(CLIP)
    assert refusal.value.reason == "silent"


def test_a_clip_that_becomes_too_short_gets_its_own_sentence() -> None:
    with pytest.raises(AudioError, match="choose a lower speed"):
        Changes(speed=2.0).apply(CLIP.cut(0, 0.15))


def segments(rows: int, frames: int, starts: list[float], span: float, wraps: bool) -> Segments:
    features = torch.rand(len(starts), rows, frames, generator=torch.Generator().manual_seed(0))
    return Segments(features, np.array(starts), 1.0, (0.0, span), wraps)


def touched(before: Segments, after: Segments) -> np.ndarray:
    """Which cells have changed, shape = (S, rows, frames)."""
    return (before.features != after.features).numpy()


def test_a_mask_on_the_clip_falls_on_the_right_columns_of_each_segment() -> None:
    front = create("tf_transformer").front_end  # frame i is centred 10 ms * (i + 1) behind the segment's start
    clip = segments(80, 80, [0.0, 0.4], 1.21, wraps=False)
    columns = touched(clip, FeatureMask(seconds=(0.5, 0.6)).on_segments(clip, front)).all(1)
    for start, row in zip(clip.starts, columns, strict=True):
        times = start + front.times(80)
        np.testing.assert_array_equal(row, (times >= 0.5) & (times < 0.6))


def test_hertz_are_masked_where_they_lie_also_in_a_picture_whose_rows_fall() -> None:
    for system in ("tf_transformer", "vit_vertical"):
        front = create(system).front_end
        rows = len(front.rows.centres)
        clip = segments(rows, rows, [0.0], 4.0, wraps=False)
        masked = touched(clip, FeatureMask(rows=(1_000, 2_000)).on_segments(clip, front)).all(2)[0]
        np.testing.assert_array_equal(masked, (front.rows.centres >= 1_000) & (front.rows.centres <= 2_000))


def test_a_repeated_clip_is_masked_at_each_repetition() -> None:
    front = create("mhsa_faca").front_end
    clip = segments(40, 50, [0.0], 0.2, wraps=True)
    columns = touched(clip, FeatureMask(seconds=(0.05, 0.1)).on_segments(clip, front)).all(1)[0]
    assert np.flatnonzero(columns).tolist() == [*range(5, 10), *range(25, 30), *range(45, 50)]


def test_the_wave_itself_has_no_rows_to_mask() -> None:
    front = create("mlp").front_end
    clip = segments(1, 1_600, [0.0], 0.1, wraps=False)
    assert not touched(clip, FeatureMask(rows=(0, 8_000)).on_segments(clip, front)).any()
    assert touched(clip, FeatureMask(seconds=(0.0, 0.05)).on_segments(clip, front))[0, 0, :800].all()
