"""`python -m ser_core reproduce`, the papers' tables, and `weights`, the checkpoints that ship; within a budget."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Annotated

import typer

from ser_core.cli.console import DataOption, fail, figures, progress_bar

app = typer.Typer()


@app.command()
def reproduce(
    tables: Annotated[list[str] | None, typer.Argument(help="Tables; none: all of them.")] = None,
    tier: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=4,
            help="Up to this tier: 1 the five systems, honest; 2 the papers' protocols; 3 ablations; 4 more seeds.",
        ),
    ] = None,
    budget: Annotated[float | None, typer.Option(min=1, help="Seconds; what is left goes on at the next call.")] = None,
    device: Annotated[str, typer.Option(help="cpu, cuda, or cuda:N.")] = "cpu",
    recipes: Annotated[
        str, typer.Option(help="paper: the papers' numbers; fast: made for a CPU; empty: fast on a CPU, paper else.")
    ] = "",
    only: Annotated[str, typer.Option(help="Only cells whose name fits this pattern, e.g. 'ctmam-*-savee-*'.")] = "*",
    jobs: Annotated[int, typer.Option(min=1, max=64, help="Folds trained at the same time (a large GPU).")] = 1,
    results: Annotated[Path, typer.Option(help="Where the tables are written.")] = Path("results"),
    listed: Annotated[bool, typer.Option("--list", help="Only show the cells.")] = False,
    data: DataOption = None,
) -> None:
    """Run the papers' tables on the corpora that are here.  Stops within the budget; the same command goes on."""
    from ser_core.corpora import data_folder
    from ser_core.reproduce import Setting, chosen, write_markdown
    from ser_core.reproduce import reproduce as run
    from ser_core.training.trainer import choose_device

    if recipes not in ("", "paper", "fast"):
        fail("--recipes is paper or fast.")
    cells = chosen(tables or [], tier, only)
    if listed:
        for cell in cells:
            print(f"{cell.tier} {cell.table:16} {cell.id}")
        return
    choose_device(device)
    fast = recipes == "fast" or (not recipes and not device.startswith("cuda"))
    deadline = time.time() + budget if budget else None
    setting = Setting(data_folder(data), device, fast, deadline)
    with progress_bar() as progress:
        account = run(cells, setting, results, progress, jobs)
    write_markdown(results)
    for name, reason in account.refused.items():
        print(f"not run: {name}: {reason}")
    print(f"{len(account.done)} cells done, {len(account.left)} left, {len(account.refused)} cannot be run here.")
    if account.left:
        print("The same command goes on: " + json.dumps([cell.id for cell in account.left[:3]]) + " ...")
    if account.refused and not account.done and not account.left:
        raise SystemExit(1)


@app.command()
def weights(
    names: Annotated[list[str] | None, typer.Argument(help="Checkpoints that ship; none: all of them.")] = None,
    budget: Annotated[float | None, typer.Option(min=1, help="Seconds; what is left goes on at the next call.")] = None,
    device: Annotated[str, typer.Option(help="cpu, cuda, or cuda:N.")] = "cpu",
    data: DataOption = None,
) -> None:
    """Train the checkpoints that ship and keep them beside the others.  The same command goes on where it stopped."""
    from ser_core.checkpoints import list_checkpoints
    from ser_core.corpora import data_folder
    from ser_core.errors import OutOfTime, RecipeError, SpeechEmotionError
    from ser_core.reproduce.weights import SHIPPED, train_shipped
    from ser_core.training.trainer import choose_device

    choose_device(device)
    deadline = time.time() + budget if budget else None
    here = list_checkpoints()
    if unknown := [name for name in names or () if name not in SHIPPED]:
        raise RecipeError(f"No checkpoint {', '.join(unknown)} ships: choose of {', '.join(SHIPPED)}.")
    left_out = False
    for name in names or SHIPPED:
        if name in here:
            print(f"{name} is here already: move it away to train it again.")
            continue
        with progress_bar() as progress:
            try:
                card = train_shipped(name, data_folder(data), device, progress, deadline)
            except OutOfTime as error:
                print(f"{name}: {error}")
                return
            except SpeechEmotionError as error:  # a corpus that is missing must not keep the others back
                print(f"{name} is left out: {error}")
                left_out = True
                continue
        print(f"{name}: " + "; ".join(f"{one.corpus} {figures(one.model_dump())}" for one in card.results))
    if left_out:
        raise SystemExit(1)
