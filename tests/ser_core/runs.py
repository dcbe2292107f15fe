"""Small trainings for the tests: a few clips, one block, a second or two each."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from ser_core.corpora.synthetic import SYNTHETIC
from ser_core.recipes import Recipe, load_recipe
from ser_core.training.run import Run
from ser_core.training.trainer import train

LABELS = ("angry", "neutral", "sad")
# Who speaks under whose name: two voices to train on, one for validation, one for test, as the protocol lists them.
RAVDESS = {"01": "m01", "02": "f01", "17": "m02", "21": "m03"}
EMODB = {"03": "m04", "08": "f02", "12": "m05", "15": "m06"}


def quiet(what: str, done: int, total: int) -> None:
    """No progress bar."""


def put_corpora(data: Path) -> Path:
    """Two corpora of 20 clips below a data folder: synthetic voices under the names of RAVDESS and EmoDB.

    Neutral is half as frequent as the other two emotions, as in RAVDESS.
    """
    sounds = {utterance.id: utterance.path for utterance in SYNTHETIC.scan(None).utterances}
    for emotion, code, letter in zip(LABELS, ("05", "01", "04"), "WNT", strict=True):
        for sentence in (1,) if emotion == "neutral" else (1, 2):
            for actor, voice in RAVDESS.items():
                name = f"ravdess/Actor_{actor}/03-01-{code}-01-0{sentence}-01-{actor}.ogg"
                copy(sounds[f"synthetic/{voice}_{emotion}_{sentence}"], data / name)
            for speaker, voice in EMODB.items():
                name = f"emodb/wav/{speaker}a0{sentence}{letter}a.ogg"
                copy(sounds[f"synthetic/{voice}_{emotion}_{sentence}"], data / name)
    return data


def copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def repeat(clip: Path) -> None:
    """Put a second repetition of a RAVDESS clip beside the first."""
    *front, _, actor = clip.stem.split("-")
    copy(clip, clip.with_name("-".join([*front, "02", actor]) + clip.suffix))


def small_recipe(*changes: str) -> Recipe:
    """Two epochs of one block on the clips of `put_corpora`, one segment for most clips."""
    return load_recipe(
        "ctmam-synthetic",
        [
            "name=small", "variant=small", "corpora=['ravdess']", f"labels={list(LABELS)}", "preparation.hop=1.8",
            "training.epochs=2", "training.batch_size=4", "training.hop=1.8", "training.average=0", *changes,
        ],
    )  # fmt: skip


def broken_off(
    recipe: Recipe, folder: Path, data: Path, at: str, error: type[BaseException] = KeyboardInterrupt
) -> Run:
    """A run that was stopped when its progress first said `at`."""
    run = Run.start(recipe, folder)
    with pytest.raises(error):
        train(recipe, run, data, stop(at, error))
    return run


def stop(at: str, error: type[BaseException]) -> Callable[[str, int, int], None]:
    """A progress callback that raises."""

    def report(what: str, done: int, total: int) -> None:
        if what.startswith(at):
            raise error("stopped by the test")

    return report


def log(run: Run) -> str:
    return (run.folder / "log.txt").read_text(encoding="utf-8")


def epochs(run: Run) -> list[dict[str, float]]:
    """The rows of metrics.csv, numbers only."""
    with (run.folder / "metrics.csv").open(encoding="utf-8", newline="") as file:
        return [{key: float(value) for key, value in row.items() if key != "stage"} for row in csv.DictReader(file)]
