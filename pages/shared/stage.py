"""The stage: waveform, spectrogram and maps on one seconds axis, with a playhead that moves with the sound.

A small component of our own, since Streamlit's player and charts share no clock.  What is large (sound, pictures)
goes through Streamlit's media files, so that a change of head or view sends only what has changed.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit import runtime

from ser_core.plots.attention_stage import Lane
from ser_core.plots.panel import Span

HINT = "Click to seek, drag to hear a stretch"
_HERE = Path(__file__).parent
_HTML = f"""
<div class="stage">
  <div class="bar">
    <button class="play" type="button">▶ Play</button>
    <span class="clock"></span>
    <button class="play-box" type="button" hidden></button>
    <button class="fit" type="button" hidden title="Zoom to the stretch">Zoom to it</button>
    <button class="clear" type="button" hidden aria-label="Remove the stretch">✕</button>
    <span class="read">{HINT}</span>
    <label class="veil">Attention <input class="strength" type="range" min="0" max="100" value="75"
      aria-label="How strongly attention covers the picture"></label>
    <span class="zoom">
      <button class="out" type="button" aria-label="Zoom out">−</button>
      <button class="in" type="button" aria-label="Zoom in">+</button>
      <button class="all" type="button">Whole clip</button>
    </span>
  </div>
  <div class="surface" tabindex="0" role="slider" aria-label="Playhead: space plays, arrows seek, brackets set a
    stretch, Enter plays it, plus and minus zoom" aria-valuemin="0" aria-valuenow="0">
    <canvas class="back"></canvas><canvas class="front"></canvas>
  </div>
  <audio class="sound" preload="auto"></audio>
</div>
"""
_component = st.components.v2.component(
    "stage",
    html=_HTML,
    css=(_HERE / "stage.css").read_text(encoding="utf-8"),
    js=(_HERE / "stage.js").read_text(encoding="utf-8"),
)


def show_stage(
    key: str,
    wav: bytes,
    seconds: float,
    lanes: Sequence[Lane],
    *,
    box: Span | None = None,
    zoom: Span | None = None,
    cover: int = 75,
    marks: Sequence[Span] = (),
    moment: bool = False,
    changed: Callable[[str, Any], None],
) -> None:
    """Draw the stage.

    box: the stretch that is chosen.  zoom: what is shown.  cover: how strongly attention covers a picture, in percent.
    marks: stretches marked at the seconds axis.  moment: whether a click should be told.
    changed: called before the next run with "box", "zoom", "cover" or "moment" and what the visitor made of it: (from,
    to) in seconds or None, percent, seconds.
    """
    data = {
        "seconds": seconds,
        "sound": _address(wav, "audio/wav", f"{key}-sound"),
        "lanes": [_plain(lane, f"{key}-{number}") for number, lane in enumerate(lanes)],
        "box": list(box) if box else None,
        "zoom": list(zoom) if zoom else None,
        "cover": cover,
        "marks": [list(mark) for mark in marks],
        "moment": moment,
        "hint": HINT,
    }

    def tell(name: str) -> Callable[[], None]:
        return lambda: changed(name, getattr(st.session_state[key], name, None))

    _component(
        key=key,
        data=data,
        default={"box": data["box"], "zoom": data["zoom"], "cover": cover, "moment": None},
        on_box_change=tell("box"),
        on_zoom_change=tell("zoom"),
        on_cover_change=tell("cover"),
        on_moment_change=tell("moment"),
    )


def _plain(lane: Lane, place: str) -> dict[str, Any]:
    files = {name: _address(content, kind, f"{place}-{name}") for name, (kind, content) in lane.files.items()}
    return lane.values | files


def _address(content: bytes, kind: str, place: str) -> str:
    """Where the browser finds this content: kept by Streamlit for this session, as the sound of a player is."""
    if not runtime.exists():
        return f"data:{kind};base64,{base64.b64encode(content).decode()}"
    return runtime.get_instance().media_file_mgr.add(content, kind, place)
