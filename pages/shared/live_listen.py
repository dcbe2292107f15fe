"""The microphone as a stream: half a second of sound in, an answer out, drawn in the browser with how late it is."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from pages.shared import brand, live_places, trust, waiting
from pages.shared.clip import Clip
from ser_core import quality
from ser_core.audio import MAX_RATE, Waveform
from ser_core.emotions import AS_ACTED
from ser_core.errors import AudioError, ServingError
from ser_core.familiarity import SURE, confidence
from ser_core.live import STEP, Heard, Listener, window_of
from ser_core.quality import QUIET_HINT_DBFS
from ser_core.recogniser import Prediction, Recogniser

KEPT_SECONDS = 30.0  # that the browser holds, and hands over on request
TITLE = "Kept from live"
TOO_LOUD = "Too loud: the sound is cut off at full scale. Move back, or turn the input level down."
TOO_QUIET = "Very quiet: move closer to the microphone, or turn the input level up."
ANSWER_WITHIN = 10.0  # seconds, of the line
_KEY = "live-listen"
_ANSWER, _KEPT = "live/answer", "live/kept"
_DONE = "live/done"  # number of the last message that was dealt with
_HERE = Path(__file__).parent
_HTML = """
<div class="live">
  <div class="controls">
    <button class="start" type="button">● Start listening</button>
    <div class="sound">
      <span>Level</span>
      <span class="meter" role="meter" aria-label="Level of the microphone" aria-valuemin="-60" aria-valuemax="0"
        aria-valuenow="-60"><span class="fill"></span></span>
      <span class="db"></span>
    </div>
    <button class="keep" type="button" disabled>Keep the last 30 s</button>
  </div>
  <div class="answer">
    <p class="says" role="status"></p><span class="late"></span>
  </div>
  <p class="hint" role="status"></p>
  <div class="pictures">
    <div class="rows" aria-hidden="true"></div>
    <div class="time">
      <canvas class="course" role="img" aria-label="Emotions over the last half minute: nothing yet"></canvas>
    </div>
  </div>
</div>
"""
_component = st.components.v2.component(
    _KEY,
    html=_HTML,
    css=(_HERE / "live_listen.css").read_text(encoding="utf-8"),
    js="\n".join((_HERE / name).read_text(encoding="utf-8") for name in ("microphone.js", "live_listen.js")),
)


@dataclass(frozen=True, eq=False)
class Kept:
    """What became of "Keep the last 30 s": a clip, or the sentence that says why not."""

    clip: Clip | None = None
    refusal: str = ""


@st.fragment
def listen(model: Recogniser, allowed: bool, show_kept: Callable[[Kept], None]) -> None:
    """The live part of the page; it alone runs again, twice a second, and never asks for a run of the whole page.

    allowed: whether the visitor ticked the box.  show_kept: draws what the visitor kept.
    """
    palette = brand.colours()
    kept: Kept | None = st.session_state.get(_KEPT)
    _component(
        key=_KEY,
        data={
            "labels": list(model.labels),
            "colours": {label: palette.emotions[label] for label in model.labels},
            "dark": palette.name == "dark",
            "allowed": allowed,
            "step": STEP,
            "window": window_of(model),
            "done": st.session_state.get(_DONE),
            "answer": st.session_state.get(_ANSWER),
            "said": "" if kept is None else kept.refusal or "Kept: it stands below.",
        },
        on_message_change=lambda: _receive(model, allowed),
    )
    if kept is not None:
        show_kept(kept)


def forget_kept() -> None:
    st.session_state.pop(_KEPT, None)


def _receive(model: Recogniser, allowed: bool) -> None:
    """Called before the fragment runs: what the browser sent becomes what the browser is then told.

    What the page's own script cannot have sent is passed over: nobody waits for a sentence.
    """
    message: Any = getattr(st.session_state.get(_KEY), "message", None)
    try:
        number = whole(message, "id")
        kind = message["kind"]
        if kind == "ended":
            live_places.leave()
        elif kind == "keep" and allowed:
            _keep(message)
        elif kind == "sound" and allowed:
            st.session_state[_ANSWER] = _hear(message, model)
    except (KeyError, ValueError):
        return
    st.session_state[_DONE] = number


def _hear(message: dict[str, Any], model: Recogniser) -> dict[str, Any]:
    """Raises ValueError where the message makes no sense."""
    run, first, rate = (whole(message, name) for name in ("run", "first", "rate"))
    samples = unpacked(message, 2 * window_of(model) * rate)
    over = live_places.take(run)
    try:
        if not over:
            return in_words(_listener(model, run, rate).hear(samples, first), model)
    except AudioError as error:
        over = str(error)
    except ServingError as error:
        return {"says": "No answer in time", "shares": None, "hint": str(error)}
    live_places.leave()
    return {"over": over}


def _listener(model: Recogniser, run: int, rate: int) -> Listener:
    """This visitor's, begun anew with each start, and with each other model."""
    known: tuple[tuple[int, int, Recogniser], Listener] | None = st.session_state.get(live_places.LISTENING)
    if known is None or known[0] != (run, rate, model):
        line = waiting.line()

        def predict(waveform: Waveform) -> Prediction:
            ticket = line.submit(model, waveform)
            try:
                return ticket.result(ANSWER_WITHIN)
            finally:
                ticket.leave()

        known = (run, rate, model), Listener(model, rate, predict)
        st.session_state[live_places.LISTENING] = known
    return known[1]


