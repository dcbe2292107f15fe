"""Recipes that ship are valid; what is wrong in one is said in one sentence that names the field."""

import json
from pathlib import Path

import pytest
import torch

from ser_core.checkpoints import Card
from ser_core.errors import RecipeError
from ser_core.files import PROJECT
from ser_core.models import list_systems, list_variants
from ser_core.recipes import Recipe, list_recipes, load_recipe
from ser_core.recipes.schema import AugmentSection, Preparation, ScheduleSection, TrainingSection
from ser_core.training.run import Run
from ser_core.training.trainer import build

Trained = tuple[Run, Card]


@pytest.mark.parametrize("name", list_recipes())
def test_recipes_that_ship(name: str) -> None:
    recipe = load_recipe(name)
    assert recipe.name == name
    assert recipe.system in list_systems(baselines=True)
    assert recipe.variant in list_variants(recipe.system)


def test_set_changes_one_value() -> None:
    recipe = load_recipe("ctmam-general", ["training.epochs=3", "variant=small", "augment.speed=[0.9, 1.0]"])
    assert (recipe.training.epochs, recipe.variant, recipe.augment.speed) == (3, "small", (0.9, 1.0))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("training.epochs=-1", "training.epochs"),
        ("training.epochs=0", "training.epochs"),
        ("training.epochs=100001", "training.epochs"),
        ("training.epochs=many", "training.epochs"),
        ("training.epochs=3.5", "training.epochs"),
        ("training.epoch=3", "training.epoch"),
        ("training.batch_size=1", "training.batch_size"),
        ("training.learning_rate=0", "training.learning_rate"),
        ("training.learning_rate=inf", "training.learning_rate"),
        ("training.learning_rate=nan", "training.learning_rate"),
        ("training.weight_decay=inf", "training.weight_decay"),
        ("training.mixup=-0.1", "training.mixup"),
        ("training.mixup=inf", "training.mixup"),
        ("training.average=1.5", "training.average"),
        ("training.patience=0", "training.patience"),
        ("training.hop=0.0001", "training.hop"),
        ("training.hop=inf", "training.hop"),
        ("training.hop=61", "training.hop"),
        ("training.schedule.kind=cosinus", "training.schedule.kind"),
        ("training.schedule.factor=1.1", "training.schedule.factor"),
        ("training.schedule.every=0", "training.schedule.every"),
        ("preparation.hop=0.0001", "preparation.hop"),
        ("preparation.hop=inf", "preparation.hop"),
        ("preparation.trim_db=0", "preparation.trim_db"),
        ("preparation.trim_db=121", "preparation.trim_db"),
        ("preparation.normalise=twice", "preparation.normalise"),
        ("augment.speed=[0.4]", "augment.speed"),
        ("augment.speed=1", r"augment.speed: a list is needed, of numbers as \[0.9, 1.1\]"),
        ("augment.speed=[nan]", "augment.speed"),
        ("augment.noise_db=[-inf, 10]", "augment.noise_db"),
        ("augment.noise_db=[10]", "augment.noise_db"),
        ("augment.time_mask=1.1", "augment.time_mask"),
        ("seed=-1", "seed"),
        ("seed=1000001", "seed"),
        ("seed=1.5", "seed"),
        ("labels=['angry', 'hangry']", "labels"),
        ("labels=['angry', 'angry', 'sad']", "labels"),
        ("labels=['angry']", "labels"),
        ("labels=angry", "labels"),
        ("merge={calm='peace'}", "^The recipe: merge calm -> peace"),
        ("merge={angry='sad'}", "merge"),
        ("corpora=[]", "corpora"),
        ("corpora=['ravdess', 'ravdess']", "name each corpus once"),
        ("corpora=['atlantis']", "choose one of .*emodb, .*ravdess"),
        ("validate_on=['savee']", "validate_on"),
        ("validate_on=['atlantis']", "validate_on.*choose one of .*emodb"),
        ("validate_on=['emodb', 'emodb']", "name each corpus once"),
        ("test_on=['ravdess']", "test_on.*not trained on"),
        ("test_on=['atlantis']", "test_on.*choose one of .*emodb"),
        ("protocol=by_moonlight", "choose one of speaker_independent, loso"),
        ("name=Two Words", "name"),
        ("name=../outside", "name"),
        ("model=3", "model"),
        ("model.blocks=[1]", "model"),
        ("surprise=1", "surprise"),
        ("training", "key=value"),
        ("=3", "key=value"),
        ("system.deep=1", "no fields"),
    ],
)
def test_nonsense_is_refused_and_named(change: str, says: str) -> None:
    with pytest.raises(RecipeError, match=says) as caught:
        load_recipe("ctmam-general", [change])
    assert "\n" not in str(caught.value)


def test_recordings_of_the_training_are_no_further_corpus_under_another_name() -> None:
    changes = ["corpora=['iemocap-improvised']", "test_on=['iemocap']", "validate_on=[]"]
    with pytest.raises(RecipeError, match="not trained on"):
        load_recipe("ctmam-general", changes)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("system=perceptron", "no system .perceptron.*ctmam"),
        ("variant=huge", "choose one of default"),
        ("model.blocks=99", "blocks"),
        ("model.blocks=-1", "blocks"),
        ("model.blocks=three", "blocks"),
        ("model.blocks=inf", "blocks"),
        ("model.heads=3", "heads"),
        ("model.tsa=half", "tsa"),
        ("model.surprise=3", "no setting surprise"),
        ("model.num_classes=9", "num_classes"),
        ("model.system=vit", "system"),
        ("model.preparation=none", "preparation"),
    ],
)
def test_settings_of_a_model_are_refused_and_named(change: str, says: str) -> None:
    with pytest.raises(RecipeError, match=says) as caught:
        build(load_recipe("ctmam-general", [change]))
    assert "\n" not in str(caught.value)


