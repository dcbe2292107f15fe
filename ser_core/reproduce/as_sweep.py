"""A paper's table as a list of recipes, to be launched together."""

from __future__ import annotations

from pathlib import Path

from ser_core.errors import RecipeError
from ser_core.recipes import Recipe
from ser_core.reproduce.tables import TABLES, Cell, all_cells
from ser_core.reproduce.work import Setting, recipe_of

OF_MANY_CELLS = ("comparison", "seeds")  # cross-validations and seeds: `reproduce` runs those


def tables_of(system: str) -> list[str]:
    """The tables that hold the system against its own variants, or against the baselines of its paper."""
    names = [table for table in TABLES if table not in OF_MANY_CELLS]
    return [name for name in names if any(cell.system == system for cell in _cells(name))]


def corpora_of(table: str) -> list[str]:
    return list(dict.fromkeys(cell.corpus for cell in _cells(table)))


def recipes_of(table: str, corpus: str, fast: bool, data: Path | None) -> list[tuple[tuple[str, ...], Recipe]]:
    """What each row of the table changes, and its recipe, on the table's first fold.

    fast: the recipes made for two cores.  Raises RecipeError where there is no such table, or not on this corpus.
    """
    cells = [cell for cell in _cells(table) if cell.corpus == corpus]
    if not cells:
        known = [name for name in TABLES if name not in OF_MANY_CELLS]
        raise RecipeError(f"There is no table {table!r} on {corpus!r}: choose one of {', '.join(known)}.")
    setting = Setting(data, "cpu", fast, None)
    several = len({cell.system for cell in cells}) > 1
    found: list[tuple[tuple[str, ...], Recipe]] = []
    for cell in cells:
        changes = (f"system={cell.system}", f"variant={cell.variant}") if several else (f"variant={cell.variant}",)
        recipe = recipe_of(cell, cell.folds[0], setting)
        name = f"{cell.system}-{cell.variant}-{corpus}"[:64]
        found.append((changes, recipe.model_copy(update={"name": name})))
    return found


def _cells(table: str) -> list[Cell]:
    return [cell for cell in all_cells() if cell.table == table]
