"""Does the answer hang on what was attended?  The clip is masked in the order of a curve and heard again.

    deletion    the most attended time is masked first: the probability falls fast if that time mattered
    insertion   everything is masked, and the most attended time comes back first: it rises fast
    comprehensiveness(k)   p(clip) - p(clip without its most attended k):  high is faithful
    sufficiency(k)         p(clip) - p(its most attended k alone):         low is faithful

p is the probability of one emotion.  The sound itself is masked, so one rule serves every system, whatever its
features are.  Two other orders say what the figures mean: by loudness, and at random.  At random is, unless asked
otherwise, the same curve moved along the clip: its masked time is then as clumped as the curve's own, while scattered
holes hurt any recogniser more, and would flatter or shame a curve for its smoothness alone.

A masked clip is like nothing the model was trained on.  All orders share that handicap: compare them, and do not read
one by itself.  Deletion and insertion: arXiv 1806.07421; comprehensiveness and sufficiency: arXiv 1911.03429.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, Literal

import numpy as np

from ser_core.audio import Waveform
from ser_core.errors import InspectionError
from ser_core.inspection.correlation import is_flat
from ser_core.inspection.curves import Progress
from ser_core.inspection.masking import Mask, Stretches, stretches
from ser_core.inspection.sound import Sound, listen
from ser_core.maps import AttentionMap
from ser_core.recogniser import Recogniser

Chance = Literal["shifted", "scattered"]

SHARES = (0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0)  # of the time
REPORTED = (0.1, 0.2, 0.5)
DRAWS = 5
LONGEST = 60.0  # seconds: a clip is heard some seventy times
TOGETHER = 60.0  # seconds of sound in one call
FEWEST = 5  # stretches, below which there is no order to speak of


@dataclass(frozen=True)
class Order:
    """What masking in one order did: the probability at each of `shares` of the time masked, or brought back."""

    shares: tuple[float, ...]
    deletion: tuple[float, ...]
    insertion: tuple[float, ...]

    def deletion_area(self) -> float:
        """Under the deletion curve: the lower, the more the first masked time mattered."""
        return float(np.trapezoid(self.deletion, self.shares))

    def insertion_area(self) -> float:
        """Under the insertion curve: the higher, the more the first restored time sufficed."""
        return float(np.trapezoid(self.insertion, self.shares))

    def comprehensiveness(self, share: float) -> float:
        return self.deletion[0] - self.deletion[self.shares.index(share)]

    def sufficiency(self, share: float) -> float:
        return self.deletion[0] - self.insertion[self.shares.index(share)]


@dataclass(frozen=True)
class Faithfulness:
    """probability: of the emotion for the clip as it is.  stretch: seconds masked at a time.

    attention, energy: the two orders; random: one for each draw.  Where they are missing, reason says why.
    """

    emotion: str
    mask: Mask
    chance: Chance
    probability: float | None = None
    stretch: float | None = None
    attention: Order | None = None
    energy: Order | None = None
    random: tuple[Order, ...] = ()
    reason: str = ""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"figures": self.figures()}

    def figures(self) -> dict[str, float | None]:
        """Areas, comprehensiveness and sufficiency by order.

        "_random" is the mean of the draws and "_random_sd" their spread; "_gain" is how far attention does better than
        that mean, below zero worse.
        """
        found: dict[str, float | None] = {}
        for name, figure in MEASURES.items():
            attended = None if self.attention is None else figure(self.attention)
            drawn = [figure(order) for order in self.random]
            mean = float(np.mean(drawn)) if drawn else None
            better = -1 if name in LOWER_IS_BETTER else 1
            found[f"{name}_attention"] = attended
            found[f"{name}_energy"] = None if self.energy is None else figure(self.energy)
            found[f"{name}_random"] = mean
            found[f"{name}_random_sd"] = float(np.std(drawn, ddof=1)) if len(drawn) > 1 else None
            found[f"{name}_gain"] = None if attended is None or mean is None else better * (attended - mean)
        return found


MEASURES: dict[str, Callable[[Order], float]] = {
    "deletion_area": Order.deletion_area,
    "insertion_area": Order.insertion_area,
    **{f"comprehensiveness_{100 * share:.0f}": partial(Order.comprehensiveness, share=share) for share in REPORTED},
    **{f"sufficiency_{100 * share:.0f}": partial(Order.sufficiency, share=share) for share in REPORTED},
}
LOWER_IS_BETTER = ("deletion_area", *(f"sufficiency_{100 * share:.0f}" for share in REPORTED))


def faithfulness(
    recogniser: Recogniser,
    waveform: Waveform,
    curve: AttentionMap,
    emotion: str | None = None,
    *,
    mask: Mask = "noise",
    chance: Chance = "shifted",
    draws: int = DRAWS,
    seed: int = 0,
    sound: Sound | None = None,
    progress: Progress = lambda what, done, total: None,
) -> Faithfulness:
    """Mask a clip in the order of a curve, of loudness, and of chance, and hear it again each time.

    curve: one axis, "time", e.g. of `attention_curves`; only the time that it covers is heard and masked.
    emotion: whose probability is followed; the clip's answer where left out.  mask: see `masking.stretches`.
    chance: the curve moved along the clip, or stretches "scattered" at random; draws: how often.
    sound: of the clip, where it has been listened to already.  progress: may raise to stop.
    Raises InspectionError for a clip a second or more above LONGEST and for an emotion the checkpoint has no label for.
    """
    if emotion is not None and emotion not in recogniser.labels:
        raise InspectionError(f"{recogniser.name} has no label {emotion!r}: it knows {', '.join(recogniser.labels)}.")
    if waveform.seconds >= LONGEST + 1:
        raise InspectionError(
            f"This clip is {waveform.seconds:.0f} s long, and it would have to be heard some seventy times: cut "
            f"out a part of at most {LONGEST:.0f} s."
        )
    pieces = stretches(waveform, curve, sound or listen(waveform), mask, seed)
    whole = recogniser.predict_many([pieces.clip])[0]
    emotion = emotion or whole.label
    place = recogniser.labels.index(emotion)
    probability = float(whole.probabilities[place])
    if is_flat(curve.values) or len(pieces) < FEWEST:
        reason = "the clip is too short" if len(pieces) < FEWEST else "the curve is constant, so it gives no order"
        return Faithfulness(emotion, mask, chance, probability, pieces.seconds, reason=reason)
    orders = [first_to_last(pieces.weights), first_to_last(pieces.energies)]
    orders += at_random(pieces.weights, chance, draws, np.random.default_rng(seed))
    kept = [np.zeros(len(pieces), dtype=bool)]  # all masked, which every order ends or begins with
    for order in orders:
        for share in SHARES[1:-1]:
            first = np.isin(np.arange(len(pieces)), order[: round(share * len(pieces))])
            kept += [~first, first]
    heard = _probabilities(recogniser, pieces, kept, place, progress)
    per_order = np.array(heard[1:]).reshape(len(orders), len(SHARES) - 2, 2)
    made = [
        Order(SHARES, (probability, *deletion, heard[0]), (heard[0], *insertion, probability))
        for deletion, insertion in per_order.transpose(0, 2, 1).tolist()
    ]
    return Faithfulness(emotion, mask, chance, probability, pieces.seconds, made[0], made[1], tuple(made[2:]))


def first_to_last(weights: np.ndarray) -> np.ndarray:
    """Indices of the stretches, the weightiest first."""
    return np.argsort(-weights, kind="stable")


def at_random(weights: np.ndarray, chance: Chance, draws: int, generator: np.random.Generator) -> list[np.ndarray]:
    """As many orders that know nothing of what is said where.

    "shifted": of the curve moved around the clip by at least a tenth of it, each time by another amount while there
    are others.
    """
    count = len(weights)
    if chance == "scattered":
        return [generator.permutation(count) for _ in range(draws)]
    least = max(1, count // 10)
    amounts = np.arange(least, count - least + 1)
    chosen = generator.choice(amounts, size=draws, replace=draws > len(amounts))
    return [first_to_last(np.roll(weights, amount)) for amount in chosen]


def _probabilities(
    recogniser: Recogniser, pieces: Stretches, kept: Sequence[np.ndarray], place: int, progress: Progress
) -> list[float]:
    """The emotion's probability for each way of masking, several in one call."""
    batch = max(1, int(TOGETHER / pieces.clip.seconds))
    found: list[float] = []
    for start in range(0, len(kept), batch):
        clips = [pieces.masked(one) for one in kept[start : start + batch]]
        found += [float(answer.probabilities[place]) for answer in recogniser.predict_many(clips)]
        progress("masking", len(found), len(kept))
    return found
