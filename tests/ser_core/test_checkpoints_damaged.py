"""A damaged checkpoint is one sentence, whatever is wrong with it."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from ser_core.checkpoints import Card, load_card
from ser_core.errors import CheckpointError
from ser_core.recogniser import Recogniser
from ser_core.training.run import Run

Trained = tuple[Run, Card]
REQUIRED = [name for name, field in Card.model_fields.items() if field.is_required()]


@pytest.fixture
def folder(small_run: Trained, tmp_path: Path) -> Path:
    """A copy of a trained checkpoint, to be damaged."""
    return Path(shutil.copytree(small_run[0].checkpoint, tmp_path / "copy"))


def edit_card(folder: Path, path: str, value: Any) -> None:
    """Set one value of the card, e.g. at `data.train.speakers` or `results.0.ua`."""
    card = json.loads((folder / "card.json").read_text())
    *above, last = (int(key) if key.isdigit() else key for key in path.split("."))
    inner = card
    for key in above:
        inner = inner[key]
    inner[last] = value
    (folder / "card.json").write_text(json.dumps(card))


def assert_one_sentence(folder: Path, says: str | None = None) -> None:
    with pytest.raises(CheckpointError, match=says) as caught:
        Recogniser(folder)
    assert "\n" not in str(caught.value)
    assert folder.name in str(caught.value)


def test_the_copy_itself_is_sound(folder: Path) -> None:
    assert Recogniser(folder).labels == load_card(folder).labels


@pytest.mark.parametrize("field", Card.model_fields)
def test_a_field_of_the_wrong_type(folder: Path, field: str) -> None:
    edit_card(folder, field, [[1]])  # fits no field
    assert_one_sentence(folder, field)


@pytest.mark.parametrize("field", REQUIRED)
def test_a_field_that_is_missing(folder: Path, field: str) -> None:
    card = json.loads((folder / "card.json").read_text())
    del card[field]
    (folder / "card.json").write_text(json.dumps(card))
    assert_one_sentence(folder, field)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("surprise", 1),
        ("two\nlines", 1),
        ("format", 99),
        ("format", None),
        ("format", "1"),
        ("system", "perceptron"),
        ("variant", "huge"),
        ("labels", ["angry", "hangry", "sad"]),
        ("labels", ["angry", "angry", "sad"]),
        ("labels", ["angry"]),
        ("labels", []),
        ("labels", ["angry", "sad"]),
        ("labels", "angry"),
        ("merge", {"calm": 3}),
        ("model", {"blocks": 99}),
        ("model", {"blocks": -1}),
        ("model", {"blocks": "three"}),
        ("model", {"blocks": [1]}),
        ("model", {"heads": 3}),
        ("model", {"tsa": "half"}),
        ("model", {"tsa": "\ud800"}),
        ("model", {"surprise": 1}),
        ("model", {"two\nlines": 1}),
        ("model", {"num_classes": 3}),
        ("model", {"system": "ctmam"}),
        ("model", {"": 1}),
        ("preparation", {"normalise": "twice"}),
        ("preparation", {"normalise": "corpus"}),
        ("preparation", {"trim_db": -1}),
        ("preparation", {"hop": 0.0001}),
        ("preparation", {"hop": float("inf")}),
        ("preparation", {"surprise": 1}),
        ("temperature", 0),
        ("temperature", float("nan")),
        ("temperature", float("inf")),
        ("parameters", 1.5),
        ("data", {}),
        ("data.train", 3),
        ("data.train.utterances", {"ravdess/x": 3}),
        ("data.train.speakers", "ravdess/01"),
        ("data.validation", None),
        ("data.corpora", "ravdess"),
        ("data.protocol", 3),
        ("results.0", 3),
        ("results.0.ua", "high"),
        ("results.0.ua", float("nan")),
        ("results.0.n", 1.5),
        ("results.0.intervals", {"ua": [0.1]}),
        ("results.0.confusion", [["many"]]),
        ("results.0.surprise", 1),
        ("recipe", {"seed": "none"}),
        ("recipe", {"seed": -1}),
        ("environment", {"python": 3}),
        ("ships", "perhaps"),
    ],
)
def test_a_value_that_does_not_fit(folder: Path, path: str, value: Any) -> None:
    edit_card(folder, path, value)
    assert_one_sentence(folder)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe\x00",
        b"[]",
        b"[1, 2]",
        b"3",
        b"null",
        b'"card"',
        b"{}",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"format": ' + b"1" * 5_000 + b"}",
    ],
    ids=lambda content: repr(content[:12]),
)
def test_a_card_that_is_none(folder: Path, content: bytes) -> None:
    (folder / "card.json").write_bytes(content)
    assert_one_sentence(folder)


def replace_weights(change: Callable[[dict[str, torch.Tensor]], Any]) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        tensors = load_file(folder / "model.safetensors")
        change(tensors)
        save_file(tensors, folder / "model.safetensors")

    return damage


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda f: (f / "model.safetensors").unlink(), "missing or damaged"),
        (lambda f: (f / "model.safetensors").write_bytes(b""), "missing or damaged"),
        (lambda f: (f / "model.safetensors").write_bytes(b"PK\x03\x04"), "missing or damaged"),
        (lambda f: (f / "model.safetensors").write_bytes((f / "model.safetensors").read_bytes()[:1000]), "damaged"),
        (lambda f: (f / "model.safetensors").write_bytes((f / "model.safetensors").read_bytes()[:-1]), "damaged"),
        (lambda f: save_file({"a": torch.ones(2)}, f / "model.safetensors"), "do not fit"),
        (replace_weights(lambda t: t.pop("output.bias")), "do not fit"),
        (replace_weights(lambda t: t.update(more=torch.ones(1))), "do not fit"),
        (replace_weights(lambda t: t.update({"output.bias": torch.ones(4)})), "do not fit"),
        (replace_weights(lambda t: t["output.weight"].fill_(float("nan"))), "not numbers"),
        (replace_weights(lambda t: t["output.weight"].fill_(float("inf"))), "not numbers"),
        (replace_weights(lambda t: t.update({"output.bias": t["output.bias"].to(torch.float8_e4m3fn)})), None),
        (replace_weights(lambda t: t.update({"output.bias": t["output.bias"].to(torch.complex64)})), None),
    ],
    ids=["missing", "empty", "a zip", "cut short", "one byte less", "another model", "one tensor less",
         "one tensor more", "another shape", "nan", "inf", "eight bits", "complex"],
)  # fmt: skip
def test_damaged_weights(folder: Path, damage: Callable[[Path], None], says: str | None) -> None:
    damage(folder)
    assert_one_sentence(folder, says)
