"""Colors, boxes and arrows that the pictures share.

A picture is as wide as a column of text (6.4 in = 614 px). Phones show it at 0.58 of that width,
so letters have at least 11.5 pt.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

FOLDER = Path(__file__).parents[1] / "_static" / "pictures"
WIDTH = 6.4
SMALL, MEDIUM, LARGE = 11.5, 12.5, 14.0


@dataclass(frozen=True)
class Colors:
    """One theme."""

    text: str
    muted: str
    line: str
    panel: str
    imu: str
    pose: str
    words: str
    label: str
    series: tuple[str, ...]


LIGHT = Colors(
    text="#222832", muted="#5a6270", line="#b8bec8", panel="#f1f3f6",
    imu="#1d70b8", pose="#c25a00", words="#2e7d32", label="#7b2d96",
    series=("#1d70b8", "#c25a00", "#2e7d32", "#7b2d96", "#a08000", "#008a8a"),
)  # fmt: skip
DARK = Colors(
    text="#e6e9ee", muted="#a6aebb", line="#58606d", panel="#232a35",
    imu="#6cb4f5", pose="#ffa45c", words="#81c784", label="#d39be6",
    series=("#6cb4f5", "#ffa45c", "#81c784", "#d39be6", "#e0c85a", "#5fd3d3"),
)  # fmt: skip


def render(name: str, height: float, draw: Callable[[Figure, Colors], None]) -> None:
    """Draw a picture for light and for dark pages and save both as SVG."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for theme, colors in {"light": LIGHT, "dark": DARK}.items():
        settings = {
            "svg.fonttype": "none",
            "svg.hashsalt": name,
            "font.family": "sans-serif",
            "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial", "Helvetica"],
            "font.size": SMALL,
            "text.color": colors.text,
            "axes.edgecolor": colors.line,
            "axes.facecolor": "none",
            "axes.labelcolor": colors.text,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "xtick.color": colors.muted,
            "ytick.color": colors.muted,
            "axes.prop_cycle": mpl.cycler(color=colors.series),
            "hatch.color": colors.muted,
        }
        with mpl.rc_context(settings):
            figure = plt.figure(figsize=(WIDTH, height))
            draw(figure, colors)
            figure.savefig(
                FOLDER / f"{name}-{theme}.svg", transparent=True, metadata={"Date": None}
            )
            plt.close(figure)


def canvas(figure: Figure, height: float) -> Axes:
    """Axes without ticks over the whole figure, in units of 0.01 of its width."""
    ax = figure.add_axes((0, 0, 1, 1))
    ax.set_xlim(0, 100)
    ax.set_ylim(0, 100 * height / WIDTH)
    ax.axis("off")
    return ax


def box(
    ax: Axes,
    x: float,
    y: float,
    width: float,
    height: float,
    colors: Colors,
    *,
    edge: str | None = None,
    fill: str | None = None,
    hatch: str | None = None,
    dashed: bool = False,
) -> None:
    """A box with round corners; x and y are its lower left corner."""
    ax.add_patch(
        FancyBboxPatch(
            (x, y),
            width,
            height,
            boxstyle="round,pad=0,rounding_size=1.2",
            facecolor=colors.panel if fill is None else fill,
            edgecolor=edge or colors.line,
            linewidth=1.4,
            hatch=hatch,
            linestyle="--" if dashed else "-",
        )
    )


def arrow(
    ax: Axes, start: tuple[float, float], end: tuple[float, float], color: str, bend: float = 0.0
) -> None:
    """An arrow, bent by a share of its length."""
    ax.add_patch(
        FancyArrowPatch(
            start,
            end,
            arrowstyle="-|>",
            mutation_scale=13,
            linewidth=1.5,
            color=color,
            connectionstyle=f"arc3,rad={bend}",
            shrinkA=0,
            shrinkB=0,
        )
    )


def inset(ax: Axes, x: float, y: float, width: float, height: float) -> Axes:
    """Axes without ticks inside a canvas."""
    inner = ax.inset_axes((x, y, width, height), transform=ax.transData)
    inner.axis("off")
    return inner
