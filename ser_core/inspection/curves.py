"""Attention as curves on the clip's own time line, in one pass and bounded memory for a clip of any length."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from ser_core.audio import Waveform
from ser_core.errors import InspectionError
from ser_core.inspection.derived import with_derived
from ser_core.inspection.views import View, device_of, views_of
from ser_core.maps import AttentionMap, capture_attention, join, seconds_axis
from ser_core.models import System
from ser_core.segments import Segments, clip_logits

Progress = Callable[[str, int, int], None]  # what is being done, done, of how many

STEP = 0.01  # seconds between the points of a curve
MAX_POINTS = 60_000  # ten minutes at that step; the curve of a longer clip is coarser


@torch.inference_mode()
def attention_curves(
    model: System,
    waveform: Waveform,
    emotion: int | None = None,
    names: Collection[str] | None = None,
    progress: Progress = lambda what, done, total: None,
    each: Callable[[Segments, Mapping[str, AttentionMap]], None] = lambda clip, maps: None,
) -> dict[View, AttentionMap]:
    """Every view of a clip (or those of the given names) as a curve with one axis, "time", in seconds on a uniform
    grid.  The grid covers what the model was given: a head or tail that its preparation trims has no attention.

    emotion: index of the label whose votes are shown where a view has votes; the clip's answer where left out.
    progress: may raise to stop.  each: called with the clip and the maps of every few segments, for who needs more.
    Raises InspectionError where the model has no attention along time, or none of these names.
    """
    clip = model.prepare(torch.tensor(waveform.samples, device=device_of(model)))
    parts: dict[View, list[AttentionMap]] = {}
    logits: list[Tensor] = []
    for features in clip.features.split(model.batch):
        with capture_attention() as recorded:
            logits.append(model(features))
        maps = with_derived(recorded)
        each(clip, maps)
        for view in views_of(model.name, maps):
            if names is None or view.name in names:
                parts.setdefault(view, []).append(view.curve(maps))
        progress("looking", sum(map(len, logits)), len(clip))
    if not parts:
        wanted = "" if names is None else f" called {', '.join(sorted(names))}"
        raise InspectionError(f"{model.title} has no attention along time{wanted}: choose another view or system.")
    chosen = int(clip_logits(torch.cat(logits)).argmax()) if emotion is None else emotion
    return {view: _placed(join(own, clip.starts), clip, chosen) for view, own in parts.items()}


def span_of(curve: AttentionMap) -> tuple[float, float]:
    """Start and end in seconds of the stretch that a curve's grid of cell centres covers."""
    times = curve.axis("time").centres
    half = step_of(curve) / 2
    return float(times[0] - half), float(times[-1] + half)


def step_of(curve: AttentionMap) -> float:
    """Seconds between the points of a curve."""
    times = curve.axis("time").centres
    return float(times[1] - times[0]) if len(times) > 1 else STEP


def _placed(curve: AttentionMap, clip: Segments, emotion: int) -> AttentionMap:
    """(segment, time) or (segment, time, emotion) -> (time) on the clip's line."""
    if any(axis.name == "emotion" for axis in curve.axes):
        votes = curve.values - curve.values.mean(-1, keepdims=True)  # what all emotions get alike decides nothing
        curve = AttentionMap(curve.name, votes[..., emotion], curve.axes[:2])
    return on_clip_line(curve, clip)


def on_clip_line(one: AttentionMap, clip: Segments) -> AttentionMap:
    """A map (segment, time, ...) of a clip's segments -> (time, ...), the mean over the segments that hold a moment.

    Columns wider than the grid are interpolated within their segment first: then overlapping segments are averaged
    where they overlap, and the curve does not jump with whichever segment has a column just there.
    """
    end = float(clip.ends()[-1])  # a rest shorter than the hop may follow, which no segment holds
    span = (clip.span[0], end)
    step = max(STEP, (end - span[0]) / MAX_POINTS)
    return _on_fine_columns(_merged(one), step, clip.seconds).along_clip(span, clip.wraps, step)


def _merged(one: AttentionMap) -> AttentionMap:
    """Columns at one time (tokens of several rows) become one column, their mean, and times go up."""
    times, place = np.unique(one.axes[1].centres, return_inverse=True)
    if len(times) == len(place):
        return one
    mean = np.stack([one.values[:, place == number].mean(1) for number in range(len(times))], axis=1)
    return replace(one, values=mean, axes=(one.axes[0], seconds_axis("time", times), *one.axes[2:]))


def _on_fine_columns(one: AttentionMap, step: float, seconds: float) -> AttentionMap:
    """Linear between the centres of columns, level for half a column at both ends of a segment."""
    times = one.axes[1].centres
    width = float(times[1] - times[0]) if len(times) > 1 else seconds
    if width <= step:
        return one
    begin, end = max(0.0, times[0] - width / 2), min(seconds, times[-1] + width / 2)
    fine = begin + step * (np.arange(max(1, round((end - begin) / step))) + 0.5)
    place = np.interp(fine, times, np.arange(len(times)))
    below = np.minimum(place.astype(int), max(0, len(times) - 2))
    share = (place - below).astype(one.values.dtype).reshape(-1, *(1,) * (one.values.ndim - 2))
    above = np.minimum(below + 1, len(times) - 1)
    values = one.values[:, below] * (1 - share) + one.values[:, above] * share
    return replace(one, values=values, axes=(one.axes[0], seconds_axis("time", fine), *one.axes[2:]))
