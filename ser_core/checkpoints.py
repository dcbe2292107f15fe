"""A checkpoint is a folder: `model.safetensors` (float16, buffers float32), `statistics.safetensors`, `card.json`.

No pickle, ever: a `.pt`, `.pth`, `.ckpt`, `.bin` or `.pkl` file can run code when it is opened and is refused.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
import shutil
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor

from ser_core.emotions import check_labels
from ser_core.errors import CheckpointError, SpeechEmotionError
from ser_core.files import checkpoints_folder, write_bytes, write_text
from ser_core.models import System, create_from
from ser_core.preparation import Preparation

FORMAT = 1
WEIGHTS = "model.safetensors"
PICKLES = (".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".bin", ".joblib")
STORED = (torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.int64)
NOT_FOR_JUDGING = (
    "Shows how a model labels acted emotion in speech. It does not measure what anyone feels and must not be used "
    "to assess, grade, monitor, select or discipline anyone. Inferring people's emotions at work or in education is "
    "prohibited in the European Union except for medical or safety reasons (Regulation (EU) 2024/1689, "
    "Article 5(1)(f))."
)


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Part(Section):
    """The utterances of one part: id -> first 16 hex digits of the decoded samples' SHA-256."""

    utterances: dict[str, str] = {}
    speakers: tuple[str, ...] = ()


class Data(Section):
    """What the checkpoint was trained on, chosen on, and tested on."""

    corpora: tuple[str, ...]
    synthetic: tuple[str, ...] = Field((), description="Those of the corpora that no human spoke.")
    languages: tuple[str, ...]
    protocol: str
    train: Part
    validation: Part
    test: Part

    def seen_speakers(self) -> frozenset[str]:
        return frozenset(self.train.speakers + self.validation.speakers)

    def met_sounds(self) -> frozenset[str]:
        """The sounds it learnt from or was chosen on, as `Part.utterances` writes them, whatever they are called."""
        return frozenset({*self.train.utterances.values(), *self.validation.utterances.values()})


class Measured(Section):
    """One measurement, made on the file as shipped."""

    corpus: str
    protocol: str
    n: int
    excluded: int = Field(description="Clips left out because their speaker was seen in training or validation.")
    seen_included: bool = Field(description="True: some speakers were heard in training, the figures prove little.")
    speakers: int
    wa: float
    ua: float
    wf1: float
    intervals: dict[str, tuple[float, float]]
    labels: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...]
    command: str

    @staticmethod
    def command_for(checkpoint: str, corpus: str, protocol: str, seen_included: bool) -> str:
        """What to type to see these figures again."""
        command = f"python -m ser_core evaluate --checkpoint {checkpoint} --corpus {shlex.quote(corpus)}"
        command += f" --protocol {protocol}" if protocol != "all" else ""
        return command + (" --include-seen" if seen_included else "")


class Card(Section):
    """What a checkpoint says of itself."""

    format: Literal[1] = 1
    name: str
    system: str
    variant: str
    model: dict[str, Any]
    preparation: Preparation
    labels: tuple[str, ...]
    merge: dict[str, str] = {}
    parameters: int
    temperature: float = Field(gt=0, description="Divides clip logits to calibrate confidence; fitted on validation.")
    validation_ua: float | None = None
    epoch: int
    data: Data
    licence: str
    ships: bool
    results: tuple[Measured, ...] = ()
    recipe: dict[str, Any]
    reproduce: str
    environment: dict[str, str] = {}
    note: str = ""
    not_for: str = NOT_FOR_JUDGING

    @field_validator("labels")
    @classmethod
    def _labels(cls, labels: tuple[str, ...]) -> tuple[str, ...]:
        return check_labels(labels)

    @field_validator("recipe")
    @classmethod
    def _seed(cls, recipe: dict[str, Any]) -> dict[str, Any]:
        """The one value of the recipe that is read again: it splits a corpus.  The rest may be of an older version."""
        if not isinstance(recipe.get("seed", 0), int) or recipe.get("seed", 0) < 0:
            raise ValueError("its seed must be a whole number, zero or more")
        return recipe

    def merged(self, emotion: str) -> str:
        return self.merge.get(emotion, emotion)

    def named(self, name: str) -> Card:
        """The same card under another name, its commands too: the card's own recipe is what trains it again."""
        results = tuple(
            one.model_copy(update={"command": Measured.command_for(name, one.corpus, one.protocol, one.seen_included)})
            for one in self.results
        )
        reproduce = f"python -m ser_core train --recipe checkpoints/{name}/card.json"
        return self.model_copy(update={"name": name, "results": results, "reproduce": reproduce})


def save_checkpoint(folder: Path, model: System, card: Card, statistics: dict[str, Tensor] | None = None) -> None:
    """Write a checkpoint folder; the card goes last, so a folder with a card is complete."""
    write_bytes(folder / WEIGHTS, save_tensors(shipped_weights(model)))
    if statistics:
        write_bytes(folder / "statistics.safetensors", save_tensors(statistics))
    write_card(folder, card)


def shipped_weights(model: System) -> dict[str, Tensor]:
    """The weights as they are stored: what was learnt in float16, buffers as they are."""
    learnt = {name for name, _ in model.named_parameters()}
    return {name: tensor.half() if name in learnt else tensor for name, tensor in model.weights().items()}


def write_card(folder: Path, card: Card) -> None:
    write_text(folder / "card.json", card.model_dump_json(indent=1) + "\n")


