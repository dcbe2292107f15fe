"""What becomes of runs when things go wrong, really done and counted.  Run by hand, as root on Linux:

    python -m benchmarks.faults > results/faults.md

Every case uses a training of seconds on some clips that ship with the app, in folders of its own.  Nothing is
asserted: the table says how many runs ended as they should, and names those that did not on stderr.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from unittest import mock

from benchmarks.fault_runs import (
    PATIENCE,
    Case,
    broken,
    kill,
    learnt,
    listed,
    refused,
    small_disk,
    start,
    wait_for,
    worker,
)
from ser_core.errors import SpeechEmotionError
from ser_core.jobs import AT_THE_SHELL, cancel, delete, get_job, list_jobs, resume
from ser_core.jobs import process as processes
from ser_core.jobs.folder import process_path
from ser_core.jobs.room import DISK
from tests.ser_core.runs import put_corpora

HEAD = """# What happens to runs when things go wrong

Made by `{command}` ({when}, {cores} processor cores, {system}).

Each training takes some seconds (one block of CTMAM on twenty synthetic clips, four epochs, on the processor). *Right*:
the run was in no moment lost from the list, none stayed in *running*, each said what had happened, and where it was
resumed it ended *done*; "same weights" counts the resumed runs whose checkpoint equals, byte for byte, that of a run
that nothing happened to.

| what was done | how | times | right | resumed to *done* | same weights | what the run said |
|---|---|---|---|---|---|---|
"""


def killed_workers(times: int, length: float, unbroken: Path) -> Case:
    """At moments drawn from the whole life of a run: starting, waiting, decoding, learning, saving, measuring."""
    case = Case("worker killed (SIGKILL)", "at random moments; five kills to a run, then it goes on to its end")
    chance = random.Random(7)
    for number in range(times):
        job = start() if number % 5 == 0 else resume(job, AT_THE_SHELL)  # noqa: F821
        time.sleep(chance.uniform(0, length))
        kill(job)
        if job.run.done:
            case.note(job.status().state == "done")
            continue
        case.note(broken(job), job)
        if number % 5 == 4 or number == times - 1:
            case.ended(resume(job, AT_THE_SHELL), unbroken)
    return case


def killed_application(times: int, unbroken: Path) -> Case:
    case = Case("application killed (SIGKILL)", "its job trains on; another application finds, stops and resumes it")
    script = "import signal; from benchmarks.fault_runs import start; start(); signal.pause()"
    for _ in range(times):
        before = {job.id for job in list_jobs()}
        application = subprocess.Popen([sys.executable, "-c", script], start_new_session=True)
        wait_for(lambda: {job.id for job in list_jobs()} - before)  # noqa: B023
        (name,) = {job.id for job in list_jobs()} - before
        job = get_job(name)
        wait_for(process_path(job.run).is_file)
        os.killpg(application.pid, signal.SIGKILL)
        application.wait()
        learnt(job)
        alive = job.status().state in ("running", "done")
        cancel(job, AT_THE_SHELL, grace=60)
        case.note(alive and job.status().ended, said="(it trained on)")
        if job.status().state == "cancelled":
            job = resume(job, AT_THE_SHELL)
        case.ended(job, unbroken)
    return case


def moved_clock(unbroken: Path) -> Case:
    """Injected: time.time of the application's process is shifted; the clock of the computer is not touched."""
    case = Case("clock moved", "injected into the application: a year back, a day back, a day on, ten years on")
    for days in (-365, -1, 1, 3650):
        job = start()
        learnt(job)
        real = time.time
        with mock.patch("time.time", lambda shift=days * 86400.0, real=real: real() + shift):
            status = job.status()
            case.note(listed(job) and status.state in ("running", "done"), said="(it is seen to run)")
        case.ended(job, unbroken)
    return case


