"""Checkpoints x corpora: trained here, tested there.

Three rules make a cell mean something:
- only speakers that the checkpoint has not heard, and no clip that it learnt from, as everywhere;
- only the emotions that checkpoint and corpus share.  The checkpoint chooses among these alone (see `restricted`): it
  is asked what it can do where it can be right, not whether it knows which emotions this corpus has.  So cells have
  different numbers of emotions, and each says its chance level;
- a corpus of several languages has one column for each, so that a language that the checkpoint never heard stands
  apart.

A cell that cannot be filled says why.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ser_core.checkpoints import Card
from ser_core.corpora import Utterance, get_corpus
from ser_core.errors import CorpusError
from ser_core.evaluation.report import no_interval, of_clips
from ser_core.evaluation.result import Evaluation, restricted
from ser_core.evaluation.running import Progress, evaluate
from ser_core.recogniser import Recogniser


@dataclass(frozen=True, eq=False)
class Column:
    """The clips of one corpus in one language; where the corpus is not here there are none, and a reason."""

    corpus: str
    language: str
    utterances: tuple[Utterance, ...] = ()
    reason: str = ""


@dataclass(frozen=True, eq=False)
class Cell:
    """One checkpoint on one corpus in one language.

    evaluation: restricted to the common emotions, None where the cell is empty; reason: why it is empty, in words.
    new_corpus, new_language: the checkpoint was not trained on it, under this name or another.
    """

    checkpoint: str
    corpus: str
    language: str
    evaluation: Evaluation | None
    reason: str
    new_corpus: bool
    new_language: bool

    def as_dict(self) -> dict[str, Any]:
        """The cell as plain values for JSON; chance: the UA of guessing; no_interval: why there is none, in words;
        of_clips: whether it rests on clips alone."""
        cell: dict[str, Any] = {
            "checkpoint": self.checkpoint,
            "corpus": self.corpus,
            "language": self.language,
            "new_corpus": self.new_corpus,
            "new_language": self.new_language,
            "reason": self.reason,
        }
        if self.evaluation is None:
            return cell
        speakers = self.evaluation.speakers
        more = {"no_interval": no_interval(speakers), "of_clips": of_clips(speakers)}
        return cell | self.evaluation.summary() | more | {"chance": 1 / len(self.evaluation.labels)}


def columns(corpora: Sequence[str], data: Path | None) -> list[Column]:
    """The corpora, split by language, in the order given.

    Raises CorpusError for a name that is no corpus, and where the folder of one holds none of its clips.
    """
    found: list[Column] = []
    for name in corpora:
        corpus = get_corpus(name)
        try:
            corpus.locate(data)
        except CorpusError as error:
            why = str(error) if ":" in name else "the corpus is not here: see --data or SER_DATA"
            found.append(Column(corpus.name, corpus.language, reason=why))
            continue
        utterances = corpus.scan(data).utterances
        for language in sorted({u.language for u in utterances}):
            own = tuple(u for u in utterances if u.language == language)
            found.append(Column(corpus.name, language, own))
    return found


def common_labels(card: Card, utterances: Sequence[Utterance]) -> tuple[str, ...]:
    """The emotions that a checkpoint knows and that stand among these clips, in the checkpoint's order."""
    acted = {card.merged(u.emotion) for u in utterances}
    return tuple(name for name in card.labels if name in acted)


def fill(recogniser: Recogniser, column: Column, progress: Progress = lambda what, done, total: None) -> Cell:
    """Evaluate one cell; what cannot be evaluated is a reason, not an error."""

    def listen() -> Evaluation:
        doing = f"{recogniser.name} on {column.corpus}"
        return evaluate(recogniser, column.utterances, column.corpus, progress=progress, doing=doing)

    return cell_of(recogniser.name, recogniser.card, column, listen)


def cell_of(name: str, card: Card, column: Column, listen: Callable[[], Evaluation]) -> Cell:
    """One cell, with answers from wherever they come.

    listen: gives the evaluation of the checkpoint on this column's clips, only asked where the cell can be filled;
    raises CorpusError where there is none.
    """
    empty = Cell(
        name,
        column.corpus,
        column.language,
        evaluation=None,
        reason=column.reason,
        new_corpus=column.corpus not in card.data.corpora,
        new_language=column.language not in card.data.languages,
    )
    if column.reason:
        return empty
    unseen = [u for u in column.utterances if u.speaker not in card.data.seen_speakers()]
    if not unseen:
        return replace(empty, reason="every speaker of it was heard in training or validation")
    labels = common_labels(card, unseen)
    if len(labels) < 2:
        known = f"only one emotion in common ({labels[0]}), so there is nothing to choose" if labels else ""
        return replace(empty, reason=known or "no emotion in common")
    try:
        heard = listen()
    except CorpusError as error:
        return replace(empty, reason=str(error))
    if heard.learnt:  # of what is left some emotion may be gone; and the corpus is one of its own by another name
        acted = {heard.labels[truth] for truth in heard.truth}
        labels = tuple(name for name in labels if name in acted)
        empty = replace(empty, new_corpus=False)
        if len(labels) < 2:
            return replace(empty, reason="fewer than two emotions are left without the clips that it learnt from")
    return replace(empty, evaluation=restricted(heard, labels))


def grid(
    checkpoints: Sequence[str | Path],
    corpora: Sequence[str],
    data: Path | None,
    progress: Progress = lambda what, done, total: None,
) -> list[Cell]:
    """Every checkpoint on every corpus, row by row; one checkpoint is in memory at a time.

    Raises CheckpointError or CorpusError for a name that does not exist.
    """
    across = columns(corpora, data)
    cells = []
    for checkpoint in checkpoints:
        recogniser = Recogniser(checkpoint)
        cells += [fill(recogniser, column, progress) for column in across]
    return cells
