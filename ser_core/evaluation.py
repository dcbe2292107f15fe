"""How good a checkpoint is, on speakers it has never heard.

WA is accuracy, UA the mean recall over the emotions present, WF1 the support-weighted F1 (scikit-learn).
Intervals: 95 % bootstrap that first draws speakers, then clips of each speaker drawn, because clips of one
speaker are not independent.  With two or four test speakers such an interval is rough; it is still the honest one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, recall_score

from ser_core.audio import load
from ser_core.checkpoints import Card
from ser_core.corpora import Problem, Utterance
from ser_core.errors import AudioError, CorpusError
from ser_core.protocols import split
from ser_core.recogniser import Prediction, Recogniser

Progress = Callable[[str, int, int], None]  # what is being done, done, of how many
INTERVAL_DRAWS = 1000


@dataclass(frozen=True, eq=False)
class Scores:
    """WA, UA, WF1 as fractions."""

    wa: float
    ua: float
    wf1: float


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What came out.

    truth, predicted: indices into labels, shape = (n,).  probabilities, logits: shape = (n, C).
    excluded: clips left out because the card lists their speaker as seen; outside: clips whose emotion the
    checkpoint has no label for; seen_included: whether seen speakers were kept, which marks every figure.
    """

    checkpoint: str
    corpus: str
    protocol: str
    labels: tuple[str, ...]
    utterances: tuple[Utterance, ...]
    truth: np.ndarray
    predictions: tuple[Prediction, ...]
    excluded: int
    outside: int
    problems: tuple[Problem, ...] = ()
    seen_included: bool = False

    @property
    def predicted(self) -> np.ndarray:
        return np.array([int(p.probabilities.argmax()) for p in self.predictions])

    @property
    def speakers(self) -> np.ndarray:
        return np.array([u.speaker for u in self.utterances])

    def scores(self) -> Scores:
        return score(self.truth, self.predicted)

    def intervals(self) -> dict[str, tuple[float, float]]:
        return intervals(self.truth, self.predicted, self.speakers)

    def confusion(self) -> np.ndarray:
        """Counts, shape = (C, C): rows are what was acted, columns what the model heard."""
        return confusion_matrix(self.truth, self.predicted, labels=range(len(self.labels)))

    def summary(self) -> dict[str, Any]:
        """The figures as plain values, for JSON."""
        scores = self.scores()
        return {
            "checkpoint": self.checkpoint,
            "corpus": self.corpus,
            "protocol": self.protocol,
            "n": len(self.truth),
            "speakers": len(set(self.speakers)),
            "excluded": self.excluded,
            "outside": self.outside,
            "unreadable": len(self.problems),
            "seen_included": self.seen_included,
            "wa": scores.wa,
            "ua": scores.ua,
            "wf1": scores.wf1,
            "intervals": {name: list(pair) for name, pair in self.intervals().items()},
            "labels": list(self.labels),
            "confusion": self.confusion().tolist(),
        }


def score(truth: np.ndarray, predicted: np.ndarray) -> Scores:
    """truth, predicted: class indices, shape = (n,)."""
    return Scores(
        wa=float(accuracy_score(truth, predicted)),
        ua=float(recall_score(truth, predicted, labels=np.unique(truth), average="macro", zero_division=0)),
        wf1=float(f1_score(truth, predicted, average="weighted", zero_division=0)),
    )


def intervals(
    truth: np.ndarray, predicted: np.ndarray, speakers: np.ndarray, draws: int = INTERVAL_DRAWS, seed: int = 0
) -> dict[str, tuple[float, float]]:
    """95 % bootstrap intervals of WA, UA and WF1: speakers are drawn with replacement, then the clips of each."""
    generator = np.random.default_rng(seed)
    clips = [np.flatnonzero(speakers == speaker) for speaker in np.unique(speakers)]
    drawn = []
    for _ in range(draws):
        chosen = [clips[i] for i in generator.integers(len(clips), size=len(clips))]
        index = np.concatenate([generator.choice(own, size=len(own)) for own in chosen])
        drawn.append(_quick(truth[index], predicted[index]))
    low, high = np.percentile(np.array(drawn), [2.5, 97.5], axis=0)
    return {name: (float(low[i]), float(high[i])) for i, name in enumerate(("wa", "ua", "wf1"))}


