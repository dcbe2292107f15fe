"""Knowledge transfer in three stages: one recipe from start to end, to be resumed in any of them."""

from pathlib import Path

import pytest
import torch

from ser_core.checkpoints import load_model
from ser_core.errors import RecipeError
from ser_core.models import create
from ser_core.recipes import Recipe, load_recipe
from ser_core.recipes.schema import TrainingSection
from ser_core.training.history import History
from ser_core.training.objectives import Batch, feature_matching, transfer
from ser_core.training.run import Run
from ser_core.training.trainer import train
from tests.ser_core.runs import LABELS, broken_off, log, quiet

STAGES = ("teacher", "matching", "student")


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    return load_recipe(
        "vit_vertical-ravdess",
        [f"labels={list(LABELS)}", "training.epochs=1", "augment={}", "transfer.teacher=teacher_6_no_position"],
    )


@pytest.fixture(scope="module")
def unbroken(recipe: Recipe, small_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    run = Run.start(recipe, tmp_path_factory.mktemp("transfer") / "run")
    train(recipe, run, small_data, quiet)
    return run


def test_three_stages_end_in_a_student(unbroken: Run) -> None:
    rows = (unbroken.folder / "metrics.csv").read_text().splitlines()[1:]
    assert [row.split(",")[0] for row in rows] == list(STAGES)
    student = load_model(unbroken.checkpoint)
    assert sum(p.numel() for p in student.parameters()) == sum(
        p.numel() for p in create("vit_vertical", "default", len(LABELS)).parameters()
    )


@pytest.mark.parametrize("stage", STAGES)
def test_a_run_killed_in_any_stage_ends_the_same(
    stage: str, recipe: Recipe, unbroken: Run, small_data: Path, tmp_path: Path
) -> None:
    run = broken_off(recipe, tmp_path / "run", small_data, at=f"{stage}: epoch 1")
    train(recipe, Run.start(recipe, run.folder), small_data, quiet)
    for earlier in STAGES[: STAGES.index(stage)]:
        assert f"{earlier}: resumed after epoch 1" in log(run)
    weights = "model.safetensors"
    assert (run.checkpoint / weights).read_bytes() == (unbroken.checkpoint / weights).read_bytes()


def batch() -> Batch:
    torch.manual_seed(3)
    return Batch(torch.rand(4, 128, 128), torch.eye(7)[:4], None, None, 0.0)


def test_the_teacher_stays_as_it_is_and_the_students_last_layer_is_left_alone_while_matching() -> None:
    torch.manual_seed(0)
    teacher, student = create("vit_vertical", "teacher_6_no_position").eval(), create("vit_vertical")
    feature_matching(TrainingSection(), teacher).loss(student, batch()).backward()
    assert all(parameter.grad is None for parameter in teacher.parameters())
    reached = {name for name, parameter in student.named_parameters() if parameter.grad is not None}
    untouched = {name for name, _ in student.named_parameters()} - reached
    assert {name.rsplit(".", 1)[0] for name in untouched} == {"output"}


def test_the_last_stage_adds_ten_times_the_distance() -> None:
    torch.manual_seed(0)
    teacher, student = create("vit_vertical", "teacher_6_no_position").eval(), create("vit_vertical").eval()
    with torch.no_grad():
        plain = transfer(TrainingSection(), teacher, 0.0).loss(student, batch())
        apart = feature_matching(TrainingSection(), teacher).loss(student, batch())
        both = transfer(TrainingSection(), teacher, 10.0).loss(student, batch())
    torch.testing.assert_close(both, plain + 10 * apart)


def test_matching_keeps_the_epoch_nearest_to_the_teacher() -> None:
    objective = feature_matching(TrainingSection(), create("vit_vertical", "teacher_6_no_position").eval())
    history, model = History(), create("vit_vertical")
    for epoch, loss in enumerate((0.5, 0.2, 0.4), 1):
        history.add({"epoch": epoch, "validation_loss": loss}, model, objective.better)
    assert history.best is not None
    assert history.best["epoch"] == 2


def test_an_unknown_teacher_is_refused_before_any_training(recipe: Recipe, small_data: Path, tmp_path: Path) -> None:
    assert recipe.transfer is not None
    wrong = recipe.model_copy(update={"transfer": recipe.transfer.model_copy(update={"teacher": "socrates"})})
    run = Run.start(wrong, tmp_path / "run")
    with pytest.raises(RecipeError, match="socrates"):
        train(wrong, run, small_data, quiet)
    assert not run.begun
