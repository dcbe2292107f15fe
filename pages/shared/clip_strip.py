"""The strip that shows the clip, the same on every page: name, player, length and quality."""

from __future__ import annotations

import re

import streamlit as st

from pages.shared.clip import Clip, quality_line

HELP = (
    "Level: how loud the speech is, in decibels below full scale, the loudest that a file can hold; around −20 is "
    "usual. Clipping: the share of the sound that was cut off at full scale. SNR: how far the speech lies above the "
    "noise in its pauses, an estimate where there is a pause; below 10 is noisy, 60 as good as no noise. Speech: how "
    "long somebody speaks, found by a voice detector."
)


def show_clip(clip: Clip, player: bool = True) -> None:
    """player: off where the page has one of its own."""
    with st.container(border=True, key="clip-strip", gap="small"):
        name, sound = st.columns(2, vertical_alignment="center", gap="medium") if player else (st.container(), None)
        with name, st.container(gap=None):
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.markdown(f"**{plain(clip.title)}**", width="content")
                if clip.synthetic:
                    st.badge("synthetic", color="gray")
                if clip.text:
                    st.markdown(f":gray[“{plain(clip.text)}”]", width="content")
            st.caption(quality_line(clip.quality), help=HELP)
        if sound is not None:
            sound.audio(clip.wav, format="audio/wav")
        for sentence in (*clip.waveform.notes, *clip.quality.sentences()):
            st.caption(f":material/info: {plain(sentence)}")


def plain(text: str) -> str:
    """A name given by a visitor, without meaning to Markdown."""
    return re.sub(r"([\\`*_{}\[\]()#:$<>|~&])", r"\\\1", text)
