"""What each effect does to sound and picture."""

import numpy as np
import pytest
import torch

from ser_core import effects

TONE = torch.sin(2 * torch.pi * 440 * torch.arange(16_000) / 16_000)


def peak_hz(samples: torch.Tensor) -> float:
    return float(np.fft.rfftfreq(len(samples), 1 / 16_000)[np.abs(np.fft.rfft(samples.numpy())).argmax()])


@pytest.mark.parametrize("snr", [0.0, 10.0, 30.0])
def test_noise_has_the_ratio_asked_for(snr: float) -> None:
    noise = effects.add_noise(TONE, snr, torch.Generator().manual_seed(1)) - TONE
    measured = 10 * torch.log10(TONE.square().mean() / noise.square().mean())
    assert float(measured) == pytest.approx(snr, abs=0.01)


def test_noise_is_repeatable() -> None:
    one, other = (effects.add_noise(TONE, 5.0, torch.Generator().manual_seed(7)) for _ in range(2))
    assert torch.equal(one, other)


def test_gain_in_decibels() -> None:
    torch.testing.assert_close(effects.gain(TONE, 20.0), 10 * TONE)


def test_speed_shortens_and_raises() -> None:
    fast = effects.speed(TONE, 1.25)
    assert len(fast) == 12_800
    assert peak_hz(fast) == pytest.approx(550, abs=5)
    assert effects.speed(TONE, 1.0) is TONE


def test_pitch_raises_and_keeps_the_length() -> None:
    octave = effects.pitch(TONE, 12)
    assert len(octave) == len(TONE)
    assert peak_hz(octave) == pytest.approx(880, rel=0.03)


@pytest.mark.parametrize("semitones", [0.5, -0.5, 1.0, -2.25])
def test_pitch_counts_fractions_of_a_semitone(semitones: float) -> None:
    changed = effects.pitch(TONE, semitones)
    assert len(changed) == len(TONE)
    assert peak_hz(changed) == pytest.approx(440 * 2 ** (semitones / 12), abs=3)  # half a semitone is 13 Hz


def test_no_pitch_is_the_clip_itself() -> None:
    assert torch.equal(effects.pitch(TONE, 0.0), TONE)


@pytest.mark.parametrize("seconds", [1.0, 1.5, -1.0, -1.5, 100.0])
def test_a_shift_past_the_end_is_silence_of_the_same_length(seconds: float) -> None:
    assert torch.equal(effects.shift(TONE, seconds), torch.zeros_like(TONE))


def test_no_shift_is_the_clip_itself() -> None:
    assert torch.equal(effects.shift(TONE, 0.0), TONE)


@pytest.mark.parametrize("seconds", [0.25, -0.25])
def test_shift_fills_with_zeros(seconds: float) -> None:
    shifted = effects.shift(TONE, seconds)
    empty, kept = (shifted[:4000], shifted[4000:]) if seconds > 0 else (shifted[-4000:], shifted[:-4000])
    assert not empty.any()
    assert torch.equal(kept, TONE[:12_000] if seconds > 0 else TONE[4_000:])


def test_masks_take_out_what_they_name_and_nothing_else() -> None:
    features = torch.randn(2, 26, 57)
    timed, banded = effects.mask_time(features, 10, 5), effects.mask_rows(features, 3, 4)
    assert torch.equal(timed[..., :10], features[..., :10])
    assert timed[..., 10:15].std(-1).max() < 1e-6
    assert torch.equal(banded[:, 7:], features[:, 7:])
    assert banded[:, 3:7].std(-2).max() < 1e-6


def test_muting_leaves_silence_and_no_click() -> None:
    muted = effects.mute(TONE, 4_000, 3_200)
    assert not muted[4_060:7_140].any()
    assert torch.equal(muted[:3_900], TONE[:3_900])
    assert torch.equal(muted[7_300:], TONE[7_300:])
    assert float(muted.diff().abs().max()) <= 1.1 * float(TONE.diff().abs().max())


@pytest.mark.parametrize(("low", "high", "left"), [(300, 600, 0.0), (1_000, 8_000, 1.0)])
def test_a_band_is_taken_out_and_nothing_else(low: float, high: float, left: float) -> None:
    inside = effects.band_stop(TONE, low, high)[2_000:-2_000]
    assert float(inside.abs().max()) == pytest.approx(left, abs=0.02)
