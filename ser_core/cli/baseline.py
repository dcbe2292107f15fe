"""`baseline`: openSMILE's ComParE functionals and a support vector machine, under the protocols of every system."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from ser_core.cli.console import DataOption, JsonOption, fail, progress_bar
from ser_core.cli.evaluate import OutOption, print_report

app = typer.Typer()


@app.command()
def baseline(
    corpus: Annotated[str, typer.Option(help="Name of a corpus.")] = "",
    protocol: Annotated[str, typer.Option(help="How the corpus is split.")] = "speaker_independent",
    recipe: Annotated[
        str, typer.Option(help="Instead of a corpus: the corpora, labels, split and tests of this recipe.")
    ] = "",
    changes: Annotated[list[str], typer.Option("--set", help="With --recipe: key=value.")] = [],  # noqa: B006
    seed: Annotated[int, typer.Option(min=0, help="Of the split, where it is drawn.")] = 0,
    accept_licence: Annotated[
        bool, typer.Option("--accept-licence", help="You accept openSMILE's licence (needed once).")
    ] = False,
    out: OutOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Train and test the usual baseline: openSMILE ComParE-2016 functionals, standardised, RBF SVM.

    openSMILE is optional and free for non-commercial use only: without --accept-licence its terms are shown first.
    """
    from ser_core.baselines.compare_svm import Features
    from ser_core.baselines.functionals import Functionals
    from ser_core.baselines.under import corpus_baseline, recipe_baseline
    from ser_core.corpora import data_folder, get_corpus
    from ser_core.evaluation import save_evaluation
    from ser_core.evaluation.store import check_folder
    from ser_core.protocols import check_protocol
    from ser_core.recipes import load_recipe
    from ser_core.training.data import read

    if bool(corpus) == bool(recipe):
        fail("Name a corpus (--corpus) or a recipe (--recipe), one of the two.")
    if out:
        check_folder(out)
    chosen = load_recipe(recipe, changes) if recipe else None
    if corpus:  # before anything is asked or installed for a name that is none
        get_corpus(corpus)
        check_protocol(protocol)
    features = Features(Functionals(accept_licence), read)
    with progress_bar() as progress:
        if chosen:
            asked = [recipe, *(word for change in changes for word in ("--set", change))]
            results = recipe_baseline(chosen, features, data_folder(data), progress, asked)
        else:
            results = [corpus_baseline(corpus, protocol, seed, features, data_folder(data), progress)]
    for problem in features.problems.values():
        print(f"{problem.utterance}: {problem.reason}", file=sys.stderr)
    if out:
        for result in results:
            save_evaluation(out / get_corpus(result.corpus).key if recipe else out, result)
    reports = [result.report() for result in results]
    if as_json:
        values = [report.model_dump(mode="json") for report in reports]
        print(json.dumps(values if recipe else values[0], indent=1))
        return
    for report in reports:
        print_report(report)
