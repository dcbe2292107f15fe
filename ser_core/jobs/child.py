"""Questions that need torch or a GPU, answered by a short-lived child: the process that asks never touches CUDA."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

from ser_core.errors import JobError
from ser_core.files import PROJECT

SECRETS = ("SER_ADMIN_KEY",)  # no child has a use for them


def ask(question: str, request: dict[str, Any] | None = None, seconds: float = 120) -> dict[str, Any]:
    """Run `python -m ser_core.jobs QUESTION` and return its answer.

    Raises JobError with the child's own sentence, or where it gives no answer in so many seconds.
    """
    command = [sys.executable, "-m", "ser_core.jobs", question]
    try:
        answer = subprocess.run(
            command, input=json.dumps(request or {}), capture_output=True, text=True, timeout=seconds,
            cwd=PROJECT, env=environment(),
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise JobError(f"Asking for {question} took longer than {seconds:.0f} s and was given up.") from error
    try:
        values = dict(json.loads(answer.stdout.splitlines()[-1]))
    except (ValueError, IndexError, TypeError) as error:
        last = (answer.stderr.strip().splitlines() or ["nothing was said"])[-1]
        raise JobError(f"Asking for {question} failed: {last}") from error
    if "error" in values:
        raise JobError(str(values["error"]))
    return values


def environment() -> dict[str, str]:
    """The environment of a child: ours without what is secret."""
    return {name: value for name, value in os.environ.items() if name not in SECRETS}
