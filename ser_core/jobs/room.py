"""Is there room for a training: disk and memory, looked at before it starts."""

from __future__ import annotations

import shutil
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


def size(count: int) -> str:
    """Bytes as one says them."""
    return f"{count / 2**30:.1f} GB" if count >= 2**30 else f"{count / 2**20:.0f} MB"
