"""Time from a clip's bytes to its answer, after loading.  Run by hand: python -m benchmarks.recognise

Two threads, one clip of 3 s at a time, median of 20; decoding and features included, the voice detector apart.
"""

from __future__ import annotations

import argparse
import io
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import soundfile
import torch

from ser_core.audio import SAMPLE_RATE, load
from ser_core.checkpoints import default_checkpoint
from ser_core.corpora.synthetic import samples
from ser_core.quality import assess
from ser_core.recogniser import Recogniser


def median_ms(call: Callable[[], object], runs: int) -> float:
    call()
    times = []
    for _ in range(runs):
        began = time.perf_counter()
        call()
        times.append(1000 * (time.perf_counter() - began))
    return statistics.median(times)


def three_seconds() -> bytes:
    """A sample clip repeated to 3 s, as 16-bit WAV bytes."""
    speech = load(samples()[0].path).samples
    buffer = io.BytesIO()
    soundfile.write(buffer, np.resize(speech, 3 * SAMPLE_RATE), SAMPLE_RATE, format="WAV", subtype="PCM_16")
    return buffer.getvalue()


def processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{models[0]} ({len(models)} cores)" if models else platform.processor()


def stolen() -> float:
    """Seconds of processor time that the host of a virtual machine kept for itself since it started; else 0."""
    return float(getattr(psutil.cpu_times(), "steal", 0.0))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", default="")
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    recogniser, clip = Recogniser(options.checkpoint or default_checkpoint()), three_seconds()
    waveform = load(clip)
    print(f"{processor()}, {options.threads} threads, torch {torch.__version__}, checkpoint {recogniser.name}")
    print(f"bytes to waveform   {median_ms(lambda: load(clip), options.runs):7.1f} ms")
    print(f"waveform to answer  {median_ms(lambda: recogniser.predict(waveform), options.runs):7.1f} ms")
    print(f"bytes to answer     {median_ms(lambda: recogniser.predict(load(clip)), options.runs):7.1f} ms")
    print(f"quality and speech  {median_ms(lambda: assess(waveform), options.runs):7.1f} ms")


if __name__ == "__main__":
    main()
