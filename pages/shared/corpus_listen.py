"""Hearing a corpus: levels of all recordings, those that stand out, and any one of them in a player."""

from __future__ import annotations

import streamlit as st

from pages.shared import brand, corpora_here
from pages.shared.busy import Busy, working
from pages.shared.clip import quality_line
from pages.shared.clip_strip import HELP
from pages.shared.permission import ask_permission
from ser_core import quality
from ser_core.audio import load
from ser_core.corpora import Corpus, Scan, Utterance, data_folder
from ser_core.errors import AudioError
from ser_core.plots.corpus import spread_by_emotion
from ser_core.survey import Survey, survey

PER_SECOND = 40  # recordings that one core hears, about
ALL = "all"


def show_survey(name: str, scan: Scan) -> Survey | None:
    """Loudness by emotion and what stands out, once somebody had every recording heard."""
    st.markdown("**Loudness, and what stands out**")
    found = corpora_here.survey_of(name, data_folder())
    if found is None:
        seconds = len(scan.utterances) / PER_SECOND
        st.caption(
            "Clipped, silent and broken recordings show only when each is decoded and heard: once, some "
            f"{max(1, round(seconds / 5) * 5 if seconds > 5 else round(seconds))} seconds. The figures are kept."
        )
        if not st.button("Hear every recording", icon=":material/hearing:", key="hear-all"):
            return None
        try:
            with working() as progress:
                survey(scan.utterances, progress)
        except Busy as busy:
            st.info(str(busy), icon=":material/hourglass_top:")
            return None
        corpora_here.look_again()
        st.rerun()
    values: dict[str, list[float]] = {}
    called: dict[str, list[str]] = {}
    usable = found.usable()
    for u in scan.utterances:
        if u.id in usable:
            values.setdefault(u.emotion, []).append(usable[u.id].level)
            called.setdefault(u.emotion, []).append(u.id)
    if values:
        st.plotly_chart(
            spread_by_emotion(values, called, "level of the speech", "dBFS", brand.colours()),
            theme=None,
            config={"displayModeBar": False},
            key="levels",
            alt="Levels of the speech by emotion, in decibels below full scale.",
        )
        st.caption(
            "Shows how loud the speech is, in decibels below the loudest that a file can hold. It does not show how "
            "loud the voice was in the room: the distance to the microphone and the recording level are in it."
        )
    st.markdown("\n".join(f"- {sentence}" for sentence in told(found)))
    return found


def groups(found: Survey) -> dict[str, list[str]]:
    """What stands out, by name, only what there is."""
    every = {
        "clipped": found.clipped(),
        "very quiet": found.quiet(),
        "no speech heard": found.speechless(),
        "odd length": found.odd_lengths(),
        "silent or broken": found.refused(),
        "twice the same": [name for group in found.twice for name in group],
    }
    return {name: ids for name, ids in every.items() if ids}


def told(found: Survey) -> list[str]:
    """The same in sentences."""
    count = len(found.heard)
    words = {
        "clipped": "are clipped (at least 0.1% of the samples cut off at full scale), which distorts the voice.",
        "very quiet": "are very quiet (speech more than 50 dB below full scale).",
        "no speech heard": "hold no speech that the voice detector finds.",
        "odd length": "are far longer or shorter than the rest.",
        "silent or broken": "cannot be used: silent, damaged or no sound at all.",
        "twice the same": f"are byte for byte the same as another ({len(found.twice)} groups): in training and in test "
        "they would leak.",
    }
    sentences = [f"**{len(ids):,}** of {count:,} {words[name]}" for name, ids in groups(found).items()]
    return sentences or ["Nothing stands out: none is clipped, silent, broken, of odd length or twice the same."]


def show_listen(name: str, corpus: Corpus, scan: Scan, found: Survey | None) -> None:
    st.markdown("**Listen**")
    if not corpus.licence.ships and not ask_permission(f"hear it: its terms are “{corpus.licence.name}”").allowed:
        return
    with st.container(key="listen", gap="small"):
        first, second, third = st.columns(3)
        standing_out = groups(found) if found else {}
        emotion = first.selectbox("Emotion", [ALL, *scan.counts()], key="listen-emotion")
        speaker = second.selectbox(
            "Speaker", [ALL, *sorted({u.speaker for u in scan.utterances})], key="listen-speaker"
        )
        kind = third.selectbox(
            "Which", [ALL, *standing_out], key="listen-kind", help="What stands out, once every recording was heard."
        )
        chosen = [
            u
            for u in scan.utterances
            if emotion in (ALL, u.emotion)
            and speaker in (ALL, u.speaker)
            and (kind == ALL or u.id in standing_out[str(kind)])
        ]
        if not chosen:
            st.caption("No recording fits: choose another emotion, speaker or kind.")
            return
        by_id = {u.id: u for u in chosen}
        one = by_id[str(st.selectbox(f"Recording ({len(chosen):,} to choose from)", list(by_id), key="listen-to"))]
        play(one)


def play(utterance: Utterance) -> None:
    try:
        waveform = load(utterance.path)
    except AudioError as error:
        st.error(str(error), icon=":material/hearing_disabled:")
        return
    st.audio(waveform.to_wav(), format="audio/wav")
    facts = [f"acted: {utterance.emotion}", utterance.speaker, utterance.sex, utterance.style, utterance.intensity]
    st.caption(" · ".join(fact for fact in facts if fact))
    st.caption(quality_line(quality.assess(waveform)), help=HELP)
