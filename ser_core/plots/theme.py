"""The colours of every figure: one per emotion, and a light and a dark surrounding."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import plotly.graph_objects as go

FONT: Final = '"Source Sans", "Source Sans 3", "Source Sans Pro", sans-serif'

# Apart in hue and in lightness, so that they differ for colour-blind eyes too; names always stand beside them.
_ON_LIGHT: Final = {
    "angry": "#C8501E",
    "disgust": "#6B7F2A",
    "fear": "#7A5BB5",
    "happy": "#D79B00",
    "neutral": "#7C828C",
    "sad": "#2C6FA8",
    "surprise": "#C2669B",
    "calm": "#3A9A8C",
    "boredom": "#9A8468",
    "excited": "#B3A02C",
    "frustrated": "#8E3B46",
}
# The same hues, lifted until they stand out from a dark page as they do from a light one.
_ON_DARK: Final = {
    "angry": "#E8743F",
    "disgust": "#9DB552",
    "fear": "#A88FE0",
    "happy": "#E6B73A",
    "neutral": "#9AA1AC",
    "sad": "#5C9FD6",
    "surprise": "#DC8CB8",
    "calm": "#5DBDAE",
    "boredom": "#BBA588",
    "excited": "#D0C05A",
    "frustrated": "#C9727D",
}


@dataclass(frozen=True)
class Palette:
    """What a figure is drawn with.  Every colour is #rrggbb.

    track: the empty part of a bar.  wave: the waveform.  speech: behind what the voice detector took for speech.
    emotions: one colour per name of the emotion vocabulary.
    """

    name: str
    background: str
    surface: str
    text: str
    muted: str
    grid: str
    track: str
    wave: str
    speech: str
    accent: str
    emotions: MappingProxyType[str, str]


LIGHT: Final = Palette(
    name="light",
    background="#FBFAF7",
    surface="#F1EFE8",
    text="#1F2430",
    muted="#666C77",
    grid="#E7E3D9",
    track="#F1EFE8",
    wave="#8A93A3",
    speech="#EDF0F1",
    accent="#2F5D8A",
    emotions=MappingProxyType(_ON_LIGHT),
)
DARK: Final = Palette(
    name="dark",
    background="#14171C",
    surface="#1E232B",
    text="#E7E4DC",
    muted="#9CA3AE",
    grid="#2A303A",
    track="#1E232B",
    wave="#7F8A9B",
    speech="#1A2029",
    accent="#8DB6DC",
    emotions=MappingProxyType(_ON_DARK),
)


# On a ramp from surface to accent: the share beyond which words in the background's colour stand out more than in the
# text's, by the contrast ratio of WCAG 2.
FULL: Final = MappingProxyType({"light": 0.74, "dark": 0.56})


def palette(name: str | None) -> Palette:
    """The palette of a page in the theme "light" or "dark"; light where the theme is not known."""
    return DARK if name == "dark" else LIGHT


def faded(colour: str, share: float) -> str:
    """#rrggbb with an opacity between 0 and 1, as Plotly takes it."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{share:g})"


def percent(share: float) -> str:
    """A probability in whole percent.  The ends stay open: no model is certain, and none rules a label out."""
    if share < 0.005:
        return "<1%"
    if share >= 0.995:
        return ">99%"
    return f"{100 * share:.0f}%"


def dress(figure: go.Figure, colours: Palette, height: int, margin: dict[str, int], **layout: Any) -> go.Figure:
    """Give a figure its surroundings: transparent, in the page's type, with a fixed height and explicit margins."""
    figure.update_layout(dressed(colours, height, margin, **layout))
    return figure


def dressed(colours: Palette, height: int, margin: dict[str, int], **layout: Any) -> dict[str, Any]:
    """The same as a layout, for a figure that is built in one go: Plotly's `update_...` calls take ten times longer."""
    return {
        "template": "none",
        "height": height,
        "margin": {"pad": 0, **margin},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": FONT, "size": 14, "color": colours.text},
        "hoverlabel": {
            "bgcolor": colours.surface,
            "bordercolor": colours.grid,
            "font": {"family": FONT, "size": 13, "color": colours.text},
        },
        "showlegend": False,
        "dragmode": False,
        **layout,
    }
