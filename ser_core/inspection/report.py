"""Every figure of one clip and one checkpoint, in one call."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ser_core.audio import Waveform
from ser_core.errors import InspectionError
from ser_core.inspection.agreement import Agreement, agreement
from ser_core.inspection.alignment import Alignment, align
from ser_core.inspection.curves import Progress, attention_curves, span_of
from ser_core.inspection.faithfulness import DRAWS, Faithfulness, faithfulness
from ser_core.inspection.masking import Mask
from ser_core.inspection.randomisation import Randomisation, random_copies, randomisation
from ser_core.inspection.sound import Sound, listen
from ser_core.inspection.views import View
from ser_core.maps import AttentionMap
from ser_core.models import System
from ser_core.recogniser import Recogniser


@dataclass(frozen=True)
class SecondOpinion:
    """What a method that is not attention says.  rho: Spearman's, with the attention curve; None where constant."""

    method: str
    layer: str
    rho: float | None
    alignment: Alignment


@dataclass(frozen=True, eq=False)
class InspectionReport:
    """What was found about one clip.

    clip: base name.  span: start and end in seconds of what the model was given.  emotion, probability: its answer.
    view: the one that was masked, whose heads were compared, and that second opinions are held against.
    views: what each curve shows and does not show.  alignment, randomisation: by view.  heads: None where the system
    has no heads.  notes: sentences on what was left out, and why.
    """

    checkpoint: str
    system: str
    variant: str
    clip: str
    seconds: float
    span: tuple[float, float]
    emotion: str
    probability: float
    view: str
    views: tuple[View, ...]
    alignment: dict[str, Alignment]
    heads: Agreement | None = None
    faithfulness: Faithfulness | None = None
    randomisation: dict[str, Randomisation] | None = None
    second_opinions: tuple[SecondOpinion, ...] = ()
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        found = asdict(self)
        if self.faithfulness:
            found["faithfulness"] = self.faithfulness.as_dict()
        return found | {"figures": self.figures()}

    def figures(self) -> dict[str, float | None]:
        """Every number by name, "<view>/<figure>" where it belongs to a view, for one row of a table."""
        row: dict[str, float | None] = {}
        for name, alignment in self.alignment.items():
            row |= {f"{name}/{figure}": value for figure, value in alignment.figures().items()}
        for name, compared in (self.randomisation or {}).items():
            row[f"{name}/random_weights_rho"] = compared.mean
        if self.heads:
            row["heads/agreement"] = self.heads.mean
        if self.faithfulness:
            row |= {f"{self.view}/{figure}": value for figure, value in self.faithfulness.figures().items()}
        for opinion in self.second_opinions:
            row[f"{opinion.method}/attention_rho"] = opinion.rho
            row |= {f"{opinion.method}/{figure}": value for figure, value in opinion.alignment.figures().items()}
        return row


def inspect_clip(
    recogniser: Recogniser,
    waveform: Waveform,
    view: str | None = None,
    *,
    masked: bool = True,
    mask: Mask = "noise",
    draws: int = DRAWS,
    random_weights: bool = True,
    copies: Sequence[System] | None = None,
    second_opinions: Collection[str] = (),
    sound: Sound | None = None,
    seed: int = 0,
    progress: Progress = lambda what, done, total: None,
) -> InspectionReport:
    """Inspect what a checkpoint attends to in one clip.

    view: name of the curve that is masked; the system's first where left out.  masked: whether to measure faithfulness,
    with this mask and so many random orders.  random_weights: whether to compare with random weights; copies: of the
    model with such, where they are made already (`random_copies`).  second_opinions: of `gradients.METHODS`.
    sound: where the clip has been listened to already.  progress: may raise to stop.
    Raises InspectionError where the model has no attention along time, or not this view.
    """
    answer = recogniser.predict_many([waveform])[0]
    place = recogniser.labels.index(answer.label)
    curves = attention_curves(recogniser.model, waveform, place, progress=progress)
    chosen = _chosen(curves, view, recogniser.model)
    heard = sound or listen(waveform)
    notes: list[str] = []
    shown = {one: curve for one, curve in curves.items() if one.head is None or one == chosen}
    compared = None
    if random_weights:
        progress("random weights", 0, 1)
        made = random_copies(recogniser.model, seed=seed) if copies is None else copies
        compared = randomisation(shown, made, waveform, place)
        progress("random weights", 1, 1)
    faithful = None
    if masked:
        try:
            faithful = faithfulness(
                recogniser, waveform, curves[chosen], answer.label, mask=mask, draws=draws, seed=seed, sound=heard,
                progress=progress,
            )  # fmt: skip
        except InspectionError as error:
            notes.append(str(error))
    opinions = [
        _opinion(method, recogniser, waveform, answer.label, curves[chosen], heard, progress, notes)
        for method in second_opinions
    ]
    return InspectionReport(
        checkpoint=recogniser.name,
        system=recogniser.card.system,
        variant=recogniser.card.variant,
        clip=waveform.source,
        seconds=waveform.seconds,
        span=span_of(curves[chosen]),
        emotion=answer.label,
        probability=float(answer.probabilities[place]),
        view=chosen.name,
        views=tuple(shown),
        alignment={one.name: align(curve, heard) for one, curve in shown.items()},
        heads=_heads(curves, chosen),
        faithfulness=faithful,
        randomisation=compared,
        second_opinions=tuple(opinion for opinion in opinions if opinion),
        notes=tuple(notes),
    )


def _chosen(curves: dict[View, AttentionMap], name: str | None, model: System) -> View:
    if name is None:
        return next(iter(curves))
    for view in curves:
        if view.name == name:
            return view
    means = ", ".join(view.name for view in curves if view.head is None)
    raise InspectionError(f"{model.title} has no view {name!r} here: choose one of {means}, or one of their heads.")


def _heads(curves: dict[View, AttentionMap], chosen: View) -> Agreement | None:
    """Agreement of the heads of the chosen map, or of the first map with heads where that one has none."""
    sources = [view.source for view in curves if view.head is not None]
    if not sources:
        return None
    source = chosen.source if chosen.source in sources else sources[0]
    return agreement({view.name: curve for view, curve in curves.items() if view.head is not None
                      and view.source == source})  # fmt: skip


def _opinion(
    method: Any, recogniser: Recogniser, waveform: Waveform, emotion: str, curve: AttentionMap, sound: Sound,
    progress: Progress, notes: list[str],
) -> SecondOpinion | None:  # fmt: skip
    from ser_core.inspection.gradients import attribute  # captum is slow to import and seldom needed

    try:
        found = attribute(recogniser.model, waveform, method, recogniser.labels, emotion, progress=progress)
    except InspectionError as error:
        notes.append(str(error))
        return None
    own = found.curve()
    rho = agreement({"attention": curve, method: own}).mean
    return SecondOpinion(method, found.layer, rho, align(own, sound))
