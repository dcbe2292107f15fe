"""The numbers in README and results/ are those of the cards, and their commands those that the cards print."""

from pathlib import Path

import pytest

from ser_core.checkpoints import Measured, load_card
from ser_core.files import PROJECT

NAMES = sorted(path.parent.name for path in (PROJECT / "checkpoints").glob("*/card.json"))
RESULTS = [(name, one) for name in NAMES for one in load_card(PROJECT / "checkpoints" / name).results]


def lines(path: Path, *words: str) -> list[str]:
    return [line for line in path.read_text(encoding="utf-8").splitlines() if all(word in line for word in words)]


@pytest.mark.parametrize(("name", "measured"), RESULTS, ids=lambda value: getattr(value, "corpus", value))
def test_the_numbers_are_those_of_the_card(name: str, measured: Measured) -> None:
    low, high = measured.intervals["ua"]
    command = measured.command.removeprefix("python -m ser_core ")
    (row,) = lines(PROJECT / "README.md", f"`{command}`")
    assert f"| `{name}` |" in row
    assert f"| {100 * measured.ua:.1f} | {100 * low:.1f} to {100 * high:.1f} |" in row
    (row,) = lines(PROJECT / "results" / "general.md", f"`{measured.command}`")
    assert f"| {100 * measured.ua:.1f} ({100 * low:.1f} to {100 * high:.1f}) |" in row


def test_every_shipped_checkpoint_beats_chance() -> None:
    """On unheard speakers of its own corpora; how it does on one it never met is reported, whatever it is."""
    for name in NAMES:
        card = load_card(PROJECT / "checkpoints" / name)
        assert card.ships
        own = [measured for measured in card.results if measured.corpus in card.data.corpora]
        assert own
        assert all(measured.intervals["ua"][0] > 1 / len(card.labels) for measured in own), name


@pytest.mark.parametrize("name", NAMES)
def test_the_list_of_checkpoints_names_data_and_licence(name: str) -> None:
    card = load_card(PROJECT / "checkpoints" / name)
    (row,) = lines(PROJECT / "checkpoints" / "README.md", f"| `{name}` |")
    assert card.licence in row
    for corpus in card.data.corpora:
        assert corpus in row.lower()
