"""Hostile inputs through decoding, recognition, checkpoints and recipes.  Run by hand: python -m benchmarks.fuzz

10,000 sounds and 2,000 checkpoint folders, cards and recipes, each made from its number (`fuzz_cases`), in a process of
their own that is watched: allowed are an answer with true probabilities or an error of `ser_core.errors`, within five
seconds of processor time.  Anything else, a crash of the process included, is a failure and is listed with its number.
What is done is kept in a file, so a run that was stopped goes on, and tries the failures again; one that came to its
end without a failure is forgotten, so that the next tries everything anew.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from benchmarks import fuzz_cases
from ser_core.errors import AudioError, SpeechEmotionError
from ser_core.files import cache_folder, write_text

SOUNDS, FILES = 10_000, 2_000
LIMIT = 5.0  # seconds of processor time for one case
PATIENCE = 300.0  # seconds by the clock before a silent process counts as hanging; the machine may be busy
RECYCLE = 2_000  # cases until the process is replaced
ALLOWED = ("answer", "loaded", "AudioError", "CheckpointError", "RecipeError")

Attempt = Callable[[str, int], str]


@dataclass(frozen=True)
class Outcome:
    """What became of one case.

    seconds: processor time.  megabytes: the process's peak so far.  detail: a traceback where something escaped.
    """

    kind: str
    number: int
    result: str
    seconds: float = 0.0
    megabytes: float = 0.0
    detail: str = ""

    @property
    def failed(self) -> bool:
        return self.result.partition(":")[0] not in ALLOWED or self.seconds > LIMIT


def attempt(kind: str, number: int) -> str:
    """Run one case.  Returns what came of it: "answer", or the error's name and reason."""
    try:
        return _sound(number) if kind == "sound" else _files(number)
    except AudioError as error:
        return f"AudioError: {error.reason}"
    except SpeechEmotionError as error:
        return type(error).__name__


def _sound(number: int) -> str:
    from ser_core.audio import load
    from ser_core.quality import assess, require_speech
    from ser_core.recogniser import Recogniser

    waveform = load(fuzz_cases.sound(number), name=f"{number}.wav")
    measured = assess(waveform)
    measured.sentences()
    global _shared
    _shared = _shared or Recogniser(fuzz_cases.CHECKPOINT)
    _check(_shared.predict(waveform).probabilities)  # also where nobody speaks: the network gets it all the same
    require_speech(waveform, measured)
    return "answer"


_shared = None


def _check(probabilities: object) -> None:
    import numpy as np

    shares = np.asarray(probabilities)
    if not (np.isfinite(shares).all() and abs(float(shares.sum()) - 1) < 1e-6):
        raise ArithmeticError(f"these are no probabilities: {shares}")


def _files(number: int) -> str:
    from ser_core.audio import load
    from ser_core.corpora.synthetic import samples
    from ser_core.familiarity import training_of
    from ser_core.recipes import change_recipe, load_recipe
    from ser_core.recogniser import Recogniser
    from ser_core.training.trainer import build

    home = Path(tempfile.mkdtemp(prefix="fuzz-"))
    try:
        if number % 2:
            fuzz_cases.checkpoint(number, home / "checkpoint")
            _check(Recogniser(home / "checkpoint").predict(load(samples()[0].path)).probabilities)
            training_of(home / "checkpoint")
            return "answer"
        loaded = load_recipe(str(fuzz_cases.recipe(number, home / "recipe")))
        build(change_recipe(loaded, fuzz_cases.settings(number)))
        return "loaded"
    finally:
        shutil.rmtree(home)


def serve(pipe: Connection, run: Attempt) -> None:
    """The watched process: a case in, an outcome out."""
    import torch

    from ser_core.audio import load
    from ser_core.corpora.synthetic import samples
    from ser_core.quality import assess
    from ser_core.recogniser import Recogniser

    torch.set_num_threads(1)
    speech = load(samples()[0].path)
    assess(speech)  # what is loaded once is no part of a case
    Recogniser(fuzz_cases.CHECKPOINT).predict(speech)
    pipe.send("ready")
    while True:
        kind, number = pipe.recv()
        began, detail = time.process_time(), ""
        try:
            result = run(kind, number)
        except Exception as error:
            result, detail = f"escaped {type(error).__name__}", traceback.format_exc()
        seconds = time.process_time() - began
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        pipe.send(Outcome(kind, number, result, round(seconds, 3), round(peak, 1), detail))


