"""Where a clip comes from: samples, a file, the microphone, a link.  The same on every page, carried between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

import streamlit as st

from pages.shared import brand, linked_clip, loaders, notice, recorders
from pages.shared.clip import Clip, open_clip
from ser_core.corpora.base import Utterance
from ser_core.errors import AudioError, SpeechEmotionError

SAMPLES, UPLOAD, RECORD = "Samples", "Upload", "Record"
SOURCE = "source"  # key of the widget; set it in a callback to lead a visitor to another source
_UPLOADED, _RECORDED, _SAMPLE = "uploaded", "recorded", "sample"


@dataclass(frozen=True)
class _Outcome:
    """What became of the sound a visitor brought: a clip, or the sentence that says why not."""

    clip: Clip | None = None
    refusal: str = ""


def pick_clip() -> Clip | None:
    """Draw the picker.  Returns the clip, or None where there is none yet or it was refused (and says so)."""
    linked_clip.arrive()
    linked_clip.stay(SOURCE)
    row = st.container(horizontal=True, gap="medium", vertical_alignment="center", key="clip-picker")
    source = row.segmented_control(
        "Clip",
        [SAMPLES, UPLOAD, RECORD, *([linked_clip.LINKED] if linked_clip.known() else [])],
        default=SAMPLES,
        required=True,
        key=SOURCE,
        persist_state="session",
        label_visibility="collapsed",
        on_change=linked_clip.let_go,
    )
    if source == linked_clip.LINKED:
        return _linked()
    linked_clip.leave()
    if source == UPLOAD:
        return _uploaded()
    if source == RECORD:
        return _recorded()
    try:
        with row:
            return _sample()
    except SpeechEmotionError as error:
        refuse(str(error))
        return None


def _linked() -> Clip | None:
    linked_clip.hold()
    try:
        return linked_clip.current()
    except SpeechEmotionError as error:
        refuse(str(error))
        return None


def _sample() -> Clip:
    """Raises SpeechEmotionError where the samples are missing from the installation."""
    utterances = loaders.sample_utterances()
    emotions = list(dict.fromkeys(u.emotion for u in utterances))
    _recall("emotion", "voice")
    emotion = st.pills(
        "Emotion that the sample plays",
        emotions,
        default=emotions[0],
        required=True,
        key="emotion",
        bind="query-params",
        wrap=True,
        label_visibility="collapsed",
    )
    brand.emotion_dots("emotion", emotions)
    voice = st.segmented_control(
        "Voice of the sample",
        list(dict.fromkeys(u.sex for u in utterances)),
        default=utterances[0].sex,
        required=True,
        key="voice",
        bind="query-params",
        label_visibility="collapsed",
    )
    st.session_state[_SAMPLE] = {"emotion": emotion, "voice": voice}
    return loaders.sample_clip(chosen_sample(emotion, voice).id)


def chosen_sample(emotion: str | None, voice: str | None) -> Utterance:
    """The sample that plays this emotion in this voice, or the nearest there is."""
    return max(loaders.sample_utterances(), key=lambda u: (u.emotion == emotion, u.sex == voice))


def _recall(*keys: str) -> None:
    """Give widgets that were out of sight the values they had; in the first run the address decides."""
    for key in keys:
        if key not in st.session_state and key in st.session_state.get(_SAMPLE, {}):
            st.session_state[key] = st.session_state[_SAMPLE][key]


def _uploaded() -> Clip | None:
    notice.show()
    file = st.file_uploader(
        "A recording of one voice: WAV, FLAC, OGG, Opus, MP3 or AIFF, up to 64 MiB and 60 minutes",
        type=None,  # whatever it is, the sentence of ser_core says more than a closed door
        key="upload",
        on_change=_forget,
        args=(_UPLOADED,),
    )
    if file is not None and _UPLOADED not in st.session_state:
        with st.spinner("Reading the clip …"):
            _keep(_UPLOADED, _open(file.getvalue(), file.name, file.name, recorded=False))
    return _show(_UPLOADED)


def _recorded() -> Clip | None:
    notice.show()
    recording = recorders.record(notice.consent(), plain_changed=_forget_plain)
    if recording:
        with st.spinner("Reading the recording …"):
            _keep(_RECORDED, _open(recording.data, "recording.wav", recording.title, recorded=True))
    return _show(_RECORDED)


def bring(clip: Clip) -> None:
    """Hand a recording over from another page: it is the clip from the next run on."""
    linked_clip.let_go()
    st.session_state[_RECORDED] = _Outcome(clip)
    st.session_state[SOURCE] = RECORD


def _keep(key: str, outcome: _Outcome) -> NoReturn:
    """Start the run anew: the notice steps back, and a used recorder goes with its large copy of the sound."""
    st.session_state[key] = outcome
    st.rerun()


def _open(data: bytes, name: str, title: str, *, recorded: bool) -> _Outcome:
    try:
        clip = open_clip(data, name, title, "recording" if recorded else "upload")
    except AudioError as error:
        if recorded and error.reason in ("header_only", "zero_length"):
            return _Outcome(refusal=recorders.NOTHING_HEARD)
        return _Outcome(refusal=str(error))
    notice.mark_seen()
    return _Outcome(clip)


def _show(key: str) -> Clip | None:
    outcome: _Outcome | None = st.session_state.get(key)
    if outcome is None:
        empty = st.container(height=200, border=True, horizontal_alignment="center", vertical_alignment="center")
        empty.caption("The answer for your clip will stand here.", width="content")
        return None
    if outcome.refusal:
        refuse(outcome.refusal)
    return outcome.clip


def _forget(key: str) -> None:
    st.session_state.pop(key, None)


def _forget_plain() -> None:
    outcome: _Outcome | None = st.session_state.get(_RECORDED)
    if outcome and not (outcome.clip and outcome.clip.title == recorders.HANDS_FREE_TITLE):
        _forget(_RECORDED)


def refuse(sentence: str) -> None:
    """One sentence that says what was wrong and what would work."""
    st.error(sentence, icon=":material/hearing_disabled:")
