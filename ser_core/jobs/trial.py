"""A few real steps of a recipe, to say beforehand what it costs and, when memory ran out, what would fit.

Runs in a child process (see `child`).  It is the training itself on a few of the recipe's own clips, for one epoch,
in a folder that is thrown away; what is measured are the moments at which it reports its progress.
"""

from __future__ import annotations

import gc
import os
import resource
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from statistics import median

import psutil
import torch
from pydantic import BaseModel

from ser_core.corpora import Utterance, get_corpus
from ser_core.errors import CorpusError, JobError
from ser_core.jobs.child import SMALLER
from ser_core.jobs.estimate import Estimate
from ser_core.jobs.failures import is_gpu_memory, is_memory
from ser_core.protocols import Split, split
from ser_core.recipes import Recipe
from ser_core.segments import cut
from ser_core.training.data import Clip, load_clips
from ser_core.training.run import Run
from ser_core.training.trainer import build, choose_device, learn, training_cutting

STEPS = 5  # batches in the trial's epoch; the first one is not timed
CLIPS = 12  # clips to count segments with, and to validate on
PATIENCE = 60.0  # seconds after which the steps made so far must do
COPIES = 3  # of the features in memory while they are assembled and normalised
FORWARD = 1 / 3  # share of a training step that is its forward pass: validation needs no more


class Request(BaseModel):
    """What to try.  data: folder with the corpora."""

    recipe: Recipe
    device: str = "cpu"
    data: str | None = None
    threads: int = 1


class Enough(Exception):
    """The trial took long enough."""


@dataclass
class Stopwatch:
    """A progress callable: the moments of the steps of each stage, and of the clips whose features were computed."""

    device: torch.device
    began: float = field(default_factory=time.monotonic)
    moments: dict[str, list[float]] = field(default_factory=dict)

    def __call__(self, what: str, done: int, total: int) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)  # what was only ordered so far has to be done
        now = time.monotonic()
        self.moments.setdefault(what.partition(":")[0], []).append(now)
        if now - self.began > PATIENCE and self.stages():
            raise Enough

    def stages(self) -> list[float]:
        """Seconds of one step of each stage that made two or more."""
        return [step for what in self.moments if what != "computing features" and (step := self.step(what))]

    def step(self, what: str) -> float:
        """Seconds from one report to the next, in the middle; 0 where there were fewer than two."""
        moments = self.moments.get(what, [])
        return median(b - a for a, b in pairwise(moments)) if len(moments) > 1 else 0.0


def estimate(request: Request) -> Estimate:
    """Raises CorpusError, RecipeError or RunError as the training would; JobError where one batch does not fit."""
    torch.set_num_threads(request.threads)
    recipe, device = request.recipe, choose_device(request.device)
    training, validation = utterances(recipe, request.data)
    per_clip = segments_per_clip(recipe, training)
    segments = round(per_clip * len(training))
    free = available(device)
    watch = Stopwatch(device)
    size = recipe.training.batch_size
    try:
        rehearse(recipe, training, validation, per_clip, watch)
    except (MemoryError, RuntimeError) as error:
        if not (is_memory(error) or is_gpu_memory(error)):
            raise
        raise JobError(f"Batches of {size} do not fit on {request.device}: {SMALLER}.") from error
    steps = -(-segments // size)
    picture = watch.step("computing features")
    judged = FORWARD * per_clip * len(validation) / size
    epochs = [once * (steps + judged) for once in watch.stages()] or [0.0]
    if recipe.augment.active():
        epochs = [seconds + picture * len(training) for seconds in epochs]
    mean = sum(epochs) / len(epochs)
    stages = 3 if recipe.transfer else 1
    features = segments * segment_bytes(recipe, training)
    return Estimate(
        seconds=mean * stages * recipe.training.epochs + picture * (len(training) + 2 * len(validation)),
        seconds_per_epoch=mean,
        steps_per_epoch=steps,
        clips=len(training),
        segments=segments,
        memory=torch.cuda.max_memory_reserved(device) if device.type == "cuda" else peak() + COPIES * features,
        available=free,
    )


def fitting(request: Request) -> int:
    """The largest batch, halved from the recipe's own, with which a step fits on the device; 0 where none does."""
    recipe, device = request.recipe, choose_device(request.device)
    training, validation = utterances(recipe, request.data)
    per_clip = segments_per_clip(recipe, training)
    size = recipe.training.batch_size // 2
    while size >= 2:
        smaller = recipe.model_copy(update={"training": recipe.training.model_copy(update={"batch_size": size})})
        try:
            rehearse(smaller, training, validation, per_clip, Stopwatch(device))
        except torch.OutOfMemoryError:
            pass
        else:
            return size
        gc.collect()  # outside of the except block, where the failed step is still held
        torch.cuda.empty_cache()
        size //= 2
    return 0


def utterances(recipe: Recipe, data: str | None) -> tuple[list[Utterance], list[Utterance]]:
    """Training and validation utterances that the recipe has a label for."""
    whole = Split((), (), ())
    for name in recipe.corpora:
        whole += split(
            get_corpus(name).scan(Path(data) if data else None).utterances, recipe.protocol, recipe.seed, recipe.fold
        )
    parts = [[u for u in part if recipe.label_of(u.emotion) is not None] for part in (whole.train, whole.validation)]
    if not all(parts):
        raise CorpusError("There is no clip to train on, or none to validate on: check the labels and the corpora.")
    return parts[0], parts[1]


def spread(recipe: Recipe, chosen: list[Utterance], count: int) -> list[Clip]:
    """So many clips, decoded, evenly from all of them."""
    number = min(count, len(chosen))
    few = [chosen[i * len(chosen) // number] for i in range(number)]
    clips, problems = load_clips(few, recipe, lambda what, done, total: None)
    if not clips:
        raise CorpusError(f"No clip can be decoded: {problems[0].reason}")
    return clips


def segments_per_clip(recipe: Recipe, training: list[Utterance]) -> float:
    cutting = training_cutting(recipe, build(recipe))
    clips = spread(recipe, training, CLIPS)
    return sum(len(cut(clip.samples, cutting)[0]) for clip in clips) / len(clips)


def segment_bytes(recipe: Recipe, training: list[Utterance]) -> int:
    """Bytes of one segment's features."""
    model = build(recipe)
    clip = spread(recipe, training, 1)[0]
    return model.raw_segments(clip.samples, training_cutting(recipe, model)).features[0].nbytes


def rehearse(
    recipe: Recipe, training: list[Utterance], validation: list[Utterance], per_clip: float, watch: Stopwatch
) -> None:
    """One epoch of each stage of the training, on as many clips as make a few batches; nothing of it is kept."""
    wanted = -int(-STEPS * recipe.training.batch_size // per_clip)
    parts = {"train": spread(recipe, training, wanted), "validation": spread(recipe, validation, CLIPS)}
    epochs = 1 if wanted <= len(training) else 3  # of a corpus that makes fewer batches than that
    short = recipe.model_copy(update={"training": recipe.training.model_copy(update={"epochs": epochs})})
    with tempfile.TemporaryDirectory() as folder, suppress(Enough):
        os.environ["SER_CACHE"] = folder  # in this child only: features have to be computed to be timed
        learn(short, build(short), parts, Run(Path(folder)), watch, watch.device)


def available(device: torch.device) -> int:
    """Free bytes of the GPU, or of the computer's memory."""
    return torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else psutil.virtual_memory().available


def peak() -> int:
    """The most memory that this process ever had, bytes."""
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
