"""A grid of example windows: signals, or stick figures where there are only poses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._typing import AnyArray
from .._validation import check_count, plain_column
from .._windows import Windows
from ._motion_display import draw_figures
from ._recording_display import class_names, signal_rows
from ._signals import AXIS_COLORS
from ._stick_figures import stick_figures

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["WindowsDisplay", "choose_rows"]

ACROSS = 4
"""Windows side by side."""

N_FIGURES = 3
"""Stick figures in a window of poses."""


class WindowsDisplay:
    """Example windows of a data set, with their classes if these are given.

    A window shows its first sensor, or stick figures if there are no readings. With classes, the
    examples are taken from each class in turn. Build it with :meth:`from_windows` or
    :meth:`Windows.plot <m3n_sklearn.Windows.plot>`.

    Parameters
    ----------
    X : Windows
        With a column ``imu`` or ``pose``.
    y : array-like of shape (n,), optional
        Classes.
    n_windows : int, default=12
        Number of examples.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        One per example.
    rows_ : ndarray of int
        Rows of the examples.
    figure_ : matplotlib Figure
        Figure of the axes.

    Examples
    --------
    >>> from m3n_sklearn.datasets import make_wrist_har
    >>> from m3n_sklearn.inspection import WindowsDisplay
    >>> wrists = make_wrist_har(2, 1, ["wave", "walk"], random_state=0)
    >>> display = WindowsDisplay.from_windows(wrists.X, wrists.y, n_windows=4)
    >>> [ax.get_title() for ax in display.axes_]
    ['wave', 'walk', 'wave', 'walk']
    """

    def __init__(self, X: Windows, y: ArrayLike | None = None, *, n_windows: int = 12) -> None:
        if not isinstance(X, Windows):
            raise TypeError(f"X must be Windows, got {type(X).__name__}: see as_windows.")
        if not {"imu", "pose"} & set(X.columns):
            raise ValueError(
                "Windows need a column imu or pose to be drawn; the columns are "
                f"{', '.join(X.columns)}."
            )
        if len(X) == 0:
            raise ValueError("X has no rows, so there is nothing to draw.")
        self.X = X
        self.y: AnyArray | None = None if y is None else plain_column(y, "y", len(X))
        self.n_windows = check_count(n_windows, "n_windows")

    @classmethod
    def from_windows(
        cls, X: Windows, y: ArrayLike | None = None, *, n_windows: int = 12, axes: Any = None
    ) -> WindowsDisplay:
        """Draw example windows.

        Parameters
        ----------
        X : Windows
            With a column ``imu`` or ``pose``.
        y : array-like of shape (n,), optional
            Classes.
        n_windows : int, default=12
            Number of examples; all windows if there are fewer.
        axes : array of matplotlib Axes, optional
            Axes to draw on, one per example; new ones by default.

        Returns
        -------
        WindowsDisplay
            The drawn display.

        Raises
        ------
        TypeError
            If `X` is not Windows.
        ValueError
            If `X` has no rows, or no column ``imu`` or ``pose``, or `y` does not match `X`.
        """
        return cls(X, y, n_windows=n_windows).plot(axes=axes)

    def plot(self, *, axes: Any = None) -> WindowsDisplay:
        """Draw the windows.

        Parameters
        ----------
        axes : array of matplotlib Axes, optional
            Axes to draw on, one per example; new ones by default.

        Returns
        -------
        WindowsDisplay
            Itself.
        """
        self.rows_ = choose_rows(self.X, self.y, self.n_windows)
        count = len(self.rows_)
        if axes is None:
            axes = _new_axes(count)
        self.axes_: NDArray[Any] = np.atleast_1d(np.asarray(axes, dtype=object)).ravel()
        if self.axes_.shape != (count,) or not all(hasattr(ax, "plot") for ax in self.axes_):
            raise ValueError(f"axes must be {count} matplotlib Axes, one per window; got {axes!r}.")
        self.figure_: Figure = self.axes_[0].figure
        chosen = self.X[self.rows_]
        has_imu, has_pose = chosen.present("imu"), chosen.present("pose")
        for number, (row, ax) in enumerate(zip(self.rows_, self.axes_, strict=True)):
            if has_imu[number]:
                self._draw_signals(ax, chosen, number, is_first=number % ACROSS == 0)
            elif has_pose[number]:
                draw_figures(ax, stick_figures(chosen["pose"][number], N_FIGURES), [""] * N_FIGURES)
            title = f"row {row}" if self.y is None else str(self.y[row])
            ax.set_title(title, fontsize="small", parse_math=False)
        return self

    def _draw_signals(self, ax: Axes, chosen: Windows, number: int, *, is_first: bool) -> None:
        """Draw the first sensor of a window."""
        values = np.array(chosen["imu"][number], dtype=np.float64)
        if "observed" in chosen:
            values = np.where(chosen["observed"][number], values, np.nan)
        sensor = signal_rows(chosen.channels, len(values))[0]
        rate = chosen.rate("imu")
        times = np.arange(values.shape[1]) / (rate or 1.0)
        for place, column in enumerate(sensor.columns):
            color = AXIS_COLORS[place] if sensor.unit else f"C{place % 10}"
            ax.plot(times, values[column], color=color, lw=0.9)
        ax.margins(x=0)
        ax.tick_params(labelsize="small")
        if is_first:
            ax.set_ylabel(f"{sensor.name}\n({sensor.unit})" if sensor.unit else "reading", size=8)
        if number >= len(self.rows_) - ACROSS:
            ax.set_xlabel("time (s)" if rate else "sample", size=8)


def choose_rows(X: Windows, y: AnyArray | None, count: int) -> NDArray[np.int64]:
    """Return rows that can be drawn: evenly spaced, or of each class in turn."""
    usable = np.flatnonzero(X.present("imu") | X.present("pose"))
    if len(usable) == 0:
        raise ValueError("No row of X has imu or pose, so there is nothing to draw.")
    if y is None or len(usable) <= count:
        return usable[np.unique(np.linspace(0, len(usable) - 1, count).round().astype(int))]
    owners = [usable[y[usable] == label] for label in class_names(y[usable])]
    each = -(-count // len(owners))
    spread = [rows[np.unique(np.linspace(0, len(rows) - 1, each).astype(int))] for rows in owners]
    turns = [rows[i] for i in range(each) for rows in spread if i < len(rows)]
    return np.array(turns[:count], dtype=np.int64)


def _new_axes(count: int) -> list[Any]:
    """Return axes in a grid without empty places."""
    import matplotlib.pyplot as plt

    across = min(ACROSS, count)
    down = -(-count // across)
    figure, grid = plt.subplots(
        down, across, figsize=(9, 0.4 + 1.7 * down), squeeze=False, layout="constrained"
    )
    for ax in grid.ravel()[count:]:
        figure.delaxes(ax)
    return list(grid.ravel()[:count])