def list_checkpoints() -> list[str]:
    """Names of the checkpoints that ship, sorted."""
    root = checkpoints_folder()
    return sorted(path.parent.name for path in root.glob("*/card.json")) if root.is_dir() else []


def readable_cards(names: Iterable[str]) -> dict[str, Card]:
    """The cards of these checkpoints, in this order, without those that cannot be read."""
    cards = {}
    for name in names:
        with suppress(CheckpointError):
            cards[name] = load_card(find_checkpoint(name))
    return cards


def default_checkpoint() -> str:
    """`ctmam-general` where it is here, else `ctmam-synthetic`, else the first.

    Raises CheckpointError where there is none.
    """
    names = list_checkpoints()
    for name in ("ctmam-general", "ctmam-synthetic", *names):
        if name in names:
            return name
    raise CheckpointError(
        f"There is no checkpoint in {checkpoints_folder()}: train one with "
        "`python -m ser_core train --recipe ctmam-synthetic` and keep it with `python -m ser_core keep`."
    )


def keep_checkpoint(folder: Path, name: str) -> Path:
    """Copy a finished checkpoint beside those that ship; its card takes the new name.

    Raises CheckpointError where it is not finished or the name is taken or not a plain name.
    """
    card = load_card(folder)
    target = checkpoints_folder() / name
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,63}", name):
        raise CheckpointError(f"{name!r} is no name for a checkpoint: use small letters, digits, - and _.")
    if target.exists():
        raise CheckpointError(f"There is a checkpoint {name!r} already: choose another name or move that one away.")
    with tempfile.TemporaryDirectory(dir=_made(target.parent), prefix=".keeping-") as scratch:
        copy = Path(shutil.copytree(folder, Path(scratch) / name))
        write_card(copy, card.named(name))
        copy.rename(target)
    return target


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def find_checkpoint(name: str | Path) -> Path:
    """The folder of a checkpoint, by name or path.  Raises CheckpointError with what there is instead."""
    path = Path(name)
    if path.suffix.lower() in PICKLES:
        raise CheckpointError(
            f"{path.name} is a pickle, which can run code when it is opened: only folders with model.safetensors and "
            "card.json are loaded."
        )
    shipped = checkpoints_folder() / path
    # A bare name means what ships, whatever folder of that name stands where one happens to work.
    folder = path if len(path.parts) > 1 or not os.path.isfile(shipped / "card.json") else shipped
    if not os.path.isfile(folder / "card.json"):  # unlike Path.is_file it does not mind an endless name
        names = ", ".join(list_checkpoints()) or "none here"
        raise CheckpointError(
            f"There is no checkpoint {str(name)!r}: choose one of {names}, or the path of its folder."
        )
    return folder


def load_card(name: str | Path) -> Card:
    """Raises CheckpointError where the card is missing, damaged, or of a later version."""
    folder = find_checkpoint(name)
    try:
        values = json.loads((folder / "card.json").read_text(encoding="utf-8"))
        if isinstance(values, dict) and values.get("format") != FORMAT:
            raise CheckpointError(
                f"The card of {folder.name} has format {values.get('format')!r}, this version reads {FORMAT}: "
                "update the application or train the checkpoint again."
            )
        return Card.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise CheckpointError(f"The card of {folder.name} is damaged at {field}: {first['msg']}.") from error
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(f"The card of {folder.name} cannot be read: it is not a JSON file.") from error


def weights_digest(name: str | Path) -> str:
    """First 16 hex digits of the SHA-256 of the weights' file: the same name may hold other weights one day.

    Raises CheckpointError where the file is missing.
    """
    folder = find_checkpoint(name)
    try:
        return hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest()[:16]
    except OSError as error:
        raise CheckpointError(f"The weights of {folder.name} are missing: fetch the folder again.") from error


def load_model(name: str | Path, card: Card | None = None) -> System:
    """The model in eval mode, float32, on the CPU.

    Raises CheckpointError where the weights are missing, damaged, or do not fit the card.
    """
    folder = find_checkpoint(name)
    card = card or load_card(folder)
    try:
        model = create_from(card.system, card.variant, len(card.labels), card.preparation, card.model)
        # Read into memory: a memory map would fault if the file were replaced under a running app.
        tensors = load_tensors((folder / WEIGHTS).read_bytes())
    except (SpeechEmotionError, TypeError, ValueError, RuntimeError) as error:
        raise CheckpointError(f"{folder.name} does not describe a model of this version: {error}") from error
    except (OSError, SafetensorError) as error:
        raise CheckpointError(
            f"The weights of {folder.name} are missing or damaged: fetch the folder again."
        ) from error
    if not all(tensor.dtype in STORED for tensor in tensors.values()):
        raise CheckpointError(f"The weights of {folder.name} are stored in a way this version does not read.")
    if not all(torch.isfinite(tensor).all() for tensor in tensors.values() if tensor.is_floating_point()):
        raise CheckpointError(f"The weights of {folder.name} hold values that are not numbers: fetch the folder again.")
    try:
        model.load_weights(tensors)
    except ValueError as error:
        raise CheckpointError(f"The weights of {folder.name} do not fit its card: fetch the folder again.") from error
    return model.eval().requires_grad_(False)


def config_changes(model: System) -> dict[str, Any]:
    """Every field of a model's config but the number of classes, which follows from the labels."""
    return {key: value for key, value in asdict(model.config).items() if key != "num_classes"}
