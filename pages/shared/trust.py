"""How far to trust an answer, in one line: calibrated confidence, and how much the clip stirs what the model learnt."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from ser_core.checkpoints import find_checkpoint
from ser_core.emotions import AS_ACTED
from ser_core.errors import CheckpointError
from ser_core.familiarity import FAINT, SURE, Training, confidence, training_of
from ser_core.plots.theme import percent
from ser_core.recogniser import Prediction, Recogniser

HELP = (
    "Confidence is calibrated on voices that the model was not trained on, so about so many of such answers are right "
    "for voices like those. The response is how far the clip lies from the average of the training clips, in what the "
    "model's last layer reads: 1 is usual, and recordings of another make came out near 0.5."
)


def sounds_like(prediction: Prediction, model: Recogniser) -> str:
    """The answer as a heading, the same on every page."""
    perhaps = confidence(prediction, model.card) < SURE or faint(prediction, model)
    return f"Sounds like {AS_ACTED[prediction.label]}{', perhaps' if perhaps else ''}"


def line(prediction: Prediction, model: Recogniser, sure: float) -> str:
    """sure: the calibrated confidence, from 0 to 1."""
    words = f"Calibrated confidence {percent(sure)}"
    try:
        distance = _distance(prediction, model)
    except CheckpointError as error:
        return f"{words}. {error}"
    if distance is None:
        return f"{words}."
    if distance < FAINT:
        return (
            f"{words}; the model responds faintly ({distance:.1f} of what its training clips evoke), so this voice or "
            "recording may be unlike any it learnt from."
        )
    return f"{words}; the model responds about as to its training clips ({distance:.1f}, usual is 1)."


def faint(prediction: Prediction, model: Recogniser) -> bool:
    """Whether the model hardly responds to the clip, so that no confidence says much; no where it cannot be told."""
    try:
        distance = _distance(prediction, model)
    except CheckpointError:
        return False
    return distance is not None and distance < FAINT


def _distance(prediction: Prediction, model: Recogniser) -> float | None:
    """None where the checkpoint does not say.  Raises CheckpointError where its statistics are damaged."""
    training = _training(model.name, _stamp(model.name))
    if training is None or len(training.mean) != len(prediction.embedding):
        return None
    return training.distance(prediction.embedding)


def _stamp(name: str) -> int:
    path: Path = find_checkpoint(name) / "statistics.safetensors"
    return path.stat().st_mtime_ns if path.is_file() else 0


@st.cache_resource(max_entries=8, show_spinner=False)
def _training(name: str, stamp: int) -> Training | None:
    return training_of(name)
