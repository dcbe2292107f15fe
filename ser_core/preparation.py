"""How a clip is made ready for a system; a recipe asks for it and the card carries it along."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Preparation(BaseModel):
    """A model only knows clips that were made ready as those it was trained on."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    normalise: Literal["none", "clip", "corpus"] = Field(
        "none", description="Bring features to mean 0 and deviation 1: not at all, per clip, or over the training set."
    )
    trim_db: float | None = Field(
        None, gt=0, le=120, description="Leave out the head and tail of a clip so many dB below its loudest moment."
    )
    hop: float | None = Field(
        None, ge=0.01, le=60, description="Seconds between segments when recognising; empty: the system's own."
    )
