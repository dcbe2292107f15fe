"""The recipe: everything a training run needs, validated.  One model drives command line, form and file; no torch."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from ser_core.corpora import get_corpus
from ser_core.emotions import EMOTIONS, check_labels
from ser_core.errors import CorpusError, ProtocolError, RecipeError
from ser_core.preparation import Preparation
from ser_core.protocols import check_protocol

# In a recipe's own words, where pydantic speaks of Python.
WORDS = {
    "tuple_type": 'a list is needed, of numbers as [0.9, 1.1] or of names as ["ravdess", "emodb"]',
    "model_type": "this is a section: set one of its fields, e.g. training.epochs=3",
    "dict_type": 'a table is needed, e.g. { calm = "neutral" }',
    "extra_forbidden": "there is no such field",
    "missing": "this field is missing",
}
Fraction = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
Decibels = Annotated[float, Field(ge=-120, le=120)]
Range = tuple[Decibels, Decibels]


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class ScheduleSection(Section):
    """How the learning rate falls."""

    kind: Literal["constant", "exponential", "step", "cosine"] = Field(
        "exponential", description="Never, a little every epoch, in steps, or along half a cosine."
    )
    factor: Fraction = Field(0.95, description="What the rate is multiplied by, per epoch (exponential) or per step.")
    every: int = Field(10, ge=1, description="Epochs between two steps (kind step); cosine falls over all epochs.")
    floor: float = Field(1e-6, ge=0, description="The rate never falls below this.")


class AugmentSection(Section):
    """What is done to training clips, drawn anew for every clip in every epoch; nothing by default."""

    noise_db: Range | None = Field(None, description="White noise at a signal-to-noise ratio in dB, between these two.")
    noise_share: Fraction = Field(0.5, description="Share of clips that get noise.")
    speed: tuple[Annotated[float, Field(ge=0.5, le=2)], ...] = Field(
        (), description="Speed factors to choose from; 1 is the clip itself."
    )
    pitch: Annotated[float, Field(ge=0, le=12)] = Field(0.0, description="Widest change of pitch, semitones.")
    shift: float = Field(0.0, ge=0, le=60, description="Widest shift in time, seconds, filled with silence.")
    gain_db: Range | None = Field(None, description="Gain in dB, between these two.")
    time_mask: Fraction = Field(0.0, description="Widest masked stretch of a segment, as a share of its frames.")
    row_mask: Fraction = Field(0.0, description="Widest masked band of a segment, as a share of its rows.")

    def active(self) -> bool:
        return self != AugmentSection()


class TrainingSection(Section):
    """The optimisation."""

    epochs: int = Field(150, ge=1, le=100_000, description="Passes over the training clips, at most.")
    batch_size: int = Field(128, ge=2, le=65_536, description="Segments per step.")
    learning_rate: Positive = Field(1e-3, description="How far a step of Adam goes at first.")
    weight_decay: float = Field(1e-6, ge=0, description="L2 penalty, as Adam applies it.")
    mixup: float = Field(0.2, ge=0, description="Alpha of mixup; 0 switches it off.")
    label_smoothing: Fraction = Field(0.0, description="Used only where mixup is off, as in the release of CTMAM.")
    balance: bool = Field(False, description="Weigh each emotion by the inverse of its share.")
    average: Fraction = Field(
        0.0, description="Keep a running mean of the weights, this share of the old mean per step; 0 switches it off."
    )
    hop: float | None = Field(
        None, ge=0.01, le=60, description="Seconds between training segments; empty: as in recognising."
    )
    choose: Literal["validation", "last"] = Field(
        "validation",
        description="Keep the epoch that is best on validation; or the last one, with the validation clips trained on.",
    )
    best_by: Literal["ua", "wa", "mean"] = Field("ua", description="Which score of clips an epoch is best by.")
    patience: int | None = Field(None, ge=1, description="Stop after so many epochs without a better score.")
    precision: Literal["float32", "bfloat16"] = Field(
        "float32", description="Numbers in the forward pass on a GPU; a CPU always computes in float32."
    )
    schedule: ScheduleSection = ScheduleSection()


class TransferSection(Section):
    """Knowledge transfer in three stages of `training.epochs` each: teacher, feature matching, student."""

    teacher: str = Field(description="Variant of the system that teaches; it trains first, on the same data.")
    weight: float = Field(10.0, ge=0, description="How much the distance to the teacher's features counts at last.")


class Recipe(Section):
    """A training run: which model on which data, how."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$", description="What its runs and its checkpoint are called.")
    note: str = Field("", description="What differs from the paper, in words.")
    system: str = Field(description="The architecture.")
    variant: str = Field("default", description="An ablation or size of it, by the paper's name.")
    model: dict[str, bool | int | float | str] = Field({}, description="Fields of the system's config to change.")
    labels: tuple[str, ...] = Field(description="The emotions it learns, in the order of its outputs.")
    merge: dict[str, str] = Field({}, description="Emotions that count as another, e.g. calm as neutral.")
    corpora: tuple[str, ...] = Field(min_length=1, description="What it learns from.")
    protocol: str = Field("speaker_independent", description="Who trains, who validates, who is tested.")
    fold: int = Field(0, ge=0, le=999, description="Which fold of a protocol that has several, counted from 0.")
    validate_on: tuple[str, ...] = Field((), description="Corpora whose validation part chooses the epoch; empty: all.")
    test_on: tuple[str, ...] = Field((), description="Further corpora, never trained on, to measure the result on.")
    seed: int = Field(99, ge=0, le=1_000_000, description="All chance follows from it: same seed, same run on a CPU.")
    preparation: Preparation | None = Field(
        None, description="How clips are made ready; empty: the system's usual way."
    )
    training: TrainingSection = TrainingSection()
    augment: AugmentSection = AugmentSection()
    transfer: TransferSection | None = None

    @field_validator("labels")
    @classmethod
    def _labels(cls, labels: tuple[str, ...]) -> tuple[str, ...]:
        return check_labels(labels)

    @field_validator("corpora", "validate_on", "test_on")
    @classmethod
    def _corpora(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        try:
            keys = [get_corpus(name).key for name in names]
        except CorpusError as error:
            raise ValueError(str(error).removesuffix(".")) from error
        if len(set(keys)) != len(keys):
            raise ValueError("name each corpus once; two that share recordings or a name count as one")
        return names

    @field_validator("protocol")
    @classmethod
    def _protocol(cls, protocol: str) -> str:
        try:
            return check_protocol(protocol)
        except ProtocolError as error:
            raise ValueError(str(error).removesuffix(".")) from error

    @model_validator(mode="after")
    def _merges(self) -> Recipe:
        for source, target in self.merge.items():
            if source not in EMOTIONS or target not in self.labels or source in self.labels:
                raise ValueError(f"merge {source} -> {target}: the first must be a further emotion, the second a label")
        if not set(self.validate_on) <= set(self.corpora):
            raise ValueError("validate_on may only name corpora of this recipe")
        if {get_corpus(name).key for name in self.test_on} & {get_corpus(name).key for name in self.corpora}:
            raise ValueError("test_on may only name corpora that are not trained on")
        return self

    def alike(self, other: Recipe) -> bool:
        """Whether both train the same; what is noted beside the settings does not count."""
        return self.model_copy(update={"note": ""}) == other.model_copy(update={"note": ""})

    def label_of(self, emotion: str) -> int | None:
        """Index of the label an emotion counts as, None where the recipe leaves it out."""
        merged = self.merge.get(emotion, emotion)
        return self.labels.index(merged) if merged in self.labels else None


def validate(values: Any) -> Recipe:
    """Raises RecipeError that names the first field that does not fit, and why."""
    try:
        return Recipe.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        whose = f"'s {'.'.join(map(str, first['loc']))}" if first["loc"] else ""
        says = WORDS.get(first["type"], first["msg"].removeprefix("Value error, "))
        raise RecipeError(f"The recipe{whose}: {says}.") from error
