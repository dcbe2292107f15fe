"""The numbers in README and results/ are those of the cards, and their commands those that the cards print."""

from pathlib import Path

import pytest

from ser_core.checkpoints import Measured, load_card
from ser_core.files import PROJECT

NAMES = sorted(path.parent.name for path in (PROJECT / "checkpoints").glob("*/card.json"))
RESULTS = [(name, one) for name in NAMES for one in load_card(PROJECT / "checkpoints" / name).results]


def lines(path: Path, *words: str) -> list[str]:
    return [line for line in path.read_text(encoding="utf-8").splitlines() if all(word in line for word in words)]


def cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.strip("|").split("|")]


@pytest.mark.parametrize(("name", "measured"), RESULTS, ids=lambda value: getattr(value, "corpus", value))
def test_the_numbers_are_those_of_the_card(name: str, measured: Measured) -> None:
    low, high = measured.intervals["ua"]
    printed = f"{100 * measured.ua:.1f} ({100 * low:.1f} to {100 * high:.1f})"
    (head,) = lines(PROJECT / "README.md", "| checkpoint | emotions |")
    (row,) = lines(PROJECT / "README.md", f"| `{name}` |")
    assert dict(zip(map(str.lower, cells(head)), cells(row), strict=True))[measured.corpus] == printed
    (row,) = lines(PROJECT / "results" / "general.md", f"`{measured.command}`")
    assert f"| {printed} |" in row


@pytest.mark.parametrize(("name", "measured"), RESULTS, ids=lambda value: getattr(value, "corpus", value))
def test_the_command_above_the_table_makes_the_number(name: str, measured: Measured) -> None:
    """It stands there once for every corpus that has unheard speakers, in RAVDESS's name."""
    command = measured.command.replace(f" {name} ", " NAME ")
    if "--protocol" in command:
        assert measured.corpus in {"ravdess", "emodb", "synthetic"}
        command = command.replace(f" {measured.corpus} ", " ravdess ")
    (row,) = lines(PROJECT / "README.md", "--checkpoint NAME", command.rpartition("--corpus ")[2])
    assert row.startswith(command)


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
