"""Figures over a corpus that are there already: what ships, what is kept beside the runs, and a file of one's own."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from pages.shared import loaders
from ser_core.checkpoints import list_checkpoints
from ser_core.errors import SpeechEmotionError
from ser_core.files import PROJECT, runs_folder
from ser_core.inspection.corpus import Row
from ser_core.inspection.saved import Inspection, read_inspection

SHIPPED = PROJECT / "results" / "inspections"
KEPT = "inspections"  # below the runs folder


def stored() -> list[Inspection]:
    """Every file that can be read, what was made here before what ships."""
    files = [*sorted(runs_folder().glob(f"{KEPT}/*.json")), *sorted(SHIPPED.glob("*.json"))]
    found = [_read(str(path), path.stat().st_mtime_ns) for path in files]
    return [one for one in found if one is not None]


@st.cache_resource(max_entries=64, show_spinner=False)
def _read(path: str, stamp: int) -> Inspection | None:
    try:
        return read_inspection(Path(path).read_bytes(), Path(path).name)
    except (SpeechEmotionError, OSError):
        return None


def pick_stored(checkpoint: str) -> list[Row]:
    """Draw the list of corpora, first one that this checkpoint was measured on.

    Returns the rows of all checkpoints measured on the chosen one, each from one file.
    """
    every = sorted(stored(), key=lambda one: all(row["checkpoint"] != checkpoint for row in one.rows))
    corpora = list(dict.fromkeys(str(one.settings.get("corpus")) for one in every))
    if st.session_state.get("measured") not in corpora:
        st.session_state.pop("measured", None)
    corpus = st.selectbox("Measured on", corpora, key="measured", bind="query-params", width=260)
    found: dict[str, list[Row]] = {}
    old = []
    for one in every:
        if one.settings.get("corpus") != corpus:
            continue
        for name in dict.fromkeys(row["checkpoint"] for row in one.rows):
            if not _fits(name, one):
                old.append(name)
            elif name not in found:
                found[name] = [row for row in one.rows if row["checkpoint"] == name]
    left_out = [name for name in old if name not in found]
    if left_out:
        st.caption(f":material/info: Left out, as other weights now have this name: {', '.join(left_out)}.")
    return [row for rows in found.values() for row in rows]


def _fits(name: str, one: Inspection) -> bool:
    """Whether the weights that are here gave these figures; where either is not known, nothing speaks against it."""
    then = (one.settings.get("checkpoints") or {}).get(name)
    now = loaders.weights(name) if name in list_checkpoints() else ""
    return then is None or not now or now == then


def pick_file() -> list[Row]:
    """Draw the uploader.  Returns the rows of the file; none where there is none or it is refused (and says so)."""
    file = st.file_uploader(
        "A file that `python -m ser_core inspect --out NAME.json` wrote",
        type=None,  # the sentence of ser_core says more than a closed door
        key="inspection-file",
    )
    if file is None:
        return []
    try:
        return list(read_inspection(file.getvalue(), file.name).rows)
    except SpeechEmotionError as error:
        st.error(str(error), icon=":material/data_alert:")
        return []