class Watched:
    """A process that runs cases, replaced where it dies or hangs."""

    def __init__(self, run: Attempt = attempt, patience: float = PATIENCE) -> None:
        self.run, self.patience = run, patience
        self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=serve, args=(theirs, self.run), daemon=True)
        self.process.start()
        theirs.close()
        if not self.pipe.poll(4 * PATIENCE) or self.pipe.recv() != "ready":
            raise SystemExit("The process that runs the cases did not start.")

    def __call__(self, kind: str, number: int) -> Outcome:
        try:
            self.pipe.send((kind, number))
            if self.pipe.poll(self.patience):
                outcome: Outcome = self.pipe.recv()
                return outcome
            result = "hang"
        except (EOFError, ConnectionError):
            self.process.join(5)
            result = f"crash with status {self.process.exitcode}"
        self.replace()
        return Outcome(kind, number, result)

    def replace(self) -> None:
        self.close()
        self._start()

    def close(self) -> None:
        self.process.kill()
        self.process.join()
        self.pipe.close()


def cases(sounds: int, files: int) -> Iterator[tuple[str, int]]:
    yield from (("sound", number) for number in range(sounds))
    yield from (("file", number) for number in range(files))


def report(outcomes: list[Outcome], command: str) -> str:
    """The figures as Markdown."""
    lines = [
        "# Hostile inputs",
        "",
        "Mutated sounds through decoding, quality and recognition (`ctmam-synthetic`), and mutated checkpoint folders,",
        "cards and recipes through loading, building and one recognition. Each case follows from its number. Allowed:",
        f"an answer, or one sentence of `ser_core.errors`, within {LIMIT:.0f} s of processor time on one thread.",
        "",
        f"`{command}`",
        "",
        "| | cases | failures | slowest, s | median, s | peak memory of the process, MB |",
        "|---|---|---|---|---|---|",
    ]
    for kind, title in (("sound", "sounds"), ("file", "checkpoints, cards, recipes")):
        mine = [one for one in outcomes if one.kind == kind]
        if mine:
            times = sorted(one.seconds for one in mine)
            failures = sum(one.failed for one in mine)
            peak = max(one.megabytes for one in mine)
            median = times[len(times) // 2]
            lines.append(f"| {title} | {len(mine):,} | {failures} | {times[-1]:.2f} | {median:.3f} | {peak:,.0f} |")
    for kind, title in (("sound", "Sounds"), ("file", "Checkpoints, cards, recipes")):
        counts = Counter(one.result for one in outcomes if one.kind == kind)
        lines += ["", f"{title}: " + ", ".join(f"{name} {count:,}" for name, count in counts.most_common()) + "."]
    failures = [one for one in outcomes if one.failed]
    if failures:
        lines += ["", "Failures:", ""]
        lines += [f"- {one.kind} {one.number}: {one.result}, {one.seconds:.2f} s" for one in failures]
    return "\n".join(lines) + "\n"


def kept(path: Path) -> dict[tuple[str, int], Outcome]:
    """Outcomes of an earlier run; failures, and a last line that was cut off, are tried again."""
    found = {}
    for line in path.read_text().splitlines() if path.exists() else ():
        try:
            one = Outcome(**json.loads(line))
        except (ValueError, TypeError):
            continue
        found[one.kind, one.number] = one
    return {case: one for case, one in found.items() if not one.failed}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sounds", type=int, default=SOUNDS)
    parser.add_argument("--files", type=int, default=FILES)
    parser.add_argument("--kept", type=Path, default=cache_folder() / "fuzz.jsonl", help="where outcomes are kept")
    parser.add_argument("--again", action="store_true", help="forget what an earlier run found")
    parser.add_argument("--write", type=Path, help="write the report there, e.g. results/fuzz.md")
    options = parser.parse_args()
    options.kept.parent.mkdir(parents=True, exist_ok=True)
    if options.again and options.kept.is_file():
        options.kept.unlink()
    done = kept(options.kept)
    wanted = list(cases(options.sounds, options.files))
    waiting = [case for case in wanted if case not in done]
    if waiting:
        watched = Watched()
        with options.kept.open("a") as file:
            for count, case in enumerate(waiting, start=1):
                outcome = done[case] = watched(*case)
                file.write(json.dumps(asdict(outcome)) + "\n")
                file.flush()
                if outcome.failed:
                    print(f"{outcome.kind} {outcome.number}: {outcome.result}\n{outcome.detail}", flush=True)
                if count % 500 == 0:
                    print(f"{count:,} of {len(waiting):,}", flush=True)
                if count % RECYCLE == 0:
                    watched.replace()
        watched.close()
    sizes = f" --sounds {options.sounds} --files {options.files}"
    command = "python -m benchmarks.fuzz" + (sizes if (options.sounds, options.files) != (SOUNDS, FILES) else "")
    text = report([done[case] for case in wanted], command)
    print(text)
    if options.write:
        write_text(options.write, text)
    failed = any(done[case].failed for case in wanted)
    if not failed and options.kept.is_file():  # no device such as /dev/null
        options.kept.unlink()
    sys.exit(failed)


if __name__ == "__main__":
    main()
