"""Two systems on the same clips: is one better, and do they agree?

McNemar's test asks only about the clips that exactly one of the two got right: were they equally good, these would
fall to either side like coin tosses, so the p-value is the exact two-sided binomial one (McNemar 1947; exact form:
Dietterich 1998, Neural Computation 10).  It takes clips as independent, which clips of one speaker are not: a small
p-value says more about these speakers than about the next one.

Cohen's kappa (1960) asks how often both give the same answer, right or wrong, beyond what their habits alone would
give.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.stats import binomtest
from sklearn.metrics import cohen_kappa_score

from ser_core.checkpoints import Section
from ser_core.errors import EvaluationError
from ser_core.evaluation.result import Evaluation, restricted
from ser_core.evaluation.scores import score


class Comparison(Section):
    """Two evaluations on the clips they share, both choosing among the emotions that both know.

    n: clips compared.  left_out: clips that only one of them has.  other_truth: clips both have, under another emotion
    each, because a checkpoint merges labels; these are left out too.  both_right, only_first, only_second,
    both_wrong: clips, n in all.  p: of McNemar's exact test.  agreement: share of clips with the same answer.
    kappa: None where both always give one and the same answer.  ua_first, ua_second: on the clips compared.
    among: these emotions.
    """

    first: str
    second: str
    n: int
    left_out: int
    other_truth: int
    both_right: int
    only_first: int
    only_second: int
    both_wrong: int
    p: float
    agreement: float
    kappa: float | None
    ua_first: float
    ua_second: float
    among: tuple[str, ...]
    seen_included: bool

    def sentence(self) -> str:
        """The result in words, with what was left out."""
        said = (
            f"On {self.n} clips that both recognised, only the first ({self.first}) is right on {self.only_first}, "
            f"only the second ({self.second}) on {self.only_second}: McNemar p = {self.p:.2g}."
        )
        said += f" Both choose among the {len(self.among)} emotions that both know."
        if self.left_out:
            said += f" {self.left_out} clips that only one of them has are left out."
        if self.other_truth:
            said += f" {self.other_truth} clips that they label differently are left out."
        return said


def mcnemar(only_first: int, only_second: int) -> float:
    """The exact two-sided p-value; 1 where neither was ever right alone."""
    trials = only_first + only_second
    return float(binomtest(only_first, trials, 0.5).pvalue) if trials else 1.0


def kappa(first: np.ndarray, second: np.ndarray) -> float | None:
    """Cohen's kappa of two sets of answers (names or indices), shape = (n,); None where both say only one thing."""
    if len(np.unique(np.concatenate([first, second]))) == 1:
        return None
    return float(cohen_kappa_score(first, second))


def shared(first: Evaluation, second: Evaluation) -> tuple[Evaluation, Evaluation]:
    """Both on the clips that both hold under the same emotion, in the order of the first.

    Raises EvaluationError where there is none.
    """
    places = {clip.id: number for number, clip in enumerate(second.clips)}
    pairs = [
        (number, places[clip.id])
        for number, clip in enumerate(first.clips)
        if clip.id in places and first.labels[first.truth[number]] == second.labels[second.truth[places[clip.id]]]
    ]
    if not pairs:
        raise EvaluationError(
            f"{first.checkpoint} and {second.checkpoint} have no clip in common that both label alike: evaluate both "
            "on the same clips."
        )
    mine, yours = zip(*pairs, strict=True)
    return chosen(first, mine), chosen(second, yours)


def alike(first: Evaluation, second: Evaluation) -> tuple[Evaluation, Evaluation]:
    """Both given the same task: the clips that both hold under the same emotion, chosen among the emotions both know.

    Raises EvaluationError where they have no such clips, or fewer than two emotions in common.
    """
    first, second = shared(first, second)
    if set(first.labels) == set(second.labels):
        return first, second
    common = [name for name in first.labels if name in second.labels]
    if len(common) < 2:
        raise EvaluationError(
            f"{first.checkpoint} and {second.checkpoint} know no two emotions in common: there is nothing to compare."
        )
    return restricted(first, common), restricted(second, common)


def chosen(evaluation: Evaluation, index: Sequence[int]) -> Evaluation:
    """The same answers to some of the clips, by their places."""
    places = np.array(index, dtype=int)
    return replace(
        evaluation,
        clips=tuple(evaluation.clips[number] for number in index),
        truth=evaluation.truth[places],
        probabilities=evaluation.probabilities[places],
        noise=(),
        stored=None,
    )


def compare(first: Evaluation, second: Evaluation) -> Comparison:
    """Two evaluations given the same task, see `alike`.  Raises EvaluationError where they have none in common."""
    places = {clip.id: number for number, clip in enumerate(second.clips)}
    pairs = [(number, places[clip.id]) for number, clip in enumerate(first.clips) if clip.id in places]
    if not pairs:
        raise EvaluationError(
            f"{first.checkpoint} on {first.corpus} and {second.checkpoint} on {second.corpus} have no clip in common: "
            "evaluate both on the same clips."
        )
    mine, yours = np.array(pairs).T
    same = np.array(first.labels)[first.truth[mine]] == np.array(second.labels)[second.truth[yours]]
    if not same.any():
        raise EvaluationError(
            f"{first.checkpoint} and {second.checkpoint} label every one of their common clips differently: compare "
            "checkpoints that know the same emotions."
        )
    own, others = alike(first, second)
    truth, a = np.array(own.labels)[own.truth], np.array(own.labels)[own.predicted]
    b = np.array(others.labels)[others.predicted]
    right, alone = (a == truth) & (b == truth), ((a == truth) & (b != truth), (a != truth) & (b == truth))
    only_first, only_second = (int(one.sum()) for one in alone)
    return Comparison(
        first=first.checkpoint,
        second=second.checkpoint,
        n=len(truth),
        left_out=len(first.clips) + len(second.clips) - 2 * len(pairs),
        other_truth=int((~same).sum()),
        both_right=int(right.sum()),
        only_first=only_first,
        only_second=only_second,
        both_wrong=len(truth) - int(right.sum()) - only_first - only_second,
        p=mcnemar(only_first, only_second),
        agreement=float((a == b).mean()),
        kappa=kappa(a, b),
        ua_first=score(truth, a).ua,
        ua_second=score(truth, b).ua,
        among=own.labels,
        seen_included=first.seen_included or second.seen_included,
    )
