"""The lanes of the stage: what the component in the browser draws one above the other on one seconds axis.

A lane is plain values for JSON and, beside them, files (pictures, the outline of the wave) that travel on their own.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from ser_core.maps import AttentionMap
from ser_core.pictures import Picture
from ser_core.plots.attention import CurvePanel, RowsPanel, curve_reach, evenness, reach, veil_levels
from ser_core.plots.attention_colours import picture_png, shades, veil_png
from ser_core.plots.attention_windows import WindowsPanel
from ser_core.plots.panel import Span
from ser_core.plots.spectrogram import Limits, row_ticks
from ser_core.plots.timeline import envelope

WAVE_RATE: Final = 1_000  # pairs of lowest and highest sample a second
STEPS: Final = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 60.0, 120.0, 300.0, 600.0)  # seconds between ticks
PNG: Final = "image/png"
BYTES: Final = "application/octet-stream"


@dataclass(frozen=True, eq=False)
class Lane:
    """values: for JSON.  files: name -> (type, content); the page turns each into an address under the same name."""

    values: dict[str, Any]
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)


def wave_lane(samples: np.ndarray, seconds: float, rms: np.ndarray, speech: Sequence[Span]) -> Lane:
    """samples: the clip, shape = (n,).  rms: its envelope, evenly over the clip.  speech: (start, end) in seconds."""
    top = float(np.abs(samples).max(initial=0.0)) or 1.0
    _, low, high = envelope(samples, max(2, round(WAVE_RATE * seconds)))
    pairs = np.round(127 * np.column_stack([low, high]) / top).astype(np.int8)
    values = {
        "kind": "wave", "title": "Waveform", "vertical": "amplitude", "height": 74, "reach": top,
        "line": line(rms, 0.0, top, (0.0, seconds)), "speech": [[round(a, 3), round(b, 3)] for a, b in speech],
    }  # fmt: skip
    return Lane(values, {"wave": (BYTES, pairs.tobytes())})


def picture_lane(
    picture: Picture, limits: Limits, strength: AttentionMap | None, title: str = "Log-mel spectrogram"
) -> Lane:
    """The spectrogram, on request under a veil of attention.  strength: axes (time), or (time, band) in hertz."""
    places, texts = row_ticks(picture.rows)
    values: dict[str, Any] = {
        "kind": "image", "title": title, "vertical": "Hz", "height": 228, "smooth": True,
        "span": _span_of(picture.times), "ticks": _ticks(places, texts, len(picture.values)),
    }  # fmt: skip
    files = {"image": (PNG, picture_png(shades(picture.values, limits.low, limits.high), "magma"))}
    if strength is not None:
        levels = veil_levels(strength)
        files["veil"] = (PNG, veil_png(levels))
        values["veilSpan"] = _span_of(strength.axis("time").centres)
        if len(levels) == 1:
            heights = np.maximum(strength.values, 0)
            values["line"] = line(heights, 0.0, reach(heights)[1], values["veilSpan"])
        values["note"] = evenness(strength)
    return Lane(values, files)


def curve_lane(panel: CurvePanel, answer: str = "") -> Lane:
    """answer: what stands at the right of the title, such as what the model says."""
    times = panel.curve.axis("time").centres
    low, high = curve_reach(panel.curve.values)
    top = float(panel.loudness.max(initial=0.0)) or 1.0
    values = {
        "kind": "curve", "title": panel.title, "note": answer, "vertical": panel.unit, "height": 104,
        "low": low, "high": high,
        "line": line(panel.curve.values, low, high, _span_of(times)),
        "behind": line(panel.loudness, 0.0, top, _span_of(times)),
    }  # fmt: skip
    return Lane(values)


def rows_lane(panel: RowsPanel) -> Lane:
    places, texts = panel.ticks()
    low, high = panel.range()
    count = len(panel.names)
    values = {
        "kind": "image", "title": panel.title, "vertical": panel.vertical, "height": 210 if count > 20 else 150,
        "smooth": False, "span": _span_of(panel.plane.axes[0].centres), "ticks": _ticks(places, texts, count),
        "names": list(panel.names), "scale": {"low": low, "high": high, "unit": panel.unit, "signed": panel.signed},
    }  # fmt: skip
    return Lane(values, {"image": (PNG, picture_png(shades(panel.plane.values.T, low, high), panel.colours))})


def windows_lane(panel: WindowsPanel) -> Lane:
    low, high = panel.reach()
    size = high - low
    bars = np.column_stack([panel.start, panel.end, panel.middle, (panel.own - low) / size])
    first, last = float(panel.own.min()), float(panel.own.max())
    step = next((step for step in STEPS if (last - first) / step <= 5), STEPS[-1])
    every = step * np.arange(np.ceil(first / step - 1e-6), np.floor(last / step + 1e-6) + 1)
    values = {
        "kind": "bars", "title": panel.title, "vertical": panel.vertical, "height": 200,
        "bars": np.round(bars, 4).tolist(), "ticks": [[(moment - low) / size, f"{moment:.1f}"] for moment in every],
    }  # fmt: skip
    return Lane(values)


def line(values: np.ndarray, low: float, high: float, span: Sequence[float]) -> dict[str, Any]:
    """A curve as 16-bit steps between low and high, base64; span: seconds that its cells cover."""
    size = (high - low) or 1.0
    steps = np.round(np.clip((values - low) / size, 0, 1) * 65_535).astype("<u2")
    return {"steps": base64.b64encode(steps.tobytes()).decode(), "low": low, "high": high, "span": list(span)}


def _span_of(times: np.ndarray) -> list[float]:
    half = float(times[1] - times[0]) / 2 if len(times) > 1 else 0.005
    return [float(times[0] - half), float(times[-1] + half)]


def _ticks(places: Sequence[float], texts: Sequence[str], count: int) -> list[list[Any]]:
    """Places counted in rows -> shares of the height from the bottom."""
    return [[(place + 0.5) / count, text] for place, text in zip(places, texts, strict=True)]
