"""Evaluations made by hand, whose figures are known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ser_core.evaluation import Clip, Evaluation

LABELS = ("angry", "happy", "neutral", "sad")


def made(
    truth: Sequence[int],
    predicted: Sequence[int],
    speakers: Sequence[str] | None = None,
    labels: tuple[str, ...] = LABELS,
    names: Sequence[str] | None = None,
    name: str = "made",
    temperature: float | None = 1.5,
) -> Evaluation:
    """Answers given with a confidence of 0.7; two speakers that take turns, a woman and a man."""
    voices = speakers or [f"demo/{'ab'[number % 2]}" for number in range(len(truth))]
    sexes = {voice: ("female", "male")[number % 2] for number, voice in enumerate(sorted(set(voices)))}
    ids = names or [f"demo/{number:03}" for number in range(len(truth))]
    probabilities = np.full((len(truth), len(labels)), 0.3 / (len(labels) - 1))
    probabilities[np.arange(len(truth)), predicted] = 0.7
    return Evaluation(
        checkpoint=name,
        corpus="demo",
        protocol="all",
        labels=labels,
        clips=tuple(Clip(i, voice, sexes[voice], "en") for i, voice in zip(ids, voices, strict=True)),
        truth=np.array(truth),
        probabilities=probabilities,
        excluded=3,
        outside=2,
        temperature=temperature,
        command="python -m ser_core evaluate --checkpoint made --corpus demo",
    )


def drawn(seed: int, n: int = 240, right: float = 0.6, labels: tuple[str, ...] = LABELS, name: str = "") -> Evaluation:
    """Random answers over six speakers, with probabilities of every size."""
    generator = np.random.default_rng(seed)
    truth = np.random.default_rng(0).integers(0, len(labels), n)
    predicted = np.where(generator.random(n) < right, truth, generator.integers(0, len(labels), n))
    plain = made(truth.tolist(), predicted.tolist(), [f"demo/{number % 6}" for number in range(n)], labels)
    logits = generator.normal(size=(n, len(labels))) + 2.5 * np.eye(len(labels))[predicted]
    values = np.exp(logits)
    fields = vars(plain) | {"probabilities": values / values.sum(axis=1, keepdims=True)}
    return Evaluation(**fields | {"checkpoint": name or f"drawn-{seed}"})
