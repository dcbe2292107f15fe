"""Long work on a page: one at a time for the whole server, with a bar and a way to stop."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import streamlit as st

Progress = Callable[[str, int, int], None]
OFTEN = 0.25  # seconds between two movements of the bar
_LONG = "busy/long"
_alone: ContextVar[bool] = ContextVar("alone", default=False)
TAKEN = "Somebody else has this computer measuring something right now: try again in a moment."


class Busy(Exception):
    """Other long work is under way."""


class Stopped(Busy):
    """The visitor has stopped it; the page has said so."""


@st.cache_resource(show_spinner=False)
def lock() -> threading.Lock:
    """Whoever works holds it."""
    return threading.Lock()


def by_itself(part: Callable[..., None], *given: Any) -> None:
    """Draw a part of a page that a click in it runs alone, which is sooner done than the whole page.

    Where it has long work to do, the whole page runs anew and the part is nothing but a piece of it: Streamlit lets
    what is pressed in a part that stands by itself, such as *Stop*, wait for the end of the run.
    """
    if st.session_state.pop(_LONG, False):
        part(*given)
        return

    @st.fragment
    def draw() -> None:
        before = _alone.set(True)
        try:
            part(*given)
        finally:
            _alone.reset(before)

    draw()


def ask(kind: str) -> None:
    """For a button that starts long work: the run that follows is to do it."""
    st.session_state[f"asked/{kind}"] = True


def asked(kind: str) -> bool:
    """Whether it was asked for just now, and this run is one that can be stopped."""
    if st.session_state.get(f"asked/{kind}"):
        _run_page()
    return bool(st.session_state.pop(f"asked/{kind}", False))


def _run_page() -> None:
    """The whole of it, where only a part of it runs."""
    if _alone.get():
        st.session_state[_LONG] = True
        st.rerun()


def stopped(work: str, name: str = "") -> bool:
    """Whether the visitor has stopped work that begins by itself; then the page says so, with the way to go on.

    work, name: as `working` has them.
    """
    mark = f"stopped/{work}"
    if not st.session_state.get(mark):
        return False
    with st.container(horizontal=True, vertical_alignment="center", key=f"stopped{name}"):
        st.markdown(":material/stop_circle: Stopped.", width="content")
        st.button("Go on", icon=":material/play_arrow:", key=f"go-on{name}", on_click=_unmark, args=(mark,))
    return True


def _mark(mark: str) -> None:
    st.session_state[mark] = True


def _unmark(mark: str) -> None:
    st.session_state.pop(mark, None)


@contextmanager
def working(name: str = "", work: str = "") -> Iterator[Progress]:
    """A bar while the block runs, gone after it; called as progress(what, done, of how many).

    name: tells apart several of one page.  work: what `stopped` knows it by, where it begins by itself.
    Pressing the button, or anything else on the page, ends the run at the next movement of the bar.
    Raises Busy where other work is under way.
    """
    _run_page()
    place = st.empty()  # first, since Streamlit may end the run here, and then nobody would give the lock back
    held = lock()
    if not held.acquire(blocking=False):
        raise Busy(TAKEN)
    try:
        mark = f"stopped/{work or name}"
        with place.container(horizontal=True, vertical_alignment="center", key=f"working{name}"):
            bar = st.progress(0.0, "Starting …")
            st.button("Stop", icon=":material/stop_circle:", key=f"stop-work{name}", on_click=_mark, args=(mark,))
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
