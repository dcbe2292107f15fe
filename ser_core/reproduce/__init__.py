"""The papers' tables, run on whatever corpora are here.

printed    what the papers print                     work      one fold: recipe, run folder, outcome
tables     which cells there are, and their tiers    running   many folds, within a budget of time
results    results/<table>.json                      markdown  results/<table>.md
"""

from ser_core.reproduce.markdown import write_markdown
from ser_core.reproduce.printed import BASELINE, PRINTED, Printed
from ser_core.reproduce.running import Account, chosen, reproduce
from ser_core.reproduce.tables import TABLES, Cell, all_cells
from ser_core.reproduce.work import Setting

__all__ = [
    "BASELINE",
    "PRINTED",
    "TABLES",
    "Account",
    "Cell",
    "Printed",
    "Setting",
    "all_cells",
    "chosen",
    "reproduce",
    "write_markdown",
]