def in_words(heard: Heard, model: Recogniser) -> dict[str, Any]:
    """What the browser shows of it: a sentence, one share for each label or None, and a hint."""
    hint = TOO_LOUD if heard.clipped else ""
    if heard.smoothed is None:
        return {"says": "Silence", "shares": None, "hint": hint}
    if not hint and heard.level_dbfs < QUIET_HINT_DBFS:
        hint = TOO_QUIET
    sure = confidence(heard.smoothed, model.card) >= SURE and not (heard.window and trust.faint(heard.window, model))
    return {
        "says": f"Sounds like {AS_ACTED[heard.smoothed.label]}" + ("" if sure else ", perhaps"),
        "shares": [round(float(share), 4) for share in heard.smoothed.probabilities],
        "hint": hint,
    }


def _keep(message: dict[str, Any]) -> None:
    """Raises ValueError where the message makes no sense."""
    rate = whole(message, "rate")
    samples = unpacked(message, (KEPT_SECONDS + 1) * rate)
    try:
        waveform = Waveform.from_array(samples, rate, "live.wav")
        measured = quality.require_speech(waveform)
    except AudioError as error:
        st.session_state[_KEPT] = Kept(refusal=str(error))
    else:
        st.session_state[_KEPT] = Kept(Clip(TITLE, "recording", waveform, measured, waveform.to_wav()))


def whole(packet: Any, name: str) -> int:
    """A number that the browser sent.  Raises ValueError where it is none."""
    value = packet.get(name) if isinstance(packet, dict) else None
    if not isinstance(value, int | float) or not 0 <= value < 2**53 or value != int(value):
        raise ValueError(f"{name} is no whole number")
    return int(value)


def unpacked(packet: Any, most: float) -> np.ndarray:
    """The samples that the browser sent, int16, shape (n,), n up to `most`.  Raises ValueError else."""
    text = packet.get("pcm") if isinstance(packet, dict) else None
    if not isinstance(text, str) or len(text) > 8 + 4 / 3 * 2 * min(most, (KEPT_SECONDS + 1) * MAX_RATE):
        raise ValueError("no sound, or too much of it")
    try:
        data = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("no base64") from error
    if len(data) % 2:
        raise ValueError("half a sample")
    return np.frombuffer(data, "<i2").astype(np.int16)
