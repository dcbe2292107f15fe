"""McNemar's test and Cohen's kappa on tables whose answer is known."""

import numpy as np
import pytest
from scipy.stats import binom
from sklearn.metrics import cohen_kappa_score

from ser_core.errors import EvaluationError
from ser_core.evaluation import alike, compare, restricted
from ser_core.evaluation.comparing import kappa, mcnemar
from tests.ser_core.evaluation.made import drawn, made


@pytest.mark.parametrize(
    ("only_first", "only_second", "p"),
    [(0, 0, 1.0), (5, 5, 1.0), (0, 1, 1.0), (0, 5, 2 / 2**5), (10, 0, 2 / 2**10), (1, 9, 22 / 2**10)],
)
def test_mcnemar_is_a_coin_toss(only_first: int, only_second: int, p: float) -> None:
    assert mcnemar(only_first, only_second) == pytest.approx(p)
    assert mcnemar(only_second, only_first) == pytest.approx(p)


def test_mcnemar_is_twice_the_smaller_tail() -> None:
    assert mcnemar(17, 33) == pytest.approx(2 * binom.cdf(17, 50, 0.5))


def test_two_systems_on_the_same_clips() -> None:
    truth = [0] * 10
    result = compare(made(truth, [0] * 8 + [1] * 2, name="one"), made(truth, [0] * 3 + [1] * 7, name="two"))
    assert (result.first, result.second, result.n, result.left_out, result.other_truth) == ("one", "two", 10, 0, 0)
    table = (result.both_right, result.only_first, result.only_second, result.both_wrong)
    assert table == (3, 5, 0, 2)
    assert result.p == pytest.approx(0.0625)
    assert result.agreement == 0.5
    assert (result.ua_first, result.ua_second) == (0.8, 0.3)
    assert "10 clips" in result.sentence()
    assert "0.062" in result.sentence()


def test_a_system_and_itself() -> None:
    result = compare(drawn(1), drawn(1))
    assert (result.p, result.kappa, result.agreement) == (1.0, 1.0, 1.0)


def test_the_order_of_the_clips_does_not_matter() -> None:
    names = [f"demo/{number}" for number in range(4)]
    there = made([0, 1, 2, 3], [0, 1, 0, 0], names=names)
    back = made([3, 2, 1, 0], [3, 2, 0, 0], names=names[::-1])
    result = compare(there, back)
    assert (result.both_right, result.only_first, result.only_second, result.both_wrong) == (1, 1, 2, 0)


def test_clips_that_only_one_has_are_left_out_and_counted() -> None:
    result = compare(made([0] * 6, [0] * 6), made([0] * 4, [1] * 4))
    assert (result.n, result.left_out, result.only_first) == (4, 2, 4)
    assert "2 clips that only one of them has are left out" in result.sentence()


def test_clips_that_they_label_differently_are_left_out_and_counted() -> None:
    """One of them takes calm for neutral."""
    merged = made([0, 1, 1], [0, 1, 1], labels=("angry", "neutral"))
    apart = made([0, 1, 2], [0, 1, 2], labels=("angry", "calm", "neutral"))
    result = compare(merged, apart)
    assert (result.n, result.other_truth, result.both_right) == (2, 1, 2)
    assert "1 clips that they label differently" in result.sentence()


def test_both_choose_among_the_emotions_that_both_know() -> None:
    """An answer that only one of them could give is no mistake of its own: the next likeliest counts."""
    few = made([0, 1], [0, 1], labels=("angry", "neutral"))
    many = made([0, 2], [1, 2], labels=("angry", "calm", "neutral"))
    assert many.probabilities[0].argmax() == 1
    result = compare(few, many)
    assert result.among == ("angry", "neutral")
    assert (result.n, result.only_first + result.both_right) == (2, 2)
    assert "choose among the 2 emotions that both know" in result.sentence()
    back = compare(many, few)
    assert (back.only_second, back.p) == (result.only_first, result.p)


def test_nothing_in_common_is_refused() -> None:
    with pytest.raises(EvaluationError, match="no clip in common"):
        compare(made([0, 1], [0, 1]), made([0, 1], [0, 1], names=["demo/x", "demo/y"]))
    with pytest.raises(EvaluationError, match="differently"):
        compare(made([1], [1]), made([1], [1], labels=("angry", "fear", "neutral")))


def test_kappa_by_hand() -> None:
    """20 and 15 times the same of 50, 35 of 50 expected 25: (0.7 - 0.5) / (1 - 0.5)."""
    first = np.array([0] * 25 + [1] * 25)
    second = np.array([0] * 20 + [1] * 5 + [0] * 10 + [1] * 15)
    assert kappa(first, second) == pytest.approx(0.4)
    assert kappa(first, 1 - first) == pytest.approx(-1.0)
    assert kappa(np.zeros(5), np.zeros(5)) is None  # chance alone would do as well
    assert kappa(np.zeros(5), np.ones(5)) == 0.0


def test_kappa_equals_scikit_learn() -> None:
    one, two = drawn(1), drawn(2)
    assert compare(one, two).kappa == pytest.approx(cohen_kappa_score(one.predicted, two.predicted))


def test_alike_are_the_same_clips_and_the_same_choice() -> None:
    """A model that knows fewer emotions has it easier, until the other may choose among as few."""
    wide = made([0, 1, 2, 0], [0, 2, 2, 2], names=["demo/a", "demo/b", "demo/c", "demo/d"])
    narrow = restricted(made([0, 1, 0], [0, 1, 1], names=["demo/a", "demo/b", "demo/e"]), wide.labels[:2])
    first, second = alike(wide, narrow)
    assert first.labels == second.labels == wide.labels[:2]
    assert [clip.id for clip in first.clips] == [clip.id for clip in second.clips] == ["demo/a", "demo/b"]
    assert set(first.predicted) <= {0, 1}
    assert first.probabilities.sum(axis=1) == pytest.approx(1)


def test_without_two_emotions_in_common_there_is_nothing_to_compare() -> None:
    whole = made([0, 1, 2, 3], [0, 1, 2, 3])
    with pytest.raises(EvaluationError, match="no two emotions in common"):
        alike(restricted(whole, whole.labels[:2]), restricted(whole, whole.labels[1:3]))
