"""A voice as it comes in: the answers are those of its windows alone, silence gets none, memory stays bounded."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax

from ser_core.audio import SAMPLE_RATE, Waveform, load
from ser_core.checkpoints import Card
from ser_core.corpora.synthetic import samples
from ser_core.errors import AudioError
from ser_core.live import SMOOTHING, STEP, Heard, Listener, Sound, window_of
from ser_core.recogniser import Recogniser
from ser_core.training.run import Run

RATE = 48_000  # Hz, what most microphones give


@pytest.fixture(scope="module")
def recogniser(trained: tuple[Run, Card]) -> Recogniser:
    return Recogniser(trained[0].checkpoint)


@pytest.fixture(scope="module")
def stream() -> np.ndarray:
    """Two sentences, four seconds of faint noise and a sentence, at 48 kHz, int16, shape (n,)."""
    spoken = [load(utterance.path).samples for utterance in samples()[:3]]
    noise = np.random.default_rng(0).normal(0, 1e-4, 4 * SAMPLE_RATE).astype(np.float32)
    whole = np.concatenate([*spoken[:2], noise, spoken[2]])
    return np.rint(np.repeat(whole, RATE // SAMPLE_RATE) * 32_000).astype(np.int16)


def fed(listener: Listener, stream: np.ndarray) -> list[Heard]:
    """The stream in pieces of about half a second, none like the other."""
    bounds = np.arange(0, len(stream), round(STEP * RATE)) + np.random.default_rng(1).integers(0, 999)
    pieces = zip([0, *bounds], [*bounds, len(stream)], strict=True)
    return [listener.hear(stream[first:last], first) for first, last in pieces]


def test_an_answer_is_that_of_its_window_alone(recogniser: Recogniser, stream: np.ndarray) -> None:
    heard = fed(Listener(recogniser, RATE), stream)
    asked = [one for one in heard if one.window]
    assert len(asked) >= 6
    for one in asked:
        piece = stream[round(one.start * RATE) : round(one.end * RATE)]
        alone = recogniser.predict(Waveform.from_array(piece, RATE))
        assert one.window is not None
        assert one.window.logits == pytest.approx(alone.logits, abs=1e-6)
    assert max(one.end - one.start for one in heard) == pytest.approx(window_of(recogniser), abs=1e-3)


def test_a_pause_gets_no_answer(recogniser: Recogniser, stream: np.ndarray) -> None:
    heard = fed(Listener(recogniser, RATE), stream)
    first, second = (len(load(utterance.path).samples) / SAMPLE_RATE for utterance in samples()[:2])
    pause = first + second + window_of(recogniser), first + second + 4.0
    within = [one for one in heard if pause[0] <= one.end <= pause[1]]
    assert within
    assert all(one.silent for one in within)
    assert not heard[-1].silent


def test_digital_silence_and_the_first_moment_get_no_answer(recogniser: Recogniser) -> None:
    listener = Listener(recogniser, RATE)
    assert listener.hear(np.zeros(0, np.int16), 0).silent
    assert listener.hear(np.zeros(3 * RATE, np.int16), 0).silent


def test_smoothing_averages_the_last_answers_and_no_silence(recogniser: Recogniser, stream: np.ndarray) -> None:
    heard = fed(Listener(recogniser, RATE), stream)
    run: list[Heard] = []
    for one in heard:
        run = [*run, one] if one.window else []
        near = [earlier.window.logits for earlier in run if earlier.window and one.end - earlier.end < SMOOTHING]
        if one.smoothed:
            assert one.smoothed.logits == pytest.approx(np.mean(near, axis=0))
            assert one.smoothed.probabilities == pytest.approx(softmax(one.smoothed.logits))


def test_an_hour_of_sound_leaves_the_last_seconds() -> None:
    sound = Sound(SAMPLE_RATE, 3.0)
    piece = np.arange(SAMPLE_RATE, dtype=np.int16)
    for second in range(3600):
        sound.add(piece + np.int16(second), second * SAMPLE_RATE)
    assert len(sound) == 3 * SAMPLE_RATE
    assert sound.seconds == 3600
    kept = sound.latest().samples * 32_768
    np.testing.assert_array_equal(np.rint(kept), np.concatenate([piece + np.int16(n) for n in (3597, 3598, 3599)]))


def test_a_piece_sent_twice_counts_once_and_a_gap_begins_anew() -> None:
    sound = Sound(SAMPLE_RATE, 3.0)
    piece = np.arange(1, SAMPLE_RATE + 1, dtype=np.int16)
    sound.add(piece[:9000], 0)
    sound.add(piece, 0)
    assert len(sound) == len(piece)
    np.testing.assert_array_equal(np.rint(sound.latest().samples * 32_768), piece)
    sound.add(piece[:5000], 10 * SAMPLE_RATE)
    assert len(sound) == 5000
    assert sound.seconds == pytest.approx(10 + 5000 / SAMPLE_RATE)


def test_an_impossible_rate_is_refused() -> None:
    with pytest.raises(AudioError, match="4 kHz"):
        Sound(3, 2.0)
