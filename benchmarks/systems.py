"""Speed of every system with random weights.  Run by hand on an idle machine: python -m benchmarks.systems

Recognition: front end and network on one clip, batch 1, no capture, median of 20.  SERCT besides at its two published
lengths.  Training: forward, backward and a step of Adam at batch 128, for CTMAM, in segments per second; and the same
with the library's depthwise kernels and allocator, as such code is usually written: a yardstick for the machine.
"""

from __future__ import annotations

import argparse
import time
from unittest import mock

import torch
import torch.nn.functional as F

from benchmarks.recognise import median_ms, processor
from ser_core.audio import SAMPLE_RATE
from ser_core.models import System, create, list_systems
from ser_core.models.depthwise import DepthwiseConv2d
from ser_core.training.memory import keep_freed_memory


def speech_like(samples: int) -> torch.Tensor:
    """Noise with a syllable's rhythm, shape = (samples,)."""
    rhythm = (torch.arange(samples) * (8 * torch.pi / SAMPLE_RATE)).sin().clamp_min(0.05)
    return 0.1 * rhythm * torch.randn(samples)


def matmul_gflops(size: int = 1024, repeats: int = 10) -> float:
    """What the machine gives at most: one product of two square matrices, in 10^9 operations a second."""
    one = torch.randn(size, size)
    took = median_ms(lambda: one @ one, repeats) / 1000
    return 2 * size**3 / took / 1e9


def recognise(model: System, samples: int, runs: int) -> float:
    clip = speech_like(samples)

    @torch.inference_mode()
    def answer() -> None:
        for part in model.prepare(clip).features.split(model.batch):
            model(part)

    return median_ms(answer, runs)


def segments_per_second(model: System, batch: int, steps: int) -> float:
    model.train()
    optimiser = torch.optim.Adam(model.parameters())
    with torch.no_grad():
        segment = model.prepare(speech_like(model.cutting.length)).features[:1]
    inputs, labels = segment.repeat(batch, 1, 1) + torch.randn(batch, *segment.shape[1:]), torch.arange(batch) % 4

    def step() -> None:
        optimiser.zero_grad()
        F.cross_entropy(model(inputs), labels).backward()
        optimiser.step()

    step()
    began = time.perf_counter()
    for _ in range(steps):
        step()
    return steps * batch / (time.perf_counter() - began)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--systems", nargs="*", default=list_systems())
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print(f"{processor()}, {options.threads} threads, torch {torch.__version__}")
    print(f"one product of two square matrices {matmul_gflops():8.0f} GFLOP/s")
    for name in options.systems:
        model = create(name).eval()
        print(f"{name:15} 3 s clip to answer        {recognise(model, 48_000, options.runs):8.1f} ms")
        if name == "serct":
            print(f"{name:15} 144,000 samples to answer {recognise(model, 144_000, options.runs):8.1f} ms")
    if "ctmam" in options.systems:
        with mock.patch.object(DepthwiseConv2d, "forward", torch.nn.Conv2d.forward):
            plain = segments_per_second(create("ctmam"), 128, steps=5)
        keep_freed_memory()  # as the training loop does
        rate = segments_per_second(create("ctmam"), 128, steps=5)
        print(
            f"{'ctmam':15} training at batch 128     {rate:8.0f} segments a second ({plain:.0f} with the usual kernels)"
        )


if __name__ == "__main__":
    main()
