"""The child's side of `ser_core.jobs.child`: a question as argument, its details as JSON on stdin, JSON on stdout."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from typing import Any

from ser_core.errors import SpeechEmotionError
from ser_core.jobs.room import bound_memory, give_way


def main() -> None:
    with contextlib.suppress(OSError):
        os.nice(5)  # the application that asks comes first
    give_way(1000)
    with contextlib.redirect_stdout(sys.stderr):  # whatever a library prints is no answer
        try:
            answer = answers(sys.argv[1], json.loads(sys.stdin.read() or "{}"))
        except SpeechEmotionError as error:
            answer = {"error": str(error)}
    print(json.dumps(answer))


def answers(question: str, request: dict[str, Any]) -> dict[str, Any]:
    from ser_core.jobs import devices, trial

    if question == "devices":
        return {"devices": [device.model_dump() for device in devices.look()]}
    if question == "estimate":
        if request.get("device") == "cpu":
            bound_memory()
        return trial.estimate(trial.Request.model_validate(request)).model_dump()
    if question == "fitting":
        return {"batch_size": trial.fitting(trial.Request.model_validate(request))}
    raise SystemExit(f"no such question: {question}")


if __name__ == "__main__":
    main()
