"""A figure of recordings on one time axis, as norms or as axes of each triad."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..recording import Recording
from ._time_axis import are_dates, label_time_axes, time_places

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["AXIS_COLORS", "SignalDisplay"]

AXIS_COLORS = ("tab:red", "tab:green", "tab:blue")


class SignalDisplay:
    """Simulated and measured signals of the same sensors on one time axis.

    Build it with :meth:`from_recordings`.

    Parameters
    ----------
    recordings : dict of str to Recording
        Legend entries and recordings. The first is drawn solid, the second dashed, and so on.
    quantity : {"norm", "axes"}, default="norm"
        The Euclidean norm of each triad, which does not depend on the mount, or its three axes.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        One per triad.
    figure_ : matplotlib Figure
        Figure of the axes.

    Examples
    --------
    >>> import numpy as np
    >>> from m3n_sklearn import Recording
    >>> from m3n_sklearn.inspection import SignalDisplay
    >>> still = Recording(np.tile([0, 0, 9.81, 0, 0, 0], (100, 1)), rate=50.0)
    >>> display = SignalDisplay.from_recordings({"measured": still})
    >>> [ax.get_ylabel().split()[0] for ax in display.axes_]
    ['|specific', '|angular']
    """

    def __init__(self, recordings: dict[str, Recording], *, quantity: str = "norm") -> None:
        if quantity not in ("norm", "axes"):
            raise ValueError(f"quantity must be 'norm' or 'axes', got {quantity!r}.")
        if not isinstance(recordings, Mapping) or not all(
            isinstance(recording, Recording) for recording in recordings.values()
        ):
            raise TypeError(
                "recordings must map legend entries to recordings, such as {'measured': "
                f"recording}}; got {type(recordings).__name__}."
            )
        if not recordings:
            raise ValueError("There is nothing to draw: give at least one recording.")
        for name, recording in recordings.items():
            if recording.data.shape[1] % 3:
                raise ValueError(
                    f"Recording {name!r} has {recording.data.shape[1]} channels, but triads are "
                    "needed. Select sensors first, such as recording.select('right_wrist')."
                )
        counts = {recording.data.shape[1] for recording in recordings.values()}
        if len(counts) > 1:
            raise ValueError(
                f"Recordings have {' and '.join(map(str, sorted(counts)))} channels: select the "
                "same sensors of each recording first."
            )
        self.recordings = recordings
        self.quantity = quantity

    @classmethod
    def from_recordings(
        cls,
        recordings: dict[str, Recording],
        *,
        quantity: str = "norm",
        axes: Any = None,
    ) -> SignalDisplay:
        """Draw recordings on top of each other.

        Parameters
        ----------
        recordings : dict of str to Recording
            Legend entries and recordings.
        quantity : {"norm", "axes"}, default="norm"
            Norms of the triads or their axes.
        axes : array of matplotlib Axes, optional
            Axes to draw on, one per triad; new ones by default.

        Returns
        -------
        SignalDisplay
            The drawn display.

        Raises
        ------
        TypeError
            If `recordings` do not map names to recordings.
        ValueError
            If `recordings` is empty, or if channels are not triads or differ in number.
        """
        return cls(recordings, quantity=quantity).plot(axes=axes)

    def plot(self, *, axes: Any = None) -> SignalDisplay:
        """Draw the signals.

        Parameters
        ----------
        axes : array of matplotlib Axes, optional
            Axes to draw on, one per triad; new ones by default.

        Returns
        -------
        SignalDisplay
            Itself.
        """
        first = next(iter(self.recordings.values()))
        triads = first.data.shape[1] // 3
        if axes is None:
            import matplotlib.pyplot as plt

            _, axes = plt.subplots(
                triads, 1, sharex=True, figsize=(8, 2.2 * triads), layout="constrained"
            )
        self.axes_: NDArray[Any] = np.atleast_1d(np.asarray(axes, dtype=object))
        if self.axes_.shape != (triads,) or not all(hasattr(ax, "plot") for ax in self.axes_):
            raise ValueError(f"axes must be {triads} matplotlib Axes, one per triad; got {axes!r}.")
        self.figure_: Figure = self.axes_[0].figure
        styles = ("-", "--", ":", "-.")
        dates = all(are_dates(recording.times) for recording in self.recordings.values())
        for i, (name, recording) in enumerate(self.recordings.items()):
            for triad, ax in enumerate(self.axes_):
                place = slice(3 * triad, 3 * triad + 3)
                # lines break at samples that were not observed
                values = np.where(recording.observed, recording.data, np.nan)[:, place]
                times = time_places(recording.times, dates=dates)
                self._draw(ax, times, values, name, styles[i % len(styles)], i)
        for triad, ax in enumerate(self.axes_):
            ax.set_ylabel(_axis_label(first, triad, self.quantity))
        label_time_axes(self.axes_, dates=dates, zone=" (UTC)")
        # above the axes, so that it covers no curve
        self.axes_[0].legend(
            loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=len(self.recordings), frameon=False
        )
        return self

    def _draw(
        self,
        ax: Axes,
        times: NDArray[np.float64],
        values: NDArray[np.float64],
        name: str,
        style: str,
        i: int,
    ) -> None:
        """Draw one triad of one recording."""
        if self.quantity == "norm":
            ax.plot(times, np.linalg.norm(values, axis=1), style, color=f"C{i}", label=name)
            return
        for axis, color in enumerate(AXIS_COLORS):
            label = f"{name} {'xyz'[axis]}"
            ax.plot(times, values[:, axis], style, color=color, label=label)


def _axis_label(recording: Recording, triad: int, quantity: str) -> str:
    """Return the quantity and the unit of a triad."""
    is_gyro = triad % 2 == 1
    if recording.channels is not None:
        is_gyro = "gyro" in recording.channels[3 * triad]
    label = "angular rate (rad/s)" if is_gyro else "specific force (m/s²)"
    return f"|{label.split(' (')[0]}|\n({label.split(' (')[1]}" if quantity == "norm" else label
