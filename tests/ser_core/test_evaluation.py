"""Scores equal scikit-learn's, intervals know about speakers, and nobody is scored on a voice the model has heard."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, f1_score

from ser_core.checkpoints import Card
from ser_core.corpora import Utterance, get_corpus
from ser_core.corpora.synthetic import HELD_OUT_SPEAKERS
from ser_core.errors import CorpusError
from ser_core.evaluation import Evaluation, _quick, evaluate, intervals, score
from ser_core.recogniser import Recogniser
from ser_core.training.run import Run
from tests.conftest import Shell

Trained = tuple[Run, Card]


@pytest.fixture(scope="module")
def utterances() -> tuple[Utterance, ...]:
    return get_corpus("synthetic").scan(None).utterances


@pytest.fixture(scope="module")
def evaluation(trained: Trained, utterances: tuple[Utterance, ...]) -> Evaluation:
    return evaluate(Recogniser(trained[0].checkpoint), utterances, "synthetic")


def test_trained_speakers_are_counted_and_left_out(
    trained: Trained, utterances: tuple[Utterance, ...], evaluation: Evaluation
) -> None:
    seen = trained[1].data.seen_speakers()
    assert {u.speaker for u in evaluation.utterances} == set(HELD_OUT_SPEAKERS)
    assert evaluation.excluded == sum(u.speaker in seen for u in utterances) > 0
    assert evaluation.excluded + evaluation.outside + len(evaluation.truth) == len(utterances)
    assert evaluation.outside == sum(u.emotion not in trained[1].labels for u in utterances if u.speaker not in seen)


def test_only_seen_speakers_is_refused_with_the_reason(trained: Trained, utterances: tuple[Utterance, ...]) -> None:
    recogniser = Recogniser(trained[0].checkpoint)
    seen = [u for u in utterances if u.speaker in recogniser.card.data.seen_speakers()]
    with pytest.raises(CorpusError, match="heard every speaker"):
        evaluate(recogniser, seen, "synthetic")
    marked = evaluate(recogniser, seen[:10], "synthetic", include_seen=True)
    assert marked.seen_included
    assert marked.summary()["seen_included"] is True


def test_the_card_holds_what_evaluating_the_shipped_file_gives(trained: Trained, evaluation: Evaluation) -> None:
    (stored,) = trained[1].results
    summary = evaluation.summary()
    assert stored.confusion == tuple(tuple(row) for row in summary["confusion"])
    assert (stored.wa, stored.ua, stored.wf1) == (summary["wa"], summary["ua"], summary["wf1"])


def test_other_emotions_and_broken_files_are_counted(
    trained: Trained, utterances: tuple[Utterance, ...], tmp_path: Path
) -> None:
    unseen = [u for u in utterances if u.speaker in HELD_OUT_SPEAKERS and u.emotion in trained[1].labels][:10]
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"nothing")
    changed = [replace(unseen[0], path=broken), replace(unseen[1], emotion="boredom"), *unseen[2:]]
    result = evaluate(Recogniser(trained[0].checkpoint), changed, "synthetic")
    assert (len(result.truth), result.outside, len(result.problems)) == (8, 1, 1)


def test_scores_equal_scikit_learn() -> None:
    generator = np.random.default_rng(5)
    truth = generator.integers(0, 6, 200)
    predicted = np.where(generator.random(200) < 0.6, truth, generator.integers(0, 7, 200))
    ours = score(truth, predicted)
    assert ours.wa == pytest.approx((truth == predicted).mean())
    assert ours.wf1 == pytest.approx(f1_score(truth, predicted, average="weighted"))
    with pytest.warns(UserWarning, match="y_pred contains classes"):
        assert ours.ua == pytest.approx(balanced_accuracy_score(truth, predicted))
    assert _quick(truth, predicted) == pytest.approx((ours.wa, ours.ua, ours.wf1))


def test_intervals_widen_when_speakers_differ() -> None:
    """Two hundred clips of four speakers are not two hundred independent clips."""
    truth = np.tile(np.arange(5), 40)
    speakers = np.repeat(np.arange(4), 50)
    even = np.where(np.arange(200) % 2 == 0, truth, (truth + 1) % 5)
    uneven = np.where(speakers < 2, truth, (truth + 1) % 5)
    low_even, high_even = intervals(truth, even, speakers)["wa"]
    low_uneven, high_uneven = intervals(truth, uneven, speakers)["wa"]
    assert low_even < 0.5 < high_even
    assert high_uneven - low_uneven > 2 * (high_even - low_even)


def test_the_command_prints_the_same_numbers(trained: Trained, evaluation: Evaluation, shell: Shell) -> None:
    arguments = ("evaluate", "--checkpoint", str(trained[0].checkpoint), "--corpus", "synthetic")
    status, out, err = shell(*arguments, "--protocol", "speaker_independent", "--json")
    assert status == 0, err
    printed, expected = json.loads(out), evaluation.summary()
    for key in ("wa", "ua", "wf1", "intervals", "labels", "confusion", "n"):
        assert printed[key] == expected[key]
    assert printed["excluded"] == 0  # the test part of the protocol holds no seen speaker
    assert not printed["seen_included"]


def test_ravdess_speakers_it_was_trained_on_are_left_out(data: Path, trained: Trained, tmp_path: Path) -> None:
    """A card that lists an actor as seen: the actor's clips are left out, the others stay."""
    folder = Path(shutil.copytree(trained[0].checkpoint, tmp_path / "copy"))
    card = json.loads((folder / "card.json").read_text())
    card["data"]["train"]["speakers"].append("ravdess/03")
    (folder / "card.json").write_text(json.dumps(card))
    actors = [u for u in get_corpus("ravdess").scan(data).utterances if u.speaker in ("ravdess/03", "ravdess/04")]
    few = [u for u in actors if u.text == "ravdess/01" and u.id.split("-")[3] == "01"]
    result = evaluate(Recogniser(folder), few, "ravdess")
    assert {u.speaker for u in result.utterances} == {"ravdess/04"}
    assert result.excluded == sum(u.speaker == "ravdess/03" for u in few)
