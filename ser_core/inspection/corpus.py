"""The figures over a corpus: clips of speakers that a checkpoint has never heard, and their distribution by emotion."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, zip_longest
from typing import Any

import numpy as np

from ser_core.audio import load
from ser_core.corpora import Utterance
from ser_core.errors import AudioError, CorpusError
from ser_core.inspection.curves import Progress
from ser_core.inspection.faithfulness import DRAWS
from ser_core.inspection.randomisation import random_copies
from ser_core.inspection.report import InspectionReport, inspect_clip
from ser_core.recogniser import Recogniser

Row = dict[str, Any]

SIGNIFICANT = 0.05
ALL = "all"  # emotions together


@dataclass(frozen=True)
class Measures:
    """What is measured besides alignment.  view, draws, seed, second_opinions: see `inspect_clip`."""

    view: str | None = None
    masked: bool = True
    draws: int = DRAWS
    random_weights: bool = True
    second_opinions: tuple[str, ...] = ()
    seed: int = 0


def unseen(recogniser: Recogniser, utterances: Sequence[Utterance]) -> tuple[Utterance, ...]:
    """The clips whose speaker a checkpoint has not heard and whose emotion it has a label for.

    Raises CorpusError where there is none.
    """
    card = recogniser.card
    seen = card.data.seen_speakers()
    found = tuple(u for u in utterances if u.speaker not in seen and card.merged(u.emotion) in card.labels)
    if not found:
        raise CorpusError(
            f"{recogniser.name} has heard every speaker of these {len(utterances)} clips, or knows none of their "
            "emotions: choose another corpus."
        )
    return found


def evenly(
    utterances: Sequence[Utterance], limit: int, seed: int = 0, merged: Callable[[str], str] = str
) -> tuple[Utterance, ...]:
    """At most `limit` clips, drawn so that every emotion is as frequent as it can be; sorted by id.

    merged: what a checkpoint calls an emotion, such as neutral for calm, so that both together are one.
    """
    generator = np.random.default_rng(seed)
    piles = []
    for emotion in sorted({merged(u.emotion) for u in utterances}):
        own = sorted((u for u in utterances if merged(u.emotion) == emotion), key=lambda u: u.id)
        piles.append([own[i] for i in generator.permutation(len(own))])
    dealt = [u for u in chain.from_iterable(zip_longest(*piles)) if u is not None]
    return tuple(sorted(dealt[:limit], key=lambda u: u.id))


def inspect_utterances(
    recogniser: Recogniser,
    utterances: Sequence[Utterance],
    measures: Measures,
    done: Collection[str] = (),
    progress: Progress = lambda what, done, total: None,
) -> Iterator[Row]:
    """One row of figures after the other, the name of the figure as key, with what it belongs to before it.

    done: ids that are skipped, because their rows are here already.  A clip that cannot be read, or whose very sound
    the checkpoint learnt from under another name, gives a row with the reason under "problem" and no figures.
    progress: may raise to stop.
    Raises InspectionError where the model has no attention along time, or not this view.
    """
    copies = random_copies(recogniser.model, seed=measures.seed) if measures.random_weights else ()
    met = recogniser.card.data.met_sounds()
    for number, utterance in enumerate(utterances):
        if utterance.id in done:
            continue
        progress(f"inspecting {recogniser.name}", number, len(utterances))
        try:
            waveform = load(utterance.path)
        except AudioError as error:
            yield _row(recogniser, utterance) | {"problem": str(error)}
            continue
        if waveform.digest[:16] in met:
            learnt = f"{recogniser.name} was trained or chosen on this very recording, under another name."
            yield _row(recogniser, utterance) | {"problem": learnt}
            continue
        yield _row(recogniser, utterance) | _figures(
            inspect_clip(
                recogniser,
                waveform,
                measures.view,
                masked=measures.masked,
                draws=measures.draws,
                random_weights=measures.random_weights,
                copies=copies,
                second_opinions=measures.second_opinions,
                seed=measures.seed,
                # a bar of its own for each clip would flicker: what comes through is the wish to stop
                progress=partial(_unmoved, progress, f"inspecting {recogniser.name}", number, len(utterances)),
            )
        )
    progress(f"inspecting {recogniser.name}", len(utterances), len(utterances))


def _unmoved(progress: Progress, doing: str, at: int, of: int, what: str, done: int, total: int) -> None:
    progress(doing, at, of)


def _row(recogniser: Recogniser, utterance: Utterance) -> Row:
    card = recogniser.card
    return {
        "checkpoint": recogniser.name,
        "system": card.system,
        "variant": card.variant,
        "utterance": utterance.id,
        "speaker": utterance.speaker,
        "emotion": card.merged(utterance.emotion),
    }


def _figures(report: InspectionReport) -> Row:
    heading = {"answer": report.emotion, "probability": report.probability, "seconds": report.seconds}
    return heading | {"problem": " ".join(report.notes)} | report.figures()


HEADING = ("checkpoint", "system", "variant", "utterance", "speaker", "emotion", "answer", "probability", "seconds",
           "problem")  # fmt: skip


def columns(rows: Sequence[Row]) -> list[str]:
    """Every column that some row has, what a row belongs to first."""
    found = dict.fromkeys(name for row in rows for name in row if name not in HEADING)
    return [*HEADING, *found]


def summarise(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """The distribution of every figure, by checkpoint and acted emotion, and over all emotions together.

    n: clips that have the figure; missing: clips where it cannot be had.  deviation: between clips.  speakers: behind
    these clips; clips of one speaker are not independent.  significant: of a p-value, the share of clips below 0.05.
    """
    found = []
    for checkpoint in dict.fromkeys(row["checkpoint"] for row in rows):
        own = [row for row in rows if row["checkpoint"] == checkpoint]
        names = [name for name in columns(own) if name not in HEADING]
        for emotion in (ALL, *sorted({row["emotion"] for row in own})):
            some = [row for row in own if emotion in (ALL, row["emotion"])]
            found += [_distribution(some, checkpoint, emotion, name) for name in names]
    return found


def _distribution(rows: Sequence[Row], checkpoint: str, emotion: str, name: str) -> dict[str, Any]:
    having = [row for row in rows if row.get(name) is not None]
    values = np.array([row[name] for row in having], dtype=np.float64)
    low, middle, high = np.percentile(values, [25, 50, 75]).tolist() if len(values) else (None, None, None)
    return {
        "checkpoint": checkpoint,
        "system": rows[0]["system"],
        "emotion": emotion,
        "figure": name,
        "n": len(values),
        "missing": len(rows) - len(values),
        "speakers": len({row["speaker"] for row in having}),
        "mean": float(values.mean()) if len(values) else None,
        "deviation": float(values.std(ddof=1)) if len(values) > 1 else None,
        "quarter": low,
        "median": middle,
        "three_quarters": high,
        "significant": float((values < SIGNIFICANT).mean()) if len(values) and name.endswith("_p") else None,
    }


def headline(summary: Sequence[Mapping[str, Any]], checkpoint: str) -> dict[str, dict[str, dict[str, Any]]]:
    """What a table shows first: view or method -> figure -> its distribution over all emotions."""
    table: dict[str, dict[str, dict[str, Any]]] = {}
    for one in summary:
        if one["checkpoint"] == checkpoint and one["emotion"] == ALL:
            view, _, figure = one["figure"].rpartition("/")
            table.setdefault(view, {})[figure] = dict(one)
    return table
