"""The command line.  Errors go to stderr in one line, exit status 2."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from ser_core.cli import along, baseline, corpora, evaluate, inspect, jobs, reproduce
from ser_core.cli.console import DataOption, JsonOption, fail, figures, progress_bar
from ser_core.errors import SpeechEmotionError

# Heavy imports stand inside the commands, so that --help answers at once and recognising never loads training code.

app = typer.Typer(
    help="Speech Emotion Lab: how five published attention models hear acted emotion in speech.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(evaluate.app)
app.add_typer(inspect.app)
app.add_typer(baseline.app)
app.add_typer(reproduce.app)
app.add_typer(jobs.app, name="jobs")
app.add_typer(corpora.app, name="corpora")
# typer carries a click of its own and exports of its errors only this one; what it derives from is the usage error.
UsageError: Any = typer.BadParameter.__base__


def main() -> None:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a file name may hold bytes that are no text
    try:
        raise SystemExit(app(standalone_mode=False))
    except UsageError as error:
        sentence = " ".join(error.format_message().split())
        fail(f"{sentence} Try --help." if sentence else "Name a command, as listed above.")
    except SpeechEmotionError as error:
        fail(str(error))
    except OSError as error:
        fail(f"{error.strerror or error}: {error.filename or 'the disk or the network'}.")
    except (KeyboardInterrupt, typer.Abort):
        fail("Stopped.")


@app.command()
def recognise(
    clips: Annotated[list[str], typer.Argument(help="Audio files.")],
    checkpoint: Annotated[str, typer.Option(help="Name or folder of a checkpoint.")] = "",
    as_json: JsonOption = False,
    attention: Annotated[
        Path | None, typer.Option(help="Write every attention map of the clip, with its axes, to this .npz file.")
    ] = None,
    segments: Annotated[
        Path | None,
        typer.Option(
            help="Write the emotion along a long recording to this .csv, .vtt (subtitles) or .txt (Audacity)."
        ),
    ] = None,
    smooth: Annotated[bool, typer.Option(help="With --segments: average over eight seconds.")] = True,
) -> None:
    """Recognise the emotion acted in each clip.  A clip that cannot be used is reported and the others go on."""
    from ser_core.audio import load
    from ser_core.checkpoints import default_checkpoint
    from ser_core.errors import AudioError
    from ser_core.files import write_bytes
    from ser_core.maps import maps_to_bytes
    from ser_core.quality import require_speech
    from ser_core.recogniser import Recogniser

    if attention and (len(clips) > 1 or attention.suffix != ".npz"):
        fail("--attention takes one clip and writes one .npz file.")
    if segments:
        if len(clips) > 1 or attention or as_json:
            fail("--segments takes one recording, without --attention and --json.")
        along.write(clips[0], checkpoint, segments, smooth)
        return
    recogniser = Recogniser(checkpoint or default_checkpoint())
    answers: list[dict[str, Any]] = []
    failed = False
    for clip in clips:
        try:
            waveform = load(clip)
            require_speech(waveform)
        except AudioError as error:
            failed = True
            print(f"{clip}: {error}", file=sys.stderr)
            continue
        for note in waveform.notes:
            print(f"{clip}: {note}", file=sys.stderr)
        prediction = recogniser.predict(waveform, attention=attention is not None)
        if attention and prediction.attention:
            write_bytes(attention, maps_to_bytes(prediction.attention.everything()))
            if prediction.attention.left_out:
                names = ", ".join(prediction.attention.left_out)
                print(f"{clip}: too long for the whole maps of {names}: their curves are written.", file=sys.stderr)
        answers.append(prediction.as_dict(clip))
        if not as_json:
            print(f"{clip}: " + ", ".join(f"{name} {100 * p:.0f} %" for name, p in prediction.ranked()[:3]))
    if as_json:
        print(json.dumps(answers, indent=1))
    if failed:
        raise SystemExit(2)


@app.command()
def train(
    recipe: Annotated[str, typer.Option(help="Name of a recipe, or a .toml file.")],
    changes: Annotated[list[str], typer.Option("--set", help="key=value, e.g. training.epochs=3.")] = [],  # noqa: B006
    run: Annotated[Path | None, typer.Option(help="Run folder; an unfinished run in it is resumed.")] = None,
    data: DataOption = None,
    device: Annotated[str, typer.Option(help="cpu, cuda, or cuda:N.")] = "cpu",
) -> None:
    """Train a recipe; the finished checkpoint lies in the run folder."""
    from ser_core.corpora import data_folder
    from ser_core.jobs.folder import stop_path
    from ser_core.jobs.watch import Stopped, Watch
    from ser_core.jobs.worker import claim, ended
    from ser_core.recipes import load_recipe
    from ser_core.training.run import Run
    from ser_core.training.trainer import check_settings, choose_device
    from ser_core.training.trainer import train as run_training

    chosen = load_recipe(recipe, changes)
    check_settings(chosen)  # before anything is written
    choose_device(device)
    started = Run.start(chosen, run)
    print(f"Run folder: {started.folder}")
    with claim(started), progress_bar() as progress:  # so that no page takes the run for a lost one
        stop_path(started).unlink(missing_ok=True)
        seen = Watch(started)  # on the pages, where it can be asked to stop, too

        def report(what: str, done: int, total: int) -> None:
            progress(what, done, total)
            seen(what, done, total)

        try:
            card = run_training(chosen, started, data_folder(data), report, device)
        except Stopped as stopped:
            ended(started, "cancelled", str(stopped))
            fail(f"{stopped}")
    for result in card.results:
        voices = "SEEN SPEAKERS INCLUDED" if result.seen_included else "unseen speakers"
        print(f"{result.corpus} ({result.protocol}, {result.n} clips, {voices}): " + figures(result.model_dump()))
    measured = {result.corpus for result in card.results}
    for corpus in (*chosen.corpora, *chosen.test_on):
        if corpus not in measured:
            print(f"{corpus}: not measured, {started.folder / 'log.txt'} says why.")
    print(f"Checkpoint: {started.checkpoint}\nKeep it:    python -m ser_core keep {started.folder} NAME")


@app.command()
def keep(run: Path, name: str) -> None:
    """Keep the checkpoint of a finished run under a name, beside those that ship."""
    from ser_core.checkpoints import keep_checkpoint

    if not (run / "checkpoint" / "card.json").is_file():
        fail(f"{run} is not a finished run: finish it with `python -m ser_core train --recipe NAME --run {run}`.")
    print(f"Kept as {keep_checkpoint(run / 'checkpoint', name)}")


@app.command()
def recipes() -> None:
    """List the recipes that ship."""
    from ser_core.recipes import list_parts, list_whole

    print("Whole: " + ", ".join(list_whole()))
    print("Composed: <system>-<corpus> with the paper's numbers, <system>-<corpus>-fast for a laptop, of")
    print("systems: " + ", ".join(list_parts("systems")))
    print("corpora: " + ", ".join(list_parts("corpora")))


@app.command()
def systems(as_json: JsonOption = False) -> None:
    """List systems, variants and baselines: size, cost, what the paper prints, and where we depart from it."""
    from ser_core.models import describe_systems

    rows = describe_systems()
    if as_json:
        print(json.dumps(rows, indent=1))
        return
    print(f"{'system':16} {'variant':22} classes {'parameters':>12} {'multiply-adds per second of sound':>34}")
    for row in rows:
        size = f"{row['num_classes']:7} {row['parameters']:>12,} {row['madds_per_second'] / 1e6:>32,.0f} M"
        print(f"{row['system']:16} {row['variant']:22} {size}")
