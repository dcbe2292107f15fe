"""Folders as corpora unpack to, with a hundredth of a second of sound in each file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from tests.ser_core.clips import wav


def put(root: Path, *names: str, seconds: float = 0.01) -> Path:
    """WAV files below root, no two alike.  Returns root."""
    for number, name in enumerate(names):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(wav(0.1 * np.sin(np.arange(round(16_000 * seconds)) * (0.1 + number / 1_000))))
    return root


def note(path: Path, content: str | bytes = "") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


def iemocap(root: Path, labels: Iterable[tuple[str, str]]) -> Path:
    """The official tree: a recording for each (utterance, code), its label in the file of its dialogue."""
    lines: dict[str, list[str]] = {}
    for number, (utterance, code) in enumerate(labels):
        dialogue, session = utterance.rpartition("_")[0], f"Session{utterance[4]}"
        put(root, f"{session}/sentences/wav/{dialogue}/{utterance}.wav")
        start = 1.5 * number
        lines.setdefault(f"{session}/dialog/EmoEvaluation/{dialogue}.txt", []).append(
            f"[{start:.4f} - {start + 1:.4f}]\t{utterance}\t{code}\t[2.5000, 2.5000, 2.5000]\n"
            "C-E2:\tNeutral;\t()\nA-E3:\tval 3; act 2; dom  2;\t()\n\n"
        )
    for name, content in lines.items():
        note(root / name, "% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]\n\n" + "".join(content))
    return root
