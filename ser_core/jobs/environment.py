"""With what a run was made: the exact command, package versions, commit, computer and device."""

from __future__ import annotations

import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import distributions
from typing import Any

from ser_core.errors import RunError
from ser_core.files import PROJECT, write_json
from ser_core.jobs.process import host
from ser_core.training.run import Run


def note_environment(run: Run, device: str, device_name: str, threads: int) -> None:
    """Add this start to the run's environment.json: a resumed run may have seen several computers."""
    path = run.folder / "environment.json"
    try:
        starts = list(run.read_json(path)["starts"]) if path.is_file() else []
    except (RunError, KeyError, TypeError):  # it only describes: a damaged one is begun again
        starts = []
    write_json(path, {"starts": [*starts, environment(device, device_name, threads)]})


def environment(device: str, device_name: str, threads: int) -> dict[str, Any]:
    return {
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": sys.orig_argv,
        "computer": host(),
        "system": platform.platform(),
        "device": device,
        "device_name": device_name,
        "threads": threads,
        "python": platform.python_version(),
        "commit": commit(),
        "packages": dict(sorted({d.name.lower(): d.version for d in distributions() if d.name}.items())),
    }


def commit() -> str:
    """The commit of the source, with "+" where files differ from it; empty where there is no repository."""
    if not (PROJECT / ".git").exists():
        return ""
    try:
        found = _git("rev-parse", "HEAD")
        return found + "+" if _git("status", "--porcelain", "--untracked-files=no") else found
    except (OSError, subprocess.SubprocessError):
        return ""


def _git(*arguments: str) -> str:
    answer = subprocess.run(
        ["git", "-C", str(PROJECT), *arguments], capture_output=True, text=True, timeout=10, check=True
    )
    return answer.stdout.strip()
