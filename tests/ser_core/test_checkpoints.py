"""Checkpoints survive the disk, refuse pickles, and say what is wrong with a damaged one."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from ser_core.audio import load
from ser_core.checkpoints import (
    Card,
    default_checkpoint,
    keep_checkpoint,
    list_checkpoints,
    load_card,
    load_model,
)
from ser_core.corpora.synthetic import samples
from ser_core.errors import CheckpointError
from ser_core.files import PROJECT
from ser_core.recogniser import Recogniser
from ser_core.training.run import Run

Trained = tuple[Run, Card]


@pytest.fixture
def folder(trained: Trained, tmp_path: Path) -> Path:
    """A copy of the trained checkpoint, to be damaged."""
    return Path(shutil.copytree(trained[0].checkpoint, tmp_path / "copy"))


def test_weights_are_half_precision_and_buffers_are_not(folder: Path) -> None:
    model = load_model(folder)
    learnt = {name for name, _ in model.named_parameters()}
    for name, tensor in load_file(folder / "model.safetensors").items():
        if tensor.is_floating_point():
            assert tensor.dtype == (torch.float16 if name in learnt else torch.float32), name
    assert not model.training
    assert all(not p.requires_grad for p in model.parameters())


def test_the_card_says_what_it_must(trained: Trained) -> None:
    card = trained[1]
    assert card.licence == "CC0-1.0"
    assert card.data.synthetic == ("synthetic",)
    assert "must not be used" in card.not_for
    assert {"synthetic/" + name for name in ("f10", "m10")} == set(card.data.test.speakers) or len(
        card.data.test.speakers
    ) == 2
    assert not card.data.seen_speakers() & set(card.data.test.speakers)
    (result,) = card.results
    assert result.intervals["ua"][0] <= result.ua <= result.intervals["ua"][1]
    assert sum(map(sum, result.confusion)) == result.n
    utterance, digest = next(iter(card.data.train.utterances.items()))
    path = next(u for u in _synthetic() if u.id == utterance).path
    assert load(path).digest.startswith(digest)


def _synthetic():  # type: ignore[no-untyped-def]
    from ser_core.corpora import get_corpus

    return get_corpus("synthetic").scan(None).utterances


@pytest.mark.parametrize("name", ["model.pt", "weights.ckpt", "model.pkl", "pytorch_model.bin"])
def test_pickles_are_refused_with_the_reason(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"\x80\x04.")
    with pytest.raises(CheckpointError, match="pickle"):
        Recogniser(tmp_path / name)


def test_unknown_name_lists_what_is_there() -> None:
    with pytest.raises(CheckpointError, match="choose one of"):
        Recogniser("ctmam-generic")


def edit_card(folder: Path, **changes: object) -> None:
    values = json.loads((folder / "card.json").read_text())
    (folder / "card.json").write_text(json.dumps(values | changes))


@pytest.mark.parametrize(
    "damage",
    [
        lambda f: (f / "card.json").write_text("{"),
        lambda f: (f / "card.json").write_bytes(b"\xff\xfe\x00"),
        lambda f: (f / "card.json").write_text("[" * 100_000),
        lambda f: edit_card(f, format=99),
        lambda f: edit_card(f, temperature=-1),
        lambda f: edit_card(f, system="perceptron"),
        lambda f: edit_card(f, model={"depth": 3}),
        lambda f: edit_card(f, model={"blocks": "three"}),
        lambda f: edit_card(f, preparation={"surprise": 1}),
        lambda f: edit_card(f, labels=["angry", "sad"]),
        lambda f: (f / "model.safetensors").unlink(),
        lambda f: (f / "model.safetensors").write_bytes(b"PK\x03\x04"),
        lambda f: (f / "model.safetensors").write_bytes((f / "model.safetensors").read_bytes()[:1000]),
        lambda f: save_file({"a": torch.ones(2)}, f / "model.safetensors"),
    ],
)
def test_damage_is_one_sentence(folder: Path, damage) -> None:  # type: ignore[no-untyped-def]
    damage(folder)
    with pytest.raises(CheckpointError) as caught:
        Recogniser(folder)
    assert "\n" not in str(caught.value)


def test_weights_that_are_not_numbers_are_refused(folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    tensors["output.weight"][0, 0] = float("nan")
    save_file(tensors, folder / "model.safetensors")
    with pytest.raises(CheckpointError, match="not numbers"):
        Recogniser(folder)


def test_keeping_a_checkpoint(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SER_CHECKPOINTS", str(tmp_path / "shelf"))
    assert list_checkpoints() == []
    with pytest.raises(CheckpointError, match="train one"):
        default_checkpoint()
    keep_checkpoint(folder, "mine")
    assert list_checkpoints() == ["mine"]
    assert default_checkpoint() == "mine"
    assert load_card("mine").name == "mine"
    with pytest.raises(CheckpointError, match="already"):
        keep_checkpoint(folder, "mine")
    with pytest.raises(CheckpointError, match="no name"):
        keep_checkpoint(folder, "../mine")


def test_everything_works_with_the_synthetic_checkpoint_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(PROJECT / "checkpoints" / "ctmam-synthetic", tmp_path / "ctmam-synthetic")
    monkeypatch.setenv("SER_CHECKPOINTS", str(tmp_path))
    prediction = Recogniser(default_checkpoint()).predict(load(samples()[0].path))
    assert prediction.checkpoint == "ctmam-synthetic"


@pytest.mark.parametrize("name", list_checkpoints())
def test_checkpoints_that_ship(name: str) -> None:
    """Their licence lets them ship, they beat chance, and they were never trained on a sample's voice."""
    card = load_card(name)
    assert card.ships
    assert card.name == name
    assert not {u.speaker for u in samples()} & card.data.seen_speakers()
    assert card.results
    assert all(
        result.intervals["ua"][0] > 1 / len(card.labels)
        for result in card.results
        if result.corpus in card.data.corpora
    )
