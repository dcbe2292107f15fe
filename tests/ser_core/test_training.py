"""A training run: it learns, its folder tells the story, it can be killed, it stores what later pages need."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from ser_core.checkpoints import Card
from ser_core.corpora import get_corpus
from ser_core.errors import CorpusError, RecipeError, RunError
from ser_core.models import create, list_systems
from ser_core.recipes import load_recipe
from ser_core.training.run import Run
from ser_core.training.trainer import load_parts, train
from tests.ser_core.runs import LABELS, broken_off, epochs, log, quiet, small_recipe

Trained = tuple[Run, Card]

# Every source of chance and of memory at once: augmentation, mixup, dropout, a running mean of the weights.
RESTLESS = (
    "training.average=0.9", "training.mixup=0.2", "augment.speed=[0.9, 1.0, 1.1]", "augment.noise_db=[5, 20]",
    "augment.gain_db=[-6, 6]", "augment.time_mask=0.3", "augment.row_mask=0.3",
)  # fmt: skip


def test_it_learns(trained: Trained) -> None:
    run, card = trained
    rows = epochs(run)
    assert rows[-1]["train_loss"] < rows[0]["train_loss"]
    assert card.validation_ua is not None
    assert card.validation_ua > 1 / 2  # chance is one third


def test_the_run_folder_tells_the_story(small_run: Trained) -> None:
    run, card = small_run
    assert run.state()["status"] == "done"
    assert run.recipe() == small_recipe("test_on=['emodb']")
    parts = json.loads((run.folder / "split.json").read_text())
    stored = {"train": card.data.train, "validation": card.data.validation, "test": card.data.test}
    assert {name: {i: d[:16] for i, d in clips.items()} for name, clips in parts.items()} == {
        name: part.utterances for name, part in stored.items()
    }
    assert [row["epoch"] for row in epochs(run)] == [1, 2]
    assert "epoch 2" in log(run)


def test_the_epoch_best_on_validation_is_kept(trained: Trained, small_run: Trained) -> None:
    for run, card in (trained, small_run):
        best = max(epochs(run), key=lambda row: (row["validation_ua"], -row["validation_loss"]))
        assert card.epoch == best["epoch"]
        assert card.validation_ua == pytest.approx(best["validation_ua"])


def test_later_pages_find_what_they_need(small_run: Trained) -> None:
    run, card = small_run
    stored = load_file(run.checkpoint / "statistics.safetensors")
    clips = len(card.data.validation.utterances)
    assert stored["validation_logits"].shape == (clips, len(LABELS))
    assert stored["validation_labels"].shape == (clips,)
    directions = stored["embedding_directions"].float()
    torch.testing.assert_close(directions @ directions.T, torch.eye(len(directions)), atol=5e-3, rtol=0)
    assert stored["embedding_mean"].shape == (1280,)
    assert card.temperature > 0


@pytest.mark.parametrize("settings", [(), RESTLESS], ids=["plain", "with all chance there is"])
def test_a_killed_run_ends_with_the_same_weights(settings: tuple[str, ...], small_data: Path, tmp_path: Path) -> None:
    """Killed in the middle of the second epoch and started again: bit for bit what an unbroken run gives."""
    recipe = small_recipe(*settings)
    unbroken = Run.start(recipe, tmp_path / "unbroken")
    train(recipe, unbroken, small_data, quiet)
    run = broken_off(recipe, tmp_path / "run", small_data, at="training: epoch 2 of 2")
    assert run.state()["status"] == "cancelled"
    assert not run.checkpoint.exists()
    train(recipe, Run.start(recipe, tmp_path / "run"), small_data, quiet)
    assert "resumed after epoch 1" in log(run)
    for name in ("model.safetensors", "statistics.safetensors"):
        assert (run.checkpoint / name).read_bytes() == (unbroken.checkpoint / name).read_bytes()
    timed = {"seconds": 0.0}
    assert [row | timed for row in epochs(run)] == [row | timed for row in epochs(unbroken)]


def test_killed_between_the_last_state_and_its_row_no_row_is_lost(
    small_run: Trained, small_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = small_run[0].recipe()
    run = Run.start(recipe, tmp_path / "run")
    write = Run.write_metrics

    def killed(self: Run, stage: str, rows: list[dict[str, Any]]) -> None:
        if len(rows) == recipe.training.epochs:
            raise KeyboardInterrupt
        write(self, stage, rows)

    monkeypatch.setattr(Run, "write_metrics", killed)
    with pytest.raises(KeyboardInterrupt):
        train(recipe, run, small_data, quiet)
    monkeypatch.setattr(Run, "write_metrics", write)
    assert len(epochs(run)) == recipe.training.epochs - 1
    train(recipe, run, small_data, quiet)
    timed = {"seconds": 0.0}
    assert [row | timed for row in epochs(run)] == [row | timed for row in epochs(small_run[0])]


@pytest.mark.parametrize("system", list_systems(baselines=True))
def test_every_system_can_be_resumed(system: str) -> None:
    """A training state is only loaded into tensors that are not cut out of longer ones, as torch's windows are."""
    with torch.device("meta"):
        model = create(system)  # the front end is real there too
    for name, tensor in model.front_end.state_dict().items():
        assert tensor.untyped_storage().nbytes() == tensor.nbytes, name


