"""The run folder: the only truth about a training run.

recipe.toml      what was asked for           state.json    how far it is, written atomically
metrics.csv      one row per stage and epoch  log.txt       what happened, in sentences
split.json       which clips in which part    resume/       each stage's last state and best weights
problems.json    what was left out, and why   checkpoint/   the finished checkpoint, when done
confusion.json   of the latest validation
evaluations/     its answers to the test clips, a folder per corpus
"""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import tomli_w

from ser_core.errors import RunError
from ser_core.files import runs_folder, to_disk, write_json, write_text
from ser_core.recipes import Recipe, load_recipe

LOG_BYTES = 1_000_000


@dataclass(frozen=True)
class Run:
    folder: Path

    @classmethod
    def start(cls, recipe: Recipe, folder: Path | None = None) -> Run:
        """A new run folder, or the one given.

        Raises RunError where it holds another recipe or something that is no run, or cannot be written.
        """
        stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
        run = cls(folder or runs_folder() / f"{recipe.name}-{stamp}")
        try:
            if not run.recipe_path.exists():
                if run.folder.is_dir() and any(run.folder.iterdir()):
                    raise RunError(f"{run.folder} holds something else than a run: name a new or an empty folder.")
                write_text(run.recipe_path, tomli_w.dumps(_without_none(recipe.model_dump(mode="json"))))
            elif not run.recipe().alike(recipe):
                raise RunError(f"{run.folder} holds a run of another recipe: choose another folder with --run.")
        except OSError as error:
            raise RunError(f"The run folder {run.folder} cannot be written: {error.strerror}.") from error
        return run

    @property
    def recipe_path(self) -> Path:
        return self.folder / "recipe.toml"

    @property
    def checkpoint(self) -> Path:
        return self.folder / "checkpoint"

    def evaluation(self, corpus: str) -> Path:
        """Folder of the answers to the test clips of a corpus, by its key; there when the run is done."""
        return self.folder / "evaluations" / corpus

    @property
    def done(self) -> bool:
        """Whether the finished checkpoint is there; its folder appears complete or not at all."""
        return os.path.isfile(self.checkpoint / "card.json")

    def recipe(self) -> Recipe:
        return load_recipe(str(self.recipe_path))

    def state(self) -> dict[str, Any]:
        """What state.json says; empty before the first write."""
        try:
            return self.read_json(self.folder / "state.json")
        except FileNotFoundError:
            return {}

    def read_json(self, path: Path) -> dict[str, Any]:
        """An object out of one of the run's files.

        Raises FileNotFoundError; RunError where it is damaged, or not ours to read.
        """
        try:
            return dict(json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            raise
        except OSError as error:
            raise RunError(f"{path} cannot be read: {error.strerror}.") from error
        except (ValueError, TypeError) as error:
            raise RunError(f"{path} is damaged: start anew in another folder.") from error

    def write_state(self, **values: Any) -> None:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        write_json(self.folder / "state.json", {**self.state(), **values, "updated": now})

    def write_split(self, parts: dict[str, dict[str, str]]) -> None:
        """Which clip stands in which part: part -> utterance id -> hash of its sound.

        Raises RunError where a run goes on with other clips than it began with: its figures would mix two splits.
        """
        path = self.folder / "split.json"
        if self.begun and self.read_json(path) != parts:
            raise RunError(
                f"The corpora have changed since {self.folder.name} began: bring the clips of its split.json back, or "
                "start anew in another folder."
            )
        write_json(path, parts)

    def log(self, sentence: str) -> None:
        path = self.folder / "log.txt"
        with path.open("a", encoding="utf-8") as file:
            file.write(f"{datetime.now(UTC).isoformat(timespec='seconds')} {sentence}\n")
        if path.stat().st_size > LOG_BYTES:  # keep the newer half
            kept = path.read_text(encoding="utf-8")[-LOG_BYTES // 2 :]
            write_text(path, kept[kept.index("\n") + 1 :])

    def write_metrics(self, stage: str, rows: list[dict[str, Any]]) -> None:
        """The whole table, so that a resumed run never shows an epoch twice; rows of other stages stay."""
        path = self.folder / "metrics.csv"
        others: list[dict[str, Any]] = []
        if path.is_file():
            stored = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8")))
            others = [row for row in stored if row.get("stage") != stage]
        table = io.StringIO()
        writer = csv.DictWriter(table, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(others + rows)
        write_text(path, table.getvalue())

    def write_confusion(self, stage: str, epoch: int, counts: Any) -> None:
        """The latest validation's confusion matrix: counts as JSON, a row for what was acted; None where nothing was
        judged."""
        if counts is not None:
            write_json(self.folder / "confusion.json", {"stage": stage, "epoch": epoch, "counts": json.loads(counts)})

    def metrics(self) -> dict[str, list[dict[str, float]]]:
        """Stage -> its epochs, what is a number in them; stages in the order they ran, empty before the first epoch."""
        path = self.folder / "metrics.csv"
        stages: dict[str, list[dict[str, float]]] = {}
        if path.is_file():
            for row in csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))):
                own = {key: float(value) for key, value in row.items() if key != "stage" and value}
                stages.setdefault(row["stage"], []).append(own)
        return stages

    # -- the state to resume from: resume/<stage>/epoch_<number>/ ---------------------------------------------------

    @property
    def begun(self) -> bool:
        """Whether there is an epoch to go on from."""
        return any((self.folder / "resume").glob("*/epoch_*[0-9]/history.json"))

    def resume_folder(self, stage: str) -> Path | None:
        """The newest complete training state of a stage, None where there is none."""
        complete = sorted((self.folder / "resume" / stage).glob("epoch_*[0-9]/history.json"))
        return complete[-1].parent if complete else None

    def commit_resume(self, stage: str, written: Path, epoch: int) -> None:
        """Make a freshly written state the newest one; the rename is what makes it count.

        The older one goes when all of this lies on the disk, so that a power cut leaves one of them whole.
        """
        target = self.folder / "resume" / stage / f"epoch_{epoch:05d}"
        shutil.rmtree(target, ignore_errors=True)
        for path in written.rglob("*"):
            to_disk(path)
        written.rename(target)
        to_disk(target.parent)
        for old in target.parent.iterdir():
            if old != target:
                shutil.rmtree(old, ignore_errors=True)


class Onlooker(Run):
    """The run as the other processes of a distributed training see it: they read, the first one writes."""

    def write_state(self, **values: Any) -> None:
        pass

    def write_split(self, parts: dict[str, dict[str, str]]) -> None:
        pass

    def write_metrics(self, stage: str, rows: list[dict[str, Any]]) -> None:
        pass

    def write_confusion(self, stage: str, epoch: int, counts: Any) -> None:
        pass

    def log(self, sentence: str) -> None:
        pass


def _without_none(values: Any) -> Any:
    """TOML has no null: a field that is not set is left out."""
    if isinstance(values, dict):
        return {key: _without_none(value) for key, value in values.items() if value is not None}
    return values
