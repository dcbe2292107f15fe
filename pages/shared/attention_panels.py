"""The pictures of the chosen view: for the stage as lanes, for files as panels, and beside the stage what has no
seconds axis of the clip."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from pages.shared.attention_look import heard, loudness_at, maps_of_segment, picture
from pages.shared.attention_maps import PRODUCT_MAP, VOTES_MAP, Chosen
from pages.shared.attention_words import (
    AXES,
    BANDS,
    CALIBRATION,
    FOCUS,
    GATE_OVERLAY,
    GROUPS,
    HEADS,
    HERTZ_MATRIX,
    MATRIX,
    MIXED_MATRIX,
    NO_CLASS_TOKEN,
    OVERLAY,
    PATCHES,
    PRODUCT,
    PROFILE,
    REPEATED,
    SECONDS_MATRIX,
    TIME,
    VOTES,
    VOTES_OVERLAY,
    WINDOWS,
)  # fmt: skip
from pages.shared.clip import Clip
from ser_core.inspection.look import Look
from ser_core.maps import AttentionMap
from ser_core.plots import spectrogram, waveform
from ser_core.plots.attention import OPACITY, CurvePanel, OverlayPanel, RowsPanel, evenness, with_names
from ser_core.plots.attention_matrix import MatrixPanel, ProfilePanel, matrix_panel, profile_panel
from ser_core.plots.attention_stage import Lane, curve_lane, picture_lane, rows_lane, wave_lane, windows_lane
from ser_core.plots.attention_windows import focus_windows, token_windows
from ser_core.plots.panel import Panel, Span
from ser_core.plots.spectrogram import PicturePanel
from ser_core.plots.waveform import WaveformPanel
from ser_core.recogniser import Recogniser

LOG_MEL = "Log-mel spectrogram"
BESIDE = (MATRIX, BANDS, PROFILE, CALIBRATION)  # views without the clip's seconds


@dataclass(frozen=True, eq=False)
class Shown:
    """lanes, panels: the same pictures for the stage and for files.  beside: what is drawn under the stage.

    axes: what the axes are and are not.  marks: stretches marked at the stage's seconds.
    """

    lanes: list[Lane]
    panels: list[Panel]
    axes: str
    beside: MatrixPanel | ProfilePanel | None = None
    marks: list[Span] = field(default_factory=list)


def unit_of(source: str) -> str:
    """Of a map's curve."""
    if source == VOTES_MAP:
        return "logit"
    if source in ("timing", "space") or source.endswith("coordinate.columns"):
        return "gate"
    return "0 to 1" if source == "stripes" else "weight"


def strength(look: Look, chosen: Chosen, emotion: int) -> AttentionMap | None:
    """What is laid over the spectrogram, axes (time) or (time, band); None for a map without time or frequency."""
    source = chosen.map.source
    if source == PRODUCT_MAP:
        return look.product()
    if source == "band":
        return look.bands()
    if source == VOTES_MAP:
        return look.votes(emotion)
    if source in look.planes() and look.plane(source).axes[1].unit == "Hz":
        return look.plane(source)
    return None if chosen.curve is None else look.curve(chosen.curve)


def curve_of(look: Look, chosen: Chosen, emotion: int) -> AttentionMap | None:
    """The chosen map along time, to be held against the sound."""
    if chosen.map.source == VOTES_MAP:
        return look.votes(emotion)
    return None if chosen.curve is None else look.curve(chosen.curve)


def shown(
    clip: Clip, model: Recogniser, look: Look, chosen: Chosen, emotion: int, segment: int, extra: list[CurvePanel],
    cover: float = OPACITY,
) -> Shown:  # fmt: skip
    """emotion: index of the label whose votes are shown.  segment: of a matrix.  extra: further curves.  cover: how
    opaque attention is at its strongest, 0 to 1."""
    kind = chosen.kind
    over = strength(look, chosen, emotion) if kind in (OVERLAY, *BESIDE) else None
    lanes, panels = base(clip, over, _titled(chosen, emotion, model.labels), cover)
    added = _lane(clip, look, chosen, emotion, model)
    for one in [*([added] if added else []), *extra]:
        panels.append(one)
        lanes.append(_as_lane(one))
    beside = _beside(clip, model, look, chosen, segment)
    marks: list[Span] = []
    if kind == MATRIX:
        marks = [(float(look.clip.starts[segment]), float(look.clip.ends()[segment]))]
    axes = _axes(chosen, beside)
    if isinstance(beside, MatrixPanel) and beside.keys.unit == "s" and look.around(segment):
        axes = f"{axes} {REPEATED}"
    return Shown(lanes, panels, axes, beside, marks)


def base(
    clip: Clip, over: AttentionMap | None, title: str, cover: float = OPACITY
) -> tuple[list[Lane], list[Panel]]:  # fmt: skip
    """Waveform and spectrogram, the latter on request under a veil."""
    wave, sound = clip.waveform, heard(clip)
    whole, limits = picture(clip)
    name = LOG_MEL if over is None else f"{title}, over the log-mel spectrogram"
    lanes = [
        wave_lane(wave.samples, wave.seconds, sound.loudness, clip.quality.speech),
        picture_lane(whole, limits, over, name),
    ]
    span = (0.0, wave.seconds)
    small = spectrogram.shrink(whole, span)
    panels: list[Panel] = [
        WaveformPanel(wave.samples, sound.times, sound.loudness, clip.quality.speech, waveform.reach(wave.samples)),
        PicturePanel(name, small, limits) if over is None else OverlayPanel(name, small, limits, over, cover),
    ]
    return lanes, panels


