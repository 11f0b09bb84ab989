"""A filmstrip of a motion: stick figures side by side, from the first frame to the last."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .._typing import Array
from .._validation import check_count
from ..motion import Motion
from ..skeleton import SMPL_JOINTS
from ._stick_figures import StickFigures, stick_figures
from ._time_axis import are_dates

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["MotionDisplay", "draw_figures", "time_texts"]

RIGHT_COLOR = "tab:orange"

HEAD = SMPL_JOINTS.index("head")

SPACE = 0.15
"""Between the figures, in m."""


class MotionDisplay:
    """Stick figures of a motion at evenly spaced times; the right side of the body is orange.

    The viewer stands in front of the body, a little to its side; all figures are seen from the
    same direction and stand at the same place. Build it with :meth:`from_motion` or
    :meth:`Motion.plot <m3n_sklearn.motion.Motion.plot>`.

    Parameters
    ----------
    motion : Motion
        What to draw.
    n_figures : int, default=8
        Number of figures.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The drawing.
    figure_ : matplotlib Figure
        Figure of the axes.

    See Also
    --------
    SensorsDisplay : Draws one pose as a body with its sensors.

    Examples
    --------
    >>> from m3n_sklearn.datasets import make_motions
    >>> from m3n_sklearn.inspection import MotionDisplay
    >>> [motion] = make_motions(1, 1, ["wave"], random_state=0)
    >>> MotionDisplay.from_motion(motion, n_figures=4).ax_.get_title()
    'a person waves with one hand raised'
    """

    def __init__(self, motion: Motion, *, n_figures: int = 8) -> None:
        if not isinstance(motion, Motion):
            raise TypeError(f"motion must be a Motion, got {type(motion).__name__}.")
        self.motion = motion
        self.n_figures = check_count(n_figures, "n_figures")

    @classmethod
    def from_motion(
        cls, motion: Motion, *, n_figures: int = 8, ax: Axes | None = None
    ) -> MotionDisplay:
        """Draw a motion.

        Parameters
        ----------
        motion : Motion
            What to draw.
        n_figures : int, default=8
            Number of figures.
        ax : matplotlib Axes, optional
            Axes to draw on; new ones by default.

        Returns
        -------
        MotionDisplay
            The drawn display.

        Raises
        ------
        TypeError
            If `motion` is not a Motion, or `n_figures` not a whole number.
        ValueError
            If `n_figures` is less than 1.
        """
        return cls(motion, n_figures=n_figures).plot(ax=ax)

    def plot(self, *, ax: Axes | None = None) -> MotionDisplay:
        """Draw the figures.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Axes to draw on; new ones by default.

        Returns
        -------
        MotionDisplay
            Itself.
        """
        motion = self.motion
        found = stick_figures(motion.poses, self.n_figures, sex=motion.sex, stature=motion.stature)
        if ax is None:
            import matplotlib.pyplot as plt

            _, ax = plt.subplots(figsize=(9, 2.8), layout="constrained")
        self.ax_ = ax
        self.figure_: Figure = ax.figure  # type: ignore[assignment]
        draw_figures(ax, found, time_texts(motion.times[found.frames]))
        label = None if motion.label is None else str(motion.label)
        title = next(iter(motion.text), label or motion.name or "")
        place = "left" if len(title) > 60 else "center"
        ax.set_title(title, fontsize="medium", loc=place, parse_math=False)
        return self


def draw_figures(ax: Axes, found: StickFigures, texts: list[str]) -> None:
    """Draw stick figures side by side, with a text below each."""
    from matplotlib.collections import LineCollection

    across = float(np.ptp(found.positions[:, :, 0], axis=1).max()) + SPACE
    for number, figure in enumerate(found.positions):
        middle = (figure[:, 0].min() + figure[:, 0].max()) / 2
        places = figure + np.array([number * across - middle, 0.0])
        for is_right in (False, True):
            bones = [
                places[[parent, joint]]
                for joint, parent in enumerate(found.parents)
                if parent >= 0 and found.right[joint] == is_right
            ]
            color = RIGHT_COLOR if is_right else "0.35"
            ax.add_collection(LineCollection(bones, colors=color, lw=2.4, capstyle="round"))
        ax.plot(*places[HEAD], "o", color="0.35", ms=7)  # the head
    count = len(found.positions)
    ax.axhline(0, color="0.7", lw=0.8, zorder=0)
    ax.set_xlim(-0.55 * across, (count - 0.45) * across)
    ax.set_ylim(-0.06, float(found.positions[..., 1].max()) + 0.15)
    ax.set_aspect("equal")
    ax.set_xticks([number * across for number in range(count)], texts)
    ax.set_yticks([])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)


def time_texts(times: Array) -> list[str]:
    """Write times as seconds, or as times of the day if they are Unix time."""
    if len(times) and are_dates(times):
        stamps = np.rint(times * 1e3).astype("datetime64[ms]")
        return [str(stamp)[11:-2] for stamp in stamps]
    return [f"{round(float(time), 2):g} s" for time in times]
