"""The front ends' numbers against librosa, and their grids."""

import librosa
import numpy as np
import pytest
import torch

from ser_core.audio import SAMPLE_RATE
from ser_core.features import EmphasisedLogMel, LogMel, LogMelImage, Mfcc, Normaliser, Wave, mel_centres


@pytest.fixture(scope="module")
def speechlike() -> np.ndarray:
    """Two seconds of a gliding harmonic tone in noise: every band holds something."""
    generator = np.random.default_rng(3)
    t = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    tone = sum(np.sin(2 * np.pi * k * (120 * t + 20 * t**2)) / k for k in range(1, 30))
    return (0.1 * tone + 0.01 * generator.standard_normal(len(t))).astype(np.float32)


def relative(ours: np.ndarray, theirs: np.ndarray) -> float:
    return float(np.linalg.norm(ours - theirs) / np.linalg.norm(theirs))


@pytest.mark.parametrize("pad_mode", ["reflect", "constant"])
def test_mfcc_equals_librosa(speechlike: np.ndarray, pad_mode: str) -> None:
    ours = Mfcc(26, 2048, 2048, 512, pad_mode=pad_mode)(torch.tensor(speechlike)[None])[0].numpy()
    theirs = librosa.feature.mfcc(y=speechlike, sr=SAMPLE_RATE, n_mfcc=26, pad_mode=pad_mode)
    assert ours.shape == theirs.shape
    assert relative(ours, theirs) < 1e-4


@pytest.mark.parametrize(("window_shape", "centred"), [("hann", True), ("hamming", True), ("hann", False)])
def test_log_mel_equals_librosa(speechlike: np.ndarray, window_shape: str, centred: bool) -> None:
    ours = LogMel(512, 512, 160, 80, window_shape=window_shape, centred=centred)(torch.tensor(speechlike)[None])[0]
    power = librosa.feature.melspectrogram(
        y=speechlike, sr=SAMPLE_RATE, n_fft=512, hop_length=160, n_mels=80, window=window_shape, center=centred,
        pad_mode="reflect",
    )  # fmt: skip
    assert relative(ours.numpy(), librosa.power_to_db(power)) < 1e-4


def test_mfcc_of_short_windows_equals_librosa(speechlike: np.ndarray) -> None:
    """25 ms windows: hardly one FFT bin for each of the lowest of 128 bands."""
    ours = Mfcc(40, 400, 400, 160)(torch.tensor(speechlike)[None])[0].numpy()
    theirs = librosa.feature.mfcc(
        y=speechlike, sr=SAMPLE_RATE, n_mfcc=40, n_fft=400, hop_length=160, n_mels=128, pad_mode="reflect"
    )
    assert ours.shape == theirs.shape
    assert relative(ours, theirs) < 1e-4


def test_emphasised_log_mel_equals_librosa(speechlike: np.ndarray) -> None:
    """20 ms Hamming windows in an FFT of 512: librosa centres a window in its FFT, so 96 zeros go on both sides."""
    ours = EmphasisedLogMel(512, 320, 160, 80)(torch.tensor(speechlike)[None])[0].numpy()
    emphasised = np.append(speechlike[:1], speechlike[1:] - np.float32(0.97) * speechlike[:-1])
    power = librosa.feature.melspectrogram(
        y=np.pad(emphasised, 96), sr=SAMPLE_RATE, n_fft=512, win_length=320, hop_length=160, n_mels=80,
        window="hamming", center=False,
    )  # fmt: skip
    assert ours.shape == power.shape
    assert relative(ours, np.log(power + 1e-6)) < 1e-4


def test_a_clip_does_not_depend_on_its_batch(speechlike: np.ndarray) -> None:
    front_end = Mfcc(26, 2048, 2048, 512)
    quiet, loud = torch.tensor(speechlike) * 1e-3, torch.tensor(speechlike)
    together = front_end(torch.stack([quiet, loud]))
    torch.testing.assert_close(together[0], front_end(quiet[None])[0], rtol=1e-5, atol=1e-4)


def test_grid_says_when_and_where() -> None:
    centred, uncentred = LogMel(2048, 2048, 512, 128), LogMel(512, 320, 160, 80, centred=False)
    assert centred.frames(28_800) == centred(torch.randn(1, 28_800)).shape[-1] == 57
    np.testing.assert_allclose(centred.times(3), [0, 0.032, 0.064])
    # 80 frames of 20 ms every 10 ms fill exactly 0.81 s, although the FFT is longer than the window.
    assert uncentred.frames(12_960) == uncentred(torch.randn(1, 12_960)).shape[-1] == 80
    np.testing.assert_allclose(uncentred.times(2), [0.010, 0.020])
    np.testing.assert_allclose(mel_centres(80), librosa.mel_frequencies(82, fmin=0, fmax=8000)[1:-1])
    assert Mfcc(26, 2048, 2048, 512).rows.unit == "coefficient"


