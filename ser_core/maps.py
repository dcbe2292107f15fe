"""Attention maps with named axes, and the sink that collects them during one forward call.

Maps belong to a call, never to a model: many visitors share one cached model in many threads.  A context variable
is private to the thread (and task) that set it, so nothing on the model changes while somebody looks.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from ser_core.segments import overlap_add


@dataclass(frozen=True, eq=False)
class Axis:
    """One axis of a map.

    name: what runs along it, e.g. "segment", "head", "query", "key", "time", "band", "channel".
    unit: "s", "Hz", or what an index counts ("head", "MFCC coefficient group", ...).
    centres: where each entry lies, in that unit, shape = (n,); nan for an entry without a place (a class token).
    Several entries may share a place: 21 tokens in 3 rows and 7 columns have 7 times.
    """

    name: str
    unit: str
    centres: np.ndarray

    def __len__(self) -> int:
        return len(self.centres)


def index_axis(name: str, count: int, unit: str = "index") -> Axis:
    """An axis that only counts: heads, channels, groups."""
    return Axis(name, unit, np.arange(count, dtype=np.float64))


def seconds_axis(name: str, centres: np.ndarray) -> Axis:
    return Axis(name, "s", np.asarray(centres, dtype=np.float64))


@dataclass(frozen=True, eq=False)
class AttentionMap:
    """What one attention layer computed.

    values: float32, one dimension per axis.  softmax: whether the last axis sums to 1.
    """

    name: str
    values: np.ndarray
    axes: tuple[Axis, ...]
    softmax: bool = False

    def __post_init__(self) -> None:
        if self.values.shape != tuple(len(axis) for axis in self.axes):
            raise ValueError(f"{self.name}: values {self.values.shape} do not fit {[len(a) for a in self.axes]}")

    def position(self, axis: str) -> int:
        """Index of the axis of this name.  Raises KeyError where there is none."""
        for place, own in enumerate(self.axes):
            if own.name == axis:
                return place
        raise KeyError(f"{self.name} has no axis {axis!r}: it has {', '.join(own.name for own in self.axes)}")

    def axis(self, name: str) -> Axis:
        return self.axes[self.position(name)]

    def mean(self, *names: str) -> AttentionMap:
        """The map averaged over these axes."""
        places = tuple(self.position(name) for name in names)
        axes = tuple(axis for place, axis in enumerate(self.axes) if place not in places)
        return replace(self, values=self.values.mean(places), axes=axes, softmax=False)

    def at(self, name: str, index: int) -> AttentionMap:
        """The part of the map at one entry of an axis, e.g. one segment or one head."""
        place = self.position(name)
        axes = self.axes[:place] + self.axes[place + 1 :]
        return replace(self, values=self.values.take(index, place), axes=axes)

    def received_axis(self) -> Axis | None:
        """The axis along which the map runs over time, what is looked at before who looks; None without one."""
        timed = [axis for axis in self.axes if axis.unit == "s" and axis.name not in ("segment", "query")]
        return timed[-1] if timed else None

    def over_time(self) -> AttentionMap | None:
        """The mean over heads, queries, channels and the like, axes (segment, time) and emotion where there is one.

        None where there is no time axis.
        """
        time = self.received_axis()
        if time is None:
            return None
        kept = ("segment", time.name, "emotion")
        curves = self.mean(*(axis.name for axis in self.axes if axis.name not in kept))
        place = curves.position(time.name)
        placed = np.isfinite(time.centres)
        axes = list(curves.axes)
        axes[place] = seconds_axis("time", time.centres[placed])
        return AttentionMap(self.name, curves.values.compress(placed, place), tuple(axes))

    def along_clip(self, span: tuple[float, float], wraps: bool = True, step: float = 0.01) -> AttentionMap:
        """A map (segment, time, ...) put on the clip's own time line by overlap-add.

        span: the stretch of the clip that was cut, seconds.  wraps: see `segments.Segments`.  step: grid in seconds.
        """
        segments, time, *rest = self.axes
        grid, curve = overlap_add(self.values, time.centres, segments.centres, span, step, wraps)
        return AttentionMap(self.name, curve.astype(np.float32), (seconds_axis("time", grid), *rest))


def join(parts: Sequence[AttentionMap], starts: np.ndarray) -> AttentionMap:
    """Maps of successive segments as one; starts: of all segments in seconds, shape = (S,)."""
    values = np.concatenate([part.values for part in parts])
    return replace(parts[0], values=values, axes=(seconds_axis("segment", starts), *parts[0].axes[1:]))


def maps_to_bytes(maps: Mapping[str, AttentionMap], left_out: Sequence[str] = ()) -> bytes:
    """Maps as the bytes of an .npz file, which NumPy alone reads: `numpy.load(path)`.

    For each map NAME: NAME its values, NAME/axes the names of its axes, NAME/units their units, NAME/softmax, and
    NAME/0, NAME/1, ... the centres along each axis.  left_out: names of maps that are too large, kept under this name.
    """
    arrays: dict[str, np.ndarray] = {"left_out": np.array(left_out, dtype=str)} if left_out else {}
    for name, one in maps.items():
        arrays[name] = one.values
        arrays[f"{name}/axes"] = np.array([axis.name for axis in one.axes])
        arrays[f"{name}/units"] = np.array([axis.unit for axis in one.axes])
        arrays[f"{name}/softmax"] = np.array(one.softmax)
        arrays |= {f"{name}/{place}": axis.centres for place, axis in enumerate(one.axes)}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def maps_from_bytes(content: bytes) -> dict[str, AttentionMap]:
    """The maps of an .npz file that `maps_to_bytes` made."""
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        found = {}
        for name in (key.removesuffix("/axes") for key in arrays.files if key.endswith("/axes")):
            axes = tuple(
                Axis(str(axis), str(unit), arrays[f"{name}/{place}"])
                for place, (axis, unit) in enumerate(zip(arrays[f"{name}/axes"], arrays[f"{name}/units"], strict=True))
            )
            found[name] = AttentionMap(name, arrays[name], axes, bool(arrays[f"{name}/softmax"]))
        return found


_sink: ContextVar[dict[str, AttentionMap] | None] = ContextVar("attention_sink", default=None)


@contextmanager
def capture_attention() -> Iterator[dict[str, AttentionMap]]:
    """Collect every attention map of one forward call inside the block, by name, in this thread only.

    The first axis of each is "segment", here the place in the batch; a second call replaces the maps of the first.
    """
    collected: dict[str, AttentionMap] = {}
    token = _sink.set(collected)
    try:
        yield collected
    finally:
        _sink.reset(token)


def capturing() -> bool:
    """Whether somebody looks: then layers compute their softmax explicitly instead of with a fused kernel."""
    return _sink.get() is not None


def record(name: str, values: Tensor, *axes: Axis, softmax: bool = False) -> None:
    """Hand one attention tensor to the sink, if there is one.

    values: shape = (B, ...), one dimension after the batch for each of `axes`.
    """
    sink = _sink.get()
    if sink is not None:
        plain = values.detach().to("cpu", torch.float32).numpy()
        sink[name] = AttentionMap(name, plain, (index_axis("segment", len(plain)), *axes), softmax)
