"""The parts of the loop: mixup, the learning rate, class weights, the running mean, stopping early."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from ser_core.checkpoints import Card
from ser_core.recipes.schema import ScheduleSection, TrainingSection
from ser_core.training.loop import running_mean
from ser_core.training.mixup import mixup
from ser_core.training.run import Run
from ser_core.training.schedule import class_weight, learning_rate
from ser_core.training.trainer import train
from tests.ser_core.runs import epochs, log, quiet, small_recipe

Trained = tuple[Run, Card]


def test_mixup_blends_sounds_and_labels_alike() -> None:
    torch.manual_seed(0)
    features = torch.eye(8)  # each item is its own one-hot picture
    blended, targets = mixup(features, torch.arange(8), 8, alpha=5.0)
    torch.testing.assert_close(blended, targets)
    torch.testing.assert_close(targets.sum(1), torch.ones(8))
    assert ((targets > 0.05) & (targets < 0.95)).any()
    plain, hard = mixup(features, torch.arange(8), 8, alpha=0)
    assert torch.equal(plain, features)
    assert torch.equal(hard, torch.eye(8))


def rates(epochs: int, start: float = 1e-3, **schedule: object) -> list[float]:
    settings = TrainingSection(epochs=epochs, learning_rate=start, schedule=ScheduleSection(**schedule))
    return [learning_rate(settings, epoch) for epoch in range(epochs)]


def test_schedules() -> None:
    assert rates(5, kind="constant") == [1e-3] * 5
    exponential = rates(1001, kind="exponential", factor=0.95, floor=1e-6)
    assert exponential[0] == 1e-3
    assert exponential[10] == pytest.approx(1e-3 * 0.95**10)
    assert exponential[1000] == 1e-6
    step = rates(21, kind="step", factor=0.1, every=10)
    assert [step[epoch] for epoch in (0, 9, 10, 20)] == pytest.approx([1e-3, 1e-3, 1e-4, 1e-5])


def test_cosine_falls_over_all_epochs() -> None:
    cosine = rates(21, start=1.0, kind="cosine", floor=0.1)
    assert cosine[0] == 1.0
    assert cosine[10] == pytest.approx(0.55)
    assert cosine[20] == pytest.approx(0.1)
    assert all(after < before for before, after in pairwise(cosine))
    assert rates(1, start=1.0, kind="cosine") == [1.0]


@pytest.mark.parametrize("kind", ["constant", "exponential", "step", "cosine"])
def test_a_floor_above_the_rate_does_not_raise_it(kind: str) -> None:
    assert max(rates(30, start=1e-7, kind=kind, floor=1e-6)) == pytest.approx(1e-7)


def test_class_weights_make_up_for_rare_emotions() -> None:
    labels = torch.tensor([0] * 6 + [1] * 3 + [3])
    weight = class_weight(labels, 4)
    torch.testing.assert_close(weight * torch.tensor([6.0, 3.0, 0.0, 1.0]), torch.tensor([1.0, 1.0, 0.0, 1.0]) * 10 / 3)
    torch.testing.assert_close(weight[labels].mean(), torch.tensor(1.0))


def weights_of(run: Run) -> dict[str, torch.Tensor]:
    return load_file(run.checkpoint / "model.safetensors")


@pytest.mark.parametrize(
    "setting",
    ["training.balance=true", "training.average=0.5", "training.mixup=0.0", "training.weight_decay=0.1",
     "augment.noise_db=[0, 10]"],
)  # fmt: skip
def test_a_setting_changes_what_is_learnt(setting: str, small_run: Trained, small_data: Path, tmp_path: Path) -> None:
    recipe = small_recipe(setting)
    run = Run.start(recipe, tmp_path / "run")
    train(recipe, run, small_data, quiet)
    plain, changed = weights_of(small_run[0]), weights_of(run)
    assert not torch.equal(plain["output.weight"], changed["output.weight"])


def mean_after(decay: float, values: list[float]) -> float:
    """The running mean of a model whose one weight takes these values after its steps."""
    model = nn.Linear(1, 1, bias=False)
    averaged = running_mean(model, decay)  # type: ignore[arg-type]
    for value in values:
        nn.init.constant_(model.weight, value)
        averaged.update_parameters(model)
    return float(averaged.module.weight.detach())


def test_the_running_mean_forgets_at_the_rate_asked_for() -> None:
    settled = [0.0] * 200
    for steps in (1, 5, 20):
        assert mean_after(0.9, settled + [1.0] * steps) == pytest.approx(1 - 0.9**steps, rel=1e-4)
    assert mean_after(0.0, [3.0, 1.0, 7.0]) == pytest.approx(7.0)


def test_the_running_mean_soon_forgets_the_random_start() -> None:
    assert mean_after(0.999, [100.0] + [0.0] * 30) < 0.1 < 100 * 0.999**30


def test_the_running_mean_takes_batch_norms_statistics_along() -> None:
    model = nn.BatchNorm1d(1)
    averaged = running_mean(model, 0.9)  # type: ignore[arg-type]
    averaged.update_parameters(model)
    model.running_mean.fill_(1.0)
    averaged.update_parameters(model)
    assert 0 < float(averaged.module.running_mean) < 1


def test_patience_stops_early_and_says_so(small_data: Path, tmp_path: Path) -> None:
    """At this rate no run gets better for thirty epochs on end."""
    recipe = small_recipe("training.epochs=30", "training.patience=1", "training.learning_rate=0.01")
    run = Run.start(recipe, tmp_path / "run")
    card = train(recipe, run, small_data, quiet)
    rows = epochs(run)
    assert len(rows) < 30
    assert len(rows) == card.epoch + 1
    assert "for 1 epochs" in log(run)
    assert run.state()["status"] == "done"


def test_the_latest_validation_is_kept_as_a_matrix(small_run: Trained) -> None:
    run, _ = small_run
    latest = json.loads((run.folder / "confusion.json").read_text(encoding="utf-8"))
    counts = np.array(latest["counts"])
    (rows,) = run.metrics().values()
    assert latest["epoch"] == len(rows)
    assert counts.sum() == len(json.loads((run.folder / "split.json").read_text(encoding="utf-8"))["validation"])
    recall = [counts[i, i] / counts[i].sum() for i in range(len(counts)) if counts[i].sum()]
    assert np.mean(recall) == pytest.approx(rows[-1]["validation_ua"])
    assert "validation_confusion" not in rows[-1]
