"""`inspect`: alignment, faithfulness and agreement of attention over the unseen speakers of a corpus."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from ser_core.cli.console import DataOption, fail, progress_bar

app = typer.Typer()
SAVED_EVERY = 10  # clips


@app.command()
def inspect(
    checkpoints: Annotated[list[str], typer.Option("--checkpoint", help="Name or folder; once for each checkpoint.")],
    corpus: Annotated[str, typer.Option(help="Name of a corpus.")],
    out: Annotated[Path, typer.Option(help="What to write: .json (rows and their distribution) or .csv (rows).")],
    protocol: Annotated[
        str, typer.Option(help="Only the test part of this protocol; empty: every unseen speaker.")
    ] = "",
    limit: Annotated[
        int, typer.Option(min=1, help="At most so many clips, as many of each emotion as can be.")
    ] = 10_000,
    view: Annotated[str, typer.Option(help="The curve that is masked; empty: each system's first.")] = "",
    masked: Annotated[
        bool, typer.Option("--masked/--no-masked", help="Deletion and insertion: each clip is heard seventy times.")
    ] = True,
    random_weights: Annotated[
        bool, typer.Option("--random-weights/--no-random-weights", help="Against copies with random weights.")
    ] = True,
    second_opinions: Annotated[
        list[str],
        typer.Option("--second-opinion", help="occlusion, integrated_gradients or grad_cam; once for each."),
    ] = [],  # noqa: B006
    seed: Annotated[int, typer.Option(min=0, help="Of the clips, the random orders and the random weights.")] = 0,
    device: Annotated[str, typer.Option(help="cpu, cuda, or cuda:N.")] = "cpu",
    data: DataOption = None,
) -> None:
    """Measure how attention follows the voice, over clips of speakers that a checkpoint has never heard.

    A .json that was begun with the same settings is gone on with.
    """
    from ser_core.corpora import data_folder, get_corpus
    from ser_core.evaluation import test_part
    from ser_core.inspection.corpus import Measures, evenly, inspect_utterances, summarise, unseen
    from ser_core.recogniser import Recogniser
    from ser_core.training.trainer import choose_device

    if out.suffix not in (".json", ".csv"):
        fail(f"{out.name}: give a name that ends in .json or .csv.")
    if out.is_dir():
        fail(f"{out} is a folder: give the name of a file.")
    if second_opinions:
        _check_methods(second_opinions)
    recognisers = [Recogniser(name, choose_device(device)) for name in checkpoints]
    if len({one.name for one in recognisers}) < len(recognisers):
        fail("Two of these checkpoints have the same name: rename one, or inspect them one by one.")
    scan = get_corpus(corpus).scan(data_folder(data))
    for problem in scan.problems:
        print(problem.words(scan.root), file=sys.stderr)
    measures = Measures(view or None, masked, random_weights=random_weights, second_opinions=tuple(second_opinions),
                        seed=seed)  # fmt: skip
    settings = _settings(recognisers, corpus, protocol, limit, measures)
    rows = _begun(out, settings)
    with progress_bar() as progress:
        for recogniser in recognisers:
            utterances = test_part(recogniser.card, scan.utterances, protocol) if protocol else scan.utterances
            chosen = evenly(unseen(recogniser, utterances), limit, seed, recogniser.card.merged)
            done = {row["utterance"] for row in rows if row["checkpoint"] == recogniser.name}
            for row in inspect_utterances(recogniser, chosen, measures, done, progress):
                rows.append(row)
                if len(rows) % SAVED_EVERY == 0:
                    _write(out, settings, rows)
    summary = summarise(rows)
    _write(out, settings, rows)
    for recogniser in recognisers:
        _print(recogniser.name, rows, summary)


def _check_methods(names: list[str]) -> None:
    from ser_core.inspection.gradients import METHODS

    for name in names:
        if name not in METHODS:
            fail(f"There is no second opinion {name!r}: choose one of {', '.join(METHODS)}.")


def _settings(recognisers: list[Any], corpus: str, protocol: str, limit: int, measures: Any) -> dict[str, Any]:
    """What decides every figure: rows made under other settings are not gone on with."""
    from dataclasses import asdict

    weights = {one.name: one.weights for one in recognisers}
    taken = {"checkpoints": weights, "corpus": corpus, "protocol": protocol or "all", "limit": limit}
    return taken | asdict(measures) | {"second_opinions": list(measures.second_opinions)}


def _begun(out: Path, settings: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of an earlier call with the same settings; none where there was none."""
    from ser_core.errors import InspectionError
    from ser_core.inspection.saved import read_inspection

    if out.suffix != ".json" or not out.is_file():
        return []
    try:
        found = read_inspection(out.read_bytes(), out.name)
    except (OSError, InspectionError):
        return []
    return list(found.rows) if found.settings == settings else []


def _write(out: Path, settings: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    import csv
    import io

    from ser_core.files import write_text
    from ser_core.inspection.corpus import columns
    from ser_core.inspection.saved import save_inspection

    if out.suffix == ".json":
        save_inspection(out, settings, rows)
        return
    text = io.StringIO()
    writer = csv.DictWriter(text, columns(rows), restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text(out, text.getvalue())


def _print(checkpoint: str, rows: list[dict[str, Any]], summary: list[dict[str, Any]]) -> None:
    from ser_core.inspection.corpus import headline

    own = [row for row in rows if row["checkpoint"] == checkpoint]
    table = headline(summary, checkpoint)
    unusable = [row for row in own if row.get("problem")]
    for row in unusable:
        print(f"{row['utterance']}: {row['problem']}", file=sys.stderr)
    print(f"\n{checkpoint}: {len(own)} clips of {len({row['speaker'] for row in own})} unseen speakers")
    print(f"{'mean over clips':38}{'loudness':>10}{'p<.05':>7}{'voicing':>9}{'hits':>7}{'chance':>8}{'speech':>8}"
          f"{'entropy':>9}{'random':>8}")  # fmt: skip
    for view, found in table.items():
        if "energy_rho" in found:
            cells = (("energy_rho", 10), ("energy_p", 7), ("voicing_rho", 9), ("pointing_hit", 7),
                     ("pointing_chance", 8), ("speech_gain", 8), ("entropy", 9), ("random_weights_rho", 8))  # fmt: skip
            print(f"{view:38}" + "".join(_cell(found.get(name), width) for name, width in cells))
    print("loudness, voicing, random: rank correlation with loudness, with voicing, and with the curves of random "
          "weights\np<.05: share of clips    hits, chance: pointing game    speech: mass inside speech above its share "
          "of time    entropy: 1 is even")  # fmt: skip
    for view, found in table.items():
        if "deletion_area_gain" in found:
            names = ("deletion_area", "insertion_area", "comprehensiveness_20", "sufficiency_20")
            print(f"{view}, masked, better than chance by: "
                  + ", ".join(f"{name}{_cell(found.get(f'{name}_gain'), 7)}" for name in names))  # fmt: skip
    opinions = {name: found["attention_rho"] for name, found in table.items() if "attention_rho" in found}
    if opinions:
        print("rank correlation with attention: "
              + ", ".join(f"{name}{_cell(rho, 6)}" for name, rho in opinions.items()))  # fmt: skip
    agreement = table.get("heads", {}).get("agreement")
    if agreement:
        print(f"agreement of the heads:{_cell(agreement, 7)}")


def _cell(one: dict[str, Any] | None, width: int) -> str:
    """The mean, or of p-values the share below 0.05."""
    value = None if one is None else one["mean"] if one["significant"] is None else one["significant"]
    return f"{'-' if value is None else f'{value:.2f}':>{width}}"
