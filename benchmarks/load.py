"""Thirty students at once: the application under load.  Run by hand: python -m benchmarks.load

Starts the application as `make app` does, on a free port, and lets students bring a clip of three seconds every ten
seconds, each beginning at a random moment; every clip is one of its own, and its answer must be the one that the core
gives for that very clip.  Needs `streamlit`'s own protocol, hence the version of requirements.txt.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
import psutil
import requests

from benchmarks.load_report import Figures, report, verdicts
from benchmarks.load_student import PATIENCE, Answer, Student
from benchmarks.recognise import stolen
from ser_core.audio import SAMPLE_RATE, Waveform, load
from ser_core.checkpoints import default_checkpoint
from ser_core.corpora.synthetic import samples
from ser_core.files import write_text

ROOT = Path(__file__).resolve().parents[1]
SESSIONS, SECONDS, EVERY = 30, 300.0, 10.0
CLIP_SECONDS = 3
SMOKE_SESSIONS, SMOKE_SECONDS = 6, 30.0


def clip(student: int, turn: int) -> tuple[str, bytes]:
    """The file that a student brings at one turn: no two are alike."""
    rng = np.random.default_rng([student, turn])
    speech = spoken(int(rng.integers(len(samples()))))
    sound = np.resize(np.roll(speech, int(rng.integers(len(speech)))), CLIP_SECONDS * SAMPLE_RATE)
    sound = sound * rng.uniform(0.5, 1.0) + rng.normal(0, 1e-4, len(sound))
    return f"s{student:02}t{turn:03}.wav", Waveform.from_array(sound.astype(np.float32), SAMPLE_RATE).to_wav()


@cache
def spoken(number: int) -> np.ndarray:
    return load(samples()[number].path).samples


@dataclass
class Server:
    """The application's process, and what it used: resident memory in MB every second, since when.

    taken: (when, seconds of processor time that the host of a virtual machine kept for itself since it started).
    """

    address: str
    process: psutil.Process
    memory: list[tuple[float, float]] = field(default_factory=list)
    taken: list[tuple[float, float]] = field(default_factory=list)

    def cpu(self) -> float:
        """Seconds of processor time so far."""
        times = self.process.cpu_times()
        return times.user + times.system

    async def watch(self) -> None:
        while True:
            self.memory.append((time.perf_counter(), self.process.memory_info().rss / 1e6))
            self.taken.append((time.perf_counter(), stolen()))
            await asyncio.sleep(1)


@contextmanager
def served(log: Path) -> Iterator[Server]:
    """The application, as `make app` starts it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", ".streamlit/serve.py", f"--server.port={port}"]
    with tempfile.TemporaryDirectory() as home, log.open("w") as out:
        process = subprocess.Popen(
            [*command, "--server.headless=true"],
            cwd=ROOT,
            env={**os.environ, "SER_RUNS": f"{home}/runs", "SER_CACHE": f"{home}/cache"},
            stdout=out,
            stderr=subprocess.STDOUT,
        )
        try:
            address = f"http://localhost:{port}"
            began = time.monotonic()
            while True:
                try:
                    requests.get(f"{address}/_stcore/health", timeout=5).raise_for_status()
                    break
                except requests.RequestException:
                    if process.poll() is not None or time.monotonic() - began > PATIENCE:
                        raise SystemExit(f"The application did not start:\n{log.read_text()}") from None
                    time.sleep(0.2)
            yield Server(address, psutil.Process(process.pid))
        finally:
            process.terminate()
            process.wait(30)


@asynccontextmanager
async def browsers(count: int, options: argparse.Namespace, address: str) -> AsyncIterator[list]:  # type: ignore[type-arg]
    """Students with a real browser, one process for each."""
    if not count:
        yield []
        return
    from playwright.async_api import async_playwright

    from benchmarks.load_browser import BrowserStudent

    async with AsyncExitStack() as stack:
        playwright = await stack.enter_async_context(async_playwright())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        made = []
        for number in range(count):
            browser = await playwright.chromium.launch(
                executable_path=options.chromium, args=["--headless", "--no-sandbox", "--disable-gpu"]
            )
            stack.push_async_callback(browser.close)
            made.append(BrowserStudent(number, address, options.checkpoint, browser, folder))
        yield made


