"""Emotion along a long recording, up to an hour: windows that slide over it, each answered as a clip of its own.

So every window gets exactly what `Recogniser.predict` says of that stretch alone, and memory holds the recording and a
few windows.  A window in which hardly anybody speaks is not asked: a model has a word for silence too, and it is wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np

from ser_core.audio import MIN_SECONDS, Waveform
from ser_core.quality import Quality, require_speech
from ser_core.recogniser import Recogniser

WINDOW: Final = 4.0  # seconds: a short sentence, about what the models were trained on
HOP: Final = 2.0  # seconds
SMOOTHING: Final = 8.0  # seconds over which neighbours are averaged, on request
ENOUGH: Final = 0.75  # seconds of speech that a window needs to be asked
AT_ONCE: Final = 8  # windows in one forward call

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Stretch:
    """A part of a recording, seconds, with one answer.  label, probability: None where nobody speaks."""

    start: float
    end: float
    label: str | None = None
    probability: float | None = None


@dataclass(frozen=True, eq=False)
class Course:
    """What a checkpoint says along a recording.

    centres: middle of each window, seconds, shape = (W,).  hop: between two of them.  seconds: of the recording.
    logits: of each window, shape = (W, C), NaN where too little is spoken.  speech: (start, end) of each stretch of it.
    """

    checkpoint: str
    labels: tuple[str, ...]
    centres: np.ndarray
    logits: np.ndarray
    speech: tuple[tuple[float, float], ...]
    seconds: float
    hop: float = HOP

    @property
    def spoken(self) -> np.ndarray:
        """Whether each window was asked, shape = (W,)."""
        return np.isfinite(self.logits).all(1)

    @property
    def probabilities(self) -> np.ndarray:
        """Softmax of the logits, shape = (W, C), NaN where too little is spoken."""
        shifted = np.exp(self.logits - self.logits.max(1, keepdims=True))
        return shifted / shifted.sum(1, keepdims=True)

    def edges(self) -> np.ndarray:
        """Where the answers meet on the time line: half-way between the windows' middles, shape = (W + 1,), seconds."""
        between = (self.centres[1:] + self.centres[:-1]) / 2
        return np.concatenate([[0.0], between, [self.seconds]])

    def smoothed(self, seconds: float = SMOOTHING) -> Course:
        """The mean of the logits of all windows whose middles lie within `seconds`; none reaches across a silence."""
        if seconds <= 0:
            return self
        mean = np.full_like(self.logits, np.nan)
        spoken = self.spoken
        run = np.cumsum(np.concatenate([[False], spoken[1:] != spoken[:-1]]))
        for window in np.flatnonzero(spoken):
            near = (np.abs(self.centres - self.centres[window]) <= seconds / 2) & (run == run[window])
            mean[window] = self.logits[near].mean(0)
        return replace(self, logits=mean)

    def stretches(self) -> list[Stretch]:
        """Neighbours with the same answer as one, with their mean probability of it, from 0 to the end."""
        edges, shares = self.edges(), self.probabilities
        winners = np.where(self.spoken, np.argmax(np.nan_to_num(shares), 1), -1)
        cuts = [0, *(np.flatnonzero(np.diff(winners)) + 1).tolist(), len(winners)]
        found = []
        for first, last in pairwise(cuts):
            winner = int(winners[first])
            start, end = float(edges[first]), float(edges[last])
            if winner < 0:
                found.append(Stretch(start, end))
            else:
                found.append(Stretch(start, end, self.labels[winner], float(shares[first:last, winner].mean())))
        return found

    def shares(self) -> dict[str, float]:
        """Share of the answered time that each label wins, the largest first."""
        time: dict[str, float] = {}
        for one in self.stretches():
            if one.label is not None:
                time[one.label] = time.get(one.label, 0.0) + one.end - one.start
        total = sum(time.values())
        return {label: time[label] / total for label in sorted(time, key=lambda label: -time[label])}


def follow(
    recogniser: Recogniser,
    waveform: Waveform,
    quality: Quality | None = None,
    progress: Progress | None = None,
    window: float = WINDOW,
    hop: float = HOP,
) -> Course:
    """Answers along a recording.

    quality: of the recording, measured here where left out.  progress: called as (what, done, of how many); what it
    raises ends the work.  window, hop: seconds.  Raises AudioError `no_speech` where nobody speaks.
    """
    measured = require_speech(waveform, quality)
    starts = _starts(waveform.seconds, window, hop)
    ends = np.minimum(starts + window, waveform.seconds)
    spoken = speech_within(measured.speech, starts, ends)
    asked = np.flatnonzero(spoken >= np.minimum(ENOUGH, (ends - starts) / 2))
    if len(asked) == 0:  # somebody speaks, but never for long: the window with most of it answers
        asked = np.array([int(spoken.argmax())])
    logits = np.full((len(starts), len(recogniser.labels)), np.nan)
    for first in range(0, len(asked), AT_ONCE):
        rows = asked[first : first + AT_ONCE]
        answers = recogniser.predict_many([waveform.cut(starts[row], ends[row]) for row in rows])
        logits[rows] = [answer.logits for answer in answers]
        if progress:
            at = float(ends[rows[-1]])
            progress(f"listening: {at / 60:.0f} of {waveform.seconds / 60:.0f} min", first + len(rows), len(asked))
    return Course(
        recogniser.name, recogniser.labels, (starts + ends) / 2, logits, measured.speech, waveform.seconds, hop
    )


def _starts(seconds: float, window: float, hop: float) -> np.ndarray:
    """Starts of the windows; the last ends with the recording."""
    last = max(0.0, seconds - window)
    starts = np.arange(0.0, last + 1e-9, hop)
    return np.append(starts, last) if last - starts[-1] > MIN_SECONDS else starts


def speech_within(speech: tuple[tuple[float, float], ...], starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Seconds of speech in each window, shape = (W,)."""
    total = np.zeros(len(starts))
    for begin, stop in speech:
        total += np.clip(np.minimum(ends, stop) - np.maximum(starts, begin), 0, None)
    return total
