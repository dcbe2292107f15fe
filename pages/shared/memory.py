"""What a page has worked out for one visitor: kept in the session, few at a time, and gone with it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

import streamlit as st

T = TypeVar("T")


def remembered(kind: str, key: Hashable, make: Callable[[], T], most: int) -> T:
    """What `make` returns, kept for this visitor under a key; of each kind only the `most` lately used stay."""
    shelf: OrderedDict[Hashable, T] = st.session_state.setdefault(f"memory/{kind}", OrderedDict())
    if key not in shelf:
        shelf[key] = make()
    shelf.move_to_end(key)
    while len(shelf) > most:
        shelf.popitem(last=False)
    return shelf[key]


def recalled(kind: str, key: Hashable) -> Any:
    """What is kept under this key, None where it was never worked out, or is forgotten."""
    return st.session_state.get(f"memory/{kind}", {}).get(key)
