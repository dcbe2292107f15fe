"""`python -m ser_core reproduce`: the papers' tables, in tiers, within a budget of time."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Annotated

import typer

from ser_core.cli.console import DataOption, fail, progress_bar

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
