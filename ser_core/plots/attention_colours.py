"""Attention is one cyan hue over magma; what can be for and against an answer runs from orange to cyan over black.

Pictures for the stage are PNG with a palette: a byte per cell, whatever the colours.
"""

from __future__ import annotations

import io
from functools import cache
from typing import Final

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import ListedColormap
from PIL import Image

ATTENTION: Final = "#78DCE8"
ATTENTION_RGB: Final = (120, 220, 232)
GROUND: Final = (7, 11, 18)  # nearly magma's black
SIGNED: Final = "managua"  # Crameri's: even steps to the eye to both sides of black
LEVELS: Final = 256


@cache
def attention_colours() -> np.ndarray:
    """From nearly black to the cyan of attention, lightness in even steps to the eye.  uint8, shape = (256, 3)."""
    low, high = _oklab(np.array([GROUND, ATTENTION_RGB]))
    return _from_oklab(low + np.linspace(0, 1, LEVELS)[:, None] * (high - low))


@cache
def colours_of(name: str) -> np.ndarray:
    """ "attention" or a colour map of Matplotlib's.  uint8, shape = (256, 3)."""
    if name == "attention":
        return attention_colours()
    return np.asarray(colormaps[name](np.linspace(0, 1, LEVELS), bytes=True))[:, :3]


def colour_map(name: str) -> ListedColormap:
    """The same for Matplotlib."""
    return ListedColormap(colours_of(name) / 255.0, name)


def plotly_colours(name: str) -> list[tuple[float, str]]:
    """The same for Plotly, as rgb(): Streamlit replaces some hexadecimal colours near black."""
    steps = colours_of(name)[:: (LEVELS - 1) // 51]
    return [(step / (len(steps) - 1), f"rgb({r},{g},{b})") for step, (r, g, b) in enumerate(steps)]


def shades(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Values as numbers of colours from 0 to 255, uint8."""
    size = high - low
    place = (values - low) / size if size > 0 else np.zeros_like(values)
    return np.round(np.clip(place, 0, 1) * (LEVELS - 1)).astype(np.uint8)


def picture_png(levels: np.ndarray, name: str) -> bytes:
    """levels: uint8, shape = (rows, columns), the lowest row first, which lies at the bottom of the picture."""
    image = Image.fromarray(levels[::-1], mode="P")
    image.putpalette(colours_of(name).tobytes())
    return _png(image)


def veil_png(levels: np.ndarray) -> bytes:
    """Attention to be laid over a picture: cyan everywhere, as opaque as there is attention."""
    image = Image.fromarray(levels[::-1], mode="P")
    image.putpalette(bytes(ATTENTION_RGB) * LEVELS)
    return _png(image, transparency=bytes(range(LEVELS)))


def _png(image: Image.Image, **settings: bytes) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=3, **settings)
    return file.getvalue()


_TO_CONES: Final = np.array(
    [[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566],
     [0.0883024619, 0.2817188376, 0.6299787005]]
)  # fmt: skip
_TO_LAB: Final = np.array(
    [[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099],
     [0.0259040371, 0.7827717662, -0.8086757660]]
)  # fmt: skip


def _oklab(rgb: np.ndarray) -> np.ndarray:
    """sRGB 0..255 -> OKLab (bottosson.github.io/posts/oklab), in which even steps look even.  (n, 3) -> (n, 3)"""
    share = rgb / 255.0
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return np.cbrt(linear @ _TO_CONES.T) @ _TO_LAB.T


def _from_oklab(lab: np.ndarray) -> np.ndarray:
    linear = np.clip((lab @ np.linalg.inv(_TO_LAB).T) ** 3 @ np.linalg.inv(_TO_CONES).T, 0, 1)
    share = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.round(255 * np.clip(share, 0, 1)).astype(np.uint8)