@pytest.mark.parametrize("front_end", [LogMel(512, 512, 160, 80), LogMel(512, 320, 160, 80, centred=False)])
def test_a_click_shows_in_its_frame(front_end: LogMel) -> None:
    samples = torch.full((1, 16_000), 1e-4)
    samples[0, 8_000] = 1.0
    loudness = front_end(samples)[0].mean(0)
    assert front_end.times(len(loudness))[int(loudness.argmax())] == pytest.approx(0.5, abs=0.006)


def test_normalising_a_clip_takes_level_and_microphone_out(speechlike: np.ndarray) -> None:
    front_end, normaliser = Mfcc(26, 2048, 2048, 512), Normaliser("clip", 26)
    features = front_end(torch.tensor(speechlike)[None])
    louder = front_end(torch.tensor(speechlike)[None] * 4)
    torch.testing.assert_close(normaliser(features), normaliser(louder), rtol=1e-3, atol=1e-3)
    assert normaliser(features).mean(dim=(0, 2)).abs().max() < 1e-4


def test_corpus_statistics_come_from_the_training_set() -> None:
    normaliser = Normaliser("corpus", 3)
    training = [torch.randn(4, 3, 10) * 5 + 2 for _ in range(20)]
    normaliser.fit(training)
    normalised = torch.cat([normaliser(clip) for clip in training])
    assert normalised.mean().abs() < 1e-4
    assert normalised.std() == pytest.approx(1.0, abs=0.01)
    assert {"mean", "deviation"} <= set(normaliser.state_dict())


def picture_front_end() -> LogMelImage:
    return LogMelImage(1024, 512, 64, 128, step=500)


def test_the_picture_is_librosas_spectrogram_shrunk_over_time() -> None:
    """128 columns of 1001 frames: triangular weights, one column wide to either side, written out in NumPy."""
    generator = np.random.default_rng(4)
    samples = (0.1 * generator.standard_normal(64_000) * np.linspace(0.001, 1, 64_000)).astype(np.float32)
    front_end = picture_front_end()
    power = librosa.feature.melspectrogram(
        y=samples, sr=SAMPLE_RATE, n_fft=1024, win_length=512, hop_length=64, n_mels=128, window="hamming",
        pad_mode="reflect",
    )  # fmt: skip
    assert power.shape == (128, 1001)
    assert relative(front_end.power(torch.tensor(samples)[None])[0].numpy(), power) < 1e-4
    level = librosa.power_to_db(power)
    scaled = (level - level.min()) / (level.max() - level.min())
    ratio = 1001 / 128
    centre = (np.arange(128) + 0.5) * ratio - 0.5  # in frames
    weights = np.maximum(0, 1 - np.abs(np.arange(1001)[None] - centre[:, None]) / ratio)
    expected = scaled[::-1] @ (weights / weights.sum(1, keepdims=True)).T
    ours = front_end(torch.tensor(samples)[None])[0].numpy()
    np.testing.assert_allclose(ours, expected, atol=1e-4)


def test_the_pictures_grid() -> None:
    front_end = picture_front_end()
    assert front_end.frames(64_000) == front_end(torch.randn(1, 64_000)).shape[-1] == 128
    np.testing.assert_allclose(front_end.times(128), 0.03125 * (np.arange(128) + 0.5))
    np.testing.assert_allclose(front_end.rows.centres, mel_centres(128)[::-1])
    t = torch.arange(64_000) / SAMPLE_RATE
    tone = torch.sin(2 * torch.pi * 1_000 * t) * ((t - 1.0).abs() < 0.1)  # 1 kHz around second 1
    picture = front_end(tone[None])[0]
    row = int(picture.argmax()) // 128
    assert front_end.rows.centres[row] == pytest.approx(1_000, rel=0.03)
    loud = front_end.times(128)[(picture[row] > 0.9).numpy()]
    assert loud.mean() == pytest.approx(1.0, abs=0.02)
    assert loud[-1] - loud[0] == pytest.approx(0.2, abs=0.05)


def test_a_picture_runs_from_zero_to_one_by_itself() -> None:
    """Level does not matter, silence is black, and a quiet neighbour changes nothing."""
    front_end, loud = picture_front_end(), torch.randn(1, 64_000)
    pictures = front_end(torch.cat([loud, 0.01 * loud, torch.zeros(1, 64_000)]))
    torch.testing.assert_close(pictures[0], pictures[1], rtol=0, atol=1e-4)
    torch.testing.assert_close(pictures[0], front_end(loud)[0], rtol=0, atol=1e-5)
    assert pictures.min() >= 0
    assert pictures.max() <= 1
    assert torch.equal(pictures[2], torch.zeros(128, 128))


def test_gradients_pass_through_the_picture() -> None:
    samples = torch.cat([torch.randn(1, 64_000), torch.zeros(1, 64_000)]).requires_grad_()
    picture_front_end()(samples).square().sum().backward()
    assert samples.grad is not None
    assert samples.grad.isfinite().all()
    assert samples.grad[0].abs().max() > 0


def test_the_raw_wave_is_its_own_picture() -> None:
    samples = torch.randn(2, 1_000)
    wave = Wave()
    assert torch.equal(wave(samples), samples[:, None])
    assert wave.frames(1_000) == 1_000
    np.testing.assert_allclose(wave.times(3) * SAMPLE_RATE, [0, 1, 2])
