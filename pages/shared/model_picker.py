"""Which checkpoint answers.  The same on every page, and carried between them in the address."""

from __future__ import annotations

import streamlit as st

from pages.shared import loaders
from ser_core.checkpoints import default_checkpoint, list_checkpoints
from ser_core.errors import CheckpointError
from ser_core.recogniser import Recogniser

NONE_HERE = (
    "There is no trained checkpoint here. Fetch the folder `checkpoints/` of the project again, point SER_CHECKPOINTS "
    "at a folder that holds checkpoints, or train one: `python -m ser_core train --recipe ctmam-synthetic`."
)


def pick_model() -> Recogniser | None:
    """Draw the picker.  Returns the loaded checkpoint, or None where it cannot be used (and says so)."""
    names = list_checkpoints()
    if not names:
        st.error(NONE_HERE, icon=":material/deployed_code_alert:")
        return None
    name = st.selectbox(
        "Model",
        names,
        index=names.index(_default(names)),
        key="model",
        bind="query-params",  # the address carries what the list shows, so the list shows plain names
        label_visibility="collapsed",
    )
    try:
        return loaders.recogniser(name)
    except CheckpointError as error:
        others = [other for other in names if other != name]
        hint = " Choose another model in the list above." if others else ""
        st.error(f"{error}{hint}", icon=":material/deployed_code_alert:")
        return None


def _default(names: list[str]) -> str:
    """The preferred checkpoint that loads, else any that loads, else the first: no damaged one greets a visitor."""
    for name in (default_checkpoint(), *names):
        try:
            loaders.recogniser(name)
        except CheckpointError:
            continue
        return name
    return names[0]
