"""The results as tables to read: paper | ours under the paper's protocol | ours under an honest one | what leaks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from ser_core.files import write_text
from ser_core.reproduce.printed import BASELINE, PAPER_OF, PRINTED, TITLES
from ser_core.reproduce.results import Entry, lock, read, write
from ser_core.reproduce.tables import NO_HONEST, TABLES, Cell, all_cells

HEAD = """# {title}

WA is accuracy, UA the mean recall over the emotions, in percent. In square brackets a 95 % interval (bootstrap that
draws speakers, then clips; of one speaker there is none). Of several folds all clips count together; mean and standard
deviation over the folds stand behind. "Honest": every speaker is tested by a model that never heard them, and the
epoch is chosen on other speakers' clips. "Paper's protocol": its split and its choice of the epoch; where a paper chose
on the test clips, the best epoch on them and the last one stand side by side, of several folds as their mean, and the
last is the one that patience ended with where a recipe has it. *fast* marks the recipes made for two CPU cores
(`-fast`), which leave out much of what the papers do, see the note in `ser_core/recipes/fast/`: no attempt at a paper's
number. All others have the papers' numbers.{more}
"""
ONE_FOLD = """

Each row is run under one protocol, an honest one wherever the corpus allows it; the other column then says "-"."""
COMPARISON = (
    "system | corpus | paper, WA / UA | protocols | ours, paper's protocol | ours, honest protocol | "
    "what leaks in the paper's"
)
OTHERS = (
    "system | variant | corpus | parameters | paper, WA / UA | protocol | ours, paper's protocol | "
    "ours, honest protocol | what leaks | training"
)


def write_markdown(folder: Path) -> None:
    """`folder/<table>.md` for every table, and its JSON file where nothing of it was run yet."""
    for table in TABLES:
        with lock(folder):
            if not (folder / f"{table}.json").exists():
                write(folder, table, {})
            write_text(folder / f"{table}.md", render(table, folder))


def render(table: str, folder: Path) -> str:
    """A table as Markdown, with the command of each number below it."""
    cells = [cell for cell in all_cells() if cell.table == table]
    entries = read(folder, table)
    lines = comparison(cells, entries) if table == "comparison" else one_column(cells, entries)
    commands = sorted({one["command"] for one in entries.values()})
    made = ["Made by:", "", "```", *commands, "```"] if commands else ["Nothing of this table was run yet."]
    head = HEAD.format(title=title_of(table), more="" if table == "comparison" else ONE_FOLD)
    return "\n".join([head, *lines, "", *made, ""])


def title_of(table: str) -> str:
    if table == "comparison":
        return "The five systems"
    what, _, paper = table.partition("-")
    return f"{what.capitalize()}, paper {paper}: {TITLES[paper]}" if paper else what.capitalize()


def comparison(cells: Sequence[Cell], entries: dict[str, Entry]) -> list[str]:
    lines = header(COMPARISON)
    honest_cells = {(cell.system, cell.corpus): cell for cell in cells if cell.column == "honest"}
    for cell in (cell for cell in cells if cell.column == "paper"):
        printed = PRINTED.get((cell.system, cell.variant, cell.corpus))
        twin = honest_cells[cell.system, cell.corpus]
        paper, honest = of(entries, cell), of(entries, twin)
        columns = (
            cell.system,
            cell.corpus,
            printed.words() if printed else "-",
            f"{cell.protocol}; {twin.protocol}",
            both_epochs(paper) if paper else missing(cell),
            figures(honest) if honest else missing(twin),
            " ".join(paper["leaks"]) if paper else "",
        )
        lines.append(row(columns))
    return [*lines, "", baseline()]


def one_column(cells: Sequence[Cell], entries: dict[str, Entry]) -> list[str]:
    lines = header(OTHERS)
    for cell in cells:
        one = of(entries, cell)
        printed = PRINTED.get((cell.system, cell.variant, cell.corpus))
        ours = (both_epochs(one) if cell.column == "paper" else figures(one)) if one else missing(cell)
        columns = (
            cell.system,
            cell.variant + ("" if cell.seed is None else f", seed {cell.seed}"),
            cell.corpus,
            f"{one['parameters']:,}" if one else "",
            printed.words() if printed else "-",
            told_of(cell),
            *((ours, "-") if cell.column == "paper" else ("-", ours)),
            " ".join(one["leaks"]) if one else "",
            f"{one['seconds'] / 60:.1f} min" if one else "",
        )
        lines.append(row(columns))
    return lines


def told_of(cell: Cell) -> str:
    """Its protocol, and which folds of it."""
    folds = ", ".join(str(fold + 1) for fold in cell.folds)
    return cell.protocol + (f", fold {folds}" if folds else "")


def header(names: str) -> list[str]:
    columns = names.split(" | ")
    return [row(columns), row(["---"] * len(columns))]


def row(columns: Sequence[str]) -> str:
    return "| " + " | ".join(columns) + " |"


def of(entries: Mapping[str, Entry], cell: Cell) -> Entry | None:
    """The paper's recipe before the fast one."""
    return entries.get(cell.id) or entries.get(f"{cell.id}-fast")


def figures(one: Entry) -> str:
    parts = []
    for name in ("wa", "ua"):
        between = "" if one["speakers"] < 2 else " [{:.1f}, {:.1f}]".format(*(100 * x for x in one["intervals"][name]))
        parts.append(f"{100 * one[name]:.1f}{between}")
    return " / ".join(parts) + f", {one['n']} clips" + marks(one)


def both_epochs(one: Entry) -> str:
    if one["protocol"] == "paper:004":  # the one that has a fold to choose on
        return figures(one)
    kept, last = (" / ".join(f"{100 * one[which][name]:.1f}" for name in ("wa", "ua")) for which in ("kept", "last"))
    return f"best on test {kept}, last {last}, {one['n']} clips{marks(one)}"


def marks(one: Entry) -> str:
    folds = "" if one["folds"] == 1 else f", {one['folds_done']} of {one['folds']} folds"
    if one["folds_done"] > 1:
        each = (np.array(one["by_fold"][name]) * 100 for name in ("wa", "ua"))
        folds += " (" + " / ".join(f"{values.mean():.1f} ± {values.std(ddof=1):.1f}" for values in each) + ")"
    alone = ", one speaker" if one["speakers"] == 1 else ""
    papers = ", paper's protocol" if one["column"] == "paper" and one["table"] != "comparison" else ""
    return folds + alone + papers + (", *fast*" if one["fast"] else "")


def missing(cell: Cell) -> str:
    if cell.column == "honest" and cell.corpus in NO_HONEST:
        return f"-: {NO_HONEST[cell.corpus]}"
    return f"not run: `python -m ser_core reproduce {cell.table} --only {cell.id}`"


def baseline() -> str:
    listed = "; ".join(f"{corpus} {wa} / {ua}" for corpus, (wa, ua) in BASELINE.items())
    papers = ", ".join(f"{system} {paper}" for system, paper in PAPER_OF.items())
    return (
        "The usual baseline under the honest protocol (openSMILE ComParE-2016 functionals, RBF SVM), WA / UA: "
        f"{listed}. Commands and intervals: baseline.md. A corpus with other classes than a "
        f"paper's (emodb4 holds four of EmoDB's seven) shares no row with it. Papers: {papers}."
    )
