"""Questions that need torch or a GPU, answered by a short-lived child: the process that asks never touches CUDA."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from typing import IO, Any

from ser_core.errors import JobError
from ser_core.files import PROJECT

SMALLER = "lower training.batch_size"
SECRETS = ("SER_ADMIN_KEY",)  # no child has a use for them


class Question:
    """A child at work on `python -m ser_core.jobs QUESTION`; whoever asked may look now and then, or stop it."""

    def __init__(self, question: str, request: dict[str, Any] | None = None) -> None:
        self.question = question
        # A full pipe would block it.
        self._said, self._complained = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115
        self._child = subprocess.Popen(
            [sys.executable, "-m", "ser_core.jobs", question], stdin=subprocess.PIPE, stdout=self._said,
            stderr=self._complained, cwd=PROJECT, env=environment(),
        )  # fmt: skip
        assert self._child.stdin is not None
        with suppress(BrokenPipeError), self._child.stdin as stdin:
            stdin.write(json.dumps(request or {}).encode())

    @property
    def answered(self) -> bool:
        return self._child.poll() is not None

    def answer(self, seconds: float = 120) -> dict[str, Any]:
        """Wait for the answer.  Raises JobError with the child's own sentence, or where there is none in time."""
        try:
            self._child.wait(seconds)
        except subprocess.TimeoutExpired as error:
            self.stop()
            raise JobError(f"Asking for {self.question} took longer than {seconds:.0f} s and was given up.") from error
        if self._child.returncode == -signal.SIGKILL:  # by the kernel: nobody here kills what he waits for
            raise JobError(f"Asking for {self.question} took all of this computer's memory: {SMALLER}.")
        try:
            values = dict(json.loads(_lines(self._said)[-1]))
        except (ValueError, IndexError, TypeError) as error:
            last = (_lines(self._complained) or ["nothing was said"])[-1]
            raise JobError(f"Asking for {self.question} failed: {last}") from error
        if "error" in values:
            raise JobError(str(values["error"]))
        return values

    def stop(self) -> None:
        """Nobody needs the answer any more."""
        self._child.kill()
        self._child.wait()


def ask(question: str, request: dict[str, Any] | None = None, seconds: float = 120) -> dict[str, Any]:
    """The answer to a question.  Raises JobError as `Question.answer` does."""
    return Question(question, request).answer(seconds)


def _lines(file: IO[bytes]) -> list[str]:
    file.seek(0)
    return file.read().decode("utf-8", errors="replace").strip().splitlines()


def environment() -> dict[str, str]:
    """The environment of a child: ours without what is secret."""
    return {name: value for name, value in os.environ.items() if name not in SECRETS}
