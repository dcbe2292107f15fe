"""What came out of a lesson under load: right and wrong answers, times, memory, processor; as Markdown."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil
import torch

from benchmarks.load_student import Answer
from benchmarks.recognise import processor
from ser_core.audio import load
from ser_core.recogniser import Recogniser

EXACT, PERCENT = 2e-5, 0.0051  # how near an answer must be, as the protocol and as a browser tell it
HALF_MINUTE = 30.0  # seconds
HEAD = """# Thirty students

Every student opens Recognise, chooses *Upload*, and brings another clip of 3 s every 10 s, beginning at a random
moment; attention off. The time counts from choosing the file, upload included, to the message that brings the
probabilities; *whole page* is the end of the run with all its figures. No two clips are alike, and each answer is
compared with the core's own for that clip. Server and students share the processor.
"""


@dataclass
class Figures:
    """answers: in the order in which they were asked for.  first: seconds until each student's first view.
    elapsed, server_cpu, clients_cpu, whole_cpu (of everything on the computer): seconds.
    memory: (when, MB) of the server.
    taken: (when, seconds) of processor time that the host of a virtual machine has kept for itself.
    logged: whether the server's log has a traceback.
    """

    answers: list[Answer]
    first: list[float]
    began: float
    elapsed: float
    memory: list[tuple[float, float]]
    taken: list[tuple[float, float]]
    server_cpu: float
    clients_cpu: float
    whole_cpu: float
    logged: bool = False
    notes: list[str] = field(default_factory=list)

    def errors(self) -> list[str]:
        found = [f"student {one.student}, turn {one.turn}: {one.error}" for one in self.answers if one.error]
        return [*found, *(["the server's log holds a traceback"] if self.logged else [])]

    def right(self) -> int:
        """How many clips were answered."""
        return sum(not (one.error or one.refused) for one in self.answers)

    def minutes(self) -> list[float]:
        """Mean resident memory of each whole minute, MB; of all there is where that is less than one."""
        each: dict[int, list[float]] = {}
        for when, megabytes in self.memory:
            each.setdefault(int((when - self.began) // 60), []).append(megabytes)
        whole = [float(np.mean(each[minute])) for minute in sorted(each) if (minute + 1) * 60 <= self.elapsed + 1]
        return whole or [float(np.mean([megabytes for _, megabytes in self.memory]))]

    def stolen(self, within: float) -> float:
        """The share of all cores that the host took in the worst stretch of so many seconds, or in all of them."""
        when, seconds = np.array(self.taken).T
        ends = np.minimum(when + within, when[-1])
        spans = ends - when
        whole = spans >= min(within, when[-1] - when[0]) - 1e-9
        taken = np.interp(ends, when, seconds) - seconds
        return float((taken[whole] / spans[whole]).max()) / (psutil.cpu_count() or 1)


def verdicts(figures: Figures, checkpoint: str, clip: Callable[[int, int], tuple[str, bytes]]) -> list[str]:
    """What is wrong with the answers, a sentence each: not this clip's, or under another clip's name."""
    torch.set_num_threads(1)  # two would wait for each other where something else computes
    recogniser = Recogniser(checkpoint)
    wrong, expected = [], []
    for one in figures.answers:
        if one.error or one.refused:
            continue
        name, content = clip(one.student, one.turn)
        right = dict(recogniser.predict(load(content)).ranked())
        expected.append([right[label] for label in recogniser.labels])
        near = PERCENT if all(round(100 * share, 9).is_integer() for share in one.shares.values()) else EXACT
        if set(one.shares) != set(right) or any(abs(one.shares[label] - right[label]) > near for label in right):
            wrong.append(f"student {one.student}, turn {one.turn}: {one.shares} instead of {right}")
        if Path(name).stem not in one.title:
            wrong.append(f"student {one.student}, turn {one.turn}: under the name {one.title!r}")
    figures.notes.append(f"Any two clips' answers differ by {_nearest(np.array(expected)):.1g} or more.")
    return wrong


def _nearest(rows: np.ndarray) -> float:
    """The smallest distance between two answers: the largest difference of a probability.  rows: shape = (N, C)."""
    smallest = 1.0
    for at in range(len(rows) - 1):
        smallest = min(smallest, float(np.abs(rows[at + 1 :] - rows[at]).max(1).min()))
    return smallest


def report(figures: Figures, wrong: list[str], checkpoint: str, command: str) -> str:
    """One run as a section, beginning with its command."""
    return "\n".join(_lines(figures, wrong, checkpoint, command)) + "\n"


def _lines(figures: Figures, wrong: list[str], checkpoint: str, command: str) -> Iterator[str]:
    good = [one for one in figures.answers if not one.error and not one.refused]
    refused = sum(one.refused for one in figures.answers)
    cores = psutil.cpu_count() or 1
    yield f"## `{command}`"
    yield ""
    sessions = f"{len(figures.first)} sessions, {figures.elapsed:.0f} s"
    yield f"{datetime.date.today()}, {processor()}, {checkpoint}, {sessions}."
    yield ""
    yield "| | p50 | p95 | most |"
    yield "|---|---|---|---|"
    if good:
        for title, times in (
            ("click to answer, s", [one.seconds for one in good]),
            ("click to whole page, s", [one.whole for one in good]),
            ("first view, s", figures.first),
        ):
            middle, high = np.percentile(times, [50, 95])
            yield f"| {title} | {middle:.2f} | {high:.2f} | {max(times):.2f} |"
    yield ""
    places = [one.place for one in figures.answers if one.place]
    waited = f"; {len(places)} were shown their place in the line, {max(places)} at most" if places else ""
    yield (
        f"{len(figures.answers):,} clips: {len(good):,} answered, {len(wrong)} wrongly, {refused} refused because the "
        f"line was full, {len(figures.errors())} errors{waited}. {' '.join(figures.notes)}"
    )
    yield ""
    minutes = figures.minutes()
    change = 100 * (minutes[-1] / minutes[0] - 1)
    yield (
        f"Server's memory by minute, MB: {', '.join(f'{one:.0f}' for one in minutes)} ({change:+.1f}% from the first "
        f"to the last), {max(megabytes for _, megabytes in figures.memory):.0f} at most."
    )
    yield ""
    rest = max(0.0, figures.whole_cpu - figures.server_cpu - figures.clients_cpu)
    used = (("server", figures.server_cpu), ("students", figures.clients_cpu), ("all other programs", rest))
    shares = (f"{title} {100 * seconds / figures.elapsed:.0f}%" for title, seconds in used)
    yield f"Processor time, where {cores} cores are {cores}00%: {', '.join(shares)}."
    yield ""
    yield (
        f"Taken away by this computer's host (`steal`): {figures.stolen(figures.elapsed):.0%} of the cores, "
        f"{figures.stolen(HALF_MINUTE):.0%} in the worst half minute."
    )
    if wrong or figures.errors():
        yield ""
    for sentence in (*wrong[:20], *figures.errors()[:20]):
        yield f"- {sentence}"


def put(path: Path, command: str, section: str) -> str:
    """The file's text with this run's section instead of an earlier one of the same command."""
    text = path.read_text(encoding="utf-8") if path.exists() else HEAD
    parts = re.split(r"(?m)^(?=## )", text)
    kept = [part.rstrip("\n") + "\n" for part in parts if not part.startswith(f"## `{command}`\n")]
    return "\n".join([*kept, section])
