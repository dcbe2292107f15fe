"""Runs cells one after the other, or several at once on a large device, until all are done or the time is over."""

from __future__ import annotations

import fnmatch
import multiprocessing
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from pathlib import Path

import torch

from ser_core.errors import OutOfTime, SpeechEmotionError
from ser_core.reproduce import results
from ser_core.reproduce.tables import TABLES, Cell, all_cells
from ser_core.reproduce.work import Setting, do, folds_of, outcome

Progress = Callable[[str, int, int], None]
Task = tuple[Cell, int]
# One cell's failure, as a GPU without room, is no reason to leave out the rest.
FAILURES = (SpeechEmotionError, RuntimeError, OSError, MemoryError)


@dataclass
class Account:
    """What a call did: cells finished, those left for the next call, and those that cannot be run, with the reason."""

    done: list[Cell] = field(default_factory=list)
    left: list[Cell] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)


def chosen(tables: Sequence[str], tier: int | None, only: str = "*") -> list[Cell]:
    """The cells of these tables (all where none is named) up to and with a tier, whose id fits a pattern.

    Raises SpeechEmotionError for an unknown table, or where nothing fits.
    """
    if unknown := set(tables) - set(TABLES):
        raise SpeechEmotionError(f"There is no table {sorted(unknown)[0]!r}: choose of {', '.join(TABLES)}.")
    cells = [
        cell
        for cell in all_cells()
        if (not tables or cell.table in tables)
        and (tier is None or cell.tier <= tier)
        and fnmatch.fnmatch(cell.id, only)
    ]
    if not cells:
        raise SpeechEmotionError(f"No cell fits {only!r}: `python -m ser_core reproduce --list` shows their names.")
    return cells


def reproduce(
    cells: Iterable[Cell],
    setting: Setting,
    folder: Path,
    progress: Progress = lambda what, done, total: None,
    jobs: int = 1,
) -> Account:
    """Run what is missing of these cells and write `folder/<table>.json` after every fold.

    jobs: folds that are trained at the same time, each in a process of its own.
    """
    account = Account()
    folder.mkdir(parents=True, exist_ok=True)  # raises OSError now, not after hours of training
    tasks: list[Task] = []
    for cell in cells:
        if results.complete(folder, cell, setting):
            account.done.append(cell)
            continue
        try:
            missing = [(cell, fold) for fold in folds_of(cell, setting) if outcome(cell, fold, setting) is None]
            if not missing:  # trained, but killed before the result was written
                results.update(folder, cell, setting)
                account.done.append(cell)
        except SpeechEmotionError as error:
            account.refused[cell.id] = str(error)
            continue
        tasks += missing
    finished = parallel(tasks, setting, jobs) if jobs > 1 else one_by_one(tasks, setting, progress)
    for number, (cell, _, problem) in enumerate(finished, 1):
        try:
            if not problem:
                results.update(folder, cell, setting)
        except SpeechEmotionError as error:
            problem = str(error)
        if problem:
            account.refused[cell.id] = problem
            continue
        progress(f"{cell.id}: a fold is done", number, len(tasks))
    for cell in dict.fromkeys(cell for cell, _ in tasks):
        if cell.id not in account.refused:
            (account.done if results.complete(folder, cell, setting) else account.left).append(cell)
    return account


def one_by_one(tasks: Sequence[Task], setting: Setting, progress: Progress) -> Iterable[tuple[Cell, int, str]]:
    for cell, fold in tasks:
        try:
            do(cell, fold, setting, progress)
        except OutOfTime:
            return
        except FAILURES as error:
            yield cell, fold, in_a_sentence(error)
        else:
            yield cell, fold, ""


def parallel(tasks: Sequence[Task], setting: Setting, jobs: int) -> Iterable[tuple[Cell, int, str]]:
    """The first tasks first; each process trains one fold after the other."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context, initializer=_share_threads, initargs=(jobs,)) as pool:
        futures: dict[Future[str | None], Task] = {
            pool.submit(_attempt, cell, fold, setting): (cell, fold) for cell, fold in tasks
        }
        for future in as_completed(futures):
            try:
                problem = future.result()
            except BrokenProcessPool:
                problem = "the process that trained it was ended from outside, as for want of memory: call again."
            if problem is not None:
                yield *futures[future], problem


def _share_threads(jobs: int) -> None:
    torch.set_num_threads(max(1, torch.get_num_threads() // jobs))


def _attempt(cell: Cell, fold: int, setting: Setting) -> str | None:
    """Empty where it went well, a sentence where it cannot be done, None where the time was over."""
    if setting.deadline is not None and time.time() > setting.deadline:
        return None
    try:
        do(cell, fold, setting, lambda what, done, total: None)
    except OutOfTime:
        return None
    except FAILURES as error:
        return in_a_sentence(error)
    return ""


def in_a_sentence(error: BaseException) -> str:
    """Why a fold failed, on one line."""
    said = str(error) if isinstance(error, SpeechEmotionError) else f"{type(error).__name__}: {error}"
    return " ".join(said.split())
