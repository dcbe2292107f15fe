"""What this computer can train on, looked up in a short child process: the application never opens CUDA itself."""

from __future__ import annotations

import platform
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

from ser_core.files import runs_folder
from ser_core.jobs.child import ask
from ser_core.jobs.folder import Note
from ser_core.jobs.gauge import gpu_loads
from ser_core.jobs.queue import Line

FRESH = 15.0  # seconds that an answer is kept

_guard = threading.Lock()
_known: list[Device] = []
_asked = float("-inf")


class Device(Note):
    """id: "cpu" or "cuda:N".  memory, free: bytes.  load: busy share of it, None where nothing tells.

    runs: names of the runs on it and in line for it, in order.
    """

    id: str
    name: str
    memory: int
    free: int
    load: float | None
    runs: tuple[str, ...] = ()


def probe_devices(fresh: float = FRESH) -> list[Device]:
    """The processor and every GPU that PyTorch can use here; an answer up to `fresh` seconds old will do.

    Raises JobError where the child gives no answer.
    """
    global _known, _asked
    with _guard:
        if time.monotonic() - _asked > fresh:
            _known = [Device.model_validate(values) for values in ask("devices")["devices"]]
            _asked = time.monotonic()
        known = _known
    return with_runs(known)


def look() -> list[Device]:
    """The same, in the child."""
    import torch

    found = [this_cpu()]
    loads = gpu_loads() if torch.cuda.device_count() else {}
    for index in range(torch.cuda.device_count()):
        about = torch.cuda.get_device_properties(index)
        free, total = torch.cuda.mem_get_info(index)
        load = loads.get(str(about.uuid))
        found.append(Device(id=f"cuda:{index}", name=about.name, memory=total, free=free, load=load))
    return found


def this_cpu() -> Device:
    """The processor, which needs no child; its load is that of the last minute."""
    memory, load = psutil.virtual_memory(), min(1.0, psutil.getloadavg()[0] / (psutil.cpu_count() or 1))
    return Device(id="cpu", name=processor(), memory=memory.total, free=memory.available, load=load)


def with_runs(devices: Sequence[Device]) -> list[Device]:
    """The same with the runs that are on each at this moment, and in line for it."""
    busy = Line(runs_folder().resolve()).busy()
    return [device.model_copy(update={"runs": tuple(busy.get(device.id, ()))}) for device in devices]


def processor() -> str:
    """The processor as its maker calls it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    except OSError:
        names = []
    name = names[0] if names else platform.processor() or platform.machine()
    return f"{name}, {psutil.cpu_count() or 1} threads"
