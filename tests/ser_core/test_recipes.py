"""Recipes that ship are valid; what is wrong in one is said in one sentence that names the field."""

from pathlib import Path

import pytest

from ser_core.errors import RecipeError
from ser_core.models import list_systems, list_variants
from ser_core.recipes import list_recipes, load_recipe


@pytest.mark.parametrize("name", list_recipes())
def test_recipes_that_ship(name: str) -> None:
    recipe = load_recipe(name)
    assert recipe.name == name
    assert recipe.system in list_systems()
    assert recipe.variant in list_variants(recipe.system)


def test_set_changes_one_value() -> None:
    recipe = load_recipe("ctmam-general", ["training.epochs=3", "variant=small", "augment.speed=[0.9, 1.0]"])
    assert (recipe.training.epochs, recipe.variant, recipe.augment.speed) == (3, "small", (0.9, 1.0))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("training.epochs=-1", "training.epochs"),
        ("training.epochs=many", "training.epochs"),
        ("training.epoch=3", "training.epoch"),
        ("labels=['angry', 'hangry']", "labels"),
        ("labels=['angry']", "labels"),
        ("merge={calm='peace'}", "merge"),
        ("validate_on=['savee']", "validate_on"),
        ("training", "key=value"),
        ("system.deep=1", "no fields"),
    ],
)
def test_nonsense_is_refused_and_named(change: str, says: str) -> None:
    with pytest.raises(RecipeError, match=says) as caught:
        load_recipe("ctmam-general", [change])
    assert "\n" not in str(caught.value)


def test_unknown_and_broken_files(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="ctmam-general"):
        load_recipe("ctmam-generic")
    broken = tmp_path / "broken.toml"
    broken.write_text("name = ")
    with pytest.raises(RecipeError, match="not valid TOML"):
        load_recipe(str(broken))


def test_labels_and_merges() -> None:
    recipe = load_recipe("ctmam-general")
    assert recipe.label_of("calm") == recipe.label_of("neutral") == recipe.labels.index("neutral")
    assert recipe.label_of("boredom") is None
