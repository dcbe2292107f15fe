"""First come, first served: whoever crashes holds up nobody."""

import subprocess
import sys
from pathlib import Path
from threading import Event

import pytest
from filelock import FileLock

from ser_core.files import PROJECT
from ser_core.jobs import queue, worker
from ser_core.jobs.folder import Order, process_path, stop_path
from ser_core.jobs.job import Job
from ser_core.jobs.process import process
from ser_core.jobs.queue import Line, Ticket, granted
from ser_core.jobs.watch import Stopped, Watch
from ser_core.jobs.worker import claim, turn
from ser_core.training.run import Run
from tests.ser_core.jobs.places import NOBODY, child, kill, put_run, text, until


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits looks more often than every half second, and nobody believes what was seen before."""
    monkeypatch.setattr(worker, "LOOK", 0.02)
    monkeypatch.setattr(queue, "FRESH", 0.0)


def ticket(name: str, *devices: str, holds: str = "") -> Ticket:
    return Ticket(run=Path(name), devices=devices, holds=holds)


GPUS = ("cuda:0", "cuda:1")


@pytest.mark.parametrize(
    ("line", "got"),
    [
        ([ticket("me", "cpu")], "cpu"),
        ([ticket("a", "cpu", holds="cpu"), ticket("me", "cpu")], ""),
        ([ticket("a", "cpu"), ticket("me", "cpu")], ""),  # it only has not noticed yet that it is its turn
        ([ticket("a", "cpu", holds="cpu"), ticket("me", "cuda:0")], "cuda:0"),
        ([ticket("a", *GPUS, holds="cuda:0"), ticket("me", *GPUS)], "cuda:1"),
        ([ticket("a", *GPUS, holds="cuda:0"), ticket("b", "cuda:0"), ticket("me", *GPUS)], "cuda:1"),
        ([ticket("a", "cuda:1", holds="cuda:1"), ticket("b", *GPUS), ticket("me", *GPUS)], ""),
        ([ticket("a"), ticket("me", "cuda:1")], ""),  # any GPU: it does not yet know which there are
        ([ticket("a"), ticket("me", "cpu")], "cpu"),
        ([ticket("me")], ""),
    ],
)
def test_who_gets_a_device(line: list[Ticket], got: str) -> None:
    assert granted(line, Path("me")) == got


def at_work(run: Run, book: Path, go: Event) -> None:
    """A worker that writes down when it has the device, and keeps it until it may go."""
    with claim(run), turn(run, Order(launched="", launcher=NOBODY), Watch(run)) as device:
        note(book, f"{run.folder.name} has {device}")
        go.wait(60)
        note(book, f"{run.folder.name} leaves")


def note(book: Path, line: str) -> None:
    with book.open("a", encoding="utf-8") as file:
        file.write(line + "\n")


def launched(count: int) -> list[Run]:
    """So many runs in line for the processor, in order, as a launch puts them there."""
    runs = [put_run(f"run{number}", worker=process()) for number in range(count)]
    for run in runs:
        Line(run.folder.parent).enter(run, ["cpu"])
    return runs


def now() -> Event:
    go = Event()
    go.set()
    return go


def test_ten_jobs_share_a_device_one_after_the_other_in_order(tmp_path: Path) -> None:
    runs, book = launched(10), tmp_path / "book"
    workers = [child(at_work, run, book, now()) for run in reversed(runs)]  # whoever starts first is not served first
    for one in workers:
        one.join(60)
    assert text(book).splitlines() == [
        line for number in range(10) for line in (f"run{number} has cpu", f"run{number} leaves")
    ]
    assert not list(Line(runs[0].folder.parent).folder.glob("*.json"))


def test_a_crash_holds_up_nobody(tmp_path: Path) -> None:
    """The one at work and the next in line are killed: the third has the device."""
    (first, second, third), book = launched(3), tmp_path / "book"
    holder = child(at_work, first, book, Event())
    until(lambda: book.exists(), holder.pid)
    waiter = child(at_work, second, book, Event())
    until(lambda: process_is(second, waiter.pid), waiter.pid)
    last = child(at_work, third, book, now())
    until(lambda: process_is(third, last.pid), last.pid)
    assert Job(third).status().reason == "2nd in line for cpu, behind run0."
    kill(waiter)
    assert Job(third).status().reason == "1st in line for cpu, behind run0."
    kill(holder)
    last.join(60)
    assert text(book).splitlines() == ["run0 has cpu", "run2 has cpu", "run2 leaves"]
    assert Job(first).status().state == Job(second).status().state == "lost"


def process_is(run: Run, pid: int | None) -> bool:
    return f'"pid": {pid},' in text(run.folder / "process.json")


def test_the_order_of_launching_stands_even_after_others_have_left(runs: Path) -> None:
    first, second, third = launched(3)
    line = Line(runs)
    line.leave(first)
    late = put_run("late", worker=process())
    line.enter(late, ["cpu"])
    assert line.busy() == {"cpu": ["run1", "run2", "late"]}
    assert line.take(late, ["cpu"]) == ""  # asking keeps the place
    assert line.busy() == {"cpu": ["run1", "run2", "late"]}
    assert line.take(third, ["cpu"]) == ""
    assert line.take(second, ["cpu"]) == "cpu"


def test_a_job_leaves_the_line_when_it_is_cancelled(runs: Path) -> None:
    first, second = launched(2)
    line = Line(runs)
    assert line.take(first, ["cpu"]) == "cpu"
    stop_path(second).touch()
    with pytest.raises(Stopped), turn(second, Order(launched="", launcher=NOBODY), Watch(second)):
        pytest.fail("it got the device")
    assert line.busy() == {"cpu": ["run0"]}


def test_a_device_that_something_unknown_holds_is_waited_for(runs: Path) -> None:
    """A worker that the line no longer knows, and that has not ended yet."""
    first, second = launched(2)
    before, line = Line(runs), Line(runs)
    assert before.take(first, ["cpu"]) == "cpu"
    next(iter(line.folder.glob("*.json"))).unlink()
    assert line.take(second, ["cpu"]) == ""
    before.taken[first.folder].release()
    assert line.take(second, ["cpu"]) == "cpu"
    line.leave(second)


def test_a_damaged_ticket_is_nobodys(runs: Path) -> None:
    (only,) = launched(1)
    (Line(runs).folder / "000000000.json").write_text("{")
    assert Line(runs).take(only, ["cpu"]) == "cpu"


def test_a_damaged_run_holds_up_nobody(runs: Path) -> None:
    first, second = launched(2)
    process_path(first).write_text("{")
    assert Line(runs).take(second, ["cpu"]) == "cpu"


def test_who_lost_the_ticket_enters_again_at_the_end(runs: Path) -> None:
    first, _ = launched(2)
    line = Line(runs)
    line.leave(first)
    assert line.take(first, ["cpu"]) == ""
    assert line.busy() == {"cpu": ["run1", "run0"]}


def test_a_ticket_of_a_killed_attempt_is_worth_nothing(runs: Path) -> None:
    """Killed with the device in hand and resumed at once: the ticket still says that it holds the device."""
    first, second = launched(2)
    for _ in range(2):
        line = Line(runs)
        assert line.take(first, ["cpu"]) == "cpu"  # the second time: it lost no place, nobody else had noticed
        line.taken[first.folder].release()  # as the system does at death
    Line(runs).enter(first, ["cpu"])  # a resume
    assert Line(runs).busy() == {"cpu": ["run1", "run0"]}
    assert Line(runs).take(first, ["cpu"]) == ""
    assert Line(runs).take(second, ["cpu"]) == "cpu"


def test_who_is_far_back_looks_less_often(runs: Path) -> None:
    many = launched(14)
    line = Line(runs)
    assert [line.patience(run) for run in many] == [1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10, 10, 10]


def test_a_line_that_is_held_up_is_waited_for(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (only,) = launched(1)
    line = Line(runs)
    monkeypatch.setattr(Line, "_lock", lambda self: FileLock(self.folder / "line.lock", timeout=0))
    with FileLock(line.folder / "line.lock"):
        assert line.take(only, ["cpu"]) == ""
    assert line.take(only, ["cpu"]) == "cpu"


def test_who_waits_has_not_loaded_what_only_a_training_needs() -> None:
    """Sixty in line must fit into the memory of one computer."""
    asked = "import sys, ser_core.jobs.worker; print(*sorted({'torch', 'sklearn', 'pandas'} & set(sys.modules)))"
    said = subprocess.run([sys.executable, "-c", asked], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert said.stdout.strip() == ""
