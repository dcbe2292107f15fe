"""A process is known by more than its number."""

import os
import time

import pytest

from ser_core.jobs import process as processes
from ser_core.jobs.process import process
from tests.ser_core.jobs.places import child, kill


def test_this_process_is_alive() -> None:
    assert process().alive
    assert process().pid == os.getpid()


def test_a_process_that_ended_is_not_even_while_nobody_has_collected_it() -> None:
    started = child(time.sleep, 60)
    seen = process(started.pid)
    assert seen.alive
    kill(started)
    assert not seen.alive
    started.join()
    assert not seen.alive
    assert not process(started.pid).alive


@pytest.mark.parametrize("other", [{"started": 1}, {"boot": "another start"}, {"host": "elsewhere"}])
def test_the_same_number_is_not_the_same_process(other: dict[str, object]) -> None:
    """Used again after the first one ended, after a restart, or on another computer."""
    assert not process().model_copy(update=other).alive


def test_a_restart_changes_every_process(monkeypatch: pytest.MonkeyPatch) -> None:
    before = process()
    monkeypatch.setattr(processes, "boot", lambda: "the next one")
    assert not before.alive
    assert process().alive


def test_the_clock_on_the_wall_plays_no_part(monkeypatch: pytest.MonkeyPatch) -> None:
    before = process()
    monkeypatch.setattr(time, "time", lambda: 0.0)
    assert before.alive
    assert process() == before
