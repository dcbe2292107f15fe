"""Evaluating in a thread of its own: the page shows how far it is, stays usable, and can stop it at any clip.

One at a time for the whole server, as all long work on pages.  The thread knows no Streamlit; it ends by itself when
its visitor is gone.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

import streamlit as st
from streamlit.runtime import exists, get_instance
from streamlit.runtime.scriptrunner import get_script_run_ctx

from pages.shared import busy
from pages.shared.clip import duration
from ser_core.errors import SpeechEmotionError

Progress = Callable[[str, int, int], None]
EVERY = 0.5  # seconds between two looks
_WORK = "evaluate/work"
_SAID = "evaluate/said"
UNEXPECTED = "Something unexpected went wrong; the terminal of the app says what."
_log = logging.getLogger(__name__)


class Stopped(Exception):
    """Somebody pressed the button, or left."""


class Work:
    """One piece of work.  What it is doing may be read at any time; what came out stands in `outcome` at its end."""

    def __init__(self, title: str, do: Callable[[Progress], None], alive: Callable[[], bool]) -> None:
        self.title = title
        self.stop = threading.Event()
        self.finished = threading.Event()
        self.problem = ""
        self.doing, self.done, self.total = "Starting …", 0, 0
        self._do, self._alive, self._began = do, alive, time.monotonic()

    def report(self, doing: str, done: int, total: int) -> None:
        """Called by the work at every clip.  Raises Stopped."""
        if self.stop.is_set() or not self._alive():
            raise Stopped
        if doing != self.doing:
            self._began = time.monotonic()
        self.doing, self.done, self.total = doing, done, total

    def line(self) -> str:
        """What is being done, how far it is, and how long it will take."""
        if not self.done:
            return self.doing
        words = f"{self.doing[:1].upper()}{self.doing[1:]}: {self.done:,} of {self.total:,} clips"
        left = (time.monotonic() - self._began) * (self.total - self.done) / self.done
        return f"{words}, about {duration(left)} left" if self.done >= 3 and left >= 1 else words

    def run(self, release: Callable[[], None]) -> None:
        try:
            self._do(self.report)
        except Stopped:
            self.problem = "Stopped: what was under way was not kept."
        except SpeechEmotionError as error:
            self.problem = str(error)
        except Exception:
            _log.exception("evaluating failed")
            self.problem = UNEXPECTED
        finally:
            release()
            self.finished.set()


def begin(title: str, do: Callable[[Progress], None]) -> None:
    """Start the work, unless other work is under way (then the page says so)."""
    lock = busy.lock()
    if not lock.acquire(blocking=False):
        st.session_state[_SAID] = busy.TAKEN
        return
    work = Work(title, do, _visitor_is_there())
    st.session_state[_WORK] = work
    threading.Thread(target=work.run, args=(lock.release,), name="evaluate", daemon=True).start()


def _visitor_is_there() -> Callable[[], bool]:
    context = get_script_run_ctx()
    if context is None or not exists():
        return lambda: True
    session, runtime = context.session_id, get_instance()
    return lambda: runtime.is_active_session(session)


def show_work() -> bool:
    """The bar and the button while something is under way, what went wrong after it.  True while it works."""
    work: Work | None = st.session_state.get(_WORK)
    if work is not None and work.finished.is_set():
        st.session_state[_SAID] = work.problem
        st.session_state.pop(_WORK, None)
        work = None
    if work is not None:
        _watch()
        return True
    if said := st.session_state.pop(_SAID, ""):
        st.info(said, icon=":material/info:")
    return False


@st.fragment(run_every=EVERY)
def _watch() -> None:
    work: Work | None = st.session_state.get(_WORK)
    if work is None or work.finished.is_set():
        st.rerun()
    with st.container(horizontal=True, vertical_alignment="center", key="working"):
        stopping = work.stop.is_set()
        st.progress(min(1.0, work.done / max(work.total, 1)), "Stopping …" if stopping else work.line())
        st.button("Stop", icon=":material/stop_circle:", key="stop-work", on_click=work.stop.set, disabled=stopping)


def working() -> bool:
    return _WORK in st.session_state
