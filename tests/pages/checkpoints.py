"""Checkpoints for tests of the pages: those that ship, or, where none does, untrained ones of the same make."""

from __future__ import annotations

import shutil
from pathlib import Path

import torch

from ser_core.checkpoints import Card, Data, Part, list_checkpoints, save_checkpoint
from ser_core.files import checkpoints_folder
from ser_core.models import count_parameters, create, system_class
from ser_core.preparation import Preparation

LABELS = ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")


def put(folder: Path, *names: str) -> Path:
    """Fill a folder with usable checkpoints of these names; returns the folder."""
    shipped = list_checkpoints()
    for number, name in enumerate(names):
        if name in shipped or shipped:
            shutil.copytree(checkpoints_folder() / (name if name in shipped else shipped[0]), folder / name)
        else:
            untrained(folder / name, seed=number)
    return folder


def untrained(folder: Path, seed: int, system: str = "ctmam", variant: str = "small") -> None:
    torch.manual_seed(seed)
    preparation = Preparation(normalise="clip", trim_db=40.0) if system == "ctmam" else system_class(system).usual
    model = create(system, variant, len(LABELS), preparation)
    if system == "ctmam":
        model.output.weight.data *= 20  # so that answers are not all alike
    card = Card(
        name=folder.name,
        system=system,
        variant=variant,
        model={},
        preparation=preparation,
        labels=LABELS,
        parameters=count_parameters(model),
        temperature=1.0,
        epoch=0,
        data=Data(
            corpora=("synthetic",),
            synthetic=("synthetic",),
            languages=("en",),
            protocol="speaker_independent",
            train=Part(),
            validation=Part(),
            test=Part(),
        ),
        licence="CC0-1.0",
        ships=True,
        recipe={},
        reproduce="none: untrained, for tests",
    )
    save_checkpoint(folder, model, card)
