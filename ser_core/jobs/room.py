"""Is there room for a training: disk and memory, looked at before it starts."""

from __future__ import annotations

import resource
import shutil
from contextlib import suppress
from pathlib import Path

import psutil

from ser_core.errors import JobError

DISK = 500 * 2**20  # training states and the checkpoint of the largest system, twice, and some air
MEMORY = 2**30  # torch, the clips and the features of a small corpus
GPU_MEMORY = 2**30


def check_disk(folder: Path) -> None:
    """Raises JobError where too little of the disk below a folder is free."""
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if free < DISK:
        raise JobError(f"The disk of {folder} has only {size(free)} left and a training needs {size(DISK)}: free some.")


def check_memory() -> None:
    """Raises JobError where the computer has too little free memory."""
    free = psutil.virtual_memory().available
    if free < MEMORY:
        raise JobError(
            f"This computer has only {size(free)} of memory free and a training needs {size(MEMORY)}: close something."
        )


def check_gpu(device: str, free: int, total: int) -> None:
    """Raises JobError where something else fills the GPU.  free, total: bytes."""
    if free < min(GPU_MEMORY, total // 2):
        raise JobError(
            f"{device} has only {size(free)} of {size(total)} free, other programs hold the rest: "
            "end them (nvidia-smi lists them), or choose another device."
        )


def bound_memory() -> None:
    """Let this process have what memory is free and no more: it then meets an error where the kernel would have ended
    a process, its own or another's."""
    spare = int(0.9 * psutil.virtual_memory().available)
    with suppress(OSError, ValueError, AttributeError):  # what a system does not count cannot be bounded
        most = psutil.Process().memory_info().data + spare
        resource.setrlimit(resource.RLIMIT_DATA, (most, resource.getrlimit(resource.RLIMIT_DATA)[1]))


def give_way(score: int) -> None:
    """Where the computer's memory runs out, Linux ends this process before the application.  score: up to 1000."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(str(score), encoding="ascii")


def size(count: int) -> str:
    """Bytes as one says them."""
    return f"{count / 2**30:.1f} GB" if count >= 2**30 else f"{count / 2**20:.0f} MB"
