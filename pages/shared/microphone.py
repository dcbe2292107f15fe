"""The microphone's own check: a level meter, and one sentence for each way in which a browser gives no sound."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

PRESS = "Check the microphone"
_HERE = Path(__file__).parent
_HTML = f"""
<div class="check">
  <button class="press" type="button">{PRESS}</button>
  <span class="meter" role="meter" aria-label="Level of the microphone" aria-valuemin="-60" aria-valuemax="0"
    aria-valuenow="-60"><span class="fill"></span></span>
  <p class="hint" role="status">Nothing happens when you record? This shows whether sound arrives, and what to do where
    it does not. It records nothing.</p>
</div>
"""
_component = st.components.v2.component(
    "microphone-check",
    html=_HTML,
    css=(_HERE / "microphone_check.css").read_text(encoding="utf-8"),
    js="\n".join((_HERE / name).read_text(encoding="utf-8") for name in ("microphone.js", "microphone_check.js")),
)


def check() -> None:
    """Draw it.  What goes wrong with the microphone is told in the browser alone: Python hears nothing of it."""
    _component(key="microphone-check")
