"""Training: it learns, it can be killed, it says what it left out, and it stores what later pages need."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from ser_core.checkpoints import Card
from ser_core.corpora import get_corpus
from ser_core.errors import CorpusError, RecipeError, RunError
from ser_core.recipes import Recipe, load_recipe
from ser_core.recipes.schema import ScheduleSection
from ser_core.training.data import cache_key, cached_segments
from ser_core.training.loop import learning_rate
from ser_core.training.mixup import mixup
from ser_core.training.run import Run
from ser_core.training.trainer import build, load_parts, train

Trained = tuple[Run, Card]


def quiet(what: str, done: int, total: int) -> None:
    """No progress bar."""


def test_it_learns(trained: Trained) -> None:
    run, card = trained
    rows = (run.folder / "metrics.csv").read_text().splitlines()
    losses = [float(row.split(",")[2]) for row in rows[1:]]
    assert losses[-1] < losses[0]
    assert card.validation_ua is not None
    assert card.validation_ua > 2 / 7  # chance is one seventh


def test_the_run_folder_tells_the_story(trained: Trained) -> None:
    run, _ = trained
    assert run.state()["status"] == "done"
    assert run.recipe().name == "ctmam-synthetic"
    assert set(json.loads((run.folder / "split.json").read_text())) == {"train", "validation", "test"}
    assert "epoch 3" in (run.folder / "log.txt").read_text()


def test_later_pages_find_what_they_need(trained: Trained) -> None:
    run, card = trained
    stored = load_file(run.checkpoint / "statistics.safetensors")
    clips = len(card.data.validation.utterances)
    assert stored["validation_logits"].shape == (clips, 7)
    assert stored["validation_labels"].shape == (clips,)
    directions = stored["embedding_directions"].float()
    torch.testing.assert_close(directions @ directions.T, torch.eye(len(directions)), atol=5e-3, rtol=0)
    assert stored["embedding_mean"].shape == (1280,)
    assert card.temperature > 0


def test_a_killed_run_ends_with_the_same_weights(quick_recipe: Recipe, trained: Trained, tmp_path: Path) -> None:
    """Killed in the middle of the second epoch and started again: bit for bit what an unbroken run gives."""
    run = Run.start(quick_recipe, tmp_path / "run")

    def kill(what: str, done: int, total: int) -> None:
        if what.startswith("epoch 2") and done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(quick_recipe, run, None, kill)
    assert run.state()["status"] == "cancelled"
    assert not run.checkpoint.exists()
    train(quick_recipe, Run.start(quick_recipe, tmp_path / "run"), None, quiet)
    unbroken = trained[0].checkpoint / "model.safetensors"
    assert (run.checkpoint / "model.safetensors").read_bytes() == unbroken.read_bytes()
    assert "resumed after epoch 1" in (run.folder / "log.txt").read_text()


def test_a_run_folder_belongs_to_one_recipe(trained: Trained) -> None:
    with pytest.raises(RunError, match="another recipe"):
        Run.start(load_recipe("ctmam-synthetic"), trained[0].folder)


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
    recipe = load_recipe("ctmam-general", ["corpora=['emodb']", "labels=['angry', 'happy', 'neutral', 'sad']"])
    parts, problems = load_parts(recipe, tmp_path, quiet)
    assert sum(len(clips) for clips in parts.values()) == good - 1
    assert sorted(problem.split(":")[0] for problem in problems) == sorted([chosen[0].path.name, "notes.wav"])


def test_a_missing_class_is_refused_before_training(tmp_path: Path) -> None:
    recipe = load_recipe("ctmam-synthetic", ["labels=['angry', 'boredom']"])
    run = Run.start(recipe, tmp_path / "run")
    with pytest.raises(RecipeError, match="No training clip for boredom"):
        train(recipe, run, None, quiet)
    assert run.state()["status"] == "failed"
    with pytest.raises(CorpusError, match="SER_DATA"):
        train(load_recipe("ctmam-general"), Run.start(load_recipe("ctmam-general"), tmp_path / "general"), None, quiet)


def test_the_cache_key_changes_when_anything_changes(quick_recipe: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    parts, _ = load_parts(quick_recipe, None, quiet)
    clips, model = parts["validation"][:6], build(quick_recipe)
    other = build(load_recipe("ctmam-synthetic", ["preparation.trim_db=30.0"]))
    keys = {
        cache_key(clips, model, model.cutting),
        cache_key(clips[:5], model, model.cutting),
        cache_key(clips, other, other.cutting),
        cache_key(clips, build(load_recipe("ctmam-synthetic")), model.cutting),
    }
    monkeypatch.setattr(torch, "__version__", "0.0")
    keys.add(cache_key(clips, model, model.cutting))
    assert len(keys) == 5


def test_a_damaged_cache_is_computed_again(
    quick_recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SER_CACHE", str(tmp_path))
    parts, _ = load_parts(quick_recipe, None, quiet)
    clips, model = parts["validation"][:4], build(quick_recipe)
    first = cached_segments(clips, model, model.cutting, quiet)
    (entry,) = (tmp_path / "features").iterdir()
    stored = cached_segments(clips, model, model.cutting, quiet)
    entry.write_bytes(entry.read_bytes()[:100])
    again = cached_segments(clips, model, model.cutting, quiet)
    for one, two, three in zip(first, stored, again, strict=True):
        assert torch.equal(one, two)
        assert torch.equal(one, three)


def test_mixup_blends_sounds_and_labels_alike() -> None:
    torch.manual_seed(0)
    features = torch.eye(4)  # each item is its own one-hot picture
    blended, targets = mixup(features, torch.arange(4), 4, alpha=0.2)
    torch.testing.assert_close(blended, targets)
    torch.testing.assert_close(targets.sum(1), torch.ones(4))
    plain, hard = mixup(features, torch.arange(4), 4, alpha=0)
    assert torch.equal(plain, features)
    assert torch.equal(hard, torch.eye(4))


def test_schedules() -> None:
    exponential = ScheduleSection(kind="exponential", factor=0.95, floor=1e-6)
    assert learning_rate(1e-3, exponential, 0) == 1e-3
    assert learning_rate(1e-3, exponential, 10) == pytest.approx(1e-3 * 0.95**10)
    assert learning_rate(1e-3, exponential, 1000) == 1e-6
    step = ScheduleSection(kind="step", factor=0.1, every=10)
    assert [learning_rate(1e-3, step, e) for e in (0, 9, 10, 20)] == pytest.approx([1e-3, 1e-3, 1e-4, 1e-5])
    cosine = ScheduleSection(kind="cosine", every=20, floor=0.0)
    assert learning_rate(1.0, cosine, 10) == pytest.approx(0.5)
    assert learning_rate(1.0, cosine, 20) == pytest.approx(0.0)
