"""Masking on a recogniser whose answer hangs on one known half second of the clip."""

import json
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from ser_core.audio import SAMPLE_RATE, Waveform
from ser_core.errors import InspectionError
from ser_core.inspection.faithfulness import SHARES, Faithfulness, faithfulness
from ser_core.inspection.masking import stretches
from ser_core.inspection.sound import listen
from tests.ser_core.inspection.made import curve, silent

SECONDS, BEGIN, END = 3.0, 1.0, 1.5  # what it listens to


class Listener:
    """Says angry as surely as there is sound between BEGIN and END, whatever else the clip holds."""

    name, labels = "listener", ("angry", "neutral")

    def __init__(self) -> None:
        self.heard: list[float] = []

    def predict_many(self, waveforms: Sequence[Waveform]) -> list[Any]:
        return [self.answer(waveform) for waveform in waveforms]

    def answer(self, waveform: Waveform) -> Any:
        self.heard.append(waveform.seconds)
        part = waveform.samples[round(BEGIN * SAMPLE_RATE) : round(END * SAMPLE_RATE)]
        angry = 0.1 + 0.8 * min(1.0, float(np.sum(part**2)) / (END - BEGIN) / SAMPLE_RATE / 0.01)
        return SimpleNamespace(labels=self.labels, label="angry" if angry > 0.5 else "neutral",
                               probabilities=np.array([angry, 1 - angry]))  # fmt: skip


@pytest.fixture(scope="module")
def clip() -> Waveform:
    """Noise of one loudness throughout, and a softer second at the end, whose level is the noise floor."""
    noise = 0.1 * np.random.default_rng(0).standard_normal(round(SECONDS * SAMPLE_RATE))
    noise[-round(0.5 * SAMPLE_RATE) :] *= 0.05
    return Waveform.from_array(noise, SAMPLE_RATE)


def bump(begin: float, end: float) -> np.ndarray:
    """A curve that is high between two moments."""
    times = np.arange(300) * 0.01 + 0.005
    return np.exp(-0.5 * ((times - (begin + end) / 2) / (end - begin)) ** 2)


@pytest.fixture(scope="module")
def right(clip: Waveform) -> Faithfulness:
    return faithfulness(Listener(), clip, curve(bump(BEGIN, END)))


def test_masking_what_it_listens_to_takes_the_answer_away(right: Faithfulness) -> None:
    assert right.emotion == "angry"
    assert right.attention is not None
    assert right.attention.comprehensiveness(0.2) > 0.7  # 0.6 s of 3 s, which hold the half second
    assert right.attention.sufficiency(0.2) < 0.05
    figures = right.figures()
    assert figures["deletion_area_gain"] > 0.2
    assert figures["insertion_area_gain"] > 0.2
    assert figures["comprehensiveness_20_gain"] > 0.3
    assert figures["sufficiency_20_gain"] > 0.3


def test_a_curve_that_points_elsewhere_is_found_out(clip: Waveform) -> None:
    wrong = faithfulness(Listener(), clip, curve(-bump(BEGIN, END)))
    assert wrong.attention is not None
    assert wrong.attention.comprehensiveness(0.5) == pytest.approx(0.0, abs=0.02)
    assert wrong.figures()["deletion_area_gain"] < -0.1


def test_every_order_begins_and_ends_alike(right: Faithfulness) -> None:
    for order in (right.attention, right.energy, *right.random):
        assert order is not None
        assert order.shares == SHARES
        assert order.deletion[0] == order.insertion[-1] == right.probability
        assert order.deletion[-1] == order.insertion[0] < 0.2


def test_the_loudest_stretches_go_first_in_the_order_of_energy(clip: Waveform) -> None:
    """Loud is everywhere but in the last half second: what is masked last is that."""
    pieces = stretches(clip, curve(bump(BEGIN, END)), listen(clip), "noise")
    found = faithfulness(Listener(), clip, curve(pieces.energies.repeat(5)))
    assert found.attention == found.energy


