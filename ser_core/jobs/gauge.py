"""How busy a device is with a training, read by the training itself: the application never touches the GPU."""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass, field

import psutil

EVERY = 10.0  # seconds between two questions to the driver's tool; each takes a moment


@dataclass
class Gauge:
    """For the process that trains.  device: "cpu" or "cuda:N".  threads: it may use of the processor."""

    device: str
    threads: int = 1
    _process: psutil.Process = field(default_factory=psutil.Process)
    _asked: float = float("-inf")
    _load: float | None = None

    def read(self) -> tuple[float | None, int | None]:
        """Busy share, 0 to 1, and bytes held; None where nothing tells."""
        if not self.device.startswith("cuda"):
            share = self._process.cpu_percent() / (100 * self.threads)  # since the last call
            return min(1.0, share) or None, int(self._process.memory_info().rss)
        import torch

        if time.monotonic() - self._asked > EVERY:
            self._asked = time.monotonic()
            self._load = gpu_loads().get(str(torch.cuda.get_device_properties(self.device).uuid))
        return self._load, int(torch.cuda.memory_reserved(self.device))


def gpu_loads() -> dict[str, float]:
    """UUID of each GPU -> its load, as the driver's own tool says it; empty where that tool is missing."""
    command = ["nvidia-smi", "--query-gpu=uuid,utilization.gpu", "--format=csv,noheader,nounits"]
    try:
        table = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return {}
    rows = (line.split(",") for line in table.splitlines() if "," in line)
    return {
        uuid.strip().removeprefix("GPU-"): float(load) / 100
        for uuid, load in rows
        if load.strip().replace(".", "").isdigit()
    }