def _lane(clip: Clip, look: Look, chosen: Chosen, emotion: int, model: Recogniser) -> Panel | None:
    """The picture that stands under the spectrogram on the same seconds."""
    source, kind, span = chosen.map.source, chosen.kind, look.clip.span
    if kind == TIME:
        return curve_panel(clip, look, chosen, emotion, model.labels)
    if kind == HEADS:
        heads = look.heads(source)
        return RowsPanel(f"{chosen.map.title}: every head", heads, unit="weight", **with_names(heads))
    if kind == VOTES:
        votes = look.votes()
        return RowsPanel(chosen.map.title, votes, unit="logit", signed=True, **with_names(votes, model.labels))
    if kind in (GROUPS, PATCHES):
        plane = look.plane(source)
        unit = "gate" if kind == GROUPS else "weight"
        return RowsPanel(chosen.map.title, plane, unit=unit, **with_names(plane))
    if kind == PRODUCT:
        plane = look.product()
        return RowsPanel(chosen.map.title, plane, unit="× even share", **with_names(plane))
    if kind == WINDOWS:
        block = source.removesuffix(".attention")
        return token_windows(look.kept, block, chosen.head, look.clip.starts, span, f"{chosen.title}: windows")
    if kind == FOCUS:
        who = "every head" if chosen.head is None else f"head {chosen.head + 1}"
        return focus_windows(look.kept, chosen.head, look.clip.starts, span, f"Focus, {who}")
    return None


def curve_panel(clip: Clip, look: Look, chosen: Chosen, emotion: int, labels: tuple[str, ...]) -> CurvePanel | None:
    curve = curve_of(look, chosen, emotion)
    if curve is None:
        return None
    title = _titled(chosen, emotion, labels)
    times = curve.axis("time").centres
    return CurvePanel(title, curve, loudness_at(clip, times), unit_of(chosen.map.source), evenness(curve))


def _titled(chosen: Chosen, emotion: int, labels: tuple[str, ...]) -> str:
    """What is drawn; of votes also for whom they are."""
    return f"{chosen.title}, for {labels[emotion]}" if chosen.map.source == VOTES_MAP else chosen.title


def _as_lane(panel: Panel) -> Lane:
    if isinstance(panel, CurvePanel):
        return curve_lane(panel, panel.state)
    return rows_lane(panel) if isinstance(panel, RowsPanel) else windows_lane(panel)  # type: ignore[arg-type]


def _beside(
    clip: Clip, model: Recogniser, look: Look, chosen: Chosen, segment: int
) -> MatrixPanel | ProfilePanel | None:
    source, kind = chosen.map.source, chosen.kind
    if kind == MATRIX and chosen.map.matrix:
        one = maps_of_segment(clip, model, segment)[chosen.map.matrix]
        start, end = float(look.clip.starts[segment]), float(look.clip.ends()[segment])
        title = f"{chosen.title}, window {segment + 1} of {len(look.clip)} ({start:.2f} to {end:.2f} s)"
        return matrix_panel(one, chosen.head, start, title, mark=_loudest(clip, start, end, one), until=end,
                            around=look.around(segment))  # fmt: skip
    if kind == BANDS:
        band = look.kept["band"]
        names = [f"{hz:.0f} Hz" for hz in band.axes[1].centres]
        return profile_panel(band, chosen.map.title, names, "hertz", "weight", hertz=True)
    if kind == CALIBRATION:
        gates = look.kept["calibration"]
        names = [str(head + 1) for head in range(len(gates.axes[1]))]
        return profile_panel(gates, "Calibration gates", names, "head", "gate (0 to 1)")
    if kind == PROFILE:
        rows = look.kept[source.replace("columns", "rows")]
        names = [f"{4 * row}–{4 * row + 3}" for row in range(len(rows.axes[1]))]
        return profile_panel(rows, f"{chosen.map.title}: groups of coefficients", names, "MFCC coefficients",
                             "gate (0 to 1)")  # fmt: skip
    return None


def _loudest(clip: Clip, start: float, end: float, one: AttentionMap) -> float | None:
    """The loudest moment of a window, to be marked where the keys are seconds."""
    if one.axis("key").unit != "s":
        return None
    sound = heard(clip)
    inside = np.flatnonzero((sound.times >= start) & (sound.times <= end))
    return float(sound.times[inside[sound.loudness[inside].argmax()]]) if len(inside) else None


def _axes(chosen: Chosen, beside: MatrixPanel | ProfilePanel | None) -> str:
    if isinstance(beside, MatrixPanel):
        words = {"s": SECONDS_MATRIX, "Hz": HERTZ_MATRIX}.get(beside.keys.unit, MIXED_MATRIX)
        return f"{words} {NO_CLASS_TOKEN}" if chosen.map.source.endswith(".cls") else words
    if chosen.kind == OVERLAY and chosen.map.source == PRODUCT_MAP:
        return f"{AXES[PRODUCT]} The cyan veil is this product, stretched to its highest cell."
    if chosen.kind == OVERLAY and chosen.map.source == "band":
        return "Bottom: seconds. Left: hertz. Level stripes: each window of 0.81 s has one profile over frequency and none over time; where windows overlap, they are averaged."  # noqa: E501
    if chosen.kind == OVERLAY and PATCHES in chosen.map.kinds:
        return f"{AXES[PATCHES]} The cyan veil is stretched to its highest patch."
    if chosen.kind == OVERLAY and chosen.map.source == VOTES_MAP:
        return VOTES_OVERLAY
    if chosen.kind == OVERLAY and unit_of(chosen.map.source) == "gate":
        return GATE_OVERLAY
    return AXES[chosen.kind]
