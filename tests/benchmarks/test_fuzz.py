"""The watch over hostile inputs notices what it is there to notice, and a few hundred inputs do no harm."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from benchmarks import fuzz, fuzz_cases
from benchmarks.fuzz import Outcome, Watched


def planted(kind: str, number: int) -> str:
    """One fault of each sort, by number."""
    if number == 0:
        os.abort()
    if number == 1:
        time.sleep(1_000)
    if number == 2:
        raise KeyError("no error of the core")
    return "answer"


@pytest.fixture(scope="module")
def watched() -> Iterator[Watched]:
    process = Watched(planted, patience=2.0)
    yield process
    process.close()


@pytest.mark.parametrize(("number", "says"), [(0, "crash"), (1, "hang"), (2, "escaped KeyError")])
def test_a_crash_a_hang_and_a_foreign_error_are_failures_and_the_next_case_runs(
    watched: Watched, number: int, says: str
) -> None:
    outcome = watched("sound", number)
    assert says in outcome.result
    assert outcome.failed
    assert watched("sound", 3).result == "answer"


def test_a_slow_answer_is_a_failure() -> None:
    assert not Outcome("sound", 0, "answer", seconds=fuzz.LIMIT).failed
    assert Outcome("sound", 0, "answer", seconds=fuzz.LIMIT + 0.1).failed


def test_the_same_number_makes_the_same_input(tmp_path: Path) -> None:
    assert [fuzz_cases.sound(n) for n in range(20)] == [fuzz_cases.sound(n) for n in range(20)]
    first, second = (fuzz_cases.recipe(6, tmp_path / name).read_bytes() for name in "ab")
    assert first == second


def test_a_run_that_came_to_its_end_is_forgotten_so_that_the_next_tries_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "fuzz.jsonl"
    kept.write_text(json.dumps(asdict(Outcome("sound", 0, "answer"))) + "\n")
    monkeypatch.setattr("sys.argv", ["fuzz", "--sounds", "1", "--files", "0", "--kept", str(kept)])
    with pytest.raises(SystemExit) as ended:
        fuzz.main()
    assert not ended.value.code
    assert not kept.exists()


@pytest.mark.parametrize("kind", ["sound", "file"])
def test_hostile_inputs_end_in_an_answer_or_an_error_of_the_core(kind: str) -> None:
    first = 100_000  # none of those that the long run counts
    results = {number: fuzz.attempt(kind, number) for number in range(first, first + 80)}
    assert not {n: r for n, r in results.items() if r.partition(":")[0] not in fuzz.ALLOWED}
    assert len(set(results.values())) > 2
