"""Colors of labels, which are different for any number of labels."""

from __future__ import annotations

import colorsys
from collections.abc import Hashable, Iterable, Sequence
from typing import Any

__all__ = ["color_of", "colors_of"]

GOLDEN = 0.618034
"""Turns from one hue to the next, which keeps any number of hues apart."""

SHADES = ((0.42, 0.75), (0.62, 0.55), (0.30, 0.60))
"""Lightness and saturation, in turn."""


def color_of(number: int, colors: Sequence[str]) -> str:
    """Return the color of a label: one of `colors`, and beyond them a further one."""
    if number < len(colors):
        return colors[number]
    lightness, saturation = SHADES[number % len(SHADES)]
    parts = colorsys.hls_to_rgb(number * GOLDEN % 1.0, lightness, saturation)
    return "#" + "".join(f"{round(255 * part):02x}" for part in parts)


def colors_of(labels: Iterable[Hashable]) -> dict[Any, str]:
    """Return a color of matplotlib for each label: the palettes of 10 and 20 colors, then more."""
    import matplotlib as mpl
    from matplotlib.colors import to_hex

    listed = list(labels)
    palette = mpl.colormaps["tab10" if len(listed) <= 10 else "tab20"]
    colors = [to_hex(palette(k)) for k in range(palette.N)]
    return {label: color_of(k, colors) for k, label in enumerate(listed)}
