"""Who gets which device: first come, first served, kept on disk.

A ticket is a small file, numbered in the order of launching, in a folder that belongs to one computer.  Whoever waits
looks at the tickets before its own; a ticket whose process is gone counts for nothing, so a waiter or a holder that
crashed holds up nobody.  Beside its ticket, who has a device holds the device's lock, which the system frees at death.
Looking costs about a millisecond a ticket: who is further back looks less often, and pages share what they saw.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path

from filelock import FileLock, Timeout
from pydantic import ValidationError

from ser_core.errors import JobError
from ser_core.files import write_text
from ser_core.jobs.folder import Note, attended
from ser_core.jobs.process import host
from ser_core.training.run import Run

FRESH = 0.5  # seconds that who only looks may believe in processes seen alive
FURTHEST = 10  # looks that the last ones in a long line leave out

_guard = threading.Lock()
_seen: dict[Path, tuple[tuple[tuple[str, int], ...], float, list[Ticket]]] = {}


class Ticket(Note):
    """run: its folder.  devices: any of these will do; empty while it is not yet known which there are.

    holds: the device it has got.
    """

    run: Path
    devices: tuple[str, ...]
    holds: str = ""

    def competes(self, other: Ticket) -> bool:
        return not self.devices or not other.devices or bool(set(self.devices) & set(other.devices))


@dataclass(frozen=True)
class Standing:
    """place: 1 is the next one.  device: waited for.  behind: name of the run that is on the device now, if any."""

    place: int
    device: str
    behind: str


@dataclass(frozen=True)
class Line:
    """The tickets of one computer.  runs: the folder that holds the runs."""

    runs: Path
    taken: dict[Path, FileLock] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        return self.runs / ".queue" / re.sub(r"[^\w.-]", "_", host())

    def enter(self, run: Run, devices: Iterable[str]) -> None:
        """Go to the end of the line; a ticket of an earlier attempt counts no longer."""
        with self._lock():
            self._drop(run)
            self._enter(run, tuple(devices))

    def take(self, run: Run, devices: Iterable[str]) -> str:
        """The device that falls to this run now, empty while it has to wait; whoever is not in the line enters it."""
        try:
            lock = self._lock().acquire()
        except Timeout:  # somebody's computer hangs; the turn comes later
            return ""
        with lock:
            tickets = self._enter(run, tuple(devices))
            device = granted(tickets.values(), run.folder)
            if not device:
                return ""
            held = FileLock(self.folder / f"{device.replace(':', '-')}.lock", timeout=0)
            try:
                held.acquire()
            except Timeout:  # by a process that is no longer in the line, and still ends
                return ""
            self.taken[run.folder] = held
            path, ticket = next((path, ticket) for path, ticket in tickets.items() if ticket.run == run.folder)
            _write(path, ticket.model_copy(update={"holds": device}))
            return device

    def patience(self, run: Run) -> int:
        """How many looks a waiting run may leave out: nothing changes soon for who is far back."""
        before = takewhile(lambda ticket: ticket.run != run.folder, self._tickets().values())
        return min(max(1, len(list(before))), FURTHEST)

    def leave(self, run: Run) -> None:
        """Give the device and the ticket back."""
        with self._lock():
            self._drop(run)
            held = self.taken.pop(run.folder, None)
            if held:
                held.release()

    def standing(self, run: Run) -> Standing | None:
        """Where a run stands, None where it does not wait.  Reads only."""
        tickets = self._look()
        mine = next((ticket for ticket in tickets if ticket.run == run.folder and not ticket.holds), None)
        if mine is None:
            return None
        before = [ticket for ticket in tickets[: tickets.index(mine)] if ticket.competes(mine)]
        place = 1 + sum(not ticket.holds for ticket in before)
        holders = [ticket for ticket in tickets if ticket.holds and ticket.competes(mine)]
        device = mine.devices[0] if len(mine.devices) == 1 else "a GPU"
        return Standing(place, device, holders[0].run.name if holders else "")

    def busy(self) -> dict[str, list[str]]:
        """Device -> the runs on it and in line for it, in order; a run in line for any of several stands at each."""
        found: dict[str, list[str]] = {}
        for ticket in self._look():
            for device in (ticket.holds,) if ticket.holds else ticket.devices:
                found.setdefault(device, []).append(ticket.run.name)
        return found

    def _look(self) -> list[Ticket]:
        """The tickets of living processes, in order; as seen a moment ago where no ticket has changed since."""
        paths = sorted(self.folder.glob("[0-9]*.json"))
        state = tuple((path.name, changed) for path in paths if (changed := _changed(path)))
        with _guard:
            before, moment, tickets = _seen.get(self.folder, ((), float("-inf"), []))
            if before != state or time.monotonic() - moment > FRESH:
                tickets = [ticket for ticket in self._tickets().values() if _there(ticket)]
                _seen[self.folder] = (state, time.monotonic(), tickets)
            return tickets

    def _lock(self) -> FileLock:
        self.folder.mkdir(parents=True, exist_ok=True)
        return FileLock(self.folder / "line.lock", timeout=30)

    def _drop(self, run: Run) -> None:
        for path, ticket in self._tickets().items():
            if ticket.run == run.folder:
                path.unlink(missing_ok=True)

    def _enter(self, run: Run, devices: tuple[str, ...]) -> dict[Path, Ticket]:
        """All living tickets, this run's among them.  Only under the lock."""
        tickets = self._living(run)
        mine = next((path for path, ticket in tickets.items() if ticket.run == run.folder), None)
        if mine is None:
            last = max((int(path.stem) for path in tickets), default=0)
            mine = self.folder / f"{last + 1:09d}.json"
        ticket = Ticket(run=run.folder, devices=devices)  # who asks holds nothing yet, whatever is written there
        if tickets.get(mine) != ticket:
            tickets[mine] = ticket
            _write(mine, ticket)
        return tickets

    def _tickets(self) -> dict[Path, Ticket]:
        """Every readable ticket, in order."""
        found = {}
        for path in sorted(self.folder.glob("[0-9]*.json")):
            try:
                found[path] = Ticket.model_validate_json(path.read_bytes())
            except (OSError, ValidationError):  # left the line just now, or damaged
                continue
        return found

    def _living(self, caller: Run) -> dict[Path, Ticket]:
        """The caller's ticket and those whose process is there; the others are thrown away.  Only under the lock."""
        living = {}
        for path, ticket in self._tickets().items():
            if ticket.run == caller.folder or _there(ticket):
                living[path] = ticket
            else:
                path.unlink(missing_ok=True)
        return living


def granted(tickets: Iterable[Ticket], run: Path) -> str:
    """The device that a run gets when every ticket before it is served first; empty where none is left for it."""
    tickets = list(tickets)
    free = {device for ticket in tickets for device in ticket.devices} - {ticket.holds for ticket in tickets}
    for ticket in tickets:
        if ticket.holds:
            continue
        got = next((device for device in ticket.devices if device in free), "")
        if ticket.run == run:
            return got
        if not ticket.devices:  # it will know in a moment; until then any GPU may be its own
            free = {device for device in free if not device.startswith("cuda")}
        free.discard(got)
    return ""


def _there(ticket: Ticket) -> bool:
    """Whether its process is; a run whose files are damaged holds up nobody."""
    try:
        return attended(Run(ticket.run))
    except JobError:
        return False


def _changed(path: Path) -> int:
    """When, in nanoseconds; 0 where it is gone."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _write(path: Path, ticket: Ticket) -> None:
    write_text(path, ticket.model_dump_json() + "\n")
