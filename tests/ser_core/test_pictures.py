"""Pictures of sounds whose picture is known, and the picture that each system reads."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest
import torch

from ser_core import pictures
from ser_core.audio import SAMPLE_RATE
from ser_core.changes import FeatureMask
from ser_core.models import create, list_systems
from ser_core.models.base import System
from ser_core.pictures import Analysis

TIME = np.arange(SAMPLE_RATE) / SAMPLE_RATE
TONE = np.sin(2 * np.pi * 1_000 * TIME).astype(np.float32)
TURN = np.where(TIME < 0.5, np.sin(2 * np.pi * 500 * TIME), np.sin(2 * np.pi * 3_000 * TIME)).astype(np.float32)
USUAL = Analysis.of_length(400, 160, 64, 20)


@pytest.fixture(scope="module")
def systems() -> dict[str, System]:
    return {name: create(name).eval() for name in list_systems() if name != "serct"}


def test_a_full_scale_sine_has_zero_decibels_at_its_frequency() -> None:
    picture = pictures.spectrogram(TONE, USUAL)
    row, frame = np.unravel_index(picture.values.argmax(), picture.values.shape)
    assert picture.rows.centres[row] == pytest.approx(1_000, abs=16)
    assert picture.values[row, frame] == pytest.approx(0.0, abs=0.3)
    assert pictures.spectrogram(TONE, USUAL, "amplitude").values.max() == pytest.approx(1.0, abs=0.03)


@pytest.mark.parametrize("make", [pictures.spectrogram, pictures.log_mel])
def test_low_frequencies_lie_at_the_bottom_and_early_ones_at_the_left(make: type) -> None:
    picture = make(TURN, USUAL)
    assert (np.diff(picture.rows.centres) > 0).all()
    early, late = (picture.values[:, np.abs(picture.times - moment).argmin()].argmax() for moment in (0.25, 0.75))
    assert picture.rows.centres[early] == pytest.approx(500, rel=0.1)
    assert picture.rows.centres[late] == pytest.approx(3_000, rel=0.1)


def test_a_longer_window_parts_what_a_shorter_one_blurs() -> None:
    two = (np.sin(2 * np.pi * 1_000 * TIME) + np.sin(2 * np.pi * 1_060 * TIME)).astype(np.float32) / 2
    for window, dips in ((2_048, True), (160, False)):
        picture = pictures.spectrogram(two, Analysis.of_length(window, 160, 64, 20))
        at = [np.abs(picture.rows.centres - hertz).argmin() for hertz in (1_000, 1_030, 1_060)]
        left, middle, right = (picture.values[row, 20:-20].mean() for row in at)
        assert (middle < min(left, right) - 10) == dips


def test_mfcc_are_drawn_in_deviations_and_counted() -> None:
    picture = pictures.mfcc(TURN, USUAL)
    assert picture.rows.unit == "coefficient"
    assert picture.values.shape[0] == 20
    np.testing.assert_allclose(picture.values.mean(1), 0, atol=1e-4)


def test_more_coefficients_than_bands_are_not_asked_for() -> None:
    assert Analysis.of_length(400, 160, 16, 40).coefficients == 16


def test_a_system_reads_what_its_own_preparation_gives(systems: dict[str, System]) -> None:
    for system in systems.values():
        picture = pictures.as_read(system, TURN)
        assert (np.diff(picture.rows.centres) > 0).all()  # also where the system's own rows fall
        assert picture.times[-1] <= 1.0 + 1e-9
        assert picture.name == {"MFCC": "MFCC", "log-mel": "Log-mel spectrogram"}[pictures.reads(system)]
        assert Analysis.own(system).window == system.front_end.window
    segment = systems["vit_vertical"].prepare(torch.tensor(np.tile(TURN, 4))).features[0]
    whole = pictures.as_read(systems["vit_vertical"], np.tile(TURN, 4))
    np.testing.assert_allclose(whole.values, segment.flip(0).numpy(), atol=1e-5)


def test_low_frequencies_lie_at_the_bottom_of_what_a_system_reads(systems: dict[str, System]) -> None:
    for name in ("tf_transformer", "vit_vertical"):
        picture = pictures.as_read(systems[name], TURN)
        early = picture.values[:, np.abs(picture.times - 0.25).argmin()].argmax()
        assert picture.rows.centres[early] == pytest.approx(500, rel=0.15)


def test_a_mask_is_seen_in_what_a_system_reads(systems: dict[str, System]) -> None:
    system = systems["vit_vertical"]
    plain, masked = (pictures.as_read(system, TURN, mask) for mask in (None, FeatureMask(rows=(0.0, 1_000.0))))
    changed = (plain.values != masked.values).any(1)
    assert changed[plain.rows.centres <= 1_000].all()
    assert not changed[plain.rows.centres > 1_000].any()


def test_the_wave_is_no_picture() -> None:
    system = create("serct", "no_cnn").eval()
    assert pictures.reads(system) == "wave"
    with pytest.raises(ValueError, match="reads the wave itself"):
        pictures.as_read(system, TURN)
    own = Analysis.own(system)
    assert (own.window, own.hop) == (400, 320)


@pytest.mark.parametrize("samples", [1_600, 3 * SAMPLE_RATE])
def test_the_shortest_clip_and_longer_ones(samples: int) -> None:
    sound = np.resize(TURN, samples)
    longest = Analysis.of_length(2_048, 32, 128, 40)
    for make in (pictures.spectrogram, pictures.log_mel, pictures.mfcc):
        picture = make(sound, longest)
        assert np.isfinite(picture.values).all()
        assert picture.values.shape == (len(picture.rows.centres), len(picture.times))


def test_the_table_names_rows_and_seconds() -> None:
    picture = pictures.log_mel(TURN, USUAL).between(0.2, 0.3)
    rows = list(csv.reader(io.StringIO(picture.csv())))
    assert rows[0][0] == "seconds"
    assert rows[0][1].endswith(" Hz")
    assert len(rows) == 1 + len(picture.times)
    np.testing.assert_allclose([float(row[0]) for row in rows[1:]], picture.times)
    np.testing.assert_allclose([float(cell) for cell in rows[1][1:]], picture.values[:, 0], rtol=1e-3)
    assert 0.18 < picture.times[0] < 0.2
    assert 0.3 < picture.times[-1] < 0.32
