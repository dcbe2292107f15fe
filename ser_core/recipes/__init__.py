"""Recipes: `schema.py` says what one may hold, `files.py` finds the TOML beside it, which is what ships."""

from ser_core.recipes.files import change_recipe, composed_recipe, list_parts, list_recipes, list_whole, load_recipe
from ser_core.recipes.schema import Recipe, validate

__all__ = [
    "Recipe",
    "change_recipe",
    "composed_recipe",
    "list_parts",
    "list_recipes",
    "list_whole",
    "load_recipe",
    "validate",
]
