"""A figure of one recording: its signals, with classes as colored spans and gaps in grey."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._channel_names import is_series
from .._typing import AnyArray, Array
from ..recording import Recording, parse_channels
from ._colors import colors_of
from ._signals import AXIS_COLORS
from ._time_axis import are_dates, label_time_axes, time_places

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["UNITS", "RecordingDisplay", "SignalRow", "class_names", "runs_of", "signal_rows"]

UNITS = {"acc": "m/s²", "gyro": "rad/s"}

MOST_NAMED = 20
"""Classes in the legend."""


class SignalRow(NamedTuple):
    """Channels that are drawn on one pair of axes."""

    name: str
    unit: str
    columns: tuple[int, ...]
    names: tuple[str, ...]


def signal_rows(channels: tuple[str, ...] | None, count: int) -> list[SignalRow]:
    """Return the sensors of channels; channels without three axes share one row."""
    if channels is not None and not is_series(channels):
        with suppress(ValueError):  # a sensor with fewer than three axes
            return [
                SignalRow(
                    f"{site} {kind}".strip().replace("_", " "),
                    UNITS[kind],
                    columns,
                    ("x", "y", "z"),
                )
                for site, kind, columns in parse_channels(channels)
            ]
    names = channels or tuple(f"channel {column}" for column in range(count))
    return [SignalRow("", "", tuple(range(count)), names)]


class RecordingDisplay:
    """The signals of a recording, one row per sensor.

    Classes are colored spans behind the signals. Where a sample was not observed, the signal is
    interrupted and the background is grey. Build it with :meth:`from_recording` or
    :meth:`Recording.plot <m3n_sklearn.recording.Recording.plot>`.

    Parameters
    ----------
    recording : Recording
        What to draw.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        One per sensor.
    figure_ : matplotlib Figure
        Figure of the axes.

    See Also
    --------
    SignalDisplay : Draws several recordings on top of each other.

    Examples
    --------
    >>> import numpy as np
    >>> from m3n_sklearn.inspection import RecordingDisplay
    >>> from m3n_sklearn.recording import Recording, channel_names
    >>> recording = Recording(
    ...     np.tile([0, 0, 9.81, 0, 0, 0], (100, 1)), 50.0, channel_names("left_wrist")
    ... )
    >>> display = RecordingDisplay.from_recording(recording)
    >>> [ax.get_ylabel() for ax in display.axes_]
    ['left wrist acc (m/s²)', 'left wrist gyro (rad/s)']
    """

    def __init__(self, recording: Recording) -> None:
        if not isinstance(recording, Recording):
            raise TypeError(f"recording must be a Recording, got {type(recording).__name__}.")
        self.recording = recording

    @classmethod
    def from_recording(cls, recording: Recording, *, axes: Any = None) -> RecordingDisplay:
        """Draw a recording.

        Parameters
        ----------
        recording : Recording
            What to draw.
        axes : array of matplotlib Axes, optional
            Axes to draw on, one per sensor; new ones by default.

        Returns
        -------
        RecordingDisplay
            The drawn display.

        Raises
        ------
        TypeError
            If `recording` is not a Recording.
        ValueError
            If the number of axes is wrong.
        """
        return cls(recording).plot(axes=axes)

    def plot(self, *, axes: Any = None) -> RecordingDisplay:
        """Draw the signals.

        Parameters
        ----------
        axes : array of matplotlib Axes, optional
            Axes to draw on, one per sensor; new ones by default.

        Returns
        -------
        RecordingDisplay
            Itself.
        """
        recording = self.recording
        rows = signal_rows(recording.channels, recording.data.shape[1])
        if axes is None:
            import matplotlib.pyplot as plt

            _, axes = plt.subplots(
                len(rows), 1, sharex=True, figsize=(9, 0.6 + 2.0 * len(rows)), layout="constrained"
            )
        self.axes_: NDArray[Any] = np.atleast_1d(np.asarray(axes, dtype=object))
        if self.axes_.shape != (len(rows),) or not all(hasattr(ax, "plot") for ax in self.axes_):
            raise ValueError(
                f"axes must be {len(rows)} matplotlib Axes, one per sensor; got {axes!r}."
            )
        self.figure_: Figure = self.axes_[0].figure
        dates = are_dates(recording.times)
        places = time_places(recording.times, dates=dates)
        for row, ax in zip(rows, self.axes_, strict=True):
            columns = list(row.columns)
            self._shade(ax, places, recording.observed[:, columns].all(axis=1))
            values = np.where(recording.observed, recording.data, np.nan)[:, columns]
            for number, name in enumerate(row.names):
                color = AXIS_COLORS[number] if row.unit else f"C{number % 10}"
                ax.plot(places, values[:, number], color=color, lw=0.9, label=name)
            ax.set_ylabel(f"{row.name} ({row.unit})" if row.unit else "reading")
            ax.margins(x=0)
        label_time_axes(self.axes_, dates=dates, zone=" (UTC)")
        self._add_legends(rows)
        return self

    def _shade(self, ax: Axes, places: Array, seen: Any) -> None:
        """Color the classes and the gaps behind the signals."""
        labels = self.recording.labels
        step = places[1] - places[0] if len(places) > 1 else 1.0
        if labels is not None:
            colors = _colors(labels)
            for label in colors:
                spans = [(places[a], places[b - 1] + step) for a, b in runs_of(labels == label)]
                _add_spans(ax, spans, color=colors[label], alpha=0.22)
        gaps = [(places[a], places[b - 1] + step) for a, b in runs_of(~seen)]
        _add_spans(ax, gaps, color="0.5", alpha=0.5)

    def _add_legends(self, rows: list[SignalRow]) -> None:
        """Name the axes of sensors inside, and the classes above."""
        from matplotlib.patches import Patch

        labels, seen = self.recording.labels, self.recording.observed.all()
        patches = []
        if labels is not None:
            names = list(_colors(labels).items())
            patches = [Patch(color=c, alpha=0.4, label=str(n)) for n, c in names[:MOST_NAMED]]
        if not seen:
            patches.append(Patch(color="0.5", alpha=0.5, label="not observed"))
        if patches:
            legend = self.figure_.legend(
                handles=patches, loc="outside upper left", ncols=6, frameon=False, fontsize="small"
            )
            for text in legend.get_texts():
                text.set_parse_math(False)  # a name with two "$" is not a formula
        if len(rows[0].names) <= MOST_NAMED:
            self.axes_[0].legend(loc="upper right", ncols=3, fontsize="small", framealpha=0.7)


def class_names(labels: AnyArray) -> list[Any]:
    """Return the classes of samples in the order in which they occur first."""
    _, first = np.unique(labels, return_index=True)
    return [labels[row] for row in sorted(first.tolist())]


def runs_of(flags: Any) -> list[tuple[int, int]]:
    """Return the first index of each row of true flags, and the one after its last."""
    steps = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return list(zip(steps[::2].tolist(), steps[1::2].tolist(), strict=True))


def _colors(labels: AnyArray) -> dict[Any, Any]:
    """Return the color of each class."""
    return colors_of(class_names(labels))


def _add_spans(ax: Axes, spans: list[tuple[float, float]], **style: Any) -> None:
    """Color stretches of time over the whole height."""
    widths = [(start, end - start) for start, end in spans]
    if widths:
        ax.broken_barh(widths, (0, 1), transform=ax.get_xaxis_transform(), lw=0, **style)
