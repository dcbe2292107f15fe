"""Judging from a shell: `evaluate` a checkpoint, `compare` two stored evaluations, `cross` checkpoints with corpora."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ser_core.cli.console import DataOption, JsonOption, figures, print_confusion, progress_bar

if TYPE_CHECKING:
    from ser_core.evaluation import Report

app = typer.Typer()

OutOption = Annotated[
    Path | None, typer.Option("--out", help="Folder for evaluation.json, predictions.csv and figures.csv.")
]


@app.command()
def evaluate(
    checkpoint: Annotated[str, typer.Option(help="Name or folder of a checkpoint.")],
    corpus: Annotated[str, typer.Option(help="Name of a corpus.")],
    protocol: Annotated[
        str, typer.Option(help="Only the test part of this protocol; empty: every unseen speaker.")
    ] = "",
    include_seen: Annotated[
        bool, typer.Option("--include-seen", help="Keep speakers the checkpoint has heard.")
    ] = False,
    out: OutOption = None,
    noise: Annotated[
        bool, typer.Option("--noise", help="Also with white noise at 30 to 0 dB: eight times the work.")
    ] = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Score a checkpoint on a corpus, leaving out every speaker it has heard in training or validation."""
    from dataclasses import replace

    from ser_core.corpora import data_folder, get_corpus
    from ser_core.evaluation import evaluate as run_evaluation
    from ser_core.evaluation import save_evaluation, test_part
    from ser_core.evaluation.noise import noise_curve
    from ser_core.evaluation.store import check_folder
    from ser_core.recogniser import Recogniser
    from ser_core.training.data import read

    if out:
        check_folder(out)
    recogniser = Recogniser(checkpoint)
    scan = get_corpus(corpus).scan(data_folder(data))
    for problem in scan.problems:
        print(problem.words(scan.root), file=sys.stderr)
    utterances = test_part(recogniser.card, scan.utterances, protocol) if protocol else scan.utterances
    what = (recogniser, utterances, scan.corpus, protocol or "all", include_seen)
    with progress_bar() as progress:
        result = run_evaluation(*what, progress, read=read)
        if noise:
            result = replace(result, noise=noise_curve(*what, progress, read=read))
    for left_out in result.problems:
        print(f"{left_out.utterance}: {left_out.reason}", file=sys.stderr)
    report = result.report()
    if out:
        save_evaluation(out, result)
    if as_json:
        print(report.model_dump_json(indent=1))
    else:
        print_report(report)


def print_report(report: Report) -> None:
    """The figures of one evaluation, as text."""
    if report.seen_included:
        print("SEEN SPEAKERS INCLUDED: these figures prove nothing about a new voice.")
    print(
        f"{report.checkpoint} on {report.corpus}: {report.n} clips of {report.voices()}, "
        + figures(report.model_dump())
    )
    learnt = f"{report.learnt} of clips it learnt from, " if report.learnt else ""
    print(f"left out: {report.excluded} of seen speakers, {learnt}{report.outside} with other emotions")
    if report.folds:
        folds = report.folds
        print(
            f"{folds.folds} folds: WA {100 * folds.wa:.1f} ± {100 * folds.wa_deviation:.1f} %, "
            f"UA {100 * folds.ua:.1f} ± {100 * folds.ua_deviation:.1f} % (mean and standard deviation)"
        )
    print_confusion(list(report.labels), [list(row) for row in report.confusion])
    print(f"\n{'emotion':12}{'precision':>10}{'recall':>10}{'F1':>10}{'clips':>10}")
    for one in report.emotions:
        cells = "".join(f"{_percent(value):>10}" for value in (one.precision, one.recall, one.f1))
        print(f"{one.emotion:12}{cells}{one.support:10}")
    print(f"\n{'group':24}{'clips':>8}{'WA':>8}{'UA':>8}  95 % interval of UA")
    for facet, groups in report.groups.items():
        for group in groups:
            between = "{:.1f} to {:.1f}".format(*(100 * x for x in group.intervals["ua"])) if group.intervals else ""
            row = f"{facet + ' ' + group.name:24}{group.n:8}{_percent(group.wa):>8}{_percent(group.ua):>8}  {between}"
            print(row.rstrip())
    for one_of in report.calibration:
        print(f"calibration error (ECE) at temperature {one_of.temperature:.2f}: {100 * one_of.ece:.1f} %")
    for point in report.noise:
        print(f"white noise at {point.snr_db:3g} dB: UA {100 * point.ua:.1f} %")


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f}"


@app.command()
def compare(
    first: Annotated[Path, typer.Argument(help="Folder of a stored evaluation (evaluate --out).")],
    second: Annotated[Path, typer.Argument(help="Folder of another one.")],
    as_json: JsonOption = False,
) -> None:
    """Hold two stored evaluations against each other, on the clips they share: McNemar's test and Cohen's kappa."""
    from ser_core.evaluation import compare as run_comparison
    from ser_core.evaluation import load_evaluation

    result = run_comparison(load_evaluation(first), load_evaluation(second))
    if as_json:
        print(result.model_dump_json(indent=1))
        return
    if result.seen_included:
        print("SEEN SPEAKERS INCLUDED: these figures prove nothing about a new voice.")
    print(result.sentence())
    print(f"UA on these clips: {100 * result.ua_first:.1f} % and {100 * result.ua_second:.1f} %")
    kappa = "not defined, both always say the same" if result.kappa is None else f"{result.kappa:.2f}"
    print(f"same answer: {100 * result.agreement:.1f} % of the clips (Cohen's kappa {kappa})")


@app.command()
def cross(
    checkpoints: Annotated[
        list[str], typer.Option("--checkpoint", "--checkpoints", help="Name or folder; once for each checkpoint.")
    ],
    corpora: Annotated[list[str], typer.Option("--corpus", "--corpora", help="Name; once for each corpus.")],
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Every checkpoint on every corpus: unseen speakers, and only the emotions that both know."""
    from ser_core.corpora import data_folder
    from ser_core.evaluation.cross import grid
    from ser_core.evaluation.report import voices

    with progress_bar() as progress:
        cells = grid(checkpoints, corpora, data_folder(data), progress)
    if as_json:
        print(json.dumps([cell.as_dict() for cell in cells], indent=1))
        return
    for cell in cells:
        new = " and ".join(
            word for word, is_new in (("corpus", cell.new_corpus), ("language", cell.new_language)) if is_new
        )
        where = f"{cell.checkpoint} on {cell.corpus} ({cell.language}{', new ' + new if new else ''})"
        if cell.evaluation is None:
            print(f"{where}: - ({cell.reason})")
            continue
        values = cell.as_dict()
        print(
            f"{where}: {values['n']} clips of {voices(cell.evaluation.speakers)}, {len(values['labels'])} emotions "
            f"(guessing {100 * values['chance']:.1f} %), "
            + figures(values)
            + (f"; left out: {values['learnt']} of clips it learnt from" if values["learnt"] else "")
        )
