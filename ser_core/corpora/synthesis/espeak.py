"""SSML -> sound, by eSpeak NG."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np

from ser_core.errors import CorpusError

ENGINE = Path(__file__).with_name("engine.py")


def speak(ssml: str, voice: str, *, rate: int, pitch: int, span: int, volume: int, seed: int) -> tuple[np.ndarray, int]:
    """Samples, float64 in -1..1, shape = (n,), and their rate in hertz.  The same request gives the same samples.

    rate: words per minute; pitch, span: 0 to 99, the engine's pitch and pitch range; volume: 0 to 200.
    Raises CorpusError where eSpeak NG is not installed, does not know the voice, or says nothing.
    """
    try:
        import espeakng_loader
    except ImportError:
        raise CorpusError(
            "Making the synthetic corpus needs eSpeak NG: pip install espeakng-loader (it is in requirements-dev.txt)."
        ) from None
    request = {
        "library": espeakng_loader.get_library_path(),
        "data": espeakng_loader.get_data_path(),
        "ssml": ssml,
        "voice": voice,
        "rate": rate,
        "pitch": pitch,
        "range": span,
        "volume": volume,
        "seed": seed,
    }
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(ENGINE)], input=json.dumps(request).encode(), capture_output=True
    )
    if done.returncode != 0 or len(done.stdout) <= 4:
        reason = done.stderr.decode(errors="replace").strip().splitlines()
        raise CorpusError(f"eSpeak NG did not speak with the voice {voice}: {reason[-1] if reason else 'no sound'}.")
    samples = np.frombuffer(done.stdout[4:], dtype="<i2").astype(np.float64) / 32768
    return samples, int.from_bytes(done.stdout[:4], "little")