def rebooted(unbroken: Path) -> Case:
    case = Case("computer restarted", "injected: worker killed, and another boot id read from then on")
    for name in ("first", "second"):
        job = start()
        learnt(job)
        kill(job)
        with (
            mock.patch.object(processes, "boot", lambda name=name: f"another {name}"),
            mock.patch("ser_core.jobs.local.boot", lambda name=name: f"another {name}"),
        ):
            case.note(broken(job), job)
        case.ended(resume(job, AT_THE_SHELL), unbroken)
    return case


def two_applications(unbroken: Path) -> Case:
    case = Case("two applications, one folder", "both resume the same lost run at the same moment")
    script = (
        "import sys; from benchmarks.faults import AT_THE_SHELL, SpeechEmotionError, get_job, resume\n"
        "try: resume(get_job(sys.argv[1]), AT_THE_SHELL)\n"
        "except SpeechEmotionError: pass"
    )
    for _ in range(3):
        job = start()
        learnt(job)
        kill(job)
        both = [subprocess.Popen([sys.executable, "-c", script, job.id]) for _ in range(2)]
        for one in both:
            one.wait()
        seen = get_job(job.id)
        case.note(listed(seen) and seen.status().state in ("queued", "running", "done"), said="(one worker trains it)")
        case.ended(seen, unbroken)
    return case


def ten_at_once(unbroken: Path) -> Case:
    case = Case("ten jobs on one device", "launched at once; the third is killed while it waits, the fifth cancelled")
    jobs = [start(f"seed={99 if n != 4 else 3}") for n in range(10)]
    order = [job.status().place for job in jobs if job.status().place]
    kill(jobs[2])
    cancel(jobs[4], AT_THE_SHELL, grace=60)
    at_work: set[int] = set()

    def finished() -> bool:
        states = [job.status().state for job in jobs]
        at_work.add(states.count("running"))
        return all(job.status().ended for job in jobs)

    wait_for(finished)
    fair = order == sorted(order) and max(at_work) <= 1
    for number, job in enumerate(jobs):
        right = {2: "lost", 4: "cancelled"}.get(number, "done")
        case.note(fair and job.status().state == right, said="(never two at work; in the order of launching)")
    case.ended(resume(jobs[2], AT_THE_SHELL), unbroken)
    return case


