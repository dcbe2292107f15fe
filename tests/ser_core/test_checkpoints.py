"""Checkpoints survive the disk, say what they must, and keep their word under another name."""

import json
import shlex
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from ser_core.audio import load
from ser_core.checkpoints import (
    Card,
    default_checkpoint,
    keep_checkpoint,
    list_checkpoints,
    load_card,
    load_model,
)
from ser_core.corpora import get_corpus
from ser_core.corpora.synthetic import HELD_OUT_SPEAKERS, VALIDATION_SPEAKERS, samples
from ser_core.errors import CheckpointError
from ser_core.recipes import load_recipe
from ser_core.recogniser import Recogniser
from ser_core.training.run import Run
from tests.conftest import Shell

Trained = tuple[Run, Card]


@pytest.fixture
def folder(small_run: Trained, tmp_path: Path) -> Path:
    """A copy of a trained checkpoint."""
    return Path(shutil.copytree(small_run[0].checkpoint, tmp_path / "copy"))


def test_weights_are_half_precision_and_buffers_are_not(folder: Path) -> None:
    model = load_model(folder)
    learnt = {name for name, _ in model.named_parameters()}
    stored = load_file(folder / "model.safetensors")
    assert learnt <= set(stored)
    for name, tensor in stored.items():
        if tensor.is_floating_point():
            assert tensor.dtype == (torch.float16 if name in learnt else torch.float32), name
    assert not model.training
    assert all(not p.requires_grad and p.dtype == torch.float32 for p in model.parameters())


def test_the_card_says_what_it_must(trained: Trained) -> None:
    card = trained[1]
    assert (card.licence, card.ships) == ("CC0-1.0", True)
    assert card.data.synthetic == ("synthetic",)
    assert "must not be used" in card.not_for
    assert set(card.data.test.speakers) == set(HELD_OUT_SPEAKERS)
    assert set(card.data.validation.speakers) == set(VALIDATION_SPEAKERS)
    assert not card.data.seen_speakers() & set(HELD_OUT_SPEAKERS)
    (result,) = card.results
    assert result.intervals["ua"][0] <= result.ua <= result.intervals["ua"][1]
    assert sum(map(sum, result.confusion)) == result.n == len(card.data.test.utterances)


def test_the_card_lists_every_clip_with_the_hash_of_its_sound(trained: Trained) -> None:
    data = trained[1].data
    paths = {u.id: u.path for u in get_corpus("synthetic").scan(None).utterances if u.emotion in trained[1].labels}
    parts = [part.utterances for part in (data.train, data.validation, data.test)]
    assert sorted(name for part in parts for name in part) == sorted(paths)
    for part in parts:
        for name, digest in list(part.items())[:3]:
            assert load(paths[name]).digest[:16] == digest


@pytest.mark.parametrize("name", ["model.pt", "weights.ckpt", "model.pkl", "pytorch_model.bin", "MODEL.PT"])
def test_pickles_are_refused_with_the_reason(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"\x80\x04.")
    with pytest.raises(CheckpointError, match="pickle"):
        Recogniser(tmp_path / name)


# -- the shelf: checkpoints by name ---------------------------------------------------------------------------------


def test_an_unknown_name_lists_what_is_there(folder: Path, shelf: Path) -> None:
    keep_checkpoint(folder, "mine")
    for name in ("ctmam-generic", "", "nowhere/at/all", "."):
        with pytest.raises(CheckpointError, match="choose one of mine"):
            Recogniser(name)


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (("another", "ctmam-general", "ctmam-synthetic"), "ctmam-general"),
        (("another", "ctmam-synthetic"), "ctmam-synthetic"),
        (("zeta", "another"), "another"),
    ],
)
def test_which_checkpoint_is_the_default(names: tuple[str, ...], chosen: str, folder: Path, shelf: Path) -> None:
    for name in names:
        keep_checkpoint(folder, name)
    assert list_checkpoints() == sorted(names)
    assert default_checkpoint() == chosen
    assert Recogniser(default_checkpoint()).predict(load(samples()[0].path)).checkpoint == chosen


def test_without_a_checkpoint_it_says_how_to_make_one(shelf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for there in (shelf, shelf / "nowhere"):
        monkeypatch.setenv("SER_CHECKPOINTS", str(there))
        assert list_checkpoints() == []
        with pytest.raises(CheckpointError, match="train one"):
            default_checkpoint()


def test_keeping_a_checkpoint(folder: Path, shelf: Path) -> None:
    kept = keep_checkpoint(folder, "mine")
    assert kept == shelf / "mine"
    assert (kept / "model.safetensors").read_bytes() == (folder / "model.safetensors").read_bytes()
    with pytest.raises(CheckpointError, match="already"):
        keep_checkpoint(folder, "mine")
    for name in ("../mine", "Mine", "two words", "", ".hidden", "x" * 65):
        with pytest.raises(CheckpointError, match="no name"):
            keep_checkpoint(folder, name)
    assert [path.name for path in shelf.iterdir()] == ["mine"]


def test_an_unfinished_run_is_not_kept(tmp_path: Path, shelf: Path) -> None:
    (tmp_path / "run").mkdir()
    with pytest.raises(CheckpointError, match="no checkpoint"):
        keep_checkpoint(tmp_path / "run" / "checkpoint", "mine")
    assert list(shelf.iterdir()) == []


def test_a_kept_checkpoint_answers_to_its_new_name(folder: Path, shelf: Path) -> None:
    before = load_card(folder)
    assert before.name == "small"
    card = load_card(keep_checkpoint(folder, "mine"))
    assert card.name == "mine"
    assert len(card.results) == len(before.results) == 2
    for result in card.results:
        assert "--checkpoint mine " in result.command
    renamed = {"name", "results", "reproduce"}
    assert card.model_dump(exclude=renamed) == before.model_dump(exclude=renamed)


def test_the_commands_of_a_kept_checkpoint_work_as_printed(
    small_run: Trained, small_data: Path, folder: Path, shelf: Path, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Typed in the project's folder, where `checkpoints` lies."""
    card = load_card(keep_checkpoint(folder, "mine"))
    monkeypatch.chdir(shelf.parent)
    monkeypatch.setenv("SER_DATA", str(small_data))
    result = card.results[0]
    status, out, err = shell(*shlex.split(result.command)[3:], "--json")
    assert status == 0, err
    again = json.loads(out)
    assert (again["checkpoint"], again["wa"], again["ua"], again["n"]) == ("mine", result.wa, result.ua, result.n)

    program, module, name, command, option, recipe = shlex.split(card.reproduce)
    assert (program, module, name, command, option) == ("python", "-m", "ser_core", "train", "--recipe")
    assert load_recipe(recipe) == small_run[0].recipe()


@pytest.mark.parametrize("name", list_checkpoints())
def test_checkpoints_that_ship(name: str) -> None:
    """Their licence lets them ship, they beat chance, and they were never trained on a sample's voice."""
    card = load_card(name)
    assert card.ships
    assert card.name == name
    assert not set(HELD_OUT_SPEAKERS) & card.data.seen_speakers()
    assert card.results
    assert all(
        result.intervals["ua"][0] > 1 / len(card.labels)
        for result in card.results
        if result.corpus in card.data.corpora
    )


def test_a_folder_of_the_same_name_hides_nothing(
    trained: Trained, shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bare name means what ships, wherever one works."""
    keep_checkpoint(trained[0].checkpoint, "mine")
    (tmp_path / "elsewhere" / "mine").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert load_card("mine").name == "mine"
