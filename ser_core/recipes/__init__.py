"""Recipes: `schema.py` says what one may hold, the TOML files beside it are the ones that ship."""

from ser_core.recipes.schema import Recipe, list_recipes, load_recipe, validate

__all__ = ["Recipe", "list_recipes", "load_recipe", "validate"]