def test_settings_of_a_model_reach_it() -> None:
    model = build(load_recipe("ctmam-general", ["model.blocks=2", "model.tsa=none"]))
    assert (len(model.blocks), model.config.tsa, model.config.num_classes) == (2, "none", 7)


@pytest.mark.parametrize("section", [Recipe, TrainingSection, ScheduleSection, AugmentSection, Preparation])
def test_a_recipe_in_code_is_checked_as_one_in_a_file(section: type) -> None:
    with pytest.raises(ValueError, match="Extra inputs"):
        section(surprise=1)


# -- files ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["ctmam-generic", "", "nowhere/recipe.toml", "nowhere/card.json", "."])
def test_an_unknown_name_lists_what_there_is(name: str) -> None:
    with pytest.raises(RecipeError, match=r"ctmam-synthetic.*card\.json"):
        load_recipe(name)


@pytest.mark.parametrize(
    ("suffix", "content"),
    [
        (".toml", b"name = "),
        (".toml", b"\xff\xfe\x00"),
        (".toml", b"x = " + b"[" * 100_000),
        (".json", b""),
        (".json", b"{"),
        (".json", b"[]"),
        (".json", b"3"),
        (".json", b"{}"),
        (".json", b'{"recipe": 3}'),
        (".json", b'{"recipe": ["name"]}'),
        (".json", b'{"recipe": ' + b"[" * 100_000),
        (".json", b'{"recipe": {"seed": ' + b"9" * 5_000 + b"}}"),
        (".json", b"\xff\xfe\x00"),
    ],
)
def test_a_broken_file_is_one_sentence(suffix: str, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / f"broken{suffix}"
    path.write_bytes(content)
    with pytest.raises(RecipeError, match="cannot be read as a recipe: it is not valid TOML, nor a card") as caught:
        load_recipe(str(path))
    assert "\n" not in str(caught.value)


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    """As some editors on Windows write it."""
    path = tmp_path / "mine.toml"
    path.write_bytes(b"\xef\xbb\xbf" + (PROJECT / "ser_core/recipes/ctmam-synthetic.toml").read_bytes())
    assert load_recipe(str(path)) == load_recipe("ctmam-synthetic")


def test_a_card_is_a_recipe(small_run: Trained) -> None:
    """Whoever has a checkpoint can train it again, or train it otherwise."""
    run, card = small_run
    path = str(run.checkpoint / "card.json")
    assert load_recipe(path) == run.recipe()
    assert load_recipe(path, ["seed=7", "training.epochs=9"]) == run.recipe().model_copy(
        update={"seed": 7, "training": run.recipe().training.model_copy(update={"epochs": 9})}
    )
    with pytest.raises(RecipeError, match="seed"):
        load_recipe(path, ["seed=-7"])
    assert card.recipe == json.loads((run.checkpoint / "card.json").read_text())["recipe"]


def test_a_recipe_survives_the_run_folder(tmp_path: Path) -> None:
    for name in list_recipes():
        recipe = load_recipe(name)
        assert Run.start(recipe, tmp_path / name).recipe() == recipe


def test_labels_and_merges() -> None:
    recipe = load_recipe("ctmam-general")
    assert recipe.label_of("calm") == recipe.label_of("neutral") == recipe.labels.index("neutral")
    assert recipe.label_of("boredom") is None


def test_a_composed_recipe_holds_the_papers_numbers() -> None:
    """One per system and corpus, and a sibling for a laptop."""
    for system in list_systems():
        for corpus in (
            "ravdess",
            "savee",
            "emodb",
            "emodb4",
            "tess",
            "esd-en",
            "esd-zh",
            "casia",
            "crema-d",
            "iemocap",
        ):
            paper, fast = load_recipe(f"{system}-{corpus}"), load_recipe(f"{system}-{corpus}-fast")
            assert paper.labels == fast.labels
            assert paper.training.epochs > fast.training.epochs or paper.training.hop != fast.training.hop or fast.model
    paper = load_recipe("mhsa_faca-ravdess")
    assert (paper.training.epochs, paper.training.batch_size, paper.training.learning_rate) == (100, 128, 3e-4)
    assert len(paper.labels) == 8
    assert load_recipe("serct-tess").training.schedule.every == 10
    assert load_recipe("vit_vertical-savee").transfer is not None
    assert load_recipe("vit_vertical-savee-fast").transfer is None
    assert load_recipe("ctmam-iemocap").merge == {"excited": "happy"}
    assert load_recipe("tf_transformer-iemocap-improvised").corpora == ("iemocap-improvised",)


def test_every_composed_recipe_can_be_built() -> None:
    with torch.device("meta"):
        for system in list_systems():
            for end in ("ravdess", "ravdess-fast"):
                build(load_recipe(f"{system}-{end}"))
