"""Long work on a page: one at a time for the whole server, with a bar and a way to stop."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import streamlit as st

Progress = Callable[[str, int, int], None]
OFTEN = 0.25  # seconds between two movements of the bar
TAKEN = "Somebody else has this computer measuring something right now: try again in a moment."


class Busy(Exception):
    """Other long work is under way."""


@st.cache_resource(show_spinner=False)
def lock() -> threading.Lock:
    """Whoever works holds it."""
    return threading.Lock()


@contextmanager
def working(stop: str = "Stop", name: str = "") -> Iterator[Progress]:
    """A bar while the block runs, gone after it; called as progress(what, done, of how many).

    name: tells apart several of one page.
    Pressing the button, or anything else on the page, ends the run at the next movement of the bar.
    Raises Busy where other work is under way.
    """
    place = st.empty()  # first, since Streamlit may end the run here, and then nobody would give the lock back
    held = lock()
    if not held.acquire(blocking=False):
        raise Busy(TAKEN)
    try:
        with place.container(horizontal=True, vertical_alignment="center", key=f"working{name}"):
            bar = st.progress(0.0, "Starting …")
            st.button(stop, icon=":material/stop_circle:", key=f"stop-work{name}")
        last = 0.0

        def report(what: str, done: int, total: int) -> None:
            nonlocal last
            now = time.monotonic()
            if now - last >= OFTEN or done >= total:
                last = now
                bar.progress(min(1.0, done / max(total, 1)), what)

        yield report
    finally:
        held.release()
        place.empty()