def _quick(truth: np.ndarray, predicted: np.ndarray) -> tuple[float, float, float]:
    """`score` on counts alone, a hundred times faster than scikit-learn; a test holds the two equal."""
    classes = int(max(truth.max(), predicted.max())) + 1
    table = np.bincount(truth * classes + predicted, minlength=classes * classes).reshape(classes, classes)
    hits, support, guesses = table.diagonal(), table.sum(1), table.sum(0)
    present = support > 0
    f1 = 2 * hits / np.maximum(support + guesses, 1)
    return (
        float(hits.sum() / len(truth)),
        float((hits[present] / support[present]).mean()),
        float((f1 * support).sum() / len(truth)),
    )


def test_part(card: Card, utterances: Sequence[Utterance], protocol: str) -> tuple[Utterance, ...]:
    """The clips of one corpus that a protocol tests on.

    Where the checkpoint was trained on this corpus under this very protocol, they are the test clips of its card.
    Raises ProtocolError for an unknown protocol, CorpusError where none of the clips is here.
    """
    corpus = utterances[0].corpus
    own = {name for name in card.data.test.utterances if name.startswith(f"{corpus}/")}
    if protocol == card.data.protocol and own:
        chosen = tuple(u for u in utterances if u.id in own)
    else:
        chosen = split(utterances, protocol, int(card.recipe.get("seed", 0))).test
    if not chosen:
        raise CorpusError(f"None of the clips that {protocol} tests on is in this copy of {corpus}: complete it.")
    return chosen


def evaluate(
    recogniser: Recogniser,
    utterances: Sequence[Utterance],
    corpus: str,
    protocol: str = "all",
    include_seen: bool = False,
    progress: Progress = lambda what, done, total: None,
    batch: int = 8,
) -> Evaluation:
    """Recognise every utterance whose speaker the checkpoint has not heard.

    Raises CorpusError, with the reason, where no clip is left to evaluate.
    """
    card = recogniser.card
    seen = frozenset() if include_seen else card.data.seen_speakers()
    unseen = [u for u in utterances if u.speaker not in seen]
    if not utterances:
        raise CorpusError(f"There is no clip of {corpus} to evaluate on: the part that {protocol} tests on is empty.")
    usable = [u for u in unseen if card.merged(u.emotion) in card.labels]
    if not unseen:
        raise CorpusError(
            f"{recogniser.name} has heard every speaker of these {len(utterances)} {corpus} clips in training or "
            "validation: choose another corpus, or --include-seen to see figures that prove nothing."
        )
    kept: list[Utterance] = []
    predictions: list[Prediction] = []
    problems: list[Problem] = []
    for start in range(0, len(usable), batch):
        waveforms = []
        for utterance in usable[start : start + batch]:
            try:
                waveforms.append(load(utterance.path))
                kept.append(utterance)
            except AudioError as error:
                problems.append(Problem(utterance.path, str(error)))
        predictions.extend(recogniser.predict_many(waveforms))
        progress(f"recognising {corpus}", min(start + batch, len(usable)), len(usable))
    if not kept:
        raise CorpusError(f"{corpus} has no readable clip with an emotion that {recogniser.name} knows.")
    return Evaluation(
        checkpoint=recogniser.name,
        corpus=corpus,
        protocol=protocol,
        labels=card.labels,
        utterances=tuple(kept),
        truth=np.array([card.labels.index(card.merged(u.emotion)) for u in kept]),
        predictions=tuple(predictions),
        excluded=len(utterances) - len(unseen),
        outside=len(unseen) - len(usable),
        problems=tuple(problems),
        seen_included=include_seen and bool(card.data.seen_speakers() & {u.speaker for u in kept}),
    )
