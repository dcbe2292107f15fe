"""`results/<table>.json`: every cell that was run, and how; written anew whenever a fold is done."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock

from ser_core.errors import RecipeError, SpeechEmotionError
from ser_core.evaluation import pooled
from ser_core.files import write_json
from ser_core.protocols import folds, leaks
from ser_core.recipes import validate
from ser_core.reproduce.tables import Cell
from ser_core.reproduce.work import (
    Outcome,
    Setting,
    folds_of,
    outcome,
    plain,
    recipe_of,
    same_training,
    utterances_of,
)

Entry = dict[str, Any]
SCORES = ("wa", "ua", "wf1")


def key(cell: Cell, setting: Setting) -> str:
    """Of a cell's entry in its results file."""
    return f"{cell.id}-fast" if setting.fast else cell.id


def entry(cell: Cell, setting: Setting) -> Entry | None:
    """What the folds finished so far say; None where there is none."""
    try:
        numbers = folds_of(cell, setting)
    except SpeechEmotionError:
        return None
    done = {n: one for n in numbers if (one := outcome(cell, n, setting)) is not None}
    if not done:
        return None
    recipe = recipe_of(cell, min(done), setting)
    evaluation = pooled([one.evaluation for one in done.values()], [numbers[n] for n in done])
    figures = evaluation.summary()
    first = next(iter(done.values()))
    found: Entry = {
        **asdict(cell),
        "seed": recipe.seed,
        "recipe": recipe.name,
        "fast": setting.fast,
        "folds": len(numbers),
        "folds_done": len(done),
        "n": figures["n"],
        "speakers": figures["speakers"],
        **{name: figures[name] for name in SCORES},
        "intervals": figures["intervals"],
        "by_fold": {name: [getattr(one.evaluation.scores(), name) for one in done.values()] for name in SCORES},
        "labels": figures["labels"],
        "confusion": figures["confusion"],
        "parameters": first.parameters,
        "seconds": sum(one.seconds for one in done.values()),
        "environment": first.environment,
        "leaks": leaks_of(cell, setting),
        "command": command(cell, setting),
    }
    if cell.column == "paper":  # as the run judged its epochs: the one it kept, and the last
        found["kept"] = averaged([one.chosen for one in done.values()])
        found["last"] = averaged([one.rows[-1] for one in done.values()])
    if cell.tier == 3:
        found["curves"] = curves(first)
    return {**plain(found), "settings": recipe.model_dump(mode="json", exclude_none=True)}


def leaks_of(cell: Cell, setting: Setting) -> list[str]:
    """In words, for the first fold."""
    every = folds(utterances_of(cell, setting), cell.protocol, recipe_of(cell, 0, setting).seed)
    return leaks(every[cell.folds[0] if cell.folds else 0]).words()


def averaged(rows: list[dict[str, float]]) -> dict[str, float]:
    """Mean over folds, as papers report; scores as fractions."""
    return {name: float(np.mean([row[f"validation_{name}"] for row in rows])) for name in SCORES}


def curves(one: Outcome) -> dict[str, list[float]]:
    """Loss and score along the epochs of one fold."""
    wanted = ("train_loss", "validation_loss", "validation_ua", "seconds")
    return {name: [row[name] for row in one.rows if name in row] for name in wanted}


def command(cell: Cell, setting: Setting) -> str:
    kind = "fast" if setting.fast else "paper"
    device = setting.device.partition(":")[0]
    return f"python -m ser_core reproduce {cell.table} --only {cell.id} --recipes {kind} --device {device}"


def read(folder: Path, table: str) -> dict[str, Entry]:
    """The entries of a table, by key; none where there is no file.  Raises SpeechEmotionError where it is damaged."""
    path = folder / f"{table}.json"
    if not path.is_file():
        return {}
    try:
        return dict(json.loads(path.read_text(encoding="utf-8"))["cells"])
    except (ValueError, LookupError, TypeError) as error:
        raise SpeechEmotionError(f"{path} is damaged: bring its last version back, or delete it.") from error


def update(folder: Path, cell: Cell, setting: Setting) -> Entry | None:
    """Put what a cell has given so far into its file, beside what others gave, here or on another machine.

    More folds of the same recipe, made elsewhere, are left as they stand.
    """
    new = entry(cell, setting)
    if new is not None:
        with lock(folder):
            cells = read(folder, cell.table)
            stored = cells.get(key(cell, setting))
            if stored is None or stored["folds_done"] <= new["folds_done"] or not of_this_recipe(stored, cell, setting):
                write(folder, cell.table, cells | {key(cell, setting): new})
    return new


def write(folder: Path, table: str, cells: dict[str, Entry]) -> None:
    write_json(folder / f"{table}.json", {"table": table, "cells": dict(sorted(cells.items()))})


def lock(folder: Path) -> FileLock:
    """Held between reading a table and writing it: of two processes neither loses what the other wrote."""
    return FileLock(folder / ".lock", timeout=60)


def complete(folder: Path, cell: Cell, setting: Setting) -> bool:
    """Whether the results already hold all folds of a cell, trained by the recipe as it is now."""
    stored = read(folder, cell.table).get(key(cell, setting))
    return stored is not None and stored["folds_done"] == stored["folds"] and of_this_recipe(stored, cell, setting)


def of_this_recipe(stored: Entry, cell: Cell, setting: Setting) -> bool:
    """Whether an entry was trained by the cell's recipe as it is now."""
    try:
        return same_training(validate(stored["settings"]), recipe_of(cell, 0, setting))
    except (KeyError, RecipeError):  # written before recipes were kept, or by one that is no longer valid
        return False
