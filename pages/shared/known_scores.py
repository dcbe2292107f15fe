"""Every unweighted accuracy that is known here: from the cards of checkpoints, from our tables, from the papers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pages.shared.model_card import corpus_title
from ser_core.checkpoints import list_checkpoints, load_card
from ser_core.errors import CheckpointError, RecipeError, SpeechEmotionError
from ser_core.files import PROJECT
from ser_core.models import variant_config
from ser_core.recipes import load_recipe

RESULTS = PROJECT / "results"


@dataclass(frozen=True)
class KnownScore:
    """One score.  corpus: as people call it.  ua, low, high: percent; low and high None where no interval is known.

    source: "card", "table" (ours, an honest protocol) or "paper" (printed, under the paper's own protocol).
    name: of the checkpoint or the variant.  settings: of the model, where they differ from its variant's.
    classes, parameters: of the very model, where they are known.
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
    settings: tuple[tuple[str, Any], ...] = ()
    classes: int | None = None
    parameters: int | None = None


def known_scores(results: Path | None = None) -> list[KnownScore]:
    return [*_from_cards(), *_from_tables(results or RESULTS), *_from_papers()]


def corpus_words(name: str) -> str:
    """As in the names of recipes, too."""
    return "EmoDB, four emotions" if name == "emodb4" else corpus_title(name)


def differing(system: str, variant: str, settings: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    """The settings that are not those of the variant; none where this version does not know the variant."""
    try:
        usual = asdict(variant_config(system, variant))
    except RecipeError:
        return ()
    return tuple((key, value) for key, value in sorted(settings.items()) if usual.get(key) != value)


def _from_cards() -> Iterator[KnownScore]:
    for name in list_checkpoints():
        try:
            card = load_card(name)
        except CheckpointError:
            continue  # the part with the cards says what is wrong with it
        settings = differing(card.system, card.variant, card.model)
        for one in card.results:
            if one.seen_included:
                continue
            low, high = one.intervals.get("ua", (None, None)) if one.speakers > 1 else (None, None)
            acted = sum(map(any, one.confusion))
            corpus = "emodb4" if (one.corpus, acted) == ("emodb", 4) else one.corpus  # as our tables call it
            yield KnownScore(
                card.system,
                card.variant,
                corpus_words(corpus),
                100 * one.ua,
                _percent(low),
                _percent(high),
                source="card",
                name=name,
                note=f"checkpoint, {one.n} clips of {_counted(one.speakers)} it never heard",
                settings=settings,
                classes=len(one.labels),
                parameters=card.parameters,
            )


def _from_tables(results: Path) -> Iterator[KnownScore]:
    from ser_core.reproduce.results import read  # brings the training code along
    from ser_core.reproduce.tables import TABLES

    for table in TABLES:
        try:
            entries = read(results, table)
        except SpeechEmotionError:
            continue  # the part with the papers says what is wrong with it
        for one in entries.values():
            if one["column"] != "honest":
                continue
            low, high = one["intervals"]["ua"] if one["speakers"] > 1 else (None, None)
            note = f"our table, protocol {one['protocol']}, {one['folds_done']} of {one['folds']} folds"
            yield KnownScore(
                one["system"],
                one["variant"],
                corpus_words(one["corpus"]),
                100 * one["ua"],
                _percent(low),
                _percent(high),
                source="table",
                name=f"{one['system']} {one['variant']}".removesuffix(" default"),
                note=note + (", fast recipe" if one["fast"] else "") + (", one speaker" if one["speakers"] < 2 else ""),
                settings=_of_recipe(one["recipe"], one["system"], one["variant"]),
                classes=len(one["labels"]),
                parameters=one["parameters"],
            )


def _of_recipe(recipe: str, system: str, variant: str) -> tuple[tuple[str, Any], ...]:
    try:
        return differing(system, variant, load_recipe(recipe).model)
    except RecipeError:
        return ()


def _from_papers() -> Iterator[KnownScore]:
    from ser_core.reproduce.printed import PRINTED

    for (system, variant, corpus), printed in PRINTED.items():
        if printed.ua is not None:
            name = f"{system} {variant}".removesuffix(" default")
            note = f"printed in the paper ({printed.where}), under its own protocol"
            yield KnownScore(system, variant, corpus_words(corpus), printed.ua, None, None, "paper", name, note)


def _counted(speakers: int) -> str:
    return f"{speakers} speakers" if speakers > 1 else "one speaker"


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share
