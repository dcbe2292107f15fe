"""Which cells make up the tables, and in which tier each is run.

Tier 1   the five systems, honest protocol, one seed
Tier 2   the five systems, each paper's own protocol
Tier 3   ablations, depth and transfer, on one fold
Tier 4   two more seeds of tier 1; AST and SepTr on one fold
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from ser_core.reproduce.printed import PAPER_OF, PRINTED

# The honest protocol of each corpus: every speaker is tested by a model that never heard them.
HONEST = {
    "ravdess": "kfold", "savee": "loso", "emodb4": "loso", "emodb": "loso", "synthetic": "speaker_independent",
    "casia": "loso", "iemocap": "session", "iemocap-improvised": "session", "crema-d": "kfold", "esd-en": "kfold",
    "esd-zh": "kfold", "tess": "loso",
}  # fmt: skip
# No honest protocol can be kept here, whatever is tried.
NO_HONEST = {"tess": "its two speakers are too few to train, to choose the epoch and to test on"}
AT_HAND = ("ravdess", "savee", "emodb4", "synthetic")
SYSTEMS = tuple(PAPER_OF)
TABLES = ("comparison", "ablation-000", "ablation-001", "depth-001", "ablation-002", "transfer-003", "ablation-004",
          "seeds", "baselines-003")  # fmt: skip

TRANSFER = ("default", "teacher_6", "student", "teacher_12", "teacher_6_no_position", "teacher_6_square")


@dataclass(frozen=True)
class Cell:
    """One training, or one cross-validation, with a number at its end.

    column: "paper" for the paper's own protocol, "honest" for ours.  folds: which; empty for all of them.
    """

    table: str
    tier: int
    system: str
    variant: str
    corpus: str
    column: Literal["paper", "honest"]
    protocol: str
    folds: tuple[int, ...] = ()
    seed: int | None = None

    @property
    def id(self) -> str:
        """Names its run folder and its place in the results."""
        protocol = self.protocol.replace(":", "")
        folds = f"-fold{'_'.join(map(str, self.folds))}" if self.folds else ""
        seed = "" if self.seed is None else f"-seed{self.seed}"
        return f"{self.system}-{self.variant}-{self.corpus}-{protocol}{folds}{seed}"


def all_cells() -> tuple[Cell, ...]:
    """Every cell of every table, in the order in which they are run."""
    return tuple(sorted((*comparison(), *ablations(), *seeds(), *heavy_baselines()), key=lambda cell: cell.tier))


def comparison() -> list[Cell]:
    """The systems against each other on what is commonly at hand, and on the corpora of their papers."""
    cells = []
    for system in SYSTEMS:
        printed = [corpus for (name, variant, corpus) in PRINTED if (name, variant) == (system, "default")]
        for corpus in dict.fromkeys((*AT_HAND, *printed)):
            cell = Cell("comparison", 1, system, "default", corpus, "honest", HONEST[corpus])
            cells += [cell, replace(cell, tier=2, column="paper", protocol=f"paper:{PAPER_OF[system]}")]
    return cells


def ablations() -> list[Cell]:
    """Variants against the default, all on the first fold of RAVDESS, or of the corpora that the paper used."""
    tables: dict[str, list[tuple[str, str]]] = {
        "ablation-000": [("ctmam", v) for (s, v, c) in PRINTED if (s, c) == ("ctmam", "iemocap")],
        "ablation-001": [(s, v) for (s, v, c) in PRINTED if c == "tess"],
        "depth-001": [("serct", f"depth_{depth}") for depth in range(1, 7)],
        "ablation-002": [("tf_transformer", v) for v in ("default", "t_f", "t_tf", "f_tf")],
        "transfer-003": [("vit_vertical", v) for v in TRANSFER],
        "ablation-004": [("mhsa_faca", v) for v in ("default", "bmhsa", "fa")],
    }
    cells = []
    for table, rows in tables.items():
        corpora = {c: HONEST[c] for (s, v, c) in PRINTED if (s, v) == rows[1]}
        for corpus, protocol in {"ravdess": "kfold", **corpora}.items():
            one = Cell(table, 3, "", "", corpus, "honest", protocol, folds=(0,))
            if corpus in NO_HONEST:
                one = replace(one, column="paper", protocol=f"paper:{table.rpartition('-')[2]}")
            cells += [replace(one, system=s, variant=v) for s, v in rows]
    return cells


def seeds() -> list[Cell]:
    return [
        replace(cell, table="seeds", tier=4, seed=seed)
        for seed in (1, 2)
        for cell in comparison()
        if cell.column == "honest" and cell.corpus in AT_HAND
    ]


def heavy_baselines() -> list[Cell]:
    return [
        Cell("baselines-003", 4, system, "default", corpus, "honest", HONEST[corpus], folds=(0,))
        for system in ("ast", "septr")
        for corpus in ("ravdess", "savee")
    ]
