"""Checkpoint + waveform -> Prediction.  The one path that the app, the command line, evaluation and notebooks take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ser_core.audio import Waveform
from ser_core.checkpoints import Card, find_checkpoint, load_card, load_model
from ser_core.segments import Segments, clip_logits

BATCH = 64  # segments in one forward call; bounds memory on long clips


@dataclass(frozen=True, eq=False)
class Prediction:
    """What a checkpoint says of one clip.

    labels: C names.  logits: mean of the segments' logits, shape = (C,).
    probabilities: softmax of those, shape = (C,); not the mean of the segments' probabilities.
    segment_probabilities: shape = (S, C), with starts and ends in seconds on the clip's time line, shape = (S,).
    embedding: mean of what the last layer reads, shape = (D,).
    """

    checkpoint: str
    labels: tuple[str, ...]
    logits: np.ndarray
    probabilities: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    segment_probabilities: np.ndarray
    embedding: np.ndarray

    @property
    def label(self) -> str:
        return self.labels[int(self.probabilities.argmax())]

    def ranked(self) -> list[tuple[str, float]]:
        """Labels with their probabilities, the likeliest first."""
        order = np.argsort(-self.probabilities, kind="stable")
        return [(self.labels[i], float(self.probabilities[i])) for i in order]

    def as_dict(self, clip: str) -> dict[str, Any]:
        """Plain values for JSON, under the clip's name; times in seconds."""
        segments = zip(self.starts, self.ends, self.segment_probabilities, strict=True)
        return {
            "clip": clip,
            "checkpoint": self.checkpoint,
            "label": self.label,
            "labels": list(self.labels),
            "probabilities": self.probabilities.tolist(),
            "segments": [
                {"start": float(start), "end": float(end), "probabilities": row.tolist()}
                for start, end, row in segments
            ],
        }


class Recogniser:
    """A loaded checkpoint.  Nothing on it changes after loading, so threads may share one."""

    def __init__(self, checkpoint: str | Path, device: str | torch.device = "cpu") -> None:
        """checkpoint: name or folder.  Raises CheckpointError where it is missing or damaged."""
        folder = find_checkpoint(checkpoint)
        self.card: Card = load_card(folder)
        self.name = self.card.name
        self.labels = self.card.labels
        self.device = torch.device(device)
        self.model = load_model(folder, self.card).to(self.device)

    def predict(self, waveform: Waveform) -> Prediction:
        return self.predict_many([waveform])[0]

    @torch.inference_mode()
    def predict_many(self, waveforms: Sequence[Waveform]) -> list[Prediction]:
        """Several clips through one forward call where they fit; each answer is what the clip gets alone."""
        clips = [self.model.prepare(torch.tensor(w.samples, device=self.device)) for w in waveforms]
        if not clips:
            return []
        embeddings = torch.cat([self.model.embed(part) for part in _batches(clips)])
        logits = self.model.classify(embeddings)
        counts = [len(clip.features) for clip in clips]
        return [
            self._prediction(clip, *parts)
            for clip, *parts in zip(clips, logits.split(counts), embeddings.split(counts), strict=True)
        ]

    def _prediction(self, clip: Segments, logits: Tensor, embeddings: Tensor) -> Prediction:
        mean = clip_logits(logits.double())
        return Prediction(
            checkpoint=self.name,
            labels=self.labels,
            logits=mean.cpu().numpy(),
            probabilities=mean.softmax(0).cpu().numpy(),
            starts=clip.starts,
            ends=clip.ends(),
            segment_probabilities=logits.double().softmax(1).cpu().numpy(),
            embedding=embeddings.mean(0).cpu().numpy(),
        )


def _batches(clips: Sequence[Segments]) -> Sequence[Tensor]:
    return torch.cat([clip.features for clip in clips]).split(BATCH)
