"""The baseline under a protocol, or where a recipe stands: same splits, same labels, same unseen speakers."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ser_core.baselines.compare_svm import Features, fit, fit_predict
from ser_core.corpora import get_corpus
from ser_core.evaluation import Evaluation, Progress
from ser_core.protocols import SEEN, Split, folds, split
from ser_core.recipes import Recipe


def corpus_baseline(
    corpus: str,
    protocol: str,
    seed: int,
    features: Features,
    data: Path | None,
    progress: Progress = lambda what, done, total: None,
) -> Evaluation:
    """All emotions of one corpus, over every fold of a protocol.

    Raises CorpusError or ProtocolError where the corpus is not here or cannot be split so.
    """
    scan = get_corpus(corpus).scan(data)
    result = fit_predict(folds(scan.utterances, protocol, seed), features, scan.corpus, protocol, progress=progress)
    command = f"python -m ser_core baseline --corpus {shlex.quote(scan.corpus)} --protocol {protocol}"
    return replace(result, command=command + (f" --seed {seed}" if seed else ""))


def recipe_baseline(
    recipe: Recipe,
    features: Features,
    data: Path | None,
    progress: Progress = lambda what, done, total: None,
    asked: Sequence[str] = (),
) -> list[Evaluation]:
    """One machine on the training and validation parts of a recipe, tested where its checkpoint is: on the test part
    of each of its corpora, and on the whole of those in `test_on`.

    asked: the recipe and its changes as they were typed, `NAME --set ...`, for the command that the figures carry.
    Raises CorpusError or ProtocolError where a corpus is not here or cannot be split so.
    """
    whole, tests = Split((), (), ()), {}
    for name in recipe.corpora:
        known = [u for u in get_corpus(name).scan(data).utterances if recipe.label_of(u.emotion) is not None]
        own = split(known, recipe.protocol, recipe.seed, recipe.fold)
        whole, tests[name] = whole + own, (recipe.protocol, own.test)
    for name in recipe.test_on:
        tests[name] = ("all", get_corpus(name).scan(data).utterances)
    machine = fit(whole.train + whole.validation, features, recipe.labels, recipe.merge, progress)
    command = "python -m ser_core baseline --recipe " + shlex.join(asked or [recipe.name])
    found = []
    for name, (protocol, utterances) in tests.items():
        include_seen = protocol in SEEN  # its test speakers are seen by definition, and marked so
        result = machine.evaluate(utterances, name, protocol, include_seen, progress)
        found.append(replace(result, command=command))
    return found
