"""What all visitors share (models and sample clips), and what belongs to one visitor alone (everything else).

A visitor's clip and its answers live in `st.session_state`, few at a time, and die with the session.
"""

from __future__ import annotations

from collections import OrderedDict

import streamlit as st

from pages.shared import waiting
from pages.shared.clip import Clip
from ser_core import audio, quality
from ser_core.checkpoints import WEIGHTS, find_checkpoint, weights_digest
from ser_core.corpora.base import Utterance
from ser_core.corpora.synthetic import TEXTS, samples
from ser_core.errors import CheckpointError
from ser_core.recogniser import Prediction, Recogniser

ANSWERS = 8  # per visitor
_KEY = "answers"


def recogniser(name: str) -> Recogniser:
    """The loaded checkpoint, one for all visitors; loaded anew where its files changed.  Raises CheckpointError."""
    folder = find_checkpoint(name)
    stamp = tuple(path.stat().st_mtime_ns for path in sorted(folder.iterdir()) if path.is_file())
    return _load(str(folder), stamp)


@st.cache_resource(max_entries=8, show_spinner=False)
def _load(folder: str, stamp: tuple[int, ...]) -> Recogniser:
    return Recogniser(folder)


def weights(name: str) -> str:
    """Digest of the weights that a checkpoint of this name or folder holds now, empty where there are none."""
    try:
        folder = find_checkpoint(name)
        file = (folder / WEIGHTS).stat()
        return _digest(str(folder), file.st_mtime_ns, file.st_size)
    except (CheckpointError, OSError):
        return ""  # the page says what is wrong with the checkpoint


@st.cache_resource(max_entries=256, show_spinner=False)
def _digest(folder: str, stamp: int, size: int) -> str:
    return weights_digest(folder)


@st.cache_resource(show_spinner=False)
def sample_utterances() -> tuple[Utterance, ...]:
    """The clips that ship with the app.  Raises CorpusError where they are missing."""
    return samples()


@st.cache_resource(max_entries=32, show_spinner=False)
def sample_clip(utterance_id: str) -> Clip:
    """One of the clips that ship with the app, by the id of its utterance."""
    utterance = next(u for u in sample_utterances() if u.id == utterance_id)
    waveform = audio.load(utterance.path)
    return Clip(
        title=f"{utterance.emotion.capitalize()}, {utterance.sex} voice",
        origin="sample",
        waveform=waveform,
        quality=quality.assess(waveform),
        wav=waveform.to_wav(),
        played=utterance.emotion,
        text=TEXTS.get(utterance.text),
    )


def answer(clip: Clip, model: Recogniser) -> Prediction:
    """What the checkpoint says of the clip, computed once per visitor and pair of clip and checkpoint.

    Every answer goes through the one line of this server: the run may end here, see `waiting.predict`.
    """
    answers: OrderedDict[tuple[str, Recogniser], Prediction] = st.session_state.setdefault(_KEY, OrderedDict())
    key = clip.waveform.digest, model
    if key not in answers:
        answers[key] = waiting.predict(model, clip.waveform)
    answers.move_to_end(key)
    while len(answers) > ANSWERS:
        answers.popitem(last=False)
    return answers[key]
