"""How long a system takes for a clip on this machine: front end and network, batch by batch, with random weights."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch

from ser_core.models.base import System
from ser_core.models.registry import create

RUNS = 5  # after a first one that is not counted
PATIENCE = 10.0  # seconds for one system, after which fewer runs must do


@dataclass(frozen=True)
class Latency:
    """milliseconds: median over the runs, for a clip of so many seconds.  threads: of torch, as they were set."""

    milliseconds: float
    runs: int
    seconds: float
    threads: int


def speech_like(samples: int) -> torch.Tensor:
    """Noise with a syllable's rhythm, shape = (samples,)."""
    generator = torch.Generator().manual_seed(0)
    rhythm = (torch.arange(samples) * (8 * torch.pi / System.sample_rate)).sin().clamp_min(0.05)
    return 0.1 * rhythm * torch.randn(samples, generator=generator)


def measure_latency(
    system: str, variant: str = "default", seconds: float = 3.0, between: Callable[[], None] = lambda: None
) -> Latency:
    """From samples to logits.

    between: called after every run; what it raises ends the measurement.  Raises RecipeError for an unknown system.
    """
    with torch.random.fork_rng(devices=[]):
        model = create(system, variant).eval()
    clip = speech_like(round(seconds * model.sample_rate))
    began, took = time.perf_counter(), list[float]()
    while len(took) <= RUNS and (len(took) < 2 or time.perf_counter() - began < PATIENCE):
        started = time.perf_counter()
        answer(model, clip)
        took.append(time.perf_counter() - started)
        between()
    return Latency(1000 * statistics.median(took[1:]), len(took) - 1, seconds, torch.get_num_threads())


@torch.inference_mode()
def answer(model: System, clip: torch.Tensor) -> None:
    for part in model.prepare(clip).features.split(model.batch):
        model(part)
