"""The checkpoints that ship, and how each is trained.

general     all five systems on the same clips, labels and unseen speakers (ctmam with three seeds)
synthetic   all five on the project's own voices: free of restrictions, no evidence about human emotion
ravdess     three variants of mhsa_faca, and teacher, square teacher and student of vit_vertical, from one split and
            seed each, for the attention page's side by side
emodb4      ctmam on the four emotions of EmoDB
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ser_core.checkpoints import Card, keep_checkpoint
from ser_core.errors import RecipeError, RunError
from ser_core.evaluation import Progress
from ser_core.files import runs_folder
from ser_core.recipes import load_recipe
from ser_core.reproduce.tables import SYSTEMS
from ser_core.reproduce.work import alone, within
from ser_core.training.run import Run
from ser_core.training.trainer import train


@dataclass(frozen=True)
class Shipped:
    """recipe and changes: as `train` takes them.  by_device: whether a CPU takes the recipe's -fast sibling."""

    recipe: str
    changes: tuple[str, ...] = ()
    by_device: bool = False


SHIPPED: dict[str, Shipped] = {
    **{f"{system}-general": Shipped(f"{system}-general", by_device=True) for system in SYSTEMS},
    "ctmam-general-seed1": Shipped("ctmam-general", ("seed=1",), by_device=True),
    "ctmam-general-seed2": Shipped("ctmam-general", ("seed=2",), by_device=True),
    "ctmam-synthetic": Shipped("ctmam-synthetic"),
    **{f"{system}-synthetic": Shipped(f"{system}-synthetic-fast") for system in SYSTEMS if system != "ctmam"},
    "ctmam-emodb4": Shipped("ctmam-emodb4", by_device=True),
    "mhsa_faca-ravdess-bmhsa": Shipped("mhsa_faca-ravdess", ("variant=bmhsa",), by_device=True),
    "mhsa_faca-ravdess-fa": Shipped("mhsa_faca-ravdess", ("variant=fa",), by_device=True),
    "mhsa_faca-ravdess-faca": Shipped("mhsa_faca-ravdess", ("variant=faca",), by_device=True),
    "vit_vertical-ravdess-teacher_6": Shipped("vit_vertical-ravdess", ("variant=teacher_6", "transfer=false"), True),
    "vit_vertical-ravdess-teacher_6_square": Shipped(
        "vit_vertical-ravdess", ("variant=teacher_6_square", "transfer=false"), True
    ),
    "vit_vertical-ravdess-student": Shipped("vit_vertical-ravdess", ("variant=student",), by_device=True),
}


def train_shipped(
    name: str,
    data: Path | None,
    device: str,
    progress: Progress,
    deadline: float | None = None,
) -> Card:
    """Train one of them, or go on with it, and keep it under its name beside those that ship.

    deadline: of `time.time`.  Raises RecipeError for an unknown name, OutOfTime at the deadline, RunError where another
    process trains it, and what `train` does.
    """
    if name not in SHIPPED:
        raise RecipeError(f"No checkpoint {name!r} ships: choose of {', '.join(SHIPPED)}.")
    wanted = SHIPPED[name]
    end = "-fast" if wanted.by_device and device == "cpu" else ""
    recipe = load_recipe(wanted.recipe + end, [*wanted.changes, f"name={name}"])
    run = Run(runs_folder() / "weights" / f"{name}-{device.partition(':')[0]}")
    with alone(run):
        if run.recipe_path.is_file() and not run.recipe().alike(recipe):
            raise RunError(f"{run.folder} holds a run of an earlier recipe: move it away, and {name} is trained anew.")
        Run.start(recipe, run.folder)
        card = train(recipe, run, data, within(deadline, progress, name), device)
        keep_checkpoint(run.checkpoint, name)
    return card
