"""What a page shows of one clip, in one pass: every curve, and of every map what is small enough to be kept.

Matrices are not kept: `segment_maps` makes those of one segment again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from ser_core.audio import Waveform
from ser_core.inspection.curves import Progress, attention_curves, on_clip_line
from ser_core.inspection.derived import with_derived
from ser_core.inspection.views import View
from ser_core.maps import AttentionMap, Axis, join, seconds_axis
from ser_core.models import System
from ser_core.recogniser import Recogniser
from ser_core.segments import Segments

AVERAGED = ("channel", "group")  # of which there are dozens, and none has a name
ROWS = ("row", "band", "emotion")  # axes that a map may have beside time


@dataclass(frozen=True, eq=False)
class Look:
    """curves: by view, one axis, "time".  kept: by name, first axis "segment" in seconds, means over channels and
    groups, without the maps that have a key axis.  matrices: names of the maps with queries and keys.
    clip: how it was cut, without features."""

    curves: dict[View, AttentionMap]
    kept: dict[str, AttentionMap]
    matrices: tuple[str, ...]
    clip: Segments

    @property
    def views(self) -> tuple[View, ...]:
        return tuple(self.curves)

    def curve(self, name: str) -> AttentionMap:
        """Of the view of this name.  Raises KeyError."""
        return next(curve for view, curve in self.curves.items() if view.name == name)

    def heads(self, source: str) -> AttentionMap:
        """The curves of all heads of a map, axes (time, head).  Raises KeyError where it has no heads."""
        own = [curve for view, curve in self.curves.items() if view.source == source and view.head is not None]
        if not own:
            raise KeyError(f"{source} has no heads")
        head = Axis("head", "head", np.arange(1.0, len(own) + 1))
        return AttentionMap(source, np.stack([one.values for one in own], axis=1), (own[0].axes[0], head))

    def planes(self) -> tuple[str, ...]:
        """The maps that have rows beside time."""
        return tuple(name for name, one in self.kept.items() if _rows(one) is not None)

    def plane(self, name: str) -> AttentionMap:
        """A map with rows on the clip's line, axes (time, rows).  Raises KeyError."""
        one = self.kept[name]
        rows = _rows(one)
        if rows is None:
            raise KeyError(f"{name} has no rows beside time")
        time = one.position("time")
        values = np.moveaxis(one.values, (time, one.position(rows.name)), (1, 2))
        return on_clip_line(AttentionMap(name, values, (one.axes[0], one.axes[time], rows)), self.clip)

    def votes(self, emotion: int | None = None) -> AttentionMap:
        """What each moment votes for each emotion above the mean of all, axes (time, emotion), or one's (time).

        Raises KeyError where the system has no votes.
        """
        plane = self.plane("token_logits")
        votes = replace(plane, values=plane.values - plane.values.mean(1, keepdims=True))
        return votes if emotion is None else votes.at("emotion", emotion)

    def product(self) -> AttentionMap:
        """The Time-Frequency Transformer's two marginals multiplied, axes (time, band): no map of the model's own.

        Where windows overlap, the mean of their products.

        Raises KeyError where the system does not have both.
        """
        return on_clip_line(multiplied(self.kept["time"], self.kept["band"]), self.clip)

    def bands(self) -> AttentionMap:
        """The marginal over frequency on the clip's line, axes (time, band): each segment has one profile.

        Raises KeyError.
        """
        band = self.kept["band"]
        columns = max(1, round(self.clip.seconds / 0.05))
        times = seconds_axis("time", (np.arange(columns) + 0.5) * self.clip.seconds / columns)
        values = np.repeat(band.values[:, None, :], columns, axis=1)
        return on_clip_line(AttentionMap("band", values, (band.axes[0], times, band.axes[1])), self.clip)

    def on_filling(self, name: str) -> float:
        """Share of a map's weight that lies on the zeros behind the clip, which no curve shows; 0 where the model fills
        a short clip with the clip itself.  Raises KeyError."""
        one = self.kept[name]
        if self.clip.wraps:
            return 0.0
        weight = one.mean(*(axis.name for axis in one.axes if axis.name not in ("segment", "time"))).values
        behind = self.clip.starts[:, None] + one.axis("time").centres >= self.clip.span[1]
        return float(weight[behind].sum() / weight.sum())

    def around(self, segment: int) -> tuple[float, float] | None:
        """The stretch that a segment is filled with again and again where it reaches past its end; else None."""
        past = float(self.clip.starts[segment]) + self.clip.seconds > self.clip.span[1] + 1e-3
        return self.clip.span if self.clip.wraps and past else None

    def segment_at(self, moment: float) -> int:
        """The segment whose middle is nearest to a moment, in seconds."""
        return int(np.abs(self.clip.starts + self.clip.seconds / 2 - moment).argmin())


def multiplied(time: AttentionMap, band: AttentionMap) -> AttentionMap:
    """Two marginals as their product, axes (time, band), behind those that both have before them.

    A cell is in times of what every cell would have if all were alike.
    """
    cells = len(time.axis("time")) * len(band.axis("band"))
    values = cells * time.values[..., :, None] * band.values[..., None, :]
    return AttentionMap("product", values, (*time.axes, band.axis("band")))


@dataclass
class _Keeper:
    parts: dict[str, list[AttentionMap]] = field(default_factory=dict)
    clips: list[Segments] = field(default_factory=list)
    matrices: tuple[str, ...] = ()

    def add(self, clip: Segments, maps: Mapping[str, AttentionMap]) -> None:
        self.clips[:] = [replace(clip, features=clip.features[:, :0])]
        named = {name: {axis.name for axis in one.axes} for name, one in maps.items()}
        self.matrices = tuple(name for name, axes in named.items() if {"query", "key"} <= axes)
        for name, one in maps.items():
            if all(axis.name != "key" for axis in one.axes):
                averaged = [axis.name for axis in one.axes if axis.name in AVERAGED]
                self.parts.setdefault(name, []).append(one.mean(*averaged) if averaged else one)


def look(
    model: System,
    waveform: Waveform,
    emotion: int | None = None,
    progress: Progress = lambda what, done, total: None,
) -> Look:
    """One pass.  emotion: index of the label whose votes the curves show; the clip's answer where left out.
    progress: may raise to stop.

    Raises InspectionError where the model has no attention along time.
    """
    keeper = _Keeper()
    curves = attention_curves(model, waveform, emotion, progress=progress, each=keeper.add)
    clip = keeper.clips[0]
    kept = {name: join(parts, clip.starts) for name, parts in keeper.parts.items()}
    return Look(curves, kept, keeper.matrices, clip)


def segment_maps(recogniser: Recogniser, waveform: Waveform, segment: int) -> dict[str, AttentionMap]:
    """Every map of one segment with what follows from them, without the segment axis; times count from its start.

    Raises IndexError where the clip has no such segment.
    """
    alone = seconds_axis("segment", np.zeros(1))
    maps = recogniser.segment_attention(waveform, segment)
    batch = {name: replace(one, values=one.values[None], axes=(alone, *one.axes)) for name, one in maps.items()}
    return {name: one.at("segment", 0) for name, one in with_derived(batch).items()}


def _rows(one: AttentionMap) -> Axis | None:
    """The rows of a map that has nothing but segments, time and rows."""
    names = [axis.name for axis in one.axes]
    rows = [axis for axis in one.axes if axis.name in ROWS]
    return rows[0] if "time" in names and len(names) == 3 and len(rows) == 1 else None
