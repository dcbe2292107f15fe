"""Does a confidence of 80 % mean right in 80 % of the cases?

Confidence is the probability of the emotion that is answered.  Clips are sorted into 15 equally wide bins of
confidence; in each the share of right answers is held against the mean confidence.  The expected calibration error
(ECE) is the mean of these gaps, weighted by the clips in a bin: Naeini et al. (2015), AAAI; Guo et al. (2017), arXiv
1706.04599, who also propose the temperature: logits are divided by it before the softmax.  It changes no answer, only
how sure it sounds.

A `Recogniser` gives probabilities as the model makes them (temperature 1); the temperature that its card holds was
fitted on validation clips.  So both are reported: before and after; of pooled folds with several temperatures, before.
"""

from __future__ import annotations

import numpy as np
from scipy.special import softmax

from ser_core.checkpoints import Section

BINS = 15


class Bin(Section):
    """The clips whose confidence lies above `low` and up to `high`; confidence and accuracy are None without a clip."""

    low: float
    high: float
    n: int
    confidence: float | None
    accuracy: float | None


class Calibration(Section):
    """The reliability table at one temperature, and the expected calibration error over it (a fraction)."""

    temperature: float
    ece: float
    bins: tuple[Bin, ...]


def tempered(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """The probabilities that the same logits give when divided by a temperature, shape = (n, C).

    Logits are the logarithms of probabilities but for a constant, which the softmax takes away again.
    """
    with np.errstate(divide="ignore"):  # a probability of 0 stays 0
        return softmax(np.log(probabilities) / temperature, axis=1)


def calibrate(truth: np.ndarray, probabilities: np.ndarray, temperature: float = 1.0, bins: int = BINS) -> Calibration:
    """truth: indices into the columns, shape = (n,), n > 0.  probabilities: shape = (n, C), at temperature 1."""
    values = probabilities if temperature == 1.0 else tempered(probabilities, temperature)
    confidence, right = values.max(axis=1), probabilities.argmax(axis=1) == truth
    edges = np.linspace(0.0, 1.0, bins + 1)
    place = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, bins - 1)
    table, error = [], 0.0
    for number in range(bins):
        own = place == number
        n = int(own.sum())
        mean, accuracy = (float(confidence[own].mean()), float(right[own].mean())) if n else (None, None)
        if mean is not None and accuracy is not None:
            error += n / len(truth) * abs(accuracy - mean)
        table.append(
            Bin(low=float(edges[number]), high=float(edges[number + 1]), n=n, confidence=mean, accuracy=accuracy)
        )
    return Calibration(temperature=temperature, ece=error, bins=tuple(table))