async def attend(student: Student, begins: float, turns: int, answers: list[Answer]) -> None:
    """One student's clips, one every ten seconds; where an answer took longer, the next follows at once."""
    for turn in range(turns):
        name, content = clip(student.number, turn)
        await asyncio.sleep(max(0.0, begins + turn * EVERY - time.perf_counter()))
        answers.append(await student.bring(turn, name, content))


async def lesson(server: Server, options: argparse.Namespace) -> Figures:
    """Everybody comes in, then the clips follow for as long as asked."""
    async with Student(-1, server.address, options.checkpoint) as lecturer:
        await lecturer.open()  # loads what is loaded once
    async with AsyncExitStack() as stack:
        with_browser = await stack.enter_async_context(browsers(options.browsers, options, server.address))
        rest = range(options.browsers, options.sessions)
        students = [*with_browser, *(Student(number, server.address, options.checkpoint) for number in rest)]
        first = []
        for student in students:  # one after the other, as a class comes in
            await stack.enter_async_context(student)
            first.append(await student.open())
        draw = random.Random(0)
        answers: list[Answer] = []
        watching = asyncio.create_task(server.watch())
        began, server_cpu, own_cpu, all_cpu = time.perf_counter(), server.cpu(), clients_cpu(server), whole_cpu()
        turns = max(1, round(options.seconds / EVERY))
        await asyncio.gather(
            *(attend(one, began + draw.uniform(0, EVERY), turns, answers) for one in students),
        )
        elapsed = time.perf_counter() - began
        watching.cancel()
        return Figures(
            answers=sorted(answers, key=lambda one: one.asked),
            first=first,
            began=began,
            elapsed=elapsed,
            memory=server.memory,
            taken=server.taken,
            server_cpu=server.cpu() - server_cpu,
            clients_cpu=clients_cpu(server) - own_cpu,
            whole_cpu=whole_cpu() - all_cpu,
        )


def clients_cpu(server: Server) -> float:
    """Seconds of processor time of this process and of the browsers it started."""
    total = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
    for child in psutil.Process().children(recursive=True):
        if child.pid != server.process.pid and server.process not in child.parents():
            try:
                times = child.cpu_times()
            except psutil.NoSuchProcess:
                continue
            total += times.user + times.system
    return total


def whole_cpu() -> float:
    """Seconds of processor time of everything on this computer; not what the host of a virtual machine took away."""
    times = psutil.cpu_times()
    return sum(times) - times.idle - sum(getattr(times, none, 0.0) for none in ("iowait", "guest", "steal"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=SESSIONS)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--browsers", type=int, default=0, help="how many of the sessions are real browsers")
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    parser.add_argument("--checkpoint", default=default_checkpoint())
    parser.add_argument("--smoke", action="store_true", help="6 sessions for 30 s: does it work at all?")
    parser.add_argument("--log", type=Path, default=Path(tempfile.gettempdir()) / "load-server.log")
    parser.add_argument("--write", type=Path, help="put the figures into this file, e.g. results/load.md")
    options = parser.parse_args()
    if options.smoke:
        options.sessions, options.seconds = SMOKE_SESSIONS, SMOKE_SECONDS
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the application ends with this
    with served(options.log) as server:
        figures = asyncio.run(lesson(server, options))
    figures.logged = "Traceback" in options.log.read_text(errors="replace")
    wrong = verdicts(figures, options.checkpoint, clip)
    changed = " ".join(sys.argv[1:])
    command = "python -m benchmarks.load" + (f" {changed}" if changed else "")
    text = report(figures, wrong, options.checkpoint, command)
    print(text)
    if options.write:
        from benchmarks.load_report import put

        write_text(options.write, put(options.write, command, text))
    sys.exit(bool(wrong or figures.errors() or not figures.right()))


if __name__ == "__main__":
    main()
