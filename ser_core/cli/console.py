"""What every command shares: options, one-line failures, figures in words, the progress bar."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

DataOption = Annotated[Path | None, typer.Option("--data", help="Folder with the corpora; else SER_DATA.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def fail(sentence: str) -> NoReturn:
    print(sentence, file=sys.stderr)
    raise SystemExit(2)


def figures(values: dict[str, Any]) -> str:
    """WA, UA and WF1 in per cent with their 95 % intervals, and what these rest on, or why there are none.

    values: of a report, of a cell, or what a card keeps.
    """
    why, remark = _no_interval(values)
    parts = []
    for name in ("wa", "ua", "wf1"):
        between = "" if why else " ({:.1f} to {:.1f})".format(*(100 * x for x in values["intervals"][name]))
        parts.append(f"{name.upper()} {100 * values[name]:.1f} %{between}")
    return ", ".join(parts) + remark


def _no_interval(values: dict[str, Any]) -> tuple[bool, str]:
    """Whether there is none, and a remark.  A card keeps how many speakers there are, not who."""
    from ser_core.evaluation.report import no_interval, of_clips

    if "groups" in values:
        names = [group["name"] for group in values["groups"]["speaker"]]
        why, clips = no_interval(names), of_clips(names)
    else:
        why = values.get("no_interval", "one speaker" if values["speakers"] < 2 else "")
        clips = bool(values.get("of_clips"))
    if why:
        return True, f" ({why}: no interval)"
    return False, " (unknown speakers: intervals of clips alone)" if clips else ""


def print_confusion(labels: list[str], counts: list[list[int]]) -> None:
    """Rows: what was acted.  Columns: what the model heard."""
    print(" " * 10 + "".join(f"{name[:8]:>9}" for name in labels))
    for name, row in zip(labels, counts, strict=True):
        print(f"{name:10}" + "".join(f"{count:9}" for count in row))


@contextmanager
def progress_bar() -> Iterator[Any]:
    """A bar on stderr with the time left: called as progress(what, done, total)."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        current = ""

        def report(what: str, done: int, total: int) -> None:
            nonlocal current
            stage = what.partition(":")[0]  # "training: epoch 3 of 26" goes on where epoch 2 ended
            if stage != current:
                current = stage
                bar.reset(task, total=total)
            bar.update(task, description=what, completed=done, total=total)

        yield report
