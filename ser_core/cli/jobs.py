"""`jobs`: launch trainings that outlive the shell, look at them, cancel, resume and delete them."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ser_core.cli import sweeps
from ser_core.cli.console import DataOption, JsonOption

if TYPE_CHECKING:
    from ser_core.jobs import Cluster, Job

app = typer.Typer(help="Trainings in the background: on this computer, or on a cluster.", no_args_is_help=True)
app.add_typer(sweeps.app)
NameArgument = Annotated[str, typer.Argument(help="Name of a job, as `jobs list` shows it.")]


@app.command()
def submit(
    recipe: Annotated[str, typer.Option(help="Name of a recipe, or a .toml file.")],
    changes: Annotated[list[str], typer.Option("--set", help="key=value, e.g. training.epochs=3.")] = [],  # noqa: B006
    device: Annotated[str, typer.Option(help="cpu, cuda:N, or cuda for the first free GPU.")] = "cpu",
    data: DataOption = None,
    threads: Annotated[int | None, typer.Option(min=1, help="Of the processor; by default it leaves one free.")] = None,
    estimate: Annotated[bool, typer.Option("--estimate", help="Only say what it would cost.")] = False,
    place: Annotated[str, typer.Option(help="local, or slurm.")] = "local",
    partition: Annotated[str, typer.Option(help="SLURM: partition.")] = "",
    nodes: Annotated[int, typer.Option(min=1, help="SLURM: computers.")] = 1,
    gpus: Annotated[int, typer.Option(min=0, help="SLURM: GPUs per node; 0 trains on the processor.")] = 1,
    cpus: Annotated[int, typer.Option(min=1, help="SLURM: processor cores per GPU.")] = 4,
    minutes: Annotated[int, typer.Option(min=1, help="SLURM: time limit.")] = 24 * 60,
    requeue: Annotated[bool, typer.Option(help="SLURM: go on by itself when displaced or out of time.")] = True,
    tensorboard: Annotated[bool, typer.Option("--tensorboard", help="Write event files for TensorBoard too.")] = False,
) -> None:
    """Launch a training in the background.  It waits in line where another one has the device."""
    from ser_core.corpora import data_folder
    from ser_core.jobs import AT_THE_SHELL, Cluster, checked, launch
    from ser_core.jobs import estimate as estimate_cost
    from ser_core.jobs.times import in_words
    from ser_core.recipes import load_recipe

    if place not in ("local", "slurm"):
        raise typer.BadParameter("--place is local or slurm.")
    chosen = load_recipe(recipe, changes)
    if estimate:
        cost = estimate_cost(chosen, AT_THE_SHELL, device, data_folder(data))
        print(f"{cost.clips} clips, {cost.segments} segments, {cost.steps_per_epoch} steps in each epoch")
        print(f"about {in_words(cost.seconds)}, {cost.memory / 2**30:.1f} GB of {cost.available / 2**30:.1f} GB free")
        return
    cluster: Cluster | None = None
    if place == "slurm":
        cluster = checked(
            Cluster, partition=partition, nodes=nodes, gpus=gpus, cpus=cpus, minutes=minutes, requeue=requeue
        )
    job = launch(
        chosen, AT_THE_SHELL, device=device, data=data, threads=threads, cluster=cluster, tensorboard=tensorboard
    )
    print(f"{job.id}: {sentence(job)}\nWatch it: python -m ser_core jobs show {job.id}")


@app.command("list")
def list_all(as_json: JsonOption = False) -> None:
    """List every job, the newest first."""
    from ser_core.jobs import list_jobs

    jobs = list_jobs()
    if as_json:
        print(json.dumps([values(job) for job in jobs], indent=1))
        return
    if not jobs:
        print("No jobs yet: launch one with `python -m ser_core jobs submit --recipe NAME`.")
    width = max((len(job.id) for job in jobs), default=0)
    for job in jobs:
        print(f"{job.id:{width}}  {sentence(job)}")


@app.command()
def show(job: NameArgument, as_json: JsonOption = False) -> None:
    """Show how far a job is, why it is in its state, and its last figures."""
    from ser_core.jobs import get_job

    found = get_job(job)
    if as_json:
        print(json.dumps(values(found), indent=1))
        return
    status = found.status()
    print(f"{found.id}: {sentence(found)}")
    if status.what:
        print(status.what)
    for name, value in status.metrics.items():
        print(f"{name:16} {value:g}")
    print(f"Run folder: {found.run.folder}")
    if status.state == "done":
        print(f"Keep it:    python -m ser_core keep {found.run.folder} NAME")


@app.command()
def logs(
    job: NameArgument,
    lines: Annotated[int, typer.Option(min=1, help="How many, from the end.")] = 50,
    output: Annotated[bool, typer.Option("--output", help="What the process printed, instead of what it did.")] = False,
) -> None:
    """Print the end of a job's log."""
    from ser_core.jobs import get_job

    found = get_job(job)
    print(found.output(lines) if output else found.log(lines))


@app.command()
def cancel(
    job: NameArgument,
    grace: Annotated[float, typer.Option(min=0, help="Seconds to end by itself, before it is killed.")] = 20,
) -> None:
    """Stop a job, or take it out of the line; what it learnt so far stays, and it can be resumed."""
    from ser_core.jobs import AT_THE_SHELL, get_job
    from ser_core.jobs import cancel as cancel_job

    found = get_job(job)
    cancel_job(found, AT_THE_SHELL, grace)
    print(f"{found.id}: {sentence(found)}")


@app.command()
def resume(
    job: NameArgument,
    device: Annotated[str | None, typer.Option(help="Another device than before.")] = None,
) -> None:
    """Go on with a job that was cancelled, failed or lost, from its last epoch."""
    from ser_core.jobs import AT_THE_SHELL, get_job
    from ser_core.jobs import resume as resume_job

    found = resume_job(get_job(job), AT_THE_SHELL, device)
    print(f"{found.id}: {sentence(found)}")


@app.command()
def delete(job: NameArgument) -> None:
    """Move a job that does not run to the trash folder beside the runs."""
    from ser_core.jobs import AT_THE_SHELL, get_job
    from ser_core.jobs import delete as delete_job

    print(f"Moved to {delete_job(get_job(job), AT_THE_SHELL)}")


@app.command()
def devices(as_json: JsonOption = False) -> None:
    """List what this computer can train on."""
    from ser_core.jobs import probe_devices

    found = probe_devices()
    if as_json:
        print(json.dumps([device.model_dump() for device in found], indent=1))
        return
    for device in found:
        load = "" if device.load is None else f", {100 * device.load:.0f} % busy"
        free = f"{device.free / 2**30:.1f} of {device.memory / 2**30:.1f} GB free"
        runs = f", jobs: {', '.join(device.runs)}" if device.runs else ""
        print(f"{device.id:8} {device.name}, {free}{load}{runs}")


def sentence(job: Job) -> str:
    """State, place and reason in a line."""
    from ser_core.jobs.times import in_words

    status = job.status()
    parts = [status.state + (f" on {status.device}" if status.state == "running" else "")]
    if status.epochs and status.state != "queued":
        parts.append(f"epoch {status.epoch} of {status.epochs}")
    if status.seconds_left is not None:
        parts.append(f"{in_words(status.seconds_left)} left")
    return ", ".join(parts) + (f". {status.reason}" if status.reason else "")


def values(job: Job) -> dict[str, Any]:
    return {"id": job.id, "folder": str(job.run.folder), **asdict(job.status())}
