"""Every unweighted accuracy that is known here: from the cards of checkpoints, from our tables, from the papers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pages.shared.model_card import corpus_title
from ser_core.checkpoints import list_checkpoints, load_card
from ser_core.errors import CheckpointError, SpeechEmotionError
from ser_core.files import PROJECT

RESULTS = PROJECT / "results"


@dataclass(frozen=True)
class KnownScore:
    """One score.  corpus: as people call it.  ua, low, high: percent; low and high None where no interval is known.

    source: "card", "table" (ours, an honest protocol) or "paper" (printed, under the paper's own protocol).
    """

    system: str
    variant: str
    corpus: str
    ua: float
    low: float | None
    high: float | None
    source: str
    name: str
    note: str
    classes: int | None = None


def known_scores(results: Path | None = None) -> list[KnownScore]:
    return [*_from_cards(), *_from_tables(results or RESULTS), *_from_papers()]


def _from_cards() -> list[KnownScore]:
    found = []
    for name in list_checkpoints():
        try:
            card = load_card(name)
        except CheckpointError:
            continue  # the part with the cards says what is wrong with it
        for one in card.results:
            if one.seen_included:
                continue
            low, high = one.intervals.get("ua", (None, None))
            note = f"checkpoint, {one.n} clips of {one.speakers} speakers it never heard"
            where = card.system, card.variant, corpus_title(one.corpus)
            figures = 100 * one.ua, _percent(low), _percent(high)
            found.append(KnownScore(*where, *figures, "card", name, note, len(one.labels)))
    return found


def _from_tables(results: Path) -> list[KnownScore]:
    from ser_core.reproduce.results import read  # brings the training code along
    from ser_core.reproduce.tables import TABLES

    found = []
    for table in TABLES:
        try:
            entries = read(results, table)
        except SpeechEmotionError:
            continue  # the part with the papers says what is wrong with it
        for one in entries.values():
            if one["column"] != "honest":
                continue
            low, high = one["intervals"]["ua"]
            name = f"{one['system']} {one['variant']}" if one["variant"] != "default" else one["system"]
            note = f"our table, protocol {one['protocol']}, {one['folds_done']} of {one['folds']} folds"
            note += ", fast recipe" if one["fast"] else ""
            where = one["system"], one["variant"], corpus_title(one["corpus"])
            figures = 100 * one["ua"], _percent(low), _percent(high)
            found.append(KnownScore(*where, *figures, "table", name, note, len(one["labels"])))
    return found


def _from_papers() -> list[KnownScore]:
    from ser_core.reproduce.printed import PRINTED

    found = []
    for (system, variant, corpus), printed in PRINTED.items():
        if printed.ua is not None:
            name = f"{system} {variant}".removesuffix(" default")
            note = f"printed in the paper ({printed.where}), under its own protocol"
            found.append(KnownScore(system, variant, corpus_title(corpus), printed.ua, None, None, "paper", name, note))
    return found


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share