def full_disk(unbroken: Path) -> Case:
    case = Case("disk full", f"a tmpfs of {DISK // 2**20 + 300} MB, filled up while it learns, then emptied again")
    with small_disk(DISK // 2**20 + 300) as disk, mock.patch.dict(os.environ, {"SER_RUNS": str(disk / "runs")}):
        for _ in range(2):
            job = start("training.epochs=4")
            wait_for(lambda: job.status().ended or "to train on" in job.log())  # noqa: B023
            with (disk / "filling").open("wb") as file:
                try:
                    while True:
                        file.write(bytes(2**20))
                except OSError:
                    pass
            wait_for(lambda: job.status().ended and not worker(job).alive)  # noqa: B023
            case.note(listed(job) and job.status().state in ("failed", "lost") and bool(job.status().reason), job)
            (disk / "filling").unlink()
            case.ended(resume(job, AT_THE_SHELL), unbroken)
        with (disk / "filling").open("wb") as file:
            file.write(bytes(400 * 2**20))
        case.note(*refused(lambda: start()))
    return case


def read_only(unbroken: Path) -> Case:
    case = Case(
        "run folder read-only",
        "killed while it learns, its tmpfs mounted read-only: nothing can be launched, resumed, deleted",
    )
    with small_disk(DISK // 2**20 + 300) as disk, mock.patch.dict(os.environ, {"SER_RUNS": str(disk / "runs")}):
        job = start()
        wait_for(lambda: job.status().ended or "to train on" in job.log())
        kill(job)  # a file that is open for writing would forbid the next step
        wait_for(lambda: remounted(disk, "ro"))
        case.note(broken(job), job)
        case.note(*refused(lambda: start()))
        case.note(*refused(lambda: resume(job, AT_THE_SHELL)))
        case.note(*refused(lambda: delete(job, AT_THE_SHELL)))
        wait_for(lambda: remounted(disk, "rw"))
        case.ended(resume(job, AT_THE_SHELL), unbroken)
    return case


def remounted(disk: Path, how: str) -> bool:
    return subprocess.run(["mount", "-o", f"remount,{how}", str(disk)], capture_output=True).returncode == 0


def nonsense() -> Case:
    case = Case("recipe edited into nonsense", "by hand, before the worker reads it or before it is resumed")
    edits = ("\x00", "epochs = [", 'system = "banana"', "[training]\nepochs = -3", "")
    for text in edits:
        job = start()
        learnt(job)
        kill(job)
        kept = job.run.recipe_path.read_text(encoding="utf-8")
        job.run.recipe_path.write_text(text, encoding="utf-8")
        try:
            again = resume(job, AT_THE_SHELL)
            wait_for(lambda: again.status().ended)  # noqa: B023
        except SpeechEmotionError as error:
            case.note(listed(job), said=str(error))
        else:
            case.note(broken(again, "failed"), again)
        job.run.recipe_path.write_text(kept, encoding="utf-8")
    return case


def corrupt() -> Case:
    case = Case("training state damaged", "the newest state of a killed run cut short, or overwritten with zeros")
    for name, how in (("model.safetensors", "cut"), ("optimizer.bin", "zeros"), ("history.json", "cut")):
        job = start()
        learnt(job)
        kill(job)
        (path,) = list((job.run.folder / "resume" / "training").glob(f"epoch_*[0-9]/{name}"))
        content = path.read_bytes()
        path.write_bytes(content[: len(content) // 2] if how == "cut" else bytes(len(content)))
        again = resume(job, AT_THE_SHELL)
        wait_for(lambda: again.status().ended)  # noqa: B023
        reason = again.status().reason.replace(str(job.run.folder), "RUN")
        case.note(broken(again, "failed"), None, reason) if not broken(again, "failed") else case.note(
            True, said=reason
        )
    return case


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--only", default="", help="names of cases, with commas")
    chosen = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="faults-"))
    folders = {"SER_RUNS": home / "runs", "SER_CACHE": home / "cache", "SER_DATA": put_corpora(home / "data")}
    os.environ |= {name: str(folder) for name, folder in folders.items()}
    began = time.monotonic()
    start().place.wait(list_jobs()[0].run, PATIENCE)  # fills the cache of features
    warm = time.monotonic()
    unbroken_job = start()
    wait_for(lambda: unbroken_job.status().ended)
    length, unbroken = time.monotonic() - warm, unbroken_job.run.checkpoint
    print(f"one run takes {length:.0f} s (the first {warm - began:.0f} s)", file=sys.stderr)
    cases: dict[str, Callable[[], Case]] = {
        "worker": lambda: killed_workers(chosen.kills, length, unbroken),
        "application": lambda: killed_application(3, unbroken),
        "clock": lambda: moved_clock(unbroken),
        "reboot": lambda: rebooted(unbroken),
        "two": lambda: two_applications(unbroken),
        "ten": lambda: ten_at_once(unbroken),
        "full": lambda: full_disk(unbroken),
        "readonly": lambda: read_only(unbroken),
        "nonsense": nonsense,
        "corrupt": corrupt,
    }
    names = chosen.only.split(",") if chosen.only else list(cases)
    command = "python -m benchmarks.faults" + (f" --kills {chosen.kills}" if chosen.kills != 50 else "")
    when = time.strftime("%Y-%m-%d", time.gmtime())
    print(HEAD.format(command=command, when=when, cores=os.cpu_count(), system=platform.system()), end="", flush=True)
    for name in names:
        print(cases[name]().row(), flush=True)
        print(f"{name}: {time.monotonic() - began:.0f} s", file=sys.stderr)
    stuck = [job.id for job in list_jobs() if not job.status().ended]
    print(f"\nAt the end {len(list_jobs())} runs stand in the list, {len(stuck)} of them not ended.", flush=True)
    shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
