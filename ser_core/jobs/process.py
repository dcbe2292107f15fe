"""Who a process is, so that another one with the same number is never taken for it.

A number alone is not enough: numbers are used again, and after a restart of the computer all are.  The boot and the
moment of starting, counted in ticks since that boot, settle it; neither depends on the clock on the wall.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path

import psutil
from pydantic import BaseModel, ConfigDict

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Process(BaseModel):
    """host: its computer's name.  boot: which start of that computer.  started: ticks from that start to its own."""

    model_config = ConfigDict(frozen=True)

    host: str
    boot: str
    pid: int
    started: int

    @property
    def here(self) -> bool:
        """Whether this computer can see it: another computer's processes are none of ours to look up."""
        return self.host == host()

    @property
    def alive(self) -> bool:
        """Whether this very process still runs on this computer; one that only waits to be collected does not."""
        return self.here and self.boot == boot() and start_ticks(self.pid) == self.started


def process(pid: int | None = None) -> Process:
    """This process, or the one with this number; a process that has ended gets -1 ticks and is never alive."""
    number = os.getpid() if pid is None else pid
    ticks = start_ticks(number)
    return Process(host=host(), boot=boot(), pid=number, started=-1 if ticks is None else ticks)


def host() -> str:
    return socket.gethostname()


def boot() -> str:
    """Changes with every start of the computer."""
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:  # not Linux
        return str(round(psutil.boot_time()))


def start_ticks(pid: int) -> int | None:
    """Ticks from the start of the computer to the start of a process; None where it has ended.

    Read from proc(5) where there is one: psutil's own start time is moved by the clock on the wall.
    """
    if not _BOOT_ID.exists():
        try:
            running = psutil.Process(pid)
            return None if running.status() == psutil.STATUS_ZOMBIE else round(100 * running.create_time())
        except psutil.Error:
            return None
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    state, *fields = stat.rpartition(")")[2].split()  # the name before the bracket may hold anything
    return None if state in "ZX" else int(fields[18])
