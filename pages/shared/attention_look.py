"""What the Attention page works out of a clip, once per visitor, few at a time; of clips that ship, once for all."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import numpy as np
import streamlit as st

from pages.shared import busy
from pages.shared.clip import Clip
from pages.shared.memory import recalled, remembered
from ser_core import pictures
from ser_core.audio import Waveform
from ser_core.inspection.alignment import Alignment, align
from ser_core.inspection.look import Look, look, segment_maps
from ser_core.inspection.sound import Sound, listen
from ser_core.maps import AttentionMap
from ser_core.pictures import Analysis, Picture
from ser_core.plots.spectrogram import Limits, limits
from ser_core.recogniser import Prediction, Recogniser

LOOKS = 6  # per visitor
SAMPLES = 128  # of all visitors together, and of sample clips only: the stops of the tour, and what a class looks at
QUICK = 8.0  # seconds of sound that need no bar
ANALYSIS = Analysis.of_length(400, 160, 80, 26)  # 25 ms every 10 ms, 80 mel bands
RANGE_DB = 70.0


def looked(clip: Clip, model: Recogniser) -> Look:
    """All curves and what is kept of the maps; of a long clip with a bar, and a way to stop.

    Raises InspectionError where the model has no attention along time, Busy where other long work is under way,
    Stopped where the visitor stopped it for this clip.
    """
    key = (clip.waveform.digest, model)
    name = f"-{clip.waveform.digest[:8]}-{model.name}"

    def make() -> Look:
        if clip.origin == "sample" and clip.waveform.seconds <= QUICK:
            return sample_look(clip, model)
        if clip.waveform.seconds <= QUICK:
            return look(model.model, clip.waveform)
        if busy.stopped(clip.waveform.digest, name):
            raise busy.Stopped
        with busy.working(name, clip.waveform.digest) as progress:
            return look(model.model, clip.waveform, progress=lambda what, done, total: progress(
                f"{model.name} listens: window {done} of {total}", done, total))  # fmt: skip

    return remembered("looks", key, make, LOOKS)


def sample_look(clip: Clip, model: Recogniser) -> Look:
    """Of a clip that ships, or of a changed copy of one; who comes second finds it there."""
    return _sample_look(clip.waveform.digest, model.name, model.weights, clip.waveform, model)


@st.cache_resource(max_entries=SAMPLES, show_spinner=False)
def _sample_look(digest: str, name: str, weights: str, _waveform: Waveform, _model: Recogniser) -> Look:
    return look(_model.model, _waveform)


def heard(clip: Clip) -> Sound:
    """Loudness, voicing and speech."""
    return remembered("sounds", clip.waveform.digest, lambda: listen(clip.waveform, clip.quality.speech), 3)


def picture(clip: Clip) -> tuple[Picture, Limits]:
    """The log-mel spectrogram, the same for all models."""

    def make() -> tuple[Picture, Limits]:
        whole = pictures.log_mel(clip.waveform.samples, ANALYSIS)
        return whole, limits(whole, RANGE_DB)

    return remembered("log-mels", clip.waveform.digest, make, 3)


def aligned(clip: Clip, model: Recogniser, name: str, curve: AttentionMap) -> Alignment:
    """name: of the curve, "<view>" or what else tells it apart."""
    key = (clip.waveform.digest, model, name)
    return remembered("alignments", key, lambda: align(curve, heard(clip)), 60)


def maps_of_segment(clip: Clip, model: Recogniser, segment: int) -> dict[str, AttentionMap]:
    key = (clip.waveform.digest, model, segment)
    return remembered("segments", key, lambda: segment_maps(model, clip.waveform, segment), 4)


def alone(waveform: Waveform, stretch: tuple[float, float], model: Recogniser) -> Prediction:
    """What the model says of one stretch and nothing else.  Raises AudioError where it is too short or silent."""
    key = (waveform.digest, model, stretch)
    return remembered("stretches", key, lambda: model.predict(waveform.cut(*stretch)), 12)


def loudness_at(clip: Clip, times: np.ndarray) -> np.ndarray:
    return heard(clip).loudness_at(times)


def spinner(clip: Clip, model: Recogniser) -> AbstractContextManager[None]:
    """While something is worked out that has no bar of its own."""
    if recalled("looks", (clip.waveform.digest, model)) is not None or clip.waveform.seconds > QUICK:
        return nullcontext()
    return st.spinner("The model listens …")
