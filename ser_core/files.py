"""Writing files so that a crash never leaves half of one, and where the project keeps its own."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
LEFT_BEHIND = 24 * 3600  # seconds


def checkpoints_folder() -> Path:
    """Trained weights that ship; SER_CHECKPOINTS points elsewhere."""
    return Path(os.environ.get("SER_CHECKPOINTS") or PROJECT / "checkpoints").expanduser()


def runs_folder() -> Path:
    """Training runs: SER_RUNS, by default in the user's data folder, never in the repository."""
    return Path(os.environ.get("SER_RUNS") or "~/.local/share/speech-emotion-lab/runs").expanduser()


def cache_folder() -> Path:
    """Computed features: SER_CACHE, by default in the user's cache folder; safe to delete at any time."""
    return Path(os.environ.get("SER_CACHE") or "~/.cache/speech-emotion-lab").expanduser()


def scratch_folder(name: str) -> Path:
    """A folder below the cache for what goes with a visit; what a killed application left there goes after a day."""
    folder = cache_folder() / name
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.iterdir():
        with suppress(OSError):  # gone meanwhile
            if time.time() - left.stat().st_mtime > LEFT_BEHIND:
                shutil.rmtree(left, ignore_errors=True)
    return folder


def write_bytes(path: Path, content: bytes) -> None:
    """Write beside the target, then rename: a reader sees the old file or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def to_disk(path: Path) -> None:
    """Wait until a file, or a folder's list of names, lies on the disk itself.  Raises OSError where it cannot."""
    if path.is_dir() and os.name != "posix":  # no other system lets a folder be opened
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_text(path: Path, content: str) -> None:
    write_bytes(path, content.encode("utf-8"))


def write_json(path: Path, value: Any) -> None:
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False) + "\n")
