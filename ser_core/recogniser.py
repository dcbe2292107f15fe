"""Checkpoint + waveform -> Prediction.  The one path that the app, the command line, evaluation and notebooks take."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ser_core.audio import Waveform
from ser_core.checkpoints import Card, find_checkpoint, load_card, load_model, weights_digest
from ser_core.maps import AttentionMap, capture_attention, join
from ser_core.segments import Segments, clip_logits, collate

KEPT_BYTES = 64 * 2**20  # whole maps kept with a prediction; those of a longer clip are made again on request
SEGMENT_BYTES = 32 * 2**20  # and at most so much for one segment


@dataclass(frozen=True, eq=False)
class Attention:
    """The attention maps of one clip.

    maps: whole, by name, first axis "segment" with each segment's start in seconds; further times count from there.
    along_clip: by name, the mean over all other axes on the clip's own time line, for every map with a time axis.
    left_out: the names that are not in `maps`, the largest first, because a long clip's would fill the memory:
    `Recogniser.segment_attention` makes them again, segment by segment.
    """

    maps: dict[str, AttentionMap]
    along_clip: dict[str, AttentionMap]
    left_out: tuple[str, ...] = ()

    def everything(self) -> dict[str, AttentionMap]:
        """Both, the curves along the clip under "along_clip/NAME"."""
        return self.maps | {f"along_clip/{name}": one for name, one in self.along_clip.items()}


@dataclass(frozen=True, eq=False)
class Prediction:
    """What a checkpoint says of one clip.

    labels: C names.  logits: mean of the segments' logits, shape = (C,).
    probabilities: softmax of those, shape = (C,); not the mean of the segments' probabilities.
    segment_probabilities: shape = (S, C), with starts and ends in seconds on the clip's time line, shape = (S,).
    embedding: mean of what the last layer reads, shape = (D,).
    attention: None where nobody asked.
    """

    checkpoint: str
    labels: tuple[str, ...]
    logits: np.ndarray
    probabilities: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    segment_probabilities: np.ndarray
    embedding: np.ndarray
    attention: Attention | None = None

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
        self.weights = weights_digest(folder)

    @torch.inference_mode()
    def predict(self, waveform: Waveform, attention: bool = False) -> Prediction:
        """The answer for one clip, on request with all attention maps."""
        if not attention:
            return self.predict_many([waveform])[0]
        clip = self._prepare(waveform)
        embeddings, collector = [], _Collector()
        for part in clip.features.split(self.model.batch):
            with capture_attention() as maps:
                embeddings.append(self.model.embed(part))
            collector.add(maps)
        embedding = torch.cat(embeddings)
        return self._prediction(clip, self.model.classify(embedding), embedding, collector.attention(clip))

    @torch.inference_mode()
    def segment_attention(self, waveform: Waveform, segment: int) -> dict[str, AttentionMap]:
        """Every map of one segment, whole; times count from the segment's start.

        Raises IndexError where the clip has no such segment.
        """
        clip = self._prepare(waveform)
        if not 0 <= segment < len(clip):
            raise IndexError(f"the clip has {len(clip)} segments")
        with capture_attention() as maps:
            self.model(clip.features[segment : segment + 1])
        return {name: one.at("segment", 0) for name, one in maps.items()}

    @torch.inference_mode()
    def predict_many(self, waveforms: Sequence[Waveform]) -> list[Prediction]:
        """Several clips through one forward call where they fit; each answer is what the clip gets alone."""
        clips = [self._prepare(waveform) for waveform in waveforms]
        if not clips:
            return []
        features, lengths = collate([clip.features for clip in clips])
        embeddings = torch.cat([self.model.embed(*part) for part in _batches(features, lengths, self.model.batch)])
        logits = self.model.classify(embeddings)
        counts = [len(clip) for clip in clips]
        return [
            self._prediction(clip, *parts)
            for clip, *parts in zip(clips, logits.split(counts), embeddings.split(counts), strict=True)
        ]

    @torch.inference_mode()
    def predict_changed(self, waveform: Waveform, change: Callable[[Segments], Segments]) -> Prediction:
        """The answer where something happens to the segments' features on their way to the network, e.g. a mask."""
        clip = change(self._prepare(waveform))
        embedding = torch.cat([self.model.embed(part) for part in clip.features.split(self.model.batch)])
        return self._prediction(clip, self.model.classify(embedding), embedding)

    def _prepare(self, waveform: Waveform) -> Segments:
        return self.model.prepare(torch.tensor(waveform.samples, device=self.device))

    def _prediction(
        self, clip: Segments, logits: Tensor, embeddings: Tensor, attention: Attention | None = None
    ) -> Prediction:
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
            attention=attention,
        )


def _batches(features: Tensor, lengths: Tensor | None, size: int) -> Iterator[tuple[Tensor, Tensor | None]]:
    """Segments a few at a time, each batch no longer than its longest."""
    for start in range(0, len(features), size):
        part = slice(start, start + size)
        if lengths is None:
            yield features[part], None
        else:
            yield features[part, ..., : int(lengths[part].max())], lengths[part]


class _Collector:
    """Joins the maps of a clip's batches of segments; where they grow too large it lets the largest go."""

    def __init__(self) -> None:
        self.whole: dict[str, list[AttentionMap]] = {}
        self.curves: dict[str, list[AttentionMap]] = {}
        self.left_out: list[str] = []

    def add(self, maps: dict[str, AttentionMap]) -> None:
        for name, one in maps.items():
            curve = one.over_time()
            if curve is not None:
                self.curves.setdefault(name, []).append(curve)
            if name not in self.left_out:
                self.whole.setdefault(name, []).append(one)
        while self.size() > KEPT_BYTES or self.size(segments=1) > SEGMENT_BYTES:
            largest = max(self.whole, key=lambda name: sum(one.values.nbytes for one in self.whole[name]))
            self.left_out.append(largest)
            del self.whole[largest]

    def size(self, segments: int | None = None) -> int:
        """Bytes of what is kept, of all segments or of the first few of each batch's."""
        if segments is None:
            return sum(one.values.nbytes for parts in self.whole.values() for one in parts)
        return sum(parts[0].values[:segments].nbytes for parts in self.whole.values())

    def attention(self, clip: Segments) -> Attention:
        whole = {name: join(parts, clip.starts) for name, parts in self.whole.items()}
        curves = {
            name: join(parts, clip.starts).along_clip(clip.span, clip.wraps) for name, parts in self.curves.items()
        }
        return Attention(whole, curves, tuple(self.left_out))
