"""Many runs by one launch: a grid over seeds and parameters, the variants of a paper's table; one line for each.

A sweep is kept nowhere but in its runs: each order says which sweep it belongs to and what it changes.
"""

from __future__ import annotations

import csv
import io
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any

from ser_core.checkpoints import load_card
from ser_core.corpora import data_folder
from ser_core.errors import CheckpointError, JobError, SpeechEmotionError
from ser_core.jobs.actions import check_quota, check_recipe, launch
from ser_core.jobs.job import Job, list_jobs
from ser_core.jobs.search import written
from ser_core.permission import Permission
from ser_core.recipes import Recipe, change_recipe

MOST = 64  # runs of one sweep


@dataclass(frozen=True)
class Line:
    """One run of a sweep: what it changes, and the recipe that this makes."""

    changes: tuple[str, ...]
    recipe: Recipe


@dataclass(frozen=True)
class Outcome:
    """A line as it stands.  ua and wa, 0 to 1: of the test clips of the first corpus; None before the end."""

    run: str
    changes: tuple[str, ...]
    state: str
    validation_ua: float | None
    ua: float | None
    low: float | None
    high: float | None
    wa: float | None
    clips: int | None


def grid(recipe: Recipe, axes: Mapping[str, Sequence[Any]]) -> list[Line]:
    """Every combination.  axes: field of the recipe -> its values, e.g. {"seed": [1, 2]}.

    Raises RecipeError for a value that does not validate; JobError where there are none, or too many.
    """
    named = [[written(name, value) for value in values] for name, values in axes.items()]
    return lines(recipe, product(*named))


def lines(recipe: Recipe, changes: Iterable[Sequence[str]]) -> list[Line]:
    """A line for each set of changes; each gets a name of its own.  Raises as `grid` does."""
    found = []
    for one in changes:
        slug = "-".join(_plain(change) for change in one)
        found.append(Line(tuple(one), change_recipe(recipe, [*one, f"name={f'{recipe.name}-{slug}'[:64]}"])))
        if len(found) > MOST:
            raise JobError(f"That makes more than {MOST} runs: take fewer values, or a search.")
    if not found or not all(line.changes for line in found):
        raise JobError("A sweep needs something to vary: name a field and its values, e.g. seed=1,2,3.")
    if len({line.recipe.model_dump_json(exclude={"name"}) for line in found}) < len(found):
        raise JobError("Two lines of the sweep are the same run: name every value once.")
    return found


def launch_sweep(
    name: str, chosen: Sequence[Line], permission: Permission, *, data: Path | None = None, **where: Any
) -> list[Job]:
    """Launch them all, in their order; all are checked before the first starts.  where: as `launch` takes it.

    Raises NotAllowed; CorpusError, RecipeError or JobError.  Where a launch fails half way, those before it stay, and
    the error says how many.
    """
    permission.require("launch a sweep")
    check_quota(permission, len(chosen))
    for line in chosen:
        check_recipe(line.recipe, data_folder(data))
    # Who else launches one in the same second has another sweep.
    sweep = f"{name}-{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
    jobs: list[Job] = []
    for line in chosen:
        try:
            jobs.append(launch(line.recipe, permission, data=data, sweep=sweep, changes=line.changes, **where))
        except SpeechEmotionError as error:
            if not jobs:
                raise
            raise JobError(f"{len(jobs)} of {len(chosen)} runs were launched, then: {error}") from error
    return jobs


def list_sweeps(jobs: Sequence[Job] | None = None) -> dict[str, list[Job]]:
    """Name of each sweep -> its runs in the order of their launch; the newest sweep first."""
    found: dict[str, list[Job]] = {}
    for job in list_jobs() if jobs is None else jobs:
        try:
            sweep = job.order.sweep if job.order else ""
        except JobError:  # damaged: its own state says so
            continue
        if sweep:
            found.setdefault(sweep, []).insert(0, job)
    return found


def outcome(job: Job) -> Outcome:
    """What a line came to so far."""
    status, measured = job.status(), None
    if job.run.done:
        try:
            results = load_card(job.run.checkpoint).results
            measured = results[0] if results else None
        except CheckpointError:
            pass
    best = max((row["validation_ua"] for row in _last_stage(job) if "validation_ua" in row), default=None)
    low, high = None, None
    if measured and measured.speakers > 1:  # of one speaker there is no interval
        low, high = measured.intervals.get("ua", (None, None))
    return Outcome(
        job.id, job.order.changes if job.order else (), status.state, best, measured.ua if measured else None, low,
        high, measured.wa if measured else None, measured.n if measured else None,
    )  # fmt: skip


def as_csv(outcomes: Sequence[Outcome]) -> str:
    """The table to take away; a column for each field that is varied."""
    names = list(dict.fromkeys(change.partition("=")[0] for one in outcomes for change in one.changes))
    figures = ("state", "validation_ua", "ua", "low", "high", "wa", "clips")
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["run", *names, *figures])
    for one in outcomes:
        values = dict(change.split("=", 1) for change in one.changes)
        writer.writerow([one.run, *(values.get(name, "") for name in names), *(getattr(one, f) for f in figures)])
    return file.getvalue()


def _plain(change: str) -> str:
    """For a name: "training.mixup=0.2" -> "mixup_0_2"."""
    name, _, value = change.partition("=")
    return re.sub(r"[^a-z0-9]+", "_", f"{name.rpartition('.')[2]} {value}".lower()).strip("_")


def _last_stage(job: Job) -> list[dict[str, float]]:
    stages = list(job.metrics().values())
    return stages[-1] if stages else []
