"""How many visitors may listen live at once, and for how long: each of them costs two answers a second."""

from __future__ import annotations

import threading
import time
import uuid

import streamlit as st

MOST = 4
LONGEST = 600.0  # seconds that one start lasts: a forgotten tab gives its place back
GONE = 10.0  # seconds without sound after which a place counts as left
FULL = f"{MOST} people are listening live on this computer, and no more fit: try again in a moment, or record a clip."
TIME_IS_UP = f"You listened for {LONGEST / 60:.0f} minutes: press Start to go on."
LISTENING = "live/listening"  # key of the window that a visitor's model hears, in the session's state
_KEY = "live/place"


class Places:
    """Who listens.  Safe to use from several threads."""

    def __init__(self, most: int = MOST) -> None:
        self.most = most
        self._taken: dict[str, tuple[int, float, float]] = {}  # visitor -> (which start, since, last heard of)
        self._lock = threading.Lock()

    def take(self, visitor: str, run: int, now: float) -> str:
        """A place for this start of this visitor, or the one it has.  Returns "", or the sentence that says why not.

        now: seconds of a clock that never goes back.
        """
        with self._lock:
            self._taken = {who: one for who, one in self._taken.items() if now - one[2] < GONE}
            known = self._taken.get(visitor)
            since = known[1] if known and known[0] == run else now
            if known is None and len(self._taken) >= self.most:
                return FULL
            if now - since > LONGEST:
                del self._taken[visitor]
                return TIME_IS_UP
            self._taken[visitor] = run, since, now
            return ""

    def leave(self, visitor: str) -> None:
        with self._lock:
            self._taken.pop(visitor, None)


@st.cache_resource(show_spinner=False)
def places() -> Places:
    return Places()


def take(run: int) -> str:
    return places().take(_visitor(), run, time.monotonic())


def leave() -> None:
    """The window that the model heard goes, and the place is free for somebody else."""
    st.session_state.pop(LISTENING, None)
    places().leave(_visitor())


def _visitor() -> str:
    name: str = st.session_state.setdefault(_KEY, uuid.uuid4().hex)
    return name