def test_progress_counts_over_the_whole_training(small_data: Path, tmp_path: Path) -> None:
    """One bar from the first step to the last: ten segments are three batches of four, in two epochs."""
    recipe, said = small_recipe(), []
    train(recipe, Run.start(recipe, tmp_path / "run"), small_data, lambda *report: said.append(report))
    steps = [report for report in said if report[0].startswith("training")]
    assert [what for what, _, _ in steps] == ["training: epoch 1 of 2"] * 3 + ["training: epoch 2 of 2"] * 3
    assert [(done, total) for _, done, total in steps] == [(done, 6) for done in range(1, 7)]
    assert said[-1] == ("recognising ravdess", 5, 5)


def test_another_seed_is_another_model(small_run: Trained, small_data: Path, tmp_path: Path) -> None:
    recipe = small_recipe("seed=100")
    run = Run.start(recipe, tmp_path / "run")
    train(recipe, run, small_data, quiet)
    first, other = (load_file(one.checkpoint / "model.safetensors") for one in (small_run[0], run))
    assert not torch.equal(first["output.weight"], other["output.weight"])


def test_the_checkpoint_appears_when_it_is_complete(small_run: Trained, small_data: Path, tmp_path: Path) -> None:
    """Killed while it was measured: no checkpoint yet; started again it only measures."""
    recipe = small_run[0].recipe()
    run = broken_off(recipe, tmp_path / "run", small_data, at="recognising")
    assert not run.checkpoint.exists()
    assert not run.done
    before = epochs(run)
    train(recipe, run, small_data, quiet)
    assert epochs(run) == before
    names = sorted(path.name for path in run.checkpoint.iterdir())
    assert names == ["card.json", "model.safetensors", "statistics.safetensors"]
    assert (run.checkpoint / "model.safetensors").read_bytes() == (
        small_run[0].checkpoint / "model.safetensors"
    ).read_bytes()


def test_a_run_that_is_done_stays_as_it_is(small_run: Trained, small_data: Path) -> None:
    run, card = small_run
    before = contents(run.folder)
    assert train(run.recipe(), run, small_data, quiet) == card
    assert contents(run.folder) == before


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_run_folder_belongs_to_one_recipe(small_run: Trained) -> None:
    with pytest.raises(RunError, match="another recipe"):
        Run.start(small_recipe("training.epochs=3"), small_run[0].folder)


def test_broken_files_are_listed_and_the_rest_trains(data: Path, tmp_path: Path) -> None:
    """A corpus with unreadable and stray files loses only those."""
    root = tmp_path / "emodb" / "wav"
    root.mkdir(parents=True)
    chosen = [u for u in get_corpus("emodb").scan(data).utterances if u.speaker in ("emodb/03", "emodb/12", "emodb/15")]
    for utterance in chosen:
        shutil.copy(utterance.path, root)
    good = len(chosen)
    (root / chosen[0].path.name).write_bytes(b"not a sound at all")
    (root / "notes.wav").write_bytes(b"")
    recipe = small_recipe("corpora=['emodb']", "labels=['angry', 'happy', 'neutral', 'sad']")
    parts, problems = load_parts(recipe, tmp_path, quiet)
    assert sum(len(clips) for clips in parts.values()) == good - 1
    assert sorted(problem.split(":")[0] for problem in problems) == sorted(
        [f"wav/{chosen[0].path.name}", "wav/notes.wav"]
    )


def test_a_missing_class_is_refused_before_training(small_data: Path, tmp_path: Path) -> None:
    recipe = small_recipe("labels=['angry', 'boredom']")
    run = Run.start(recipe, tmp_path / "run")
    with pytest.raises(RecipeError, match="No training clip for boredom"):
        train(recipe, run, small_data, quiet)
    assert run.state()["status"] == "failed"
    with pytest.raises(CorpusError, match="SER_DATA"):
        train(load_recipe("ctmam-general"), Run.start(load_recipe("ctmam-general"), tmp_path / "general"), None, quiet)
