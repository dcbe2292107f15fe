"""A second opinion beside attention: which parts of the features move the logit of one emotion (captum).

    occlusion              each stretch of the features is replaced by the clip's average: how far does the logit fall?
    integrated_gradients   gradients summed on the way from the clip's average to the clip (arXiv 1703.01365); they
                           add up to how far the logit of the one lies above that of the other
    grad_cam               channels of one layer weighted by their mean gradient (arXiv 1610.02391), see `gradcam.py`

None of this is attention: it says what the answer is sensitive to, as attention says what was mixed.  Neither is the
truth; on speech such attributions often disagree with each other (arXiv 2505.16406).

The clip's average is the mean of every feature row over the clip, sound without any event.  Segments are treated one
by one, as the clip's logit is the mean of theirs, and put back on the clip's time line.  Everything happens on a copy
of the model: the cached one, which other threads are using, gets neither hooks nor gradients.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from copy import deepcopy
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any, Literal

import numpy as np
import torch
from captum.attr import IntegratedGradients, Occlusion
from torch import Tensor

from ser_core.audio import Waveform
from ser_core.errors import InspectionError
from ser_core.inspection.curves import Progress, on_clip_line
from ser_core.inspection.gradcam import grad_cam, prepare_layer
from ser_core.inspection.views import View, device_of
from ser_core.maps import AttentionMap, Axis, join, seconds_axis
from ser_core.models import System
from ser_core.segments import Segments, clip_logits

Method = Literal["occlusion", "integrated_gradients", "grad_cam"]

LONGEST = 60.0  # seconds
SEGMENTS = 16  # where a clip has more, some are left out, as long as those that stay leave no gap
OCCLUDED = 0.1  # seconds of features hidden at a time
WINDOWS = 40  # of a segment, at most; a long segment's are longer
STEPS = 20  # between the clip's average and the clip

METHODS: dict[Method, View] = {
    "occlusion": View(
        "occlusion",
        "Occlusion",
        "How far the emotion's logit falls when this stretch of the features is replaced by the clip's average.",
        "Not attention; and a stretch that another one can stand in for shows nothing.",
        "features",
    ),
    "integrated_gradients": View(
        "integrated_gradients",
        "Integrated gradients",
        "How much this part of the features adds to the emotion's logit on the way from the clip's average to the "
        "clip.",
        "Gradients, not attention; they depend on where the way begins, and here that is the clip's average.",
        "features",
    ),
    "grad_cam": View(
        "grad_cam",
        "Grad-CAM",
        "Where the channels of one layer are active that raise the emotion's logit.",
        "Gradients, not attention; only what speaks for the emotion is shown, at the coarse grid of that layer.",
        "layer",
    ),
}


@dataclass(frozen=True, eq=False)
class Attribution:
    """One method's account of one emotion.

    map: axes (time) or (time, rows): "band" in hertz, "MFCC" in coefficients, or a group of rows.  Occlusion: summed
    over the rows, how far the logit falls without the stretch around a moment; integrated gradients: logits per second;
    Grad-CAM: no unit.  The logit is that of a segment; where several hold a moment, their mean.
    layer: of Grad-CAM.  segments: how many were looked at.  gap: for integrated gradients, how far the attributions'
    sum misses the change of the logit they should add up to, mean over segments of the absolute value, in logits.
    """

    method: Method
    emotion: str
    map: AttentionMap
    segments: int
    layer: str = ""
    gap: float | None = None

    def curve(self) -> AttentionMap:
        """One axis, "time": the sum over the rows."""
        rows = tuple(range(1, self.map.values.ndim))
        return AttentionMap(self.method, self.map.values.sum(rows), self.map.axes[:1])


def attribute(
    model: System,
    waveform: Waveform,
    method: Method,
    labels: tuple[str, ...],
    emotion: str | None = None,
    *,
    row_groups: int = 1,
    progress: Progress = lambda what, done, total: None,
) -> Attribution:
    """The account of one method, over the clip.

    labels: of the model's outputs.  emotion: one of them; the clip's answer where left out.
    row_groups: for occlusion, into how many groups of neighbouring rows a stretch is divided; 1 hides all rows at once.
    progress: may raise to stop.
    Raises InspectionError for a clip a second or more above LONGEST, an unknown emotion or method, or a system without
    a layer for Grad-CAM.
    """
    if method not in METHODS:
        raise InspectionError(f"There is no method {method!r}: choose one of {', '.join(METHODS)}.")
    if emotion is not None and emotion not in labels:
        raise InspectionError(f"There is no label {emotion!r}: choose one of {', '.join(labels)}.")
    if waveform.seconds >= LONGEST + 1:
        raise InspectionError(
            f"This clip is {waveform.seconds:.0f} s long: cut out a part of at most {LONGEST:.0f} s for gradients."
        )
    # Tensors born in inference mode know no gradients, and who calls may be in it.
    with torch.inference_mode(False), _recurrent_gradients(device_of(model)):
        copy = deepcopy(model).eval().requires_grad_(False)
        with torch.no_grad():
            whole = copy.prepare(torch.tensor(waveform.samples, device=device_of(copy)))
            clip = thinned(whole)
            logits = torch.cat([copy(part) for part in whole.features.split(copy.batch)])
        place = int(clip_logits(logits).argmax()) if emotion is None else labels.index(emotion)
        run = _Run(copy, clip, place, progress)
        layer, gap = "", None
        with torch.enable_grad():
            if method == "grad_cam":
                layer, one = run.grad_cam()
            elif method == "integrated_gradients":
                one, gap = run.integrated_gradients()
            else:
                with torch.no_grad():
                    one = run.occlusion(row_groups)
    return Attribution(method, labels[place], on_clip_line(one, clip), len(clip), layer, gap)


def thinned(clip: Segments) -> Segments:
    """Where a clip has more than SEGMENTS segments, every second, third, ... of them, and the last."""
    if len(clip) <= SEGMENTS:
        return clip
    gapless = int(clip.seconds / float(clip.starts[1] - clip.starts[0]) + 1e-6)
    every = max(1, min(gapless, -(-len(clip) // SEGMENTS)))
    chosen = sorted({*range(0, len(clip), every), len(clip) - 1})
    return replace(clip, features=clip.features[chosen], starts=clip.starts[chosen])


class _Run:
    """A copied model, the segments of a clip, and the place of an emotion among the logits."""

    def __init__(self, model: System, clip: Segments, place: int, progress: Progress) -> None:
        self.model, self.clip, self.place, self.progress = model, clip, place, progress
        # the backward pass needs several times the memory of the forward one
        self.batch = max(1, model.batch // 4)
        self.done = self.total = 0

    def logits(self, features: Tensor) -> Tensor:
        """What captum calls, again and again."""
        found = self.model(features)
        self.done += len(features)
        self.progress("attributing", min(self.done, self.total), self.total)
        return found

    def grad_cam(self) -> tuple[str, AttentionMap]:
        layer, parts = prepare_layer(self.model, self.clip.features.shape[2]), []
        self.total = len(self.clip)
        for features in self.clip.features.split(self.batch):
            parts.append(grad_cam(self.model, layer, features, self.place))
            self.done += len(features)
            self.progress("attributing", self.done, self.total)
        return layer.name, join(parts, self.clip.starts)

    def integrated_gradients(self) -> tuple[AttentionMap, float]:
        method, average, parts, gaps = IntegratedGradients(self.logits), self.average(), [], []
        self.total = (STEPS + 2) * len(self.clip)  # the two ends are heard once more, for the gap
        for features in self.clip.features.split(self.batch):
            values, gap = method.attribute(
                features,
                baselines=average.expand_as(features),
                target=self.place,
                n_steps=STEPS,
                internal_batch_size=self.batch,
                return_convergence_delta=True,
            )
            parts.append(self.by_row(values / self.step()))
            gaps.append(gap.abs())
        return join(parts, self.clip.starts), float(torch.cat(gaps).mean())

    def occlusion(self, row_groups: int) -> AttentionMap:
        rows, frames = self.clip.features.shape[1:]
        width = max(1, round(OCCLUDED / self.step()), -(-frames // WINDOWS))
        window = (-(-rows // row_groups), min(frames, width))
        method, average, parts = Occlusion(self.logits), self.average(), []
        hidden = -(-rows // window[0]) * -(-frames // window[1])
        self.total = (hidden + 1) * len(self.clip)
        for features in self.clip.features.split(self.model.batch):
            values = method.attribute(
                features,
                sliding_window_shapes=window,
                strides=window,
                baselines=average.expand_as(features),
                target=self.place,
                perturbations_per_eval=max(1, self.model.batch // len(features)),
            )
            # every cell of what is hidden holds the whole fall: its rows share it, so that their sum is the fall
            parts.append(self.by_row(values / window[0]))
        return join(parts, self.clip.starts)

    def step(self) -> float:
        """Seconds from one frame of the features to the next."""
        times = self.model.front_end.times(self.clip.features.shape[2])
        return float(times[1] - times[0]) if len(times) > 1 else self.clip.seconds

    def average(self) -> Tensor:
        """Mean of every row over what lies inside the clip, shape = (1, rows, 1)."""
        features, clip = self.clip.features, self.clip
        inside = np.ones((len(clip), features.shape[2]), dtype=bool)
        if not clip.wraps:
            after = clip.starts[:, None] + self.model.front_end.times(features.shape[2])
            inside = after < clip.span[1]
            inside[:, 0] = True
        weight = torch.as_tensor(inside, device=features.device, dtype=features.dtype).unsqueeze(1)
        return (features * weight).sum((0, 2), keepdim=True) / weight.sum()

    def by_row(self, values: Tensor) -> AttentionMap:
        """[B, rows, frames] -> axes (segment, time, rows), without rows where there is but one."""
        front = self.model.front_end
        found = values.detach().transpose(1, 2).to("cpu", torch.float32).numpy()
        axes = [Axis("segment", "s", np.arange(len(found), dtype=np.float64))]
        axes.append(seconds_axis("time", front.times(found.shape[1])))
        if found.shape[2] == 1:
            return AttentionMap("features", found[..., 0], tuple(axes))
        rows = Axis(front.rows.name, front.rows.unit, np.asarray(front.rows.centres, dtype=np.float64))
        return AttentionMap("features", found, (*axes, rows))


_recurrent = Lock()


@contextmanager
def _without_cudnn() -> Iterator[None]:
    """cuDNN computes no gradients through a recurrent layer in eval mode; the switch belongs to the process."""
    with _recurrent, torch.backends.cudnn.flags(enabled=False):
        yield


def _recurrent_gradients(device: torch.device) -> Any:
    return _without_cudnn() if device.type == "cuda" else nullcontext()