def test_the_areas_are_those_of_the_trapezoids(right: Faithfulness) -> None:
    order = right.attention
    assert order is not None
    steps = np.diff(SHARES)
    mean = (np.array(order.deletion)[1:] + np.array(order.deletion)[:-1]) / 2
    assert order.deletion_area() == pytest.approx((steps * mean).sum())


def test_the_same_seed_gives_the_same_and_another_does_not(clip: Waveform, right: Faithfulness) -> None:
    assert faithfulness(Listener(), clip, curve(bump(BEGIN, END))) == right
    other = faithfulness(Listener(), clip, curve(bump(BEGIN, END)), seed=1)
    assert other.random != right.random


@pytest.mark.parametrize("chance", ["shifted", "scattered"])
def test_random_orders_and_their_spread(clip: Waveform, chance: Any) -> None:
    found = faithfulness(Listener(), clip, curve(bump(BEGIN, END)), chance=chance, draws=4)
    assert len(found.random) == 4
    assert found.figures()["deletion_area_random_sd"] > 0


def test_only_the_stretch_that_the_curve_covers_is_heard(clip: Waveform) -> None:
    listener = Listener()
    faithfulness(listener, clip, curve(bump(BEGIN, END)[50:250], begin=0.5))
    assert set(listener.heard) == {2.0}


def test_the_cost_is_bounded_and_told(clip: Waveform) -> None:
    listener, told = Listener(), []
    faithfulness(listener, clip, curve(bump(BEGIN, END)), progress=lambda *what: told.append(what))
    assert len(listener.heard) == 1 + 1 + 7 * 5 * 2  # whole, all masked, and seven orders at five shares both ways
    assert told[-1][1] == told[-1][2] == 71
    assert len(told) > 1


def test_it_can_be_stopped(clip: Waveform) -> None:
    def stop(what: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        faithfulness(Listener(), clip, curve(bump(BEGIN, END)), progress=stop)


def test_a_mask_of_silence_and_one_of_noise(clip: Waveform) -> None:
    sound = listen(clip)
    for mask, level in (("silence", 0.0), ("noise", sound.noise)):
        pieces = stretches(clip, curve(bump(BEGIN, END)), sound, mask)
        kept = np.arange(len(pieces)) >= 10
        masked = pieces.masked(kept).samples
        half = 10 * round(pieces.seconds * SAMPLE_RATE)
        assert np.sqrt(np.mean(masked[: half - 100] ** 2)) == pytest.approx(level, rel=0.1)
        np.testing.assert_allclose(masked[half + 100 :], clip.samples[half + 100 :], atol=1e-7)
        assert np.abs(np.diff(masked)).max() < 1.1 * np.abs(np.diff(clip.samples)).max()  # no click


def test_a_constant_curve_gives_no_order(clip: Waveform) -> None:
    found = faithfulness(Listener(), clip, curve(np.ones(300)))
    assert found.attention is None
    assert "constant" in found.reason
    assert found.probability is not None
    assert all(value is None for value in found.figures().values())


@pytest.mark.parametrize("seconds", [0.04, 0.1, 0.4])
def test_short_clips(clip: Waveform, seconds: float) -> None:
    count = round(seconds / 0.01)
    found = faithfulness(Listener(), clip, curve(bump(BEGIN, END)[100 : 100 + count], begin=1.0))
    json.dumps(found.as_dict(), allow_nan=False)
    assert (found.attention is None) == (seconds < 0.05)


def test_silence() -> None:
    found = faithfulness(Listener(), silent(3.0), curve(bump(BEGIN, END)))
    json.dumps(found.as_dict(), allow_nan=False)


def test_what_cannot_be_done_is_refused_in_a_sentence(clip: Waveform) -> None:
    with pytest.raises(InspectionError, match="no label 'joy'"):
        faithfulness(Listener(), clip, curve(bump(BEGIN, END)), "joy")
    with pytest.raises(InspectionError, match="at most 60 s"):
        faithfulness(Listener(), silent(62.0), curve(np.arange(6200.0)))
