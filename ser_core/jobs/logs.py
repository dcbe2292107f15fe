"""Logs that never grow without end, and their last lines."""

from __future__ import annotations

from pathlib import Path

from ser_core.training.run import LOG_BYTES

_LINE = 400  # bytes; longer than the lines that are written here


def bound(path: Path, limit: int = LOG_BYTES) -> None:
    """Keep the newer half of a file that is only appended to, once it is longer than `limit` bytes."""
    if not path.is_file() or path.stat().st_size <= limit:
        return
    with path.open("r+b") as file:
        file.seek(-limit // 2, 2)
        kept = file.read()
        file.seek(0)
        file.write(kept[kept.find(b"\n") + 1 :])
        file.truncate()


def tail(path: Path, lines: int = 200) -> str:
    """The last lines of a log, empty where there is none yet, or none that can be read."""
    try:
        with path.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - _LINE * lines))
            text = file.read().decode("utf-8", errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-lines:])
