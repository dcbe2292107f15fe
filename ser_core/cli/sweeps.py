"""`jobs sweep`, `jobs table` and `jobs search`: many trainings by one command."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from ser_core.cli.console import DataOption, JsonOption, fail

app = typer.Typer()
RecipeOption = Annotated[str, typer.Option(help="Name of a recipe, or a .toml file.")]
VaryOption = Annotated[list[str], typer.Option("--vary", help="field=value,value; every combination is run.")]
SetOption = Annotated[list[str], typer.Option("--set", help="key=value, the same for all.")]
DeviceOption = Annotated[str, typer.Option(help="cpu, cuda:N, or cuda for the first free GPU.")]
ThreadsOption = Annotated[int | None, typer.Option(min=1, help="Of the processor; by default it leaves one free.")]


@app.command()
def sweep(
    recipe: RecipeOption = "",
    vary: VaryOption = [],  # noqa: B006
    table: Annotated[str, typer.Option(help="A paper's table instead, e.g. ablation-002.")] = "",
    corpus: Annotated[str, typer.Option(help="The corpus of that table.")] = "ravdess",
    fast: Annotated[bool, typer.Option("--fast", help="That table with recipes made for two cores.")] = False,
    changes: SetOption = [],  # noqa: B006
    device: DeviceOption = "cpu",
    threads: ThreadsOption = None,
    data: DataOption = None,
) -> None:
    """Launch a grid over seeds and parameters, or a paper's ablation table: one job for each line."""
    from ser_core.corpora import data_folder
    from ser_core.jobs import AT_THE_SHELL
    from ser_core.jobs.sweep import Line, grid, launch_sweep
    from ser_core.jobs.vary import axes_of
    from ser_core.recipes import change_recipe, load_recipe
    from ser_core.reproduce.as_sweep import recipes_of

    if bool(table) == bool(recipe):
        fail("Name a --recipe and what to --vary, or a --table.")
    if table:
        rows = recipes_of(table, corpus, fast, data_folder(data))
        chosen = [Line(what, change_recipe(one, changes)) for what, one in rows]
    else:
        chosen = grid(load_recipe(recipe, changes), axes_of(vary))
    name = table or chosen[0].recipe.name.partition("-")[0]
    jobs = launch_sweep(name, chosen, AT_THE_SHELL, device=device, threads=threads, data=data)
    assert jobs[0].order
    for job in jobs:
        print(f"{job.id}: {', '.join(job.order.changes if job.order else ())}")
    print(f"Its table: python -m ser_core jobs table {jobs[0].order.sweep}")


@app.command("table")
def show_table(
    sweep: Annotated[str, typer.Argument(help="Name of a sweep; none: list them.")] = "",
    as_json: JsonOption = False,
    csv: Annotated[Path | None, typer.Option(help="Write it to this .csv file.")] = None,
) -> None:
    """Show what the lines of a sweep came to."""
    from ser_core.files import write_text
    from ser_core.jobs.sweep import as_csv, list_sweeps, outcome

    sweeps = list_sweeps()
    if not sweep:
        for name, jobs in sweeps.items():
            print(f"{name}: {len(jobs)} runs")
        return
    if sweep not in sweeps:
        fail(f"There is no sweep {sweep!r}: list them with `python -m ser_core jobs table`.")
    rows = [outcome(job) for job in sweeps[sweep]]
    if csv:
        write_text(csv, as_csv(rows))
    if as_json:
        print(json.dumps([asdict(row) for row in rows], indent=1))
        return
    width = max(len(", ".join(row.changes)) for row in rows)
    for row in rows:
        interval = f" ({100 * row.low:.1f} to {100 * row.high:.1f})" if row.low and row.high else ""
        test = f"UA {100 * row.ua:.1f} %{interval}" if row.ua is not None else row.state
        print(f"{', '.join(row.changes):{width}}  {test}")


@app.command()
def search(
    recipe: RecipeOption,
    vary: Annotated[
        list[str], typer.Option("--vary", help="field=value,value or field=low..high or field=low..high:log.")
    ],
    trials: Annotated[int, typer.Option(min=1, max=1000, help="Trainings to make, one after the other.")] = 20,
    pruning: Annotated[bool, typer.Option(help="Give up what falls behind the median.")] = True,
    seed: Annotated[int, typer.Option(min=0, help="Of the search; same seed, same proposals.")] = 0,
    changes: SetOption = [],  # noqa: B006
    device: DeviceOption = "cpu",
    threads: ThreadsOption = None,
    data: DataOption = None,
) -> None:
    """Launch a hyper-parameter search: one job that keeps the checkpoint of its best trial."""
    from ser_core.jobs import AT_THE_SHELL, checked, launch
    from ser_core.jobs.folder import Search
    from ser_core.jobs.vary import space_of
    from ser_core.recipes import load_recipe

    asked = checked(Search, space=space_of(vary), trials=trials, pruning=pruning, seed=seed)
    chosen = load_recipe(recipe, changes)
    job = launch(chosen, AT_THE_SHELL, device=device, threads=threads, data=data, search=asked)
    print(f"{job.id}: launched\nWatch it: python -m ser_core jobs show {job.id}")
