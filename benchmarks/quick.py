"""How long the first training takes, and what it learns.  By hand: python -m benchmarks.quick --write results/quick.md

The very run that "Train it now" on the page Train launches: a worker of its own through `ser_core.jobs`, on the
processor, from the order to *done* (libraries, features, training and the evaluation included).  The UA is that on the
two synthetic voices that neither trained the model nor chose its epoch.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path

import torch

from benchmarks.recognise import processor
from pages.shared.train_quick import RECIPE
from ser_core.files import write_text
from ser_core.jobs import AT_THE_SHELL, Job, launch
from ser_core.jobs.local import default_threads
from ser_core.recipes import load_recipe

HEAD = f"""# The first training

`{RECIPE}`, as "Train it now" launches it: seconds from the order to *done* on an otherwise idle machine, and the UA on
the two synthetic voices it never heard. One run for each seed; the recipe was chosen by the validation voices alone.
It checks the machinery and is no evidence about emotion.
"""


def seconds_of(job: Job) -> float:
    began = time.monotonic()
    while not job.status().ended:
        time.sleep(1)
    return time.monotonic() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[99, 1, 2])
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SER_RUNS"] = folder
        for seed in options.seeds:
            job = launch(load_recipe(RECIPE, [f"seed={seed}"]), AT_THE_SHELL)
            seconds = seconds_of(job)
            if job.status().state != "done":
                raise SystemExit(f"{job.status().state}: {job.status().reason}")
            (found,) = job.run.folder.glob("evaluations/*/evaluation.json")
            ua, (low, high) = (lambda report: (report["ua"], report["intervals"]["ua"]))(json.loads(found.read_text()))
            rows.append(f"| {seed} | {seconds:.0f} | {100 * ua:.1f} | {100 * low:.1f} to {100 * high:.1f} |")
            print(rows[-1], flush=True)
    table = "\n".join(["| seed | seconds | UA, % | 95 % interval |", "| --- | --- | --- | --- |", *rows])
    seeds = " ".join(map(str, options.seeds))
    machine = f"{processor()}, {default_threads()} threads, torch {torch.__version__}"
    if options.write:
        write_text(options.write, f"{HEAD}\n`python -m benchmarks.quick --seeds {seeds}` on {machine}\n\n{table}\n")


if __name__ == "__main__":
    main()
