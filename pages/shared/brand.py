"""What every page wears: title, mark, and the few rules of style that Streamlit's theme has no words for."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from pages.shared import theme_watch
from ser_core.plots.theme import LIGHT, Palette, palette

NAME = "Speech Emotion Lab"
ABOUT = (
    f"**{NAME}** shows how published attention models label *acted* emotion in speech. It does not measure what anyone "
    "feels and must not be used to judge people."
)
# A short utterance seen as seven bars; the colours hold on light and dark pages alike.
_HEIGHTS = (6, 14, 22, 12, 18, 10, 5)
_EMOTIONS = ("sad", "fear", "angry", "happy", "surprise", "disgust", "neutral")


def mark(colours: Palette, *, named: bool = True) -> str:
    """The mark as SVG, with the name beside it or alone."""
    bars = "".join(
        f'<rect x="{1 + 4 * i}" y="{14 - height / 2:g}" width="2.6" height="{height}" rx="1.3" '
        f'fill="{colours.emotions[name]}"/>'
        for i, (height, name) in enumerate(zip(_HEIGHTS, _EMOTIONS, strict=True))
    )
    text = (
        f'<text x="40" y="20" font-family="\'Source Sans 3\',\'Segoe UI\',Helvetica,Arial,sans-serif" font-size="17" '
        f'font-weight="600" fill="{colours.text}">{NAME}</text>'
    )
    width = 210 if named else 28
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="28" viewBox="0 0 {width} 28">{bars}'
        f"{text if named else ''}</svg>"
    )


def configure() -> None:
    """Call once, first thing in app.py."""
    # An icon by its Material name would be fetched from another host.
    st.set_page_config(page_title=NAME, page_icon=mark(LIGHT, named=False), layout="wide", menu_items={"About": ABOUT})
    shades = colours()
    st.logo(mark(shades), size="medium")
    st.html(f"<style>{_style(shades)}</style>")
    theme_watch.watch()


def colours() -> Palette:
    """The palette of the theme that this visitor looks at."""
    return palette(theme_watch.theme())


def emotion_dots(key: str, emotions: Sequence[str]) -> None:
    """Put each emotion's colour before its name in the pills of the widget `key`."""
    shades = colours().emotions
    rules = (
        f".st-key-{key} button:nth-of-type({n}) p::before {{ background: {shades[name]} }}"
        for n, name in enumerate(emotions, start=1)
    )
    st.html(f"<style>{''.join(rules)}</style>")


def _style(shades: Palette) -> str:
    """The rules that Streamlit's theme has no words for; colours come from the palette of the figures."""
    return f"""
.stMainBlockContainer {{ max-width: 1180px; padding-left: 1.5rem; padding-right: 1.5rem; }}
[data-testid="stLayoutWrapper"]:has(> .st-key-theme-watch) {{ position: absolute; }}
[data-testid="stCaptionContainer"] {{ color: {shades.muted}; opacity: 1; }}
.st-key-page-title h1 {{ padding: 0 0 .9rem; }}
[data-testid="stBaseButton-primary"], [data-testid="stBaseButton-primary"]:hover {{ color: {shades.background}; }}
[data-testid="stMultiSelectTagsContainer"] [data-tag] {{ color: {shades.background}; }}
audio::-webkit-media-controls-enclosure {{ background: {shades.surface}; border-radius: 10px; }}
.st-key-emotion p::before {{
  content: ""; display: inline-block; width: .55rem; height: .55rem; border-radius: 50%; margin-right: .4rem;
}}
.st-key-answer h2, .st-key-evidence h3 {{ padding: 0; min-height: 2.4rem; display: flex; align-items: flex-end; }}
.st-key-wide-table [data-testid="stMarkdownContainer"] {{ overflow-x: auto; }}
.st-key-answers h2, .st-key-figures h2 {{ font-size: 1.1rem; }}
.st-key-answer-notes {{ min-height: 6.5rem; }}
.st-key-notice {{ background: {shades.surface}; }}
.st-key-hands-free {{ min-height: 68px; padding-top: 0; padding-bottom: 0; }}
.st-key-hands-free > :has(iframe) {{ flex: 0 0 44px; width: 44px; }}
@media (max-width: 640px) {{
  .stMainBlockContainer {{ padding-left: 1rem; padding-right: 1rem; }}
  /* room for the menu beside the name; long work has a Stop of its own */
  [data-testid="stToolbar"] div:has(> [data-testid="stMainMenu"]) {{ min-width: 0; margin-left: auto; }}
  [data-testid="stStatusWidget"] button {{ display: none; }}
}}
"""
