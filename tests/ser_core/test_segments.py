"""Cutting, filling, and coming back to the clip's time line."""

import librosa
import numpy as np
import pytest
import torch

from ser_core.segments import Cutting, clip_logits, cut, overlap_add, repeat_fill, speech_span

CTMAM = Cutting(28_800, 3_200)


@pytest.mark.parametrize(
    ("seconds", "windows"),
    [(1.8, 1), (1.99, 1), (2.0, 2), (3.0, 7), (1.7, 9), (0.3, 1), (1.0, 2)],
)
def test_number_of_windows(seconds: float, windows: int) -> None:
    """1.7 s is repeated to 3.4 s and gives nine windows, as the paper's loop filling does."""
    parts, starts, span = cut(torch.randn(round(seconds * 16_000)), CTMAM)
    assert parts.shape == (windows, 28_800)
    np.testing.assert_allclose(starts, 0.2 * np.arange(windows))
    assert span == (0.0, pytest.approx(seconds))
    assert starts[-1] < seconds


def test_windows_hold_the_clip_where_they_say() -> None:
    samples = torch.arange(48_000).float()
    parts, starts, _ = cut(samples, CTMAM)
    for part, start in zip(parts, starts, strict=True):
        assert part[0] == round(start * 16_000)


def test_repeat_fill_repeats_the_clip_itself() -> None:
    clip = torch.randn(1_000)
    filled = repeat_fill(clip, 2_500)
    assert len(filled) == 3_000
    torch.testing.assert_close(filled[1_000:2_000], clip)


def test_trimming_leaves_the_speech_and_its_place() -> None:
    samples = torch.cat([1e-5 * torch.randn(16_000), torch.randn(40_000), 1e-5 * torch.randn(16_000)])
    parts, starts, span = cut(samples, Cutting(28_800, 3_200, trim_db=40.0))
    assert span == (pytest.approx(1.0, abs=0.03), pytest.approx(3.5, abs=0.03))
    assert starts[0] == span[0]
    assert len(parts) == 4


def test_trimming_agrees_with_librosa() -> None:
    generator = np.random.default_rng(0)
    envelope = np.concatenate([np.full(9_000, 1e-4), np.hanning(30_000), np.full(7_000, 1e-4)])
    samples = (envelope * generator.standard_normal(46_000)).astype(np.float32)
    _, theirs = librosa.effects.trim(samples, top_db=40, frame_length=400, hop_length=160)
    ours = speech_span(torch.tensor(samples), 40.0)
    assert ours == (pytest.approx(theirs[0], abs=400), pytest.approx(theirs[1], abs=400))


def test_a_silent_clip_is_not_trimmed_away() -> None:
    assert speech_span(torch.zeros(16_000), 40.0) == (0, 16_000)
    assert speech_span(torch.ones(100), 40.0) == (0, 100)


def test_clip_logits_are_the_mean_of_logits_not_of_probabilities() -> None:
    logits = torch.tensor([[8.0, 0.0, 0.0], [-2.0, 1.0, 0.0], [-2.0, 1.0, 0.0]])
    assert clip_logits(logits).argmax() == 0
    assert logits.softmax(1).mean(0).argmax() == 1  # the two readings disagree here


def test_overlap_add_puts_every_column_at_its_own_time() -> None:
    starts, times = np.array([0.0, 0.5, 1.0]), np.arange(10) * 0.1 + 0.05
    curves = np.array([np.sin(start + times) for start in starts])
    grid, curve = overlap_add(curves, times, starts, (0.0, 2.0), 0.1)
    np.testing.assert_allclose(curve, np.sin(grid), atol=1e-9)


def test_overlap_add_wraps_what_repeat_filling_wrapped() -> None:
    times = np.arange(18) * 0.1 + 0.05
    truth = np.linspace(0, 1, 6)
    curves = np.stack([np.roll(np.tile(truth, 3), -shift) for shift in (0, 2)])
    grid, curve = overlap_add(curves, times, np.array([1.0, 1.2]), (1.0, 1.6), 0.1)
    np.testing.assert_allclose(grid, 1.05 + 0.1 * np.arange(6))
    np.testing.assert_allclose(curve, truth)


def test_overlap_add_keeps_further_axes() -> None:
    grid, curve = overlap_add(np.ones((2, 4, 3)), np.arange(4) * 0.25, np.array([0.0, 1.0]), (0.0, 2.0), 0.25)
    assert curve.shape == (len(grid), 3)
