"""Scores, figures of each emotion and confusion equal scikit-learn's and what can be counted by hand."""

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, classification_report, confusion_matrix, f1_score

from ser_core.evaluation import confusion, intervals, score
from ser_core.evaluation.report import no_interval
from ser_core.evaluation.scores import emotion_scores, quick_score
from tests.ser_core.evaluation.made import LABELS, drawn, made


def test_a_perfect_prediction() -> None:
    perfect = made([0, 1, 2, 3] * 5, [0, 1, 2, 3] * 5)
    scores = perfect.scores()
    assert (scores.wa, scores.ua, scores.wf1) == (1.0, 1.0, 1.0)
    assert set(perfect.intervals().values()) == {(1.0, 1.0)}
    assert all((one.precision, one.recall, one.f1, one.support) == (1.0, 1.0, 1.0, 5) for one in perfect.emotions())
    assert (perfect.confusion("row") == np.eye(4)).all()


def test_always_the_same_answer() -> None:
    """Six of ten clips are neutral and everything is heard as neutral: WA 60 %, UA one of three emotions present."""
    lazy = made([2] * 6 + [0] * 3 + [1], [2] * 10)
    scores = lazy.scores()
    assert (scores.wa, scores.ua) == (0.6, pytest.approx(1 / 3))
    angry, happy, neutral, sad = lazy.emotions()
    assert (neutral.precision, neutral.recall, neutral.support) == (0.6, 1.0, 6)
    assert (angry.precision, angry.recall, angry.f1) == (None, 0.0, 0.0)  # never heard: no precision
    assert (happy.recall, happy.support) == (0.0, 1)
    assert (sad.precision, sad.recall, sad.f1, sad.support) == (None, None, None, 0)


def test_an_emotion_without_clips_that_is_heard_all_the_same() -> None:
    sad = made([0, 0, 1, 1], [0, 3, 1, 3]).emotions()[3]
    assert (sad.precision, sad.recall, sad.f1, sad.support) == (0.0, None, 0.0, 0)


def test_rows_and_columns_of_the_confusion() -> None:
    truth, predicted = np.array([0, 0, 0, 0, 1, 1]), np.array([0, 0, 0, 1, 1, 0])
    assert confusion(truth, predicted, 3).tolist() == [[3, 1, 0], [1, 1, 0], [0, 0, 0]]
    by_row, by_column = confusion(truth, predicted, 3, "row"), confusion(truth, predicted, 3, "column")
    assert by_row[:2].tolist() == [[0.75, 0.25, 0.0], [0.5, 0.5, 0.0]]
    assert np.isnan(by_row[2]).all()
    assert by_column[:, 0].tolist() == [0.75, 0.25, 0.0]
    assert np.isnan(by_column[:, 2]).all()


@pytest.mark.parametrize("seed", range(3))
def test_figures_equal_scikit_learn(seed: int) -> None:
    one = drawn(seed)
    report = classification_report(one.truth, one.predicted, target_names=LABELS, output_dict=True)
    scores = one.scores()
    assert scores.wa == pytest.approx(report["accuracy"])
    assert scores.ua == pytest.approx(balanced_accuracy_score(one.truth, one.predicted))
    assert scores.wf1 == pytest.approx(report["weighted avg"]["f1-score"])
    for emotion in one.emotions():
        theirs = report[emotion.emotion]
        mine = (emotion.precision, emotion.recall, emotion.f1, emotion.support)
        assert mine == pytest.approx((theirs["precision"], theirs["recall"], theirs["f1-score"], theirs["support"]))
    assert (one.confusion() == confusion_matrix(one.truth, one.predicted)).all()
    for share_of, theirs in (("row", "true"), ("column", "pred")):
        assert one.confusion(share_of) == pytest.approx(  # type: ignore[arg-type]
            confusion_matrix(one.truth, one.predicted, normalize=theirs)
        )


def test_answers_that_never_occur_as_truth_count_against_ua() -> None:
    generator = np.random.default_rng(5)
    truth = generator.integers(0, 6, 200)
    predicted = np.where(generator.random(200) < 0.6, truth, generator.integers(0, 7, 200))
    ours = score(truth, predicted)
    assert ours.wf1 == pytest.approx(f1_score(truth, predicted, average="weighted"))
    with pytest.warns(UserWarning, match="y_pred contains classes"):
        assert ours.ua == pytest.approx(balanced_accuracy_score(truth, predicted))
    assert quick_score(truth, predicted) == pytest.approx((ours.wa, ours.ua, ours.wf1))
    assert len(emotion_scores(truth, predicted, tuple("abcdefg"))) == 7


def test_equal_probabilities_are_the_first_label() -> None:
    tied = made([0, 1], [0, 1])
    tied.probabilities[:] = 0.25
    assert tied.predicted.tolist() == [0, 0]


@pytest.mark.parametrize(
    ("speakers", "why"),
    [
        (["demo/a"], "one speaker"),
        (["demo/unknown"], ""),
        (["demo/a", "demo/unknown"], "one known speaker"),
        (["demo/a", "demo/b"], ""),
    ],
)
def test_of_one_known_speaker_there_is_no_interval(speakers: list[str], why: str) -> None:
    one = made([0, 1, 0, 1], [0, 1, 1, 1], speakers * (4 // len(speakers)))
    assert no_interval(one.speakers) == one.report().no_interval() == why
    assert set(one.intervals()) == set(one.report().intervals) == (set() if why else {"wa", "ua", "wf1"})
    (everybody,) = one.by("language")
    assert (everybody.intervals is None) == (len(set(speakers)) < 2 or bool(why))
    assert set(one.summary()["intervals"]) == set(one.intervals())  # what a card keeps


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
