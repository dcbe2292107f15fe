"""The usual baseline: ComParE functionals, standardised, and a support vector machine.

RBF kernel, C = 10, gamma = 1 / (features * variance), classes weighted by their rarity (scikit-learn's SVC).  It has
nothing to choose on validation clips, so it learns from the training and the validation part together; the test part,
and the rule that no speaker of it was heard, are those of every other system.

Its answer is the emotion with the highest decision value: the one that wins most duels, between equals the one that
wins them more clearly.  (`SVC.predict` takes the first class there, so its answers depend on the order of the labels;
on RAVDESS that moves WA and UA by up to a point.)  The softmax of the decision values stands where others have
probabilities: it ranks the emotions and says nothing about how sure one can be, so there is no calibration to report.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import softmax
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from ser_core.audio import Waveform, load
from ser_core.corpora import Utterance
from ser_core.emotions import EMOTIONS
from ser_core.errors import AudioError, CorpusError
from ser_core.evaluation import Clip, Evaluation, Progress, Unreadable, pooled
from ser_core.protocols import Split

NAME = "compare-svm"
NOTE = "openSMILE ComParE-2016 functionals and an SVM; its probabilities only rank the emotions."
Extract = Callable[[Waveform], np.ndarray]  # a clip -> its features, shape = (D,)


class Features:
    """The features of utterances, each decoded and computed once however many folds use it.

    read: gives the clip of an utterance, as for `evaluate`.
    """

    def __init__(
        self, extract: Extract, read: Callable[[Utterance], Waveform] = lambda utterance: load(utterance.path)
    ) -> None:
        self._extract, self._read = extract, read
        self._known: dict[str, np.ndarray] = {}
        self.problems: dict[str, Unreadable] = {}

    def prepare(self, utterances: Sequence[Utterance], progress: Progress) -> None:
        """Compute what is not there yet.  A clip that cannot be read becomes a problem."""
        wanted = {u.id: u for u in utterances if u.id not in self._known and u.id not in self.problems}
        for done, utterance in enumerate(wanted.values(), 1):
            try:
                self._known[utterance.id] = self._extract(self._read(utterance))
            except AudioError as error:
                self.problems[utterance.id] = Unreadable(utterance=utterance.id, reason=str(error))
            progress("computing features", done, len(wanted))

    def readable(self, utterances: Sequence[Utterance]) -> list[Utterance]:
        return [u for u in utterances if u.id in self._known]

    def table(self, utterances: Sequence[Utterance]) -> np.ndarray:
        """Shape = (n, D)."""
        return np.stack([self._known[u.id] for u in utterances])


@dataclass(frozen=True, eq=False)
class CompareSvm:
    """A fitted machine.  labels: what it may answer; merge: emotions that count as another one; seen: its speakers."""

    machine: Pipeline
    features: Features
    labels: tuple[str, ...]
    merge: Mapping[str, str]
    seen: frozenset[str]

    def decide(self, utterances: Sequence[Utterance]) -> np.ndarray:
        """Decision values, shape = (n, C); minus infinity for a label that it was not trained on."""
        values = self.machine.decision_function(self.features.table(utterances))
        if values.ndim == 1:  # two classes: scikit-learn gives the second one's side only
            values = np.stack([-values, values], axis=1)
        everything = np.full((len(utterances), len(self.labels)), -np.inf)
        everything[:, self.machine.classes_] = values
        return everything

    def evaluate(
        self,
        utterances: Sequence[Utterance],
        corpus: str,
        protocol: str = "all",
        include_seen: bool = False,
        progress: Progress = lambda what, done, total: None,
    ) -> Evaluation:
        """As a checkpoint is evaluated: every utterance whose speaker the machine has not heard.

        Raises CorpusError where no clip is left.
        """
        unseen = [u for u in utterances if include_seen or u.speaker not in self.seen]
        usable = [u for u in unseen if self.merged(u) in self.labels]
        self.features.prepare(usable, progress)
        kept = self.features.readable(usable)
        if not kept:
            raise CorpusError(
                f"No clip of {corpus} is left to test on: none is readable, of an unseen speaker, and of an emotion "
                "that was trained."
            )
        problems = self.features.problems
        return Evaluation(
            checkpoint=NAME,
            corpus=corpus,
            protocol=protocol,
            labels=self.labels,
            clips=tuple(Clip(u.id, u.speaker, u.sex, u.language) for u in kept),
            truth=np.array([self.labels.index(self.merged(u)) for u in kept]),
            probabilities=softmax(self.decide(kept), axis=1),
            excluded=len(utterances) - len(unseen),
            outside=len(unseen) - len(usable),
            problems=tuple(problems[u.id] for u in usable if u.id in problems),
            seen_included=any(u.speaker in self.seen for u in kept),
            note=NOTE,
        )

    def merged(self, utterance: Utterance) -> str:
        return self.merge.get(utterance.emotion, utterance.emotion)


def labels_of(utterances: Sequence[Utterance], merge: Mapping[str, str]) -> tuple[str, ...]:
    """The emotions of these clips after merging, in the order of the vocabulary."""
    acted = {merge.get(u.emotion, u.emotion) for u in utterances}
    return tuple(name for name in EMOTIONS if name in acted)


def fit(
    utterances: Sequence[Utterance],
    features: Features,
    labels: tuple[str, ...] | None = None,
    merge: Mapping[str, str] | None = None,
    progress: Progress = lambda what, done, total: None,
) -> CompareSvm:
    """Learn from these clips, those of other emotions than the labels left out; labels: all that occur.

    Raises CorpusError where fewer than two emotions are left.
    """
    merge = merge or {}
    labels = labels or labels_of(utterances, merge)
    wanted = [u for u in utterances if merge.get(u.emotion, u.emotion) in labels]
    features.prepare(wanted, progress)
    own = features.readable(wanted)
    truth = np.array([labels.index(merge.get(u.emotion, u.emotion)) for u in own])
    if len(np.unique(truth)) < 2:
        raise CorpusError("The training part has readable clips of fewer than two emotions: there is nothing to learn.")
    machine = make_pipeline(StandardScaler(), SVC(C=10, class_weight="balanced"))
    return CompareSvm(
        machine.fit(features.table(own), truth), features, labels, merge, frozenset(u.speaker for u in own)
    )


def fit_predict(
    folds: Split | Sequence[Split],
    features: Features,
    corpus: str,
    protocol: str,
    labels: tuple[str, ...] | None = None,
    merge: Mapping[str, str] | None = None,
    progress: Progress = lambda what, done, total: None,
) -> Evaluation:
    """A machine for every fold, tested on the fold's test part; the answers of all folds in one evaluation.

    A protocol that lets speakers stand on both sides (random) is followed, and its figures are marked.
    labels: by default all emotions of the training parts.  Raises CorpusError where a fold has nothing to learn or to
    test on.
    """
    splits = [folds] if isinstance(folds, Split) else list(folds)
    if not splits:
        raise CorpusError(f"{protocol} gives no fold of {corpus} to test on.")
    chosen = labels or labels_of([u for one in splits for u in one.train + one.validation], merge or {})
    features.prepare([u for one in splits for part in one.parts().values() for u in part], progress)
    tested = []
    for number, one in enumerate(splits):
        progress("training folds", number, len(splits))
        machine = fit(one.train + one.validation, features, chosen, merge, progress)
        tested.append(machine.evaluate(one.test, corpus, protocol, include_seen=True, progress=progress))
    progress("training folds", len(splits), len(splits))
    unreadable = tuple(features.problems[name] for name in sorted(features.problems))
    answers = tested[0] if len(tested) == 1 else pooled(tested, [one.fold for one in splits])
    return replace(answers, problems=unreadable)
