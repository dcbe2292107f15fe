"""The pictures of one clip, or of two to be compared, worked out once per visitor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pages.shared.clip import Clip
from pages.shared.explanations import LOG_MEL, MFCC, PITCH, SPECTROGRAM, WAVEFORM
from pages.shared.memory import remembered
from pages.shared.picture_settings import PictureSettings
from ser_core import pictures, pitch
from ser_core.audio import Waveform
from ser_core.changes import FeatureMask
from ser_core.inspection.sound import STEP, loudness
from ser_core.pictures import Picture
from ser_core.plots import pitch as pitch_plot
from ser_core.plots import spectrogram, waveform
from ser_core.plots.panel import Panel, Span
from ser_core.plots.pitch import PitchPanel
from ser_core.plots.spectrogram import Limits, PicturePanel
from ser_core.plots.waveform import WaveformPanel
from ser_core.recogniser import Recogniser

NAMES = (WAVEFORM, SPECTROGRAM, LOG_MEL, MFCC, PITCH)
READ = {"wave": WAVEFORM, "log-mel": LOG_MEL, "MFCC": MFCC}
KEPT = 24  # pictures per visitor, half a megabyte each at most


@dataclass(frozen=True, eq=False)
class Shown:
    """A clip, the mask on what the model reads of it, and what to call it where two are compared."""

    clip: Clip
    mask: FeatureMask
    state: str = ""

    @property
    def samples(self) -> np.ndarray:
        return self.clip.waveform.samples


def is_read(name: str, model: Recogniser, settings: PictureSettings) -> bool:
    """Whether this picture is the very one that the model reads."""
    return settings.own and READ[pictures.reads(model.model)] == name


def panels(name: str, shown: Sequence[Shown], span: Span, settings: PictureSettings, model: Recogniser) -> list[Panel]:
    """The named picture of each clip, with axes and colours that allow to compare them."""
    if name == WAVEFORM:
        reach = waveform.reach(*(one.samples for one in shown))
        return [
            WaveformPanel(one.samples, *_rms(one.clip.waveform), one.clip.quality.speech, reach, one.state)
            for one in shown
        ]
    if name == PITCH:
        tracks = [_track(one.clip.waveform) for one in shown]
        between = pitch_plot.reach(*tracks)
        return [PitchPanel(track, between, one.state) for one, track in zip(shown, tracks, strict=True)]
    seen = [_seen(name, one, span, settings, model) for one in shown]
    limits = seen[0][1]
    return [PicturePanel(name, part, limits, one.state) for one, (part, _) in zip(shown, seen, strict=True)]


def csv(name: str, one: Shown, span: Span, settings: PictureSettings, model: Recogniser) -> str:
    """The named picture's numbers, all of those within the span."""
    if name == WAVEFORM:
        times, rms = _rms(one.clip.waveform)
        return waveform.csv(one.samples, times, rms, span)
    if name == PITCH:
        return pitch.track(one.samples).between(*span).csv()
    return _picture(name, one, settings, model).between(*span).csv()


def _rms(clip: Waveform) -> tuple[np.ndarray, np.ndarray]:
    """Moments in seconds and the RMS around them."""
    times = STEP * (np.arange(max(1, round(clip.seconds / STEP))) + 0.5)
    return times, loudness(clip.samples, times)


def _track(clip: Waveform) -> pitch.PitchTrack:
    return remembered("pitch", clip.digest, lambda: pitch.track(clip.samples), KEPT)


def _seen(name: str, one: Shown, span: Span, settings: PictureSettings, model: Recogniser) -> tuple[Picture, Limits]:
    """No more of a picture than a screen can show, and its limits."""

    def make() -> tuple[Picture, Limits]:
        whole = _picture(name, one, settings, model)
        return spectrogram.shrink(whole, span, settings.scale), spectrogram.limits(whole, settings.range_db)

    read = (model.name, one.mask) if is_read(name, model, settings) else None
    return remembered("pictures", (name, one.clip.waveform.digest, span, settings, read), make, KEPT)


def _picture(name: str, one: Shown, settings: PictureSettings, model: Recogniser) -> Picture:
    if is_read(name, model, settings):
        return pictures.as_read(model.model, one.samples, one.mask)
    if name == MFCC:
        return pictures.mfcc(one.samples, settings.analysis)
    make = pictures.spectrogram if name == SPECTROGRAM else pictures.log_mel
    return make(one.samples, settings.analysis, settings.loudness)
