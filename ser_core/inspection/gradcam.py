"""Grad-CAM, and for each system the layer it reads: the last one that still has a place in time for every channel.

    ctmam            output of the last block (the stem's where there is none): 6 groups of coefficients x 14 columns
    serct            output of the convolutions: a token every 20 ms
    tf_transformer   the joint encoder's convolutions: 20 groups of 4 bands x 20 groups of 4 frames; without a joint
                     encoder the Time, else the Frequency Transformer's
    vit_vertical     what the last layer attends to (its first norm): the patches; so too `ast`
    mhsa_faca        the convolutions: 8 groups of coefficients x 50 frames

Behind ViT's last layer only the class token is read, and patches get no gradient any more.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from captum.attr import LayerGradCam
from torch import Tensor, nn

from ser_core.errors import InspectionError
from ser_core.maps import AttentionMap, Axis, index_axis, seconds_axis
from ser_core.models import System
from ser_core.models.ctmam_blocks import CEPSTRUM, TIME
from ser_core.models.serct import CLOCK
from ser_core.models.wave_encoder import STRIDE, token_count

GROUP = "MFCC coefficient group"


@dataclass(frozen=True, eq=False)
class Layer:
    """name, module: where in the model.  axes: of its cells, rows first where it has any; the last is time.

    tokens: whether its output is [B, tokens, channels], which Grad-CAM wants the other way round; of those the first
    `skipped` have no place.
    """

    name: str
    module: nn.Module
    axes: tuple[Axis, ...]
    tokens: bool = False
    skipped: int = 0


class ChannelsFirst(nn.Module):
    """A layer with tokens [B, N, D], and inside it a place where they stand as [B, D, N]."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner, self.tap = inner, nn.Identity()

    def forward(self, *arguments: Any) -> Tensor:
        return self.tap(self.inner(*arguments).transpose(1, 2)).transpose(1, 2)


def prepare_layer(model: System, frames: int) -> Layer:
    """The layer that Grad-CAM reads in segments of so many frames.  The model, a copy, may be changed by this.

    Raises InspectionError for a system that names no layer here.
    """
    layer = layer_of(model, frames)
    if not layer.tokens:
        return layer
    wrapped = ChannelsFirst(layer.module)
    parent, _, child = layer.name.rpartition(".")
    setattr(model.get_submodule(parent), child, wrapped)
    return replace(layer, module=wrapped.tap)


def grad_cam(model: System, layer: Layer, features: Tensor, place: int) -> AttentionMap:
    """Features of some segments [B, rows, frames] -> axes (segment, time[, rows]).

    layer: from `prepare_layer`.  place: of the emotion among the logits.
    """
    cells = LayerGradCam(model, layer.module).attribute(
        features.clone().requires_grad_(True), place, relu_attributions=True
    )
    shape = tuple(len(axis) for axis in layer.axes)
    values = cells.detach().flatten(1)[:, layer.skipped :].unflatten(1, shape).to("cpu", torch.float32).numpy()
    return _by_time(values, layer.axes)


def _by_time(values: np.ndarray, axes: tuple[Axis, ...]) -> AttentionMap:
    """[B, (rows,) time] -> axes (segment, time[, rows]); cells without a place are left out."""
    placed = np.isfinite(axes[-1].centres)
    values = np.moveaxis(values, -1, 1)[:, placed]
    time = seconds_axis("time", axes[-1].centres[placed])
    return AttentionMap("grad_cam", values, (index_axis("segment", len(values)), time, *axes[:-1]))


def layer_of(model: System, frames: int) -> Layer:
    """The same, before anything is changed."""
    if model.name not in LAYERS:
        raise InspectionError(
            f"There is no layer for Grad-CAM in {model.title}: choose occlusion or integrated gradients."
        )
    return LAYERS[model.name](model, frames)


def _ctmam(model: Any, frames: int) -> Layer:
    if len(model.blocks):
        name = f"blocks.{len(model.blocks) - 1}"
        return Layer(name, model.blocks[-1], (CEPSTRUM, TIME))
    return Layer("stem", model.stem, (CEPSTRUM, TIME))


def _serct(model: Any, frames: int) -> Layer:
    padded, _ = model.fitted(torch.zeros(1, frames), None)
    time = CLOCK.axis("time", token_count(padded.shape[1]), math.ceil(frames / STRIDE))
    return Layer("encoder", model.encoder, (time,), tokens=True)


def _tf_transformer(model: Any, frames: int) -> Layer:
    times, bands = model.front_end.times(frames), np.asarray(model.front_end.rows.centres)
    every = {"joint": (4, 4), "time": (4, 1), "frequency": (1, 4)}
    part = next(name for name in every if getattr(model, name) is not None)
    by_band, by_frame = every[part]
    # a cell of two convolutions of stride 2 is centred on every fourth band or frame
    axes = (Axis("band", "Hz", bands[::by_band]), seconds_axis("time", times[::by_frame]))
    return Layer(f"{part}.convolutions", getattr(model, part).convolutions, axes)


def _vit(model: Any, frames: int) -> Layer:
    name = f"layers.{len(model.layers) - 1}.norm1"
    return Layer(name, model.layers[-1].norm1, model.grid.axes(), tokens=True, skipped=1)


def _mhsa_faca(model: Any, frames: int) -> Layer:
    axes = (index_axis("row", 8, GROUP), seconds_axis("time", model.front_end.times(frames)))
    return Layer("stem.layers", model.stem.layers, axes)


LAYERS: dict[str, Callable[[Any, int], Layer]] = {
    "ctmam": _ctmam,
    "serct": _serct,
    "tf_transformer": _tf_transformer,
    "vit_vertical": _vit,
    "ast": _vit,
    "mhsa_faca": _mhsa_faca,
}
