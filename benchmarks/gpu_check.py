"""Does all that needs a GPU work here?  Under eight minutes:  make gpu-check, or python -m benchmarks.gpu_check

Through `ser_core.jobs` on cuda:0, with a runs folder of its own: a training; a second one that waits for it and then
runs; cancel and resume; a batch that does not fit into what another program leaves of the memory, and the batch size
found for it; and the same probabilities from one checkpoint on the CPU and on the GPU.  Without CUDA it says so and
does nothing.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ser_core.files import PROJECT, write_json
from ser_core.jobs import AT_THE_SHELL, Job, cancel, clone, launch, probe_devices, resume
from ser_core.recipes import Recipe, load_recipe, validate

DEVICE = "cuda:0"
RESULT = PROJECT / "results" / "gpu-check.json"
LIMIT = 8 * 60.0  # seconds, for everything
LEFT = 4 * 2**30  # bytes that the other program leaves free
CLOSE = 1e-3
BALLAST = """
import sys, torch
free, _ = torch.cuda.mem_get_info(0)
held = torch.empty(max(0, free - {left}), dtype=torch.uint8, device="cuda:0")
print("held", flush=True)
sys.stdin.read()
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=RESULT)
    output = parser.parse_args().output
    gpus = [device for device in probe_devices() if device.id == DEVICE]
    if not gpus:
        print("gpu-check skipped: there is no CUDA device that PyTorch can use here.")
        return
    began = time.monotonic()
    checks: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="gpu-check-", ignore_cleanup_errors=True) as home:
        os.environ |= {"SER_RUNS": f"{home}/runs", "SER_CACHE": f"{home}/cache"}
        deadline = began + LIMIT
        for name, check in (
            ("launched, queued, ran", queued),
            ("cancelled and resumed", resumed),
            ("out of memory", too_large),
        ):
            checks[name] = attempt(check, deadline)
            print(f"{name}: {checks[name]}", flush=True)
        done = checks["launched, queued, ran"].get("checkpoint", "")
        checks["CPU and CUDA agree"] = attempt(lambda _: agree(Path(done)), deadline)
        print(f"CPU and CUDA agree: {checks['CPU and CUDA agree']}", flush=True)
    passed = all(check["passed"] for check in checks.values())
    for check in checks.values():
        check.pop("checkpoint", None)
    result = {
        "passed": passed,
        "command": "python -m benchmarks.gpu_check",
        "device": gpus[0].name,
        "memory": gpus[0].memory,
        "torch": version("torch"),
        "python": platform.python_version(),
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "seconds": round(time.monotonic() - began),
        "checks": checks,
    }
    write_json(output, result)
    print(f"{'Passed' if passed else 'FAILED'} in {result['seconds']} s: {output}")
    sys.exit(0 if passed else 1)


def attempt(check: Callable[[float], dict[str, Any]], deadline: float) -> dict[str, Any]:
    """What a check found; whatever ends it early is its finding too."""
    began = time.monotonic()
    try:
        found = check(deadline)
    except Exception as error:
        found = {"passed": False, "error": f"{type(error).__name__}: {error}"}
    return found | {"seconds": round(time.monotonic() - began, 1)}


def small(*changes: str) -> Recipe:
    return load_recipe("ctmam-synthetic", ["name=gpu-check", "training.epochs=3", *changes])


def start(*changes: str) -> Job:
    return launch(small(*changes), AT_THE_SHELL, device=DEVICE, threads=2)


def queued(deadline: float) -> dict[str, Any]:
    """Two at once: the second waits, says for whom, and runs when the first has ended."""
    first = start()
    until(lambda: first.status().state != "queued", deadline)
    second = start("seed=2")
    waits = second.status()
    until(lambda: first.status().ended, deadline)
    until(lambda: second.status().ended, deadline)
    states = [first.status(), second.status()]
    return {
        "passed": [one.state for one in states] == ["done", "done"] and first.id in waits.reason,
        "second said while it waited": waits.reason.replace(first.id, "the first"),
        "states": [one.state for one in states],
        "reasons": [one.reason for one in states],
        "validation UA": states[0].metrics.get("validation_ua"),
        "checkpoint": str(first.run.checkpoint),
    }


def resumed(deadline: float) -> dict[str, Any]:
    job = start("training.epochs=30", "seed=3")
    until(lambda: job.status().ended or job.status().epoch >= 2, deadline)
    load = job.status().load
    cancel(job, AT_THE_SHELL, grace=60)
    stopped = job.status()
    again = resume(job, AT_THE_SHELL)
    until(lambda: again.status().ended or again.status().epoch > stopped.epoch, deadline)
    further = again.status()
    cancel(again, AT_THE_SHELL, grace=60)
    goes_on = "resumed after epoch" in again.log() and further.epoch > stopped.epoch
    return {
        "passed": stopped.state == "cancelled" and goes_on and again.status().state in ("cancelled", "done"),
        "cancelled after epoch": stopped.epoch,
        "resumed to epoch": further.epoch,
        "GPU load seen": load,
    }


def too_large(deadline: float) -> dict[str, Any]:
    """While another program holds most of the memory, a batch of all segments does not fit; what is proposed does."""
    with ballast():
        job = start("training.batch_size=16384", "training.hop=0.1", "training.epochs=1")
        until(lambda: job.status().ended, deadline)
        failed = job.status()
        if failed.fits is None:
            return {"passed": False, "state": failed.state, "reason": failed.reason}
        smaller = launch(validate(clone(job)), AT_THE_SHELL, device=DEVICE, threads=2)
        until(lambda: smaller.status().ended, deadline)
    return {
        "passed": failed.state == "failed" and smaller.status().state == "done",
        "said": failed.reason,
        "fits": failed.fits,
        "with that": smaller.status().state,
        "reason": smaller.status().reason,
    }


@contextmanager
def ballast() -> Iterator[None]:
    """Another program that leaves little of the GPU's memory."""
    other = subprocess.Popen(
        [sys.executable, "-c", BALLAST.format(left=LEFT)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert other.stdout is not None
    try:
        if "held" not in other.stdout.readline():
            raise RuntimeError("the memory could not be filled")
        yield
    finally:
        other.kill()
        other.wait()


def agree(checkpoint: Path) -> dict[str, Any]:
    """The largest difference of a probability between the devices, over the clips that ship."""
    import numpy as np

    from ser_core.audio import load
    from ser_core.corpora.synthetic import samples
    from ser_core.recogniser import Recogniser

    clips = [load(one.path) for one in samples()]
    answers = [Recogniser(checkpoint, device).predict_many(clips) for device in ("cpu", DEVICE)]
    apart = [np.abs(a.probabilities - b.probabilities).max() for a, b in zip(*answers, strict=True)]
    return {"passed": bool(max(apart) < CLOSE), "largest difference": float(max(apart)), "clips": len(clips)}


def until(condition: Callable[[], object], deadline: float) -> None:
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {LIMIT:.0f} s")
        time.sleep(0.1)


def version(package: str) -> str:
    from importlib.metadata import version as installed

    return installed(package)


if __name__ == "__main__":
    main()
