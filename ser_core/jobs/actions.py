"""What can be done with jobs; each action is checked here, whatever a page shows or hides."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from ser_core.corpora import data_folder, get_corpus
from ser_core.errors import JobError, NotAllowed, SpeechEmotionError
from ser_core.files import checkpoints_folder, runs_folder, write_text
from ser_core.jobs.folder import (
    Cluster,
    Order,
    beat_path,
    checked,
    lock,
    order_path,
    process_path,
    stop_path,
    write_note,
)
from ser_core.jobs.job import LAST_WORDS, Job, list_jobs, stored_state
from ser_core.jobs.local import Local, default_threads
from ser_core.jobs.process import process
from ser_core.jobs.reporting import tensorboard_there
from ser_core.jobs.room import check_disk
from ser_core.jobs.search import check_search
from ser_core.permission import KEPT, UNFINISHED, Permission
from ser_core.recipes import Recipe
from ser_core.training.run import Run

TRASH = ".trash"
LINGERS = 3.0  # seconds that a killed process may still hold its files


def launch(
    recipe: Recipe,
    permission: Permission,
    *,
    device: str = "cpu",
    data: Path | None = None,
    threads: int | None = None,
    cluster: Cluster | None = None,
    **more: Any,
) -> Job:
    """Start a training that outlives this process.  Its folder appears complete, or not at all.

    device: "cpu", "cuda:N", or "cuda" for the first GPU that is free.  data: folder with the corpora, else SER_DATA.
    threads: of the processor.  cluster: hand it to SLURM instead of this computer.  more: fields of `Order`.
    Raises NotAllowed; CorpusError, RecipeError or JobError, and leaves no job, where it could not run.
    """
    permission.require("launch a training")
    found = data_folder(data)
    check_recipe(recipe, found)
    threads = threads or (cluster.cpus if cluster else default_threads())
    order = _order(
        place="slurm" if cluster else "local", device=device, data=str(found.resolve()) if found else None,
        threads=threads, by=permission.visitor, cluster=cluster, **more,
    )  # fmt: skip
    check_order(order, recipe)
    runs = runs_folder().resolve()
    with _writing(runs):
        runs.mkdir(parents=True, exist_ok=True)
        check_disk(runs)
        with (
            _within_quota(permission),
            tempfile.TemporaryDirectory(dir=runs, prefix=".launch-", ignore_cleanup_errors=True) as beside,
        ):
            run = Run.start(recipe, Path(beside) / "run")
            write_note(order_path(run), order)
            run.write_state(status="queued", reason="", epoch=0, epochs=recipe.training.epochs, name=recipe.name)
            folder = _free_name(runs / f"{recipe.name}-{datetime.now(UTC):%Y%m%d-%H%M%S}")
            run.folder.replace(folder)  # over an empty one
    job = Job(Run(folder))
    _start(job, order)
    return job


def resume(job: Job, permission: Permission, device: str | None = None) -> Job:
    """Go on with a job that did not end well, from its last epoch; place, data and threads stay the same.

    Raises NotAllowed; JobError where it is done or still there.
    """
    permission.require_for(job.owner, "resume this job")
    if job.run.done:
        raise JobError(f"{job.id} is done: clone it to train it again.")
    values: dict[str, Any] = {}
    if job.order:
        values = job.order.model_dump(exclude={"launched", "launcher"})
    else:  # started by hand
        found = data_folder(None)
        values = {"data": str(found.resolve()) if found else None, "threads": default_threads()}
    order = _order(**values | ({"device": device} if device else {}))
    with _writing(job.run.folder), _within_quota(permission, but=job), _alone(job, "resumed"):
        check_disk(job.run.folder)
        job.run.write_state(status="queued", reason="", fits=None)
        write_note(order_path(job.run), order)
        process_path(job.run).unlink(missing_ok=True)  # until there is a worker, the launcher answers for the job
        beat_path(job.run).unlink(missing_ok=True)  # of the process before
        stop_path(job.run).unlink(missing_ok=True)
    job = Job(job.run)
    _start(job, order)
    return job


def cancel(job: Job, permission: Permission, grace: float | None = None) -> None:
    """Ask a job to stop after the step it is in, or to leave the line; what it learnt so far stays.

    grace: seconds after which it is killed where it has not ended; without it nobody waits here.
    Does nothing where the job has ended.  Raises NotAllowed.
    """
    permission.require_for(job.owner, "cancel this job")
    if job.status().ended:
        return
    with _writing(job.run.folder):
        write_text(stop_path(job.run), f"{_now()}\n")
    try:
        place = job.place
    except JobError:  # a damaged order: what works on it here reads the stop file all the same
        place = Local()
    place.withdraw(job.run)
    if grace is not None and not place.wait(job.run, grace):
        place.kill(job.run)
        place.wait(job.run, grace)


def delete(job: Job, permission: Permission) -> Path:
    """Move a job to the trash folder beside the runs.  Returns where it lies now.

    Raises NotAllowed; JobError while it runs or waits.
    """
    permission.require_for(job.owner, "delete this job")
    trash = job.run.folder.parent / TRASH
    with _writing(trash), _alone(job, "deleted"):
        trash.mkdir(exist_ok=True)
        target = _free_name(trash / job.id)
        job.run.folder.replace(target)
    _empty_trash(trash, permission.visitor)
    return target


def keep(job: Job, name: str, permission: Permission) -> Path:
    """Copy the checkpoint of a job that is done beside those that ship.  Returns where it lies now.

    Raises NotAllowed; JobError where it is not done; CheckpointError where the name will not do.
    """
    from ser_core.checkpoints import keep_checkpoint  # loads torch, which whoever waits in line does without

    permission.require_for(job.owner, "keep this checkpoint")
    if not job.run.done:
        raise JobError(f"{job.id} is {job.status().state}: it has no checkpoint yet.")
    if permission.visitor and job.status().kept:
        raise NotAllowed(f"It is kept as {job.status().kept} already, and a visitor may keep it once.")
    with _writing(checkpoints_folder()):
        kept = keep_checkpoint(job.run.checkpoint, name)
        job.run.write_state(kept=name)
    return kept


def clone(job: Job) -> dict[str, Any]:
    """The values of its recipe, for a form; with the batch size that would have fitted, where memory ran out.

    Raises RecipeError where the recipe was edited into something that is none.
    """
    values = job.recipe().model_dump(mode="json")
    fits = job.status().fits
    if fits:
        values["training"]["batch_size"] = fits
    return values


def check_recipe(recipe: Recipe, data: Path | None) -> None:
    """Raises RecipeError or CorpusError where names, settings or folders of a recipe do not fit."""
    from ser_core.training.trainer import check_settings

    check_settings(recipe)
    for name in recipe.corpora:
        get_corpus(name).locate(data)


def check_order(order: Order, recipe: Recipe) -> None:
    """Raises JobError or RecipeError where what is asked for beside the recipe cannot be had."""
    if order.tensorboard and not tensorboard_there():
        raise JobError("Event files need the package tensorboard: pip install tensorboard, or launch it without them.")
    if order.search:
        for one in check_search(order.search, recipe):
            check_recipe(one, data_folder(Path(order.data) if order.data else None))
        if order.cluster and order.cluster.nodes * (order.cluster.processes or max(1, order.cluster.gpus)) > 1:
            raise JobError("A search runs in one process: ask for one node and one GPU.")


def _order(**values: Any) -> Order:
    return checked(Order, launched=_now(), launcher=process(), **values)


def _start(job: Job, order: Order) -> None:
    """Hand a prepared job to its place; where that fails, the folder says so."""
    try:
        with _writing(job.run.folder):
            job.place.start(job.run, order)
    except JobError as error:
        nobody = process().model_copy(update={"started": -1})  # the launcher lives on and answers no longer
        write_note(process_path(job.run), nobody)
        job.run.write_state(status="failed", reason=str(error))
        raise


@contextmanager
def _within_quota(permission: Permission, but: Job | None = None) -> Iterator[None]:
    """One launch of a visitor of an open server at a time.  Raises NotAllowed where they have enough jobs."""
    if not permission.visitor:
        yield
        return
    with FileLock(runs_folder().resolve() / ".quota.lock", timeout=60):
        check_quota(permission, 1, but)
        yield


def check_quota(permission: Permission, more: int, but: Job | None = None) -> None:
    """Raises NotAllowed where a visitor of an open server may not have so many more jobs."""
    if not permission.visitor:
        return
    own = [job for job in list_jobs() if job.owner == permission.visitor and job != but]
    several = f", and this makes {more} more" if more > 1 else ""
    if len(own) + more > KEPT:
        raise NotAllowed(f"You have {len(own)} of the {KEPT} runs that one visitor may keep{several}: delete some.")
    unfinished = sum(not job.status().ended for job in own)
    if unfinished + more > UNFINISHED:
        raise NotAllowed(
            f"You have {unfinished} of the {UNFINISHED} jobs that may wait or run{several}: "
            f"{'vary less, ' if more > 1 else ''}wait for one, or cancel one."
        )


def _empty_trash(trash: Path, visitor: str) -> None:
    """Of what a visitor of an open server threw away only the newest stays, so that nobody fills the disk."""
    own = [job for job in list_jobs(trash) if visitor and job.owner == visitor]
    for job in own[KEPT:]:
        shutil.rmtree(job.run.folder, ignore_errors=True)


@contextmanager
def _alone(job: Job, done: str) -> Iterator[None]:
    """While nobody works on a job, and nobody can begin to.  Raises JobError where somebody does."""
    try:
        with lock(job.run, LINGERS):
            if _alive(job):
                raise JobError(f"{job.id} is still {job.status().state}, it cannot be {done}: cancel it first.")
            yield
    except Timeout as error:
        raise JobError(f"{job.id} is still at work, it cannot be {done}: cancel it first.") from error


def _alive(job: Job) -> bool:
    """Whether somebody works on it, asked while its lock is ours: no worker can, whatever its damaged notes say.

    A process that has said its last word is on its way out, which takes a moment, and touches the run no more.
    """
    try:
        return stored_state(job.run).status not in LAST_WORDS and job.place.sight(job.run).alive
    except SpeechEmotionError:
        return False


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """Raises JobError where the disk does not take what is written."""
    try:
        yield
    except OSError as error:
        raise JobError(f"{folder} cannot be written: {error.strerror or error}.") from error


def _free_name(wanted: Path) -> Path:
    """A new empty folder of this name, with a number behind it where the name is taken."""
    for number in count(1):
        folder = wanted if number == 1 else wanted.with_name(f"{wanted.name}-{number}")
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        return folder
    raise AssertionError("count never ends")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
