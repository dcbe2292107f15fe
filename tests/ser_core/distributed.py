"""Run by a launcher.  A folder: five steps of the vit_vertical student in float64.  A run and data: the whole of it."""

import os
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

from ser_core.models import create
from ser_core.recipes import load_recipe
from ser_core.training.data import SegmentSet
from ser_core.training.loop import fit
from ser_core.training.objectives import classification
from ser_core.training.run import Onlooker, Run
from ser_core.training.trainer import train


def five_steps(folder: Path, rank: int) -> None:
    torch.manual_seed(3)
    recipe = load_recipe(
        "vit_vertical-synthetic-fast",
        ["training.epochs=1", "training.batch_size=7", "training.mixup=0", "training.average=0", "augment={}"],
    )
    model = create("vit_vertical", "student", len(recipe.labels)).double()
    clips = 35  # five steps of seven segments: four for one process, three for the other
    segments = SegmentSet(
        torch.rand(clips, 128, 128, dtype=torch.float64), torch.arange(clips), torch.arange(clips) % len(recipe.labels)
    )
    run = (Run if rank == 0 else Onlooker)(folder)
    held = SegmentSet(segments.features[:4], segments.clip[:4], segments.label[:4])
    objective = classification(recipe.training)
    fit(model, recipe, objective, lambda epoch: segments, held, run, lambda *_: None, torch.device("cpu"))
    if rank == 0:
        save_file(model.weights(), folder / "weights.safetensors")


def whole(folder: Path, data: Path) -> None:
    run = Run(folder)
    train(run.recipe(), run, data, lambda *_: None)


if __name__ == "__main__":
    if len(sys.argv) == 2:
        five_steps(Path(sys.argv[1]), int(os.environ.get("RANK", "0")))
    else:
        whole(Path(sys.argv[1]), Path(sys.argv[2]))
