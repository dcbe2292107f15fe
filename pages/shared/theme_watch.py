"""Which theme the visitor looks at, also right after it was switched.

Streamlit tells the theme at the start of a run, but does not run the page again when a visitor switches it; figures
would keep the old colours.  An invisible component notices the switch in the browser and starts that run.
"""

from __future__ import annotations

import streamlit as st

_KEY = "theme_watch"
_CSS = ".probe { color: var(--st-background-color); transition: color 1ms; }"
# The background's colour goes through a transition whenever the theme changes, and the end of it is an event.
_JS = """
export default function ({ parentElement, data, setStateValue }) {
  const probe = parentElement.querySelector(".probe");
  const report = () => {
    const [red, green, blue] = getComputedStyle(probe).color.match(/[0-9.]+/g).map(Number);
    const theme = red + green + blue < 384 ? "dark" : "light";
    if (theme !== data.theme) setStateValue("theme", theme);
  };
  probe.addEventListener("transitionend", report);
  report();
  return () => probe.removeEventListener("transitionend", report);
}
"""
_watch = st.components.v2.component(_KEY, html='<span class="probe"></span>', css=_CSS, js=_JS)


def theme() -> str:
    """ "light" or "dark"."""
    return getattr(st.session_state.get(_KEY), "theme", None) or st.context.theme.type or "light"


def watch() -> None:
    """Draw the invisible component; once per run."""
    with st.container(key="theme-watch"):
        _watch(key=_KEY, data={"theme": theme()}, default={"theme": None}, on_theme_change=lambda: None)
