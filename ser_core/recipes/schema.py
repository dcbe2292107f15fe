"""The recipe: everything a training run needs, validated.  One model drives command line, form and file; no torch."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from ser_core.emotions import EMOTIONS
from ser_core.errors import RecipeError

FOLDER = Path(__file__).parent

Fraction = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PreparationSection(Section):
    """How a clip is made ready; the trained model carries it along."""

    normalise: Literal["none", "clip", "corpus"] = Field(
        "none", description="Bring features to mean 0 and deviation 1: not at all, per clip, or over the training set."
    )
    trim_db: float | None = Field(
        None, gt=0, le=120, description="Leave out the head and tail of a clip so many dB below its loudest moment."
    )
    hop: float | None = Field(None, gt=0, le=60, description="Seconds between segments when recognising.")


class ScheduleSection(Section):
    """How the learning rate falls."""

    kind: Literal["constant", "exponential", "step", "cosine"] = "exponential"
    factor: Fraction = Field(0.95, description="What the rate is multiplied by, per epoch (exponential) or per step.")
    every: int = Field(10, ge=1, description="Epochs between two steps (kind step).")
    floor: float = Field(1e-6, ge=0, description="The rate never falls below this.")


class AugmentSection(Section):
    """What is done to training clips, drawn anew for every clip in every epoch; nothing by default."""

    noise_db: tuple[float, float] | None = Field(None, description="White noise at a signal-to-noise ratio in dB.")
    noise_share: Fraction = Field(0.5, description="Share of clips that get noise.")
    speed: tuple[float, ...] = Field((), description="Speed factors to choose from; 1 is the clip itself.")
    gain_db: tuple[float, float] | None = Field(None, description="Gain in dB.")
    time_mask: Fraction = Field(0.0, description="Widest masked stretch of a segment, as a share of its frames.")
    row_mask: Fraction = Field(0.0, description="Widest masked band of a segment, as a share of its rows.")

    def active(self) -> bool:
        return self != AugmentSection()


class TrainingSection(Section):
    """The optimisation."""

    epochs: int = Field(150, ge=1, le=100_000)
    batch_size: int = Field(128, ge=2, le=65_536, description="Segments per step.")
    learning_rate: Positive = 1e-3
    weight_decay: float = Field(1e-6, ge=0, description="L2 penalty, as Adam applies it.")
    mixup: float = Field(0.2, ge=0, description="Alpha of mixup; 0 switches it off.")
    label_smoothing: Fraction = Field(0.0, description="Used only where mixup is off, as in the release of CTMAM.")
    balance: bool = Field(False, description="Weigh each emotion by the inverse of its share.")
    average: Fraction = Field(
        0.0, description="Keep a running mean of the weights, this share of the old mean per step; 0 switches it off."
    )
    hop: float | None = Field(None, gt=0, description="Seconds between training segments; empty: as in recognising.")
    patience: int | None = Field(None, ge=1, description="Stop after so many epochs without a better validation UA.")
    schedule: ScheduleSection = ScheduleSection()


class Recipe(Section):
    """A training run: which model on which data, how."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")
    note: str = Field("", description="What differs from the paper, in words.")
    system: str
    variant: str = "default"
    model: dict[str, bool | int | float | str] = Field({}, description="Fields of the system's config to change.")
    labels: tuple[str, ...] = Field(description="The emotions it learns, in the order of its outputs.")
    merge: dict[str, str] = Field({}, description="Emotions that count as another, e.g. calm as neutral.")
    corpora: tuple[str, ...] = Field(min_length=1)
    protocol: str = "speaker_independent"
    validate_on: tuple[str, ...] = Field((), description="Corpora whose validation part chooses the epoch; empty: all.")
    seed: int = 99
    preparation: PreparationSection = PreparationSection()
    training: TrainingSection = TrainingSection()
    augment: AugmentSection = AugmentSection()

    @field_validator("labels")
    @classmethod
    def _known(cls, labels: tuple[str, ...]) -> tuple[str, ...]:
        unknown = set(labels) - set(EMOTIONS)
        if unknown or len(set(labels)) != len(labels) or len(labels) < 2:
            raise ValueError(f"labels must be two or more different emotions of {', '.join(EMOTIONS)}")
        return labels

    @model_validator(mode="after")
    def _merges(self) -> Recipe:
        for source, target in self.merge.items():
            if source not in EMOTIONS or target not in self.labels or source in self.labels:
                raise ValueError(f"merge {source} -> {target}: the first must be a further emotion, the second a label")
        if not set(self.validate_on) <= set(self.corpora):
            raise ValueError("validate_on may only name corpora of this recipe")
        return self

    def label_of(self, emotion: str) -> int | None:
        """Index of the label an emotion counts as, None where the recipe leaves it out."""
        merged = self.merge.get(emotion, emotion)
        return self.labels.index(merged) if merged in self.labels else None


def list_recipes() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def load_recipe(name: str, changes: Sequence[str] = ()) -> Recipe:
    """A recipe by name, or by path to a TOML file, with changes such as `training.epochs=3`.

    Raises RecipeError in one sentence for an unknown name, broken TOML, or a value that does not validate.
    """
    path = Path(name) if name.endswith(".toml") else FOLDER / f"{name}.toml"
    if not path.is_file():
        raise RecipeError(f"There is no recipe {name!r}: choose one of {', '.join(list_recipes())}, or a .toml file.")
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
        for change in changes:
            _set(values, change)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RecipeError(f"{path.name} is not valid TOML: {error}.") from error
    return validate(values)


def validate(values: dict[str, Any]) -> Recipe:
    """Raises RecipeError that names the first field that does not fit, and why."""
    try:
        return Recipe.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "recipe"
        raise RecipeError(f"The recipe's {field}: {first['msg'].removeprefix('Value error, ')}.") from error


def _set(values: dict[str, Any], change: str) -> None:
    """Apply `a.b=value`; the value is TOML, a bare word is text."""
    key, equals, text = change.partition("=")
    if not equals or not key:
        raise RecipeError(f"--set {change!r}: write it as key=value, e.g. training.epochs=3.")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text
    *path, last = key.split(".")
    for part in path:
        values = values.setdefault(part, {})
        if not isinstance(values, dict):
            raise RecipeError(f"--set {change!r}: {part} has no fields below it.")
    values[last] = value
