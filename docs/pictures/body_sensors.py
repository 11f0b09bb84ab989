"""A body that waves, and the sensors on it with their axes."""

from __future__ import annotations

from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure

from docs.pictures.style import MEDIUM, WIDTH, Colors, render
from m3n_sklearn.body import default_body
from m3n_sklearn.datasets import make_motions
from m3n_sklearn.inspection import SensorsDisplay

HEIGHT = 5.4
SITES = ("left_wrist", "right_wrist", "right_upper_arm", "chest", "left_thigh", "left_ankle")


def main() -> None:
    """Draw it."""
    [motion] = make_motions(1, 1, activities=["wave"], seconds=6.0, random_state=0)
    body = default_body(motion.sex, motion.stature)

    def draw(figure: Figure, colors: Colors) -> None:
        ax = figure.add_axes((0, 0, 1, 1))
        SensorsDisplay.from_body(body, SITES, motion.poses[60], views=["front"], axes=[ax])
        ax.set_title("")
        ax.axis("off")
        low, high = ax.get_ylim()
        half = (high - low) * WIDTH / HEIGHT / 2  # room for the names at both sides
        ax.set_xlim(-half - 0.1, half - 0.1)
        for text in ax.texts:
            text.set_fontsize(MEDIUM)
            text.set_color(colors.text)
        for entry in ax.get_legend().get_texts():
            entry.set_fontsize(MEDIUM)
        for surface in ax.collections:  # thousands of triangles are a picture, not paths
            if isinstance(surface, PolyCollection):
                surface.set_rasterized(True)

    render("body_sensors", HEIGHT, draw)
