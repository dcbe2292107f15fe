"""Noise at the level that is said, the same every time; the curve is the evaluation with that noise."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, recall_score

from ser_core.audio import Waveform, load
from ser_core.checkpoints import Card
from ser_core.corpora import Utterance
from ser_core.corpora.synthetic import samples
from ser_core.evaluation import evaluate
from ser_core.evaluation.noise import SNRS_DB, noise_curve, noisy
from ser_core.recogniser import Recogniser
from ser_core.training.run import Run

Trained = tuple[Run, Card]


@pytest.fixture(scope="module")
def clip() -> Waveform:
    return load(samples()[0].path)


@pytest.mark.parametrize("snr_db", SNRS_DB)
def test_the_noise_has_the_level_that_is_said(clip: Waveform, snr_db: float) -> None:
    noise = noisy(clip, snr_db).samples - clip.samples
    ratio = 10 * np.log10((clip.samples**2).sum() / (noise**2).sum())
    assert ratio == pytest.approx(snr_db, abs=0.01)


def test_a_clip_gets_the_same_noise_every_time_and_other_clips_get_another(clip: Waveform) -> None:
    first, again = noisy(clip, 10), noisy(clip, 10)
    assert (first.samples == again.samples).all()
    louder = noisy(clip, 0).samples - clip.samples
    assert np.corrcoef(first.samples - clip.samples, louder)[0, 1] == pytest.approx(1.0)  # one noise, two levels
    other = load(samples()[1].path)
    n = min(len(clip.samples), len(other.samples))
    apart = np.corrcoef((first.samples - clip.samples)[:n], (noisy(other, 10).samples - other.samples)[:n])[0, 1]
    assert abs(apart) < 0.1


def test_the_curve_is_the_evaluation_with_that_noise(trained: Trained) -> None:
    recogniser, told = Recogniser(trained[0].checkpoint), Counter[str]()
    utterances = [u for u in samples() if u.emotion in recogniser.labels]

    def count(what: str, done: int, total: int) -> None:
        told[what] += 1

    inaudible, loud = noise_curve(recogniser, utterances, "synthetic", progress=count, snrs_db=(120.0, 0.0))
    clean = evaluate(recogniser, utterances, "synthetic")
    assert (inaudible.snr_db, inaudible.wa, inaudible.ua) == (120.0, clean.scores().wa, clean.scores().ua)

    def read(utterance: Utterance) -> Waveform:
        return noisy(load(utterance.path), 0.0)

    by_hand = evaluate(recogniser, utterances, "synthetic", read=read)
    assert (loud.wa, loud.ua, loud.interval) == (by_hand.scores().wa, by_hand.scores().ua, by_hand.intervals()["ua"])
    acted, heard = ([by_hand.labels[place] for place in places] for places in (by_hand.truth, by_hand.predicted))
    assert loud.wa == pytest.approx(accuracy_score(acted, heard))
    assert loud.ua == pytest.approx(recall_score(acted, heard, labels=sorted(set(acted)), average="macro"))
    assert not np.allclose(by_hand.probabilities, clean.probabilities, atol=1e-3)
    assert set(told) == {"recognising synthetic at 120 dB", "recognising synthetic at 0 dB"}


def test_a_clip_that_cannot_be_read_is_left_out_of_the_curve_too(trained: Trained, tmp_path: Path) -> None:
    """As `evaluate` leaves it out."""
    recogniser = Recogniser(trained[0].checkpoint)
    (tmp_path / "broken.wav").write_bytes(b"nothing")
    own = [u for u in samples() if u.emotion in recogniser.labels]
    broken = Utterance(**vars(own[0]) | {"id": "synthetic/broken", "path": tmp_path / "broken.wav"})
    arguments = {"corpus": "synthetic", "snrs_db": (5.0,)}
    assert noise_curve(recogniser, [*own, broken], **arguments) == noise_curve(recogniser, own, **arguments)  # type: ignore[arg-type]
