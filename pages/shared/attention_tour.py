"""The guided tour: stations that each set the page up, by button or by link."""

from __future__ import annotations

import threading
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from pages.shared import linked_clip, loaders
from pages.shared.attention_compare import rivals
from pages.shared.attention_look import sample_look
from pages.shared.attention_stretch import COVER, END, FROM, START, TO, USUAL_COVER
from pages.shared.clip_picker import SAMPLES, SOURCE, chosen_sample
from ser_core.checkpoints import list_checkpoints, readable_cards
from ser_core.errors import SpeechEmotionError

_AT = "tour_at"  # number of the station, from 0; nothing where there is no tour
_PAGE = "attention"
# What a station that does not name it gets; the others are named by each.
USUAL: dict[str, Any] = {
    "voice": "female", "show": "One model", "head": "mean", "gradients": [], START: None, END: None, FROM: None,
    TO: None, COVER: USUAL_COVER, "votes": None, "window": None,
}  # fmt: skip


@dataclass(frozen=True)
class Station:
    """look: what to look at.  try_this: what to try.  setting: values of the page's widgets.  system: whose checkpoint
    is needed, checkpoint: the one that is preferred."""

    title: str
    text: str
    look: str
    try_this: str
    system: str
    checkpoint: str
    setting: Mapping[str, Any]

    def link(self, model: str) -> str:
        """Address of the page as this station sets it up."""
        query = {"model": model, **{key: value for key, value in self.setting.items() if value != USUAL.get(key)}}
        return f"{_PAGE}?{urlencode(query, doseq=True)}"


@cache
def stations() -> tuple[Station, ...]:
    with Path(__file__).with_name("attention_tour.toml").open("rb") as file:
        found = tomllib.load(file)["station"]
    return tuple(
        Station(one.pop("title"), one.pop("text"), one.pop("look"), one.pop("try"), one.pop("system"),
                one.pop("checkpoint", ""), USUAL | one)
        for one in found
    )  # fmt: skip


def tour_button() -> None:
    """Where the tour begins; nothing while it is under way."""
    if st.session_state.get(_AT) is None:
        st.button(
            f"Take the tour: {len(stations())} stops", icon=":material/tour:", key="tour-begin", on_click=_go,
            args=(0,), type="tertiary",
        )  # fmt: skip


def show_tour() -> None:
    """The station, while a tour is under way."""
    at: int | None = st.session_state.get(_AT)
    every = stations()
    if at is None:
        return
    station = every[at]
    with st.container(border=True, key="tour", gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f"**Tour {at + 1}/{len(every)}: {station.title}**", width="stretch")
            with st.container(horizontal=True, width="content", gap="small"):
                st.button("‹", key="tour-back", help="The stop before", on_click=_go, args=(at - 1,), disabled=at == 0)
                last = at == len(every) - 1
                st.button("›", key="tour-on", help="The next stop", on_click=_go, args=(at + 1,), disabled=last)
                st.button("✕", key="tour-end", help="End the tour", on_click=_go, args=(None,), type="tertiary")
        st.markdown(station.text)
        st.markdown(f":material/visibility: **Look at:** {station.look}")
        st.markdown(f":material/touch_app: **Try:** {station.try_this}")
        model = model_for(station)
        if model is None:
            st.caption(
                f":material/info: No checkpoint of this system is here yet, so the page stays as it was. Train one: "
                f"`python -m ser_core train --recipe {station.system}-synthetic`"
            )
        else:
            st.caption(f"[Link to this stop]({station.link(model)})")


def _go(at: int | None) -> None:
    """Before the next run: the station's values become those of the widgets."""
    st.session_state[_AT] = at
    if at is None:
        return
    station = stations()[at]
    model = model_for(station)
    if model is None:
        return
    linked_clip.let_go()
    st.session_state[SOURCE] = SAMPLES
    st.session_state["model"] = model
    for key, value in station.setting.items():
        if value is None and key not in (START, END, FROM, TO):  # the page's own choice
            st.session_state.pop(key, None)
        else:
            st.session_state[key] = value


def prepare() -> threading.Thread | None:
    """While a tour is under way: behind the page, what every stop shows is worked out before anybody gets there, once
    for all visitors.  Returns who does it."""
    return None if st.session_state.get(_AT) is None else _preparing(tuple(list_checkpoints()))


@st.cache_resource(max_entries=1, show_spinner=False)
def _preparing(checkpoints: tuple[str, ...]) -> threading.Thread:
    thread = threading.Thread(target=_prepare, name="tour", daemon=True)
    thread.start()
    return thread


def _prepare() -> None:
    for station in stations():
        clip = loaders.sample_clip(chosen_sample(station.setting["emotion"], station.setting["voice"]).id)
        for name in _models(station):
            try:
                sample_look(clip, loaders.recogniser(name))
            except SpeechEmotionError:
                continue  # the stop itself says what is wrong


def _models(station: Station) -> Iterator[str]:
    model = model_for(station)
    if model is None:
        return
    yield model
    if station.setting["show"] == "Compare":
        yield from rivals(station.system, [name for name in list_checkpoints() if name != model])


def model_for(station: Station) -> str | None:
    """The checkpoint that the station names, or any of its system; None where there is none."""
    names = list_checkpoints()
    if station.checkpoint in names:
        return station.checkpoint
    return next((name for name, card in readable_cards(names).items() if card.system == station.system), None)
