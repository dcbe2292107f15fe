"""What goes wrong in a training is said in one sentence and written down in the run folder."""

import shutil
from pathlib import Path

import pytest
import torch

from ser_core.checkpoints import Card
from ser_core.errors import RecipeError, RunError
from ser_core.training.run import Run
from ser_core.training.trainer import load_parts, train
from tests.ser_core.runs import broken_off, log, quiet, repeat, small_recipe

Trained = tuple[Run, Card]


def lose_a_clip(data: Path) -> None:
    min(data.glob("ravdess/Actor_01/*.ogg")).unlink()


def change_a_clip(data: Path) -> None:
    first, second, *_ = sorted(data.glob("ravdess/Actor_01/*.ogg"))
    shutil.copyfile(second, first)


def add_a_clip(data: Path) -> None:
    repeat(min(data.glob("ravdess/Actor_02/*.ogg")))


@pytest.mark.parametrize("change", [lose_a_clip, change_a_clip, add_a_clip])
def test_a_run_does_not_go_on_with_other_clips(change, own_data: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    recipe = small_recipe()
    run = broken_off(recipe, tmp_path / "run", own_data, at="training: epoch 2 of 2")
    as_begun = (run.folder / "split.json").read_bytes()
    shutil.copytree(own_data, tmp_path / "as it was")
    change(own_data)
    with pytest.raises(RunError, match="corpora have changed") as caught:
        train(recipe, run, own_data, quiet)
    assert run.state()["status"] == "failed"
    assert run.state()["reason"] == str(caught.value)
    assert (run.folder / "split.json").read_bytes() == as_begun
    train(recipe, run, tmp_path / "as it was", quiet)
    assert run.state()["status"] == "done"
    assert run.state()["reason"] == ""


def test_before_the_first_epoch_the_clips_may_still_change(own_data: Path, tmp_path: Path) -> None:
    recipe = small_recipe("training.epochs=1")
    run = broken_off(recipe, tmp_path / "run", own_data, at="training: epoch 1 of 1")
    change_a_clip(own_data)
    train(recipe, run, own_data, quiet)
    assert run.state()["status"] == "done"


def folder_of(data: Path, target: Path) -> str:
    """The RAVDESS clips of `put_corpora` once more, as a folder of one's own."""
    code = {"05": "angry", "01": "neutral", "04": "sad"}
    for clip in data.glob("ravdess/*/*.ogg"):
        place = target / code[clip.stem.split("-")[2]] / clip.name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(clip)
    return f"folder:{target}"


@pytest.mark.parametrize("where", ["corpora", "test_on"])
def test_a_corpus_under_two_names_is_refused(where: str, small_data: Path, tmp_path: Path) -> None:
    own = folder_of(small_data, tmp_path / "mine") + r"?speaker=-(\d\d)\."
    recipe = small_recipe(f"corpora=['ravdess', '{own}']" if where == "corpora" else f"test_on=['{own}']")
    run = Run.start(recipe, tmp_path / "run")
    with pytest.raises(RecipeError, match="stand on two sides under two names") as caught:
        train(recipe, run, small_data, quiet)
    assert "name only one of the two corpora" in str(caught.value)
    assert run.state()["reason"] == str(caught.value)
    assert not run.metrics()


def test_a_clip_that_stands_twice_in_one_corpus_does_not_stop_a_random_split(small_data: Path, tmp_path: Path) -> None:
    shutil.copytree(small_data, tmp_path / "data")
    for clip in list((tmp_path / "data").glob("ravdess/*/*.ogg")):
        repeat(clip)
    parts, _ = load_parts(small_recipe("protocol=random"), tmp_path / "data", quiet)
    assert {c.digest for c in parts["train"]} & {c.digest for c in parts["test"]}


@pytest.mark.parametrize("at", ["decoding", "training: epoch 2", "recognising"])
def test_an_unexpected_error_is_written_down(at: str, small_data: Path, tmp_path: Path) -> None:
    run = broken_off(small_recipe(), tmp_path / "run", small_data, at=at, error=ZeroDivisionError)
    assert run.state()["status"] == "failed"
    assert run.state()["reason"] == "ZeroDivisionError: stopped by the test"
    assert "ZeroDivisionError: stopped by the test" in log(run)
    assert not run.done


def test_a_loss_that_is_no_number_is_refused(small_data: Path, tmp_path: Path) -> None:
    recipe = small_recipe("training.learning_rate=1e30", "training.schedule.kind=constant")
    run = Run.start(recipe, tmp_path / "run")
    with pytest.raises(RunError, match=r"lower training\.learning_rate") as caught:
        train(recipe, run, small_data, quiet)
    assert "\n" not in str(caught.value)
    assert run.state()["status"] == "failed"
    assert not run.done


@pytest.mark.parametrize(
    ("device", "says"),
    [("cuda", "no CUDA device"), ("cuda:3", "no CUDA device"), ("banana", "choose cpu, cuda"), ("", "choose cpu, cuda"),
     ("mps", "choose cpu, cuda"), ("cuda:x", "choose cpu, cuda")],
)  # fmt: skip
def test_a_device_that_is_not_here(
    device: str, says: str, small_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    recipe = small_recipe()
    run = Run.start(recipe, tmp_path / "run")
    with pytest.raises(RunError, match=says) as caught:
        train(recipe, run, small_data, quiet, device)
    assert "\n" not in str(caught.value)
    assert run.state()["reason"] == str(caught.value)


def test_a_number_of_a_cuda_device_that_is_not_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    with pytest.raises(RunError, match="cuda:0 to cuda:1"):
        train(small_recipe(), Run.start(small_recipe(), tmp_path / "run"), None, quiet, "cuda:2")


def test_a_cache_that_cannot_be_written_costs_time_only(
    small_run: Trained, small_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "full").write_bytes(b"a file, no folder")
    monkeypatch.setenv("SER_CACHE", str(tmp_path / "full"))
    recipe = small_recipe()
    run = Run.start(recipe, tmp_path / "run")
    train(recipe, run, small_data, quiet)
    assert (run.checkpoint / "model.safetensors").read_bytes() == (
        small_run[0].checkpoint / "model.safetensors"
    ).read_bytes()


def test_a_run_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(RunError, match="cannot be written"):
        Run.start(small_recipe(), tmp_path / "file" / "run")


def test_a_folder_that_is_no_run_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "holiday.txt").write_text("mine")
    with pytest.raises(RunError, match="something else than a run"):
        Run.start(small_recipe(), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["holiday.txt"]


@pytest.mark.parametrize("name", ["state.json", "split.json", "resume/training/epoch_00001/history.json"])
def test_a_damaged_run_is_named(name: str, small_data: Path, tmp_path: Path) -> None:
    run = broken_off(small_recipe(), tmp_path / "run", small_data, at="training: epoch 2 of 2")
    (run.folder / name).write_text("{")
    with pytest.raises(RunError, match="damaged"):
        train(small_recipe(), run, small_data, quiet)


NOBODY = "None of the speakers that speaker_independent trains on is here, only 1 other"


@pytest.mark.parametrize(("kept", "reason"), [("21", NOBODY), ("01", "No validation clip")])
def test_a_copy_with_one_speaker_is_refused(kept: str, reason: str, own_data: Path, tmp_path: Path) -> None:
    for actor in own_data.glob("ravdess/Actor_*"):
        if actor.name != f"Actor_{kept}":
            shutil.rmtree(actor)
    run = Run(tmp_path / "run")
    with pytest.raises(RecipeError, match=reason):
        train(small_recipe("corpora=['ravdess']"), run, own_data, quiet)
    assert not (run.folder / "metrics.csv").exists()
