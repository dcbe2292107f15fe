"""By speaker, sex, language and fold; folds pooled into one evaluation."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, recall_score

from ser_core.errors import EvaluationError
from ser_core.evaluation import Evaluation, calibrate, pooled, score, spread
from ser_core.evaluation.report import Facet
from tests.ser_core.evaluation.made import drawn, made


def folds() -> list[Evaluation]:
    """Right on all of four clips, on half of four, on one of two; each fold a speaker."""
    right = ([0, 1, 0, 1], [0, 1, 1, 0], [0, 0])
    made_folds: list[Evaluation] = []
    for number, heard in enumerate(right):
        names = [f"demo/{number}{place}" for place in range(len(heard))]
        one = made([0, 1, 0, 1][: len(heard)], heard, [f"demo/{number}"] * len(heard), names=names)
        made_folds.append(replace(one, weights=f"weights {number}"))
    return made_folds


def test_one_voice_that_is_never_understood() -> None:
    mixed = made([0, 0, 1, 1], [0, 3, 1, 3], ["demo/a", "demo/b"] * 2)
    kind, hard = mixed.by("speaker")
    assert (kind.name, kind.n, kind.wa, kind.ua, kind.intervals) == ("demo/a", 2, 1.0, 1.0, None)
    assert (hard.name, hard.wa, hard.ua) == ("demo/b", 0.0, 0.0)
    assert [(group.name, group.ua) for group in mixed.by("sex")] == [("female", 1.0), ("male", 0.0)]


def test_groups_are_the_scores_of_their_clips() -> None:
    one = drawn(1)
    everything = one.by("language")
    assert [(group.name, group.n, group.speakers) for group in everything] == [("en", 240, 6)]
    assert everything[0].intervals == {name: one.intervals()[name] for name in ("wa", "ua")}
    women, men = one.by("sex")
    for group in (women, men):
        own = np.array([clip.sex == group.name for clip in one.clips])
        expected = score(one.truth[own], one.predicted[own])
        assert (group.n, group.speakers, group.wa, group.ua) == (120, 3, expected.wa, expected.ua)
        assert group.intervals
        assert group.intervals["ua"][0] < group.ua < group.intervals["ua"][1]


@pytest.mark.parametrize("facet", ["speaker", "sex", "language"])
def test_groups_equal_scikit_learn(facet: Facet) -> None:
    one = drawn(2)
    for group in one.by(facet):
        own = np.array([getattr(clip, facet) == group.name for clip in one.clips])
        truth, predicted = one.truth[own], one.predicted[own]
        assert (group.n, group.wa) == (own.sum(), pytest.approx(accuracy_score(truth, predicted)))
        assert group.ua == pytest.approx(recall_score(truth, predicted, labels=np.unique(truth), average="macro"))


def test_the_folds_of_a_cross_validation() -> None:
    together = pooled(folds(), ["speaker 0", "", "speaker 2"])
    assert len(together.truth) == 10
    assert together.scores().wa == 0.7  # by clip
    by_fold = {group.name: group.wa for group in together.by("fold")}
    assert by_fold == {"speaker 0": 1.0, "fold 2": 0.5, "speaker 2": 0.5}
    summary = spread(together.by("fold"))
    assert (summary.folds, summary.wa) == (3, pytest.approx(2 / 3))  # by fold
    assert summary.wa_deviation == pytest.approx(np.std([1.0, 0.5, 0.5], ddof=1))
    assert (together.excluded, together.outside) == (9, 6)
    report = together.report()
    assert report.folds == summary
    assert report.weights == ""  # of several models
    assert [group.name for group in report.groups["fold"]] == ["fold 2", "speaker 0", "speaker 2"]


@pytest.mark.parametrize(
    ("temperatures", "judged"),
    [((1.5, 1.5, 1.5), [1.0, 1.5]), ((1.5, 0.8, 1.5), [1.0]), ((None, None, None), []), ((1.5, None, 1.5), [])],
)
def test_folds_of_several_temperatures_are_judged_as_their_models_answer(
    temperatures: tuple[float | None, ...], judged: list[float]
) -> None:
    """At temperature 1 every confidence is known; probabilities that only rank have none."""
    parts = [replace(fold, temperature=one) for fold, one in zip(folds(), temperatures, strict=True)]
    together = pooled(parts, ["", "", ""])
    found = together.report().calibration
    assert [one.temperature for one in found] == judged
    for one in found[:1]:
        assert one == calibrate(together.truth, together.probabilities)
        assert one.ece == pytest.approx(0.0)  # right in seven of ten, each time 70 % sure


def test_one_fold_has_no_deviation() -> None:
    assert spread(made([0, 1], [0, 0]).by("language")).wa_deviation == 0.0
    assert made([0, 1], [0, 0]).report().folds is None


def test_folds_that_do_not_belong_together() -> None:
    first, second, _ = folds()
    with pytest.raises(EvaluationError, match="same clip"):
        pooled([first, first], ["", ""])
    with pytest.raises(EvaluationError, match="same labels"):
        pooled([first, replace(second, labels=("angry", "fear", "neutral", "sad"))], ["", ""])
