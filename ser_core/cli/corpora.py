"""`corpora list|check|summary|download`: what data is here, whether it is whole, and how to get it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Annotated, Any

import typer

from ser_core.cli.console import DataOption, JsonOption, progress_bar

app = typer.Typer(help="What data is here, whether it is whole, and how to get it.", no_args_is_help=True)
NameArgument = Annotated[
    str, typer.Argument(metavar="NAME", help="A corpus, or folder:PATH, csv:PATH, audformat:PATH.")
]


@app.command("list")
def list_all(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Every corpus that can be read: language, licence, emotions, speakers, and whether it is here."""
    from ser_core.corpora import data_folder, get_corpus, list_corpora

    folder = data_folder(data)
    rows: list[dict[str, Any]] = []
    for corpus in map(get_corpus, list_corpora()):
        place = corpus.find(folder)
        rows.append(
            {
                "name": corpus.name,
                "title": corpus.title,
                "language": corpus.language,
                "licence": corpus.licence.name,
                "weights_may_ship": corpus.licence.ships,
                "emotions": list(corpus.emotions),
                "speakers": len(corpus.speakers) or None,
                "published": corpus.expected,
                "folder": str(place) if place else None,
                "download": bool(corpus.archives),
                "homepage": corpus.homepage,
            }
        )
    if as_json:
        print(json.dumps(rows, indent=1))
        return
    for row in rows:
        way = "fetched by" if row["download"] else "got by hand, steps in"
        got = f"here: {row['folder']}" if row["folder"] else f"not here, {way} corpora download {row['name']}"
        speakers = f"{row['speakers']} speakers, " if row["speakers"] else ""
        ships = "" if row["weights_may_ship"] else "; weights trained on it may not be given away"
        print(f"{row['name']:20} {row['language']}  {speakers}{', '.join(row['emotions'])}")
        print(f"{'':20} {row['licence']}{ships}\n{'':20} {got}")
    print("\nOf your own: folder:PATH, csv:PATH, audformat:PATH instead of a name.")


@app.command()
def check(
    name: NameArgument,
    decode: Annotated[bool, typer.Option("--decode", help="Decode every file too.")] = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare a corpus with what its paper states; list files left out and files that stand twice.

    Exit status 1 where anything is missing or cannot be used.
    """
    from ser_core.corpora import data_folder, get_corpus
    from ser_core.corpora.checks import duplicates, unreadable

    corpus = get_corpus(name)
    scan = corpus.scan(data_folder(data))
    differences = corpus.check(scan)
    with progress_bar() as progress:
        broken = unreadable(scan.utterances, progress) if decode else []
    problems = [*scan.problems, *broken]
    twice = duplicates(scan.utterances)
    if as_json:
        report = {
            "corpus": corpus.name,
            "folder": str(scan.root),
            "utterances": len(scan.utterances),
            "counts": scan.counts(),
            "differences": differences,
            "problems": [{"file": str(p.path), "reason": p.reason, "files": p.count} for p in problems],
            "duplicates": [[u.id for u in group] for group in twice],
            "decoded": decode,
        }
        print(json.dumps(report, indent=1))
    else:
        print(f"{corpus.title} in {scan.root}: {len(scan.utterances):,} utterances")
        for sentence in differences:
            print(f"  {sentence}")
        if corpus.expected and not differences:
            print("  as many of each emotion as published")
        for problem in problems:
            print(f"  {problem.words(scan.root)}")
        for group in twice:
            print(f"  byte for byte the same: {', '.join(u.id for u in group)}")
    if differences or problems:
        raise SystemExit(1)


@app.command()
def summary(name: NameArgument, data: DataOption = None, as_json: JsonOption = False) -> None:
    """How many utterances of each emotion each speaker has, and how many seconds."""
    from ser_core.corpora import data_folder, get_corpus
    from ser_core.corpora.summary import summarise

    found = summarise(get_corpus(name).scan(data_folder(data)))
    if as_json:
        print(json.dumps(asdict(found), indent=1))
        return
    emotions = list(found.counts)
    width = max(map(len, found.sexes)) + 2

    def line(first: str, second: str, cells: list[Any], last: Any) -> None:
        print(f"{first:{width}}{second:8}" + "".join(f"{cell:>11}" for cell in cells) + f"{last:>9}")

    line("speaker", "sex", emotions, "all")
    for speaker, sex in found.sexes.items():
        row = [found.counts[emotion].get(speaker, 0) for emotion in emotions]
        line(speaker, sex, row, sum(row))
    line("all", "", [sum(found.counts[emotion].values()) for emotion in emotions], found.utterances)
    lengths = [round(found.seconds.get(emotion, 0.0)) for emotion in emotions]
    line("seconds", "", lengths, sum(lengths))
    print(
        f"{', '.join(found.languages)}; {found.texts} texts; {len(found.sessions)} sessions; {found.left_out} left out"
    )
    if found.no_length:
        print(f"{found.no_length} files do not say how long they are: corpora check {name} --decode")


@app.command()
def download(name: NameArgument, data: DataOption = None) -> None:
    """Fetch a corpus that may be fetched; for any other, say how a person gets it (exit status 1)."""
    from ser_core.corpora import data_folder, get_corpus
    from ser_core.corpora.download import download as fetch

    corpus = get_corpus(name)
    if not corpus.archives:
        print_steps(corpus)
        raise SystemExit(0 if corpus.synthetic else 1)
    print(f"{corpus.title}: {corpus.licence.name}. Please cite: {corpus.citation}")
    with download_bar() as progress:
        got = fetch(corpus, data_folder(data), progress)
    checked = (
        "its digest is the published one" if got.verified else "unverified: no digest is published, its counts fit"
    )
    print(f"{got.utterances:,} utterances in {got.folder} ({checked})")
    for sentence in got.differences:
        print(f"  {sentence}")


def print_steps(corpus: Any) -> None:
    """How a person gets a corpus that no program fetches."""
    if corpus.synthetic:
        print(f"{corpus.title} ships with the package: there is nothing to fetch.")
        return
    if not corpus.steps:
        print(f"{corpus.name} is a corpus of your own: there is nothing to fetch.")
        return
    print(f"{corpus.title} is not fetched by a program: {corpus.by_hand} Licence: {corpus.licence.name}. By hand:")
    for number, step in enumerate(corpus.steps, 1):
        print(f"  {number}. {step}")
    print(f"Home page: {corpus.homepage}\nThen: python -m ser_core corpora check {corpus.name} --data <data>")


@contextmanager
def download_bar() -> Iterator[Any]:
    """A bar on stderr: megabytes while it downloads, files while it unpacks; called as progress(what, done, total)."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[amount]}"), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None, amount="")
        stage = ""

        def report(what: str, done: int, total: int) -> None:
            nonlocal stage
            if what != stage:
                stage = what
                bar.reset(task, total=total)
            amount = (
                f"{done / 1e6:.1f} of {total / 1e6:.1f} MB" if what == "downloading" else f"{done} of {total} files"
            )
            bar.update(task, description=what, completed=done, total=total, amount=amount)

        yield report
