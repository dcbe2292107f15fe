"""How well a curve follows the voice: figures that can contradict the picture.

    energy, voicing   Spearman's rank correlation with the RMS envelope and with voicing, p from circular shifts
    pointing          pointing game: does the curve's peak lie within a window of the loudest moment?
    speech            share of the curve's mass inside detected speech, beside speech's share of the time
    concentration     entropy (1: spread evenly), and the smallest share of time that holds 80 % of the mass

All are taken over the stretch of the clip that the model was given.  Mass is what lies above zero: votes against an
emotion are no mass.  A curve of gates that never close is spread almost evenly by construction.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ser_core.inspection.correlation import MIN_SHIFT, Correlation, is_flat, shifted_correlation
from ser_core.inspection.curves import step_of
from ser_core.inspection.sound import SILENT, Sound
from ser_core.maps import AttentionMap

POINTING_WINDOW = 0.1  # seconds to either side of the loudest moment


@dataclass(frozen=True)
class Pointing:
    """peak, loudest: seconds.  chance: share of the time that lies within `window` seconds of the loudest moment,
    which is how often a peak set blindly would hit."""

    hit: bool | None
    chance: float | None
    peak: float | None = None
    loudest: float | None = None
    window: float = POINTING_WINDOW
    reason: str = ""


@dataclass(frozen=True)
class SpeechMass:
    """mass: share of the curve's mass inside speech.  share: of the time that is speech; above it, speech is sought."""

    mass: float | None
    share: float | None
    reason: str = ""


@dataclass(frozen=True)
class Concentration:
    """entropy: of the mass over the moments, divided by its largest value.  share_80: of the moments that hold 80 %."""

    entropy: float | None
    share_80: float | None
    reason: str = ""


@dataclass(frozen=True)
class Alignment:
    """The figures of one curve on one clip."""

    energy: Correlation
    voicing: Correlation
    pointing: Pointing
    speech: SpeechMass
    concentration: Concentration

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def figures(self) -> dict[str, float | None]:
        """The numbers alone, for a table; a hit counts 1.  The gains are above what a blind or even curve would get."""
        hit = None if self.pointing.hit is None else float(self.pointing.hit)
        return {
            "energy_rho": self.energy.rho,
            "energy_p": self.energy.p,
            "voicing_rho": self.voicing.rho,
            "voicing_p": self.voicing.p,
            "pointing_hit": hit,
            "pointing_chance": self.pointing.chance,
            "pointing_gain": _above(hit, self.pointing.chance),
            "speech_mass": self.speech.mass,
            "speech_share": self.speech.share,
            "speech_gain": _above(self.speech.mass, self.speech.share),
            "entropy": self.concentration.entropy,
            "share_80": self.concentration.share_80,
        }


def align(
    curve: AttentionMap, sound: Sound, window: float = POINTING_WINDOW, min_shift: float = MIN_SHIFT
) -> Alignment:
    """Every figure of one curve.

    curve: one axis, "time", on a uniform grid in seconds.  sound: of the same clip, from `sound.listen`.
    window: seconds to either side that still hit in the pointing game.  min_shift: see `shifted_correlation`.
    """
    times, values = curve.axis("time").centres, curve.values.astype(np.float64)
    step = step_of(curve)
    loud = sound.loudness_at(times)
    energy = shifted_correlation(values, loud, step, min_shift, "loudness")
    if loud.max() < SILENT:
        energy = Correlation(None, None, reason="the clip is silent")
    voiced = shifted_correlation(values, sound.voicing_at(times), step, min_shift, "voicing")
    return Alignment(
        energy=energy,
        voicing=voiced,
        pointing=pointing(times, values, loud, window),
        speech=speech_mass(times, values, sound),
        concentration=concentration(values),
    )


def pointing(times: np.ndarray, values: np.ndarray, loud: np.ndarray, window: float = POINTING_WINDOW) -> Pointing:
    """times: uniform, seconds.  values, loud: the curve and the loudness there.  All shape = (G,)."""
    if loud.max() < SILENT or is_flat(loud):
        return Pointing(None, None, window=window, reason="the clip has no loudest moment")
    loudest = _peak(times, loud)
    half = (times[1] - times[0]) / 2
    begin, end = times[0] - half, times[-1] + half
    covered = min(loudest + window, end) - max(loudest - window, begin)
    chance = float(np.clip(covered / (end - begin), 0.0, 1.0))
    if is_flat(values):
        return Pointing(None, chance, None, loudest, window, "the curve is constant, so it has no peak")
    peak = _peak(times, values)
    return Pointing(abs(peak - loudest) <= window + 1e-9, chance, peak, loudest, window)


def speech_mass(times: np.ndarray, values: np.ndarray, sound: Sound) -> SpeechMass:
    """times, values: shape = (G,)."""
    if not sound.speech:
        return SpeechMass(None, None, "no speech was found in the clip")
    inside = sound.in_speech(times)
    mass = np.maximum(values, 0.0)
    if mass.sum() <= 0:
        return SpeechMass(None, float(inside.mean()), "the curve is nowhere above zero")
    return SpeechMass(float(mass[inside].sum() / mass.sum()), float(inside.mean()))


def concentration(values: np.ndarray, held: float = 0.8) -> Concentration:
    """values: shape = (G,)."""
    mass = np.maximum(values, 0.0)
    if mass.sum() <= 0:
        return Concentration(None, None, "the curve is nowhere above zero")
    if len(mass) < 2:
        return Concentration(None, None, "the clip is too short")
    share = mass / mass.sum()
    some = share[share > 0]
    entropy = float(np.clip(-(some * np.log(some)).sum() / np.log(len(share)), 0.0, 1.0))
    largest_first = np.cumsum(np.sort(share)[::-1])
    return Concentration(entropy, float((np.searchsorted(largest_first, held - 1e-9) + 1) / len(share)))


def _above(value: float | None, chance: float | None) -> float | None:
    return None if value is None or chance is None else value - chance


def _peak(times: np.ndarray, values: np.ndarray) -> float:
    """When a curve is highest: the middle of the first stretch where it stays so."""
    first = int(values.argmax())
    lower = np.flatnonzero(values[first:] < values[first])
    last = first + int(lower[0]) - 1 if len(lower) else len(values) - 1
    return float((times[first] + times[last]) / 2)
