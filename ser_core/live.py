"""A voice as it comes in: a window of the last seconds, answered again and again while somebody speaks.

Each window is a clip of its own and gets exactly what `Recogniser.predict` says of it, through the same decoding checks
and resampling as a file.  A window in which hardly anybody speaks is not asked: a model has no word for silence.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from ser_core.audio import MAX_RATE, MIN_RATE, MIN_SECONDS, Waveform
from ser_core.errors import AudioError
from ser_core.quality import CLIPPED_HINT, FLOOR_DBFS, Quality, assess
from ser_core.recogniser import Prediction, Recogniser

STEP: Final = 0.5  # seconds between two answers
SHORTEST, LONGEST = 2.0, 3.0  # seconds; a window is the system's own segment where that lies between them
LEAST: Final = 1.0  # seconds of sound before the first answer
ENOUGH: Final = 0.4  # seconds of speech that a window needs to be asked
SMOOTHING: Final = 1.5  # seconds of earlier answers that are averaged with the newest
SOURCE: Final = "live"

Predict = Callable[[Waveform], Prediction]


def window_of(recogniser: Recogniser) -> float:
    """Seconds that this system hears at a time when it listens live."""
    return min(max(recogniser.model.cutting.length / recogniser.model.sample_rate, SHORTEST), LONGEST)


@dataclass(frozen=True, eq=False)
class Heard:
    """What stands after a step.

    start, end: of the window, seconds since listening began.  quality: of the window, None where it is digital silence
    or no sound came yet.  window: what the model was given, `smoothed`: the same with the logits averaged over the last
    seconds; both None where too little is spoken.
    """

    start: float
    end: float
    quality: Quality | None = None
    window: Prediction | None = None
    smoothed: Prediction | None = None

    @property
    def silent(self) -> bool:
        return self.window is None

    @property
    def level_dbfs(self) -> float:
        return self.quality.level_dbfs if self.quality else FLOOR_DBFS

    @property
    def clipped(self) -> bool:
        return self.quality is not None and self.quality.clipped_share >= CLIPPED_HINT


class Sound:
    """The last seconds of a stream.  Never holds more than `seconds`, however much comes in.

    rate: Hz, of the device.  Raises AudioError where no clip may have it.
    """

    def __init__(self, rate: int, seconds: float) -> None:
        if not MIN_RATE <= rate <= MAX_RATE:
            raise AudioError("rate_out_of_range", f"This microphone gives {rate} Hz: 4 kHz to 384 kHz work.")
        self.rate = rate
        self.most = round(seconds * rate)
        self.came = 0  # samples since the beginning, kept or not
        self._kept = np.empty(0, np.int16)

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def seconds(self) -> float:
        """How much has come since the beginning."""
        return self.came / self.rate

    def add(self, samples: np.ndarray, first: int) -> None:
        """samples: int16, shape (n,), of which the first is number `first` of the stream.

        What came before is passed over, so that a piece may be sent twice; after a gap the sound begins anew.
        """
        if samples.dtype != np.int16 or samples.ndim != 1:
            raise ValueError(f"a piece of sound is int16 of shape (n,), not {samples.dtype} {samples.shape}")
        if first > self.came:
            self._kept, self.came = self._kept[:0], first
        fresh = samples[self.came - first :]
        self.came += len(fresh)
        # copied, so that the long piece it may be cut from is let go
        self._kept = np.concatenate([self._kept, fresh])[-self.most :].copy()

    def latest(self) -> Waveform:
        """All that is kept, as a clip.  Raises AudioError, `silent` above all."""
        return Waveform.from_array(self._kept, self.rate, SOURCE)


class Listener:
    """One voice, one checkpoint.  Not to be shared between visitors: it remembers the last seconds.

    predict: how a window gets its answer; the checkpoint's own `predict` unless given.
    """

    def __init__(self, recogniser: Recogniser, rate: int, predict: Predict | None = None) -> None:
        self.recogniser = recogniser
        self.sound = Sound(rate, window_of(recogniser))
        self._predict = predict or recogniser.predict
        self._recent: deque[tuple[float, np.ndarray]] = deque()  # (end of its window, logits) since the last silence

    def hear(self, samples: np.ndarray, first: int) -> Heard:
        """Take in what came (int16, shape (n,), the first being number `first` of the stream), and answer."""
        self.sound.add(samples, first)
        end = self.sound.seconds
        start = max(0.0, end - len(self.sound) / self.sound.rate)
        if len(self.sound) < MIN_SECONDS * self.sound.rate:
            return Heard(start, end)
        try:
            waveform = self.sound.latest()
        except AudioError as error:
            if error.reason != "silent":
                raise
            self._recent.clear()
            return Heard(start, end)
        quality = assess(waveform)
        if waveform.seconds < LEAST or quality.speech_seconds < ENOUGH:
            self._recent.clear()
            return Heard(start, end, quality)
        answer = self._predict(waveform)
        return Heard(start, end, quality, answer, self._smoothed(answer, end))

    def _smoothed(self, answer: Prediction, end: float) -> Prediction:
        """The mean of the logits since the last silence, at most so many seconds back."""
        self._recent.append((end, answer.logits))
        while end - self._recent[0][0] >= SMOOTHING:
            self._recent.popleft()
        logits = np.mean([logits for _, logits in self._recent], axis=0)
        shares = np.exp(logits - logits.max())
        return replace(answer, logits=logits, probabilities=shares / shares.sum())
