"""UA as white noise grows.

Every clip gets one stretch of noise, drawn from its own sound (the digest of its samples), louder at each step: so the
curve is the same every time, and falls for no other reason than the level.  The level is set against the whole clip,
pauses included.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from ser_core import effects
from ser_core.audio import SAMPLE_RATE, Waveform, load
from ser_core.corpora import Utterance
from ser_core.evaluation.report import NoisePoint
from ser_core.evaluation.running import Progress, evaluate
from ser_core.recogniser import Recogniser

SNRS_DB = (30.0, 25.0, 20.0, 15.0, 10.0, 5.0, 0.0)


def noisy(waveform: Waveform, snr_db: float) -> Waveform:
    """The clip with white noise at a signal-to-noise ratio in dB: the same clip always gets the same noise."""
    generator = torch.Generator().manual_seed(int(waveform.digest[:15], 16))
    samples = effects.add_noise(torch.tensor(waveform.samples), snr_db, generator)
    return Waveform.from_array(samples.numpy(), SAMPLE_RATE, waveform.source)


def noise_curve(
    recogniser: Recogniser,
    utterances: Sequence[Utterance],
    corpus: str,
    protocol: str = "all",
    include_seen: bool = False,
    progress: Progress = lambda what, done, total: None,
    snrs_db: Sequence[float] = SNRS_DB,
    read: Callable[[Utterance], Waveform] = lambda utterance: load(utterance.path),
    batch: int = 4,
) -> tuple[NoisePoint, ...]:
    """The clips that `evaluate` takes, recognised once for every level, the quietest noise first.

    read, batch: as for `evaluate`; the noise is added to what is read.
    Raises CorpusError where no clip is left to evaluate.
    """
    points = []
    for snr_db in snrs_db:

        def with_noise(waveform: Waveform, level: float = snr_db) -> Waveform:
            return noisy(waveform, level)

        doing = f"recognising {corpus} at {snr_db:g} dB"
        heard = evaluate(
            recogniser, utterances, corpus, protocol, include_seen, progress, batch, read, doing, change=with_noise
        )
        scores = heard.scores()
        points.append(NoisePoint(snr_db=snr_db, wa=scores.wa, ua=scores.ua, interval=heard.bootstrapped()["ua"]))
    return tuple(points)
