"""Recipes by name: where their TOML stands, and how one is composed and changed.

`<name>.toml` beside this file is a whole recipe.  Any other name is `<system>-<corpus>` or `<system>-<corpus>-fast`:
`systems/` holds the papers' numbers, `corpora/` the emotions of each corpus, `fast/` what is changed so that a laptop
is done in minutes to hours, `ast` and `septr` aside.
"""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal

from ser_core.errors import RecipeError
from ser_core.recipes.schema import Recipe, validate

FOLDER = Path(__file__).parent


def list_whole() -> list[str]:
    return list(_stems(FOLDER))


def list_parts(kind: Literal["systems", "corpora", "fast"]) -> list[str]:
    return list(_stems(FOLDER / kind))


@cache
def _stems(folder: Path) -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in folder.glob("*.toml")))


def list_recipes() -> list[str]:
    """Those written out, and those composed of a system's part and a corpus's part."""
    composed = {f"{system}-{corpus}" for system in list_parts("systems") for corpus in list_parts("corpora")}
    return sorted(composed | {f"{name}-fast" for name in composed} | set(list_whole()))


def parts_of(name: str) -> list[Path]:
    """The files that a recipe's name stands for, none for an unknown one; a later file overrides an earlier one."""
    if name not in list_recipes():
        return []
    if (whole := FOLDER / f"{name}.toml").is_file():
        return [whole]
    return _composed(name)


def _composed(name: str) -> list[Path]:
    system, _, corpus = name.removesuffix("-fast").partition("-")
    files = [FOLDER / "systems" / f"{system}.toml", FOLDER / "corpora" / f"{corpus}.toml"]
    return [*files, FOLDER / "fast" / f"{system}.toml"] if name.endswith("-fast") else files


def load_recipe(name: str, changes: Sequence[str] = ()) -> Recipe:
    """A recipe by name, or by path to a TOML file or to a checkpoint's card, with changes such as `training.epochs=3`.

    Raises RecipeError in one sentence for an unknown name, a broken file, or a value that does not validate.
    """
    files = [Path(name)] if name.endswith((".toml", ".json")) else parts_of(name)
    if not files or not os.path.isfile(files[0]):  # unlike Path.is_file it does not mind an endless name
        raise RecipeError(
            f"There is no recipe {name!r}: choose one that `python -m ser_core recipes` lists, e.g. ctmam-synthetic or "
            "ctmam-ravdess-fast, a .toml file, or a card.json."
        )
    return _load({} if len(files) == 1 else {"name": name}, files, changes)


def composed_recipe(name: str) -> Recipe:
    """`<system>-<corpus>` of its parts, also where a whole one has that name: `ctmam-synthetic` is ours."""
    return _load({"name": name}, _composed(name))


def _load(values: dict[str, Any], files: Sequence[Path], changes: Sequence[str] = ()) -> Recipe:
    for path in files:
        _merge(values, _read(path))
    return _changed(values, changes)


def change_recipe(recipe: Recipe, changes: Sequence[str]) -> Recipe:
    """The same with changes such as `training.epochs=3`.  Raises RecipeError for a value that does not validate."""
    return _changed(recipe.model_dump(mode="json", exclude_none=True), changes)


def _changed(values: dict[str, Any], changes: Sequence[str]) -> Recipe:
    for change in changes:
        _set(values, change)
    if values.get("transfer") is False:  # TOML has no null
        del values["transfer"]
    return validate(values)


def _read(path: Path) -> dict[str, Any]:
    """Raises RecipeError where a file is neither TOML nor a card."""
    try:
        text = path.read_text(encoding="utf-8-sig")  # some editors begin a file with a byte order mark
        return dict(json.loads(text)["recipe"]) if path.suffix == ".json" else tomllib.loads(text)
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        raise RecipeError(f"{path.name} cannot be read as a recipe: it is not valid TOML, nor a card.") from error


def _merge(values: dict[str, Any], more: dict[str, Any]) -> None:
    """A later part overrides an earlier one field by field."""
    for key, value in more.items():
        if isinstance(value, dict) and isinstance(values.get(key), dict):
            _merge(values[key], value)
        else:
            values[key] = value


def _set(values: dict[str, Any], change: str) -> None:
    """Apply `a.b=value`; the value is TOML, a bare word is text."""
    key, equals, text = change.partition("=")
    if not equals or not key:
        raise RecipeError(f"--set {change!r}: write it as key=value, e.g. training.epochs=3.")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text
    *path, last = key.split(".")
    for part in path:
        values = values.setdefault(part, {})
        if not isinstance(values, dict):
            raise RecipeError(f"--set {change!r}: {part} has no fields below it.")
    values[last] = value
