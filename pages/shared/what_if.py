"""What if?  The sliders that change a clip's sound, or put a mask on what a model reads."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from pages.shared.clip import Clip
from pages.shared.memory import remembered
from ser_core import quality
from ser_core.audio import Waveform
from ser_core.changes import NOTHING, Changes, FeatureMask
from ser_core.features import FrontEnd

NO_NOISE = "none"
NOISE: list[str | int] = [NO_NOISE, 40, 30, 20, 15, 10, 5, 0, -5, -10]  # dB
IN_SOUND, IN_FEATURES = "The sound", "What the model reads"
TOP_HZ = 8_000
LONGEST = 60.0  # seconds that are looked at in one go
# The keys of the widgets, which are the names in the address too, and what each is where nothing is changed.
UNCHANGED: dict[str, Any] = {
    "noise": NO_NOISE,
    "speed": 1.0,
    "semitones": 0.0,
    "gain": 0,
    "shift": 0.0,
    "mute": (0, 0),
    "stop": (0, 0),
    "coefficients": (0, 0),
}


@dataclass(frozen=True)
class WhatIf:
    """changes: to the sound.  stretch: share of the clip (from, to) that is masked in what the model reads, and the
    rows that are, in the unit of its front end."""

    changes: Changes
    stretch: tuple[float, float] = NOTHING
    rows: tuple[float, float] = NOTHING

    def mask(self, seconds: float) -> FeatureMask:
        """The mask for a clip of so many seconds."""
        return FeatureMask((self.stretch[0] * seconds, self.stretch[1] * seconds), self.rows)


def pick_what_if(front_end: FrontEnd) -> WhatIf:
    """Draw all sliders.  front_end: of the model whose features may be masked."""
    noise = st.select_slider(
        "Noise (signal-to-noise ratio)",
        NOISE,
        key="noise",
        bind="query-params",
        format_func=lambda db: db if db == NO_NOISE else f"{db} dB",
        help="White noise. At 0 dB it is as strong as the clip; at 30 dB you hardly hear it.",
    )
    sound = {
        "speed": _slider("speed", "Speed", 0.5, 2.0, 0.05, "%.2f ×", "As a tape would: faster is higher too."),
        "semitones": _slider("semitones", "Pitch", -12.0, 12.0, 0.5, "%+.1f semitones", "The length stays."),
        "gain_db": float(_slider("gain", "Gain", -40, 40, 1, "%+d dB", "What passes full scale is cut off.")),
        "shift": _slider("shift", "Shift", -1.0, 1.0, 0.05, "%+.2f s", "Later or earlier; silence fills the gap."),
        "snr_db": None if noise == NO_NOISE else float(noise),
    }
    where = st.segmented_control(
        "Masks on",
        [IN_SOUND, IN_FEATURES],
        default=IN_SOUND,
        required=True,
        key="masks",
        bind="query-params",
        help="In the sound you hear the hole, and every picture has it. In what the model reads its mean "
        "stands in the hole, as in training with SpecAugment, and the sound stays.",
    )
    first, last = _slider("mute", "Time masked, in % of the clip", 0, 100, 1, "%d%%", "Equal ends: no mask.")
    stretch = (first / 100, last / 100)
    if where == IN_SOUND:
        return WhatIf(Changes(**sound, muted=stretch, stopped=_hertz()))
    return WhatIf(Changes(**sound), stretch, _rows(front_end))


def _rows(front_end: FrontEnd) -> tuple[float, float]:
    unit = front_end.rows.unit
    if unit == "Hz":
        return _hertz()
    if unit == "amplitude":
        st.caption("This model reads the wave itself, which has no rows: mask hertz in the sound.")
        return NOTHING
    count = len(front_end.rows.centres)
    first, last = _slider("coefficients", "Coefficients masked", 0, count, 1, "%d", "The upper end is left out.")
    return first - 0.5, last - 0.5


def _hertz() -> tuple[float, float]:
    low, high = _slider("stop", "Hertz masked", 0, TOP_HZ, 100, "%d Hz", "Equal ends: no mask.")
    return float(low), float(high)


def _slider(key: str, label: str, low: float, high: float, step: float, form: str, why: str) -> Any:
    return st.slider(label, low, high, UNCHANGED[key], step, form, key=key, bind="query-params", help=why)


def put_back() -> None:
    """For a button: nothing is changed any more."""
    for key in UNCHANGED.keys() & st.session_state.keys():
        st.session_state[key] = UNCHANGED[key]


def add_noise() -> None:
    """For a button: noise 10 dB below the voice, a first thing to try."""
    st.session_state["noise"] = 10


def changed(clip: Clip, changes: Changes) -> Clip:
    """The clip as it sounds then, worked out once per visitor.  Raises AudioError where nothing is left of it."""
    key = (clip.waveform.digest, changes)
    return remembered("changed", key, lambda: _as_clip(clip, changes.apply(clip.waveform)), 6)


def minute(clip: Clip) -> Clip:
    """The clip, or of one that is longer than a minute the minute that the visitor chooses; draws the slider for it."""
    rest = int(clip.waveform.seconds - LONGEST)
    if rest < 1:
        return clip
    start = st.slider(
        "This clip is longer than a minute. Look at the minute from", 0, rest, 0, 1, "%d s", key="from",
        bind="query-params",
    )  # fmt: skip
    key = (clip.waveform.digest, start)
    return remembered("minute", key, lambda: _as_clip(clip, clip.waveform.cut(start, start + LONGEST)), 2)


def _as_clip(clip: Clip, waveform: Waveform) -> Clip:
    return replace(clip, waveform=waveform, quality=quality.assess(waveform), wav=waveform.to_wav())
