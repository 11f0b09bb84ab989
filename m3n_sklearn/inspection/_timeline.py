"""A figure of activities over time: truth and predictions of one recording as colored bars."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_is_fitted

from .._compat import safe_indexing
from .._typing import AnyArray
from .._validation import plain_column
from ..temporal import HMMClassifier, Rows, join_rows, read_rows
from ._colors import colors_of
from ._time_axis import are_dates, label_time_axes, time_places

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["TimelineDisplay"]


class _Probabilities(NamedTuple):
    """Probabilities (n, K) of K classes at n times."""

    times: AnyArray
    values: AnyArray
    classes: AnyArray


class TimelineDisplay:
    """Bars over time, one row per track: truth, window predictions, smoothed predictions.

    Build it with :meth:`from_estimator` or :meth:`from_predictions`.

    Parameters
    ----------
    tracks : mapping of str to structured ndarray
        Names of the rows, from top to bottom, and their segments of one recording. These have the
        fields ``start`` and ``end`` in s or as dates, and ``label``, as
        :meth:`~m3n_sklearn.temporal.HMMClassifier.segments` returns them. Unix time is drawn as
        dates in UTC.
    label_names : mapping, optional
        Legend entry of each label, in the order of the legend.
    probabilities : tuple of (times, values, classes), optional
        Probabilities that are drawn below: times (n,) in s or as dates, values (n, K), and K
        labels. Nothing is drawn where rows are more than one and a half median steps apart.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        The bars, and the probabilities if there are any.
    figure_ : matplotlib Figure
        Figure of the axes.

    Examples
    --------
    >>> from m3n_sklearn.inspection import TimelineDisplay
    >>> tracks = {"truth": ["walk", "walk", "sit"], "predicted": ["walk", "sit", "sit"]}
    >>> display = TimelineDisplay.from_predictions(tracks, times=[0, 1, 2])
    >>> [(float(s["start"]), float(s["end"])) for s in display.tracks["truth"]]
    [(-0.5, 1.5), (1.5, 2.5)]
    """

    def __init__(
        self,
        tracks: Mapping[str, AnyArray],
        *,
        label_names: Mapping[Any, str] | None = None,
        probabilities: tuple[AnyArray, AnyArray, AnyArray] | None = None,
    ) -> None:
        if not isinstance(tracks, Mapping) or not tracks:
            raise ValueError(
                "tracks must map the name of at least one track to its segments, such as "
                f"{{'smoothed': classifier.segments(X)}}; got {tracks!r}."
            )
        for name, segments in tracks.items():
            fields = getattr(getattr(segments, "dtype", None), "names", None) or ()
            if not {"start", "end", "label"} <= set(fields):
                raise TypeError(
                    f"Track {name!r} must be a structured array with the fields start, end and "
                    f"label, got {type(segments).__name__} with {list(fields)}."
                )
            names = np.unique(segments["recording"]) if "recording" in fields else ()
            if len(names) > 1:
                raise ValueError(
                    f"Track {name!r} has segments of {len(names)} recordings, but a timeline shows "
                    "one: choose them with segments[segments['recording'] == ...]."
                )
        self.tracks = dict(tracks)
        self.label_names = label_names
        self.probabilities = None if probabilities is None else _Probabilities(*probabilities)
        self._zone = ""

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: ArrayLike | None = None,
        *,
        recordings: ArrayLike | None = None,
        times: ArrayLike | None = None,
        recording: Hashable = None,
        label_names: Mapping[Any, str] | None = None,
        probabilities: bool = False,
        axes: Any = None,
    ) -> TimelineDisplay:
        """Predict one recording and draw the result.

        Parameters
        ----------
        estimator : HMMClassifier or any fitted classifier
            An `HMMClassifier` has two rows: the predictions of its window classifier, and its own.
        X : Windows or array-like of shape (n, ...)
            Windows.
        y : array-like of shape (n,), optional
            True labels, in the first row.
        recordings, times : array-like of shape (n,), optional
            As in `HMMClassifier.predict`; `Windows` have their own.
        recording : hashable, optional
            Recording to draw; needed if there are several.
        label_names : mapping, optional
            Legend entry of each label, in the order of the legend.
        probabilities : bool, default=False
            Whether to draw the predicted probabilities below.
        axes : matplotlib Axes or array of them, optional
            Axes to draw on: one for the bars, and another one for probabilities.

        Returns
        -------
        TimelineDisplay
            The drawn display.

        Raises
        ------
        ValueError
            If X has several recordings and none is chosen, or y does not match X.
        """
        check_is_fitted(estimator)
        # 1. The rows of one recording, in order
        everything = read_rows(X, recordings, times)
        rows = _one_recording(everything, recording)
        chosen = safe_indexing(X, rows.order)
        # 2. Truth and predictions
        labels: dict[str, AnyArray] = {}
        if y is not None:
            labels["truth"] = _column("truth", y, len(everything.order))[rows.order]
        order: dict[str, Any] = {}
        if isinstance(estimator, HMMClassifier):
            order = {"recordings": rows.recordings, "times": rows.times}
            labels["windows"] = estimator.estimator_.predict(chosen)
            labels["smoothed"] = estimator.predict(chosen, **order)
        else:
            labels["windows"] = estimator.predict(chosen)
        shown = None
        if probabilities:
            proba = estimator.predict_proba(chosen, **order)
            shown = (rows.dates(rows.times), proba, estimator.classes_)
        tracks = {name: _segments(rows, values) for name, values in labels.items()}
        return cls._of(rows, tracks, label_names, shown).plot(axes=axes)

    @classmethod
    def from_predictions(
        cls,
        labels: Mapping[str, ArrayLike],
        *,
        times: ArrayLike,
        label_names: Mapping[Any, str] | None = None,
        probabilities: ArrayLike | None = None,
        classes: ArrayLike | None = None,
        axes: Any = None,
    ) -> TimelineDisplay:
        """Draw labels of rows.

        Parameters
        ----------
        labels : mapping of str to array-like of shape (n,)
            Names of the tracks, from top to bottom, and the label of each row.
        times : array-like of shape (n,)
            Time of each row in any order, in s or as dates. There is a gap between rows that are
            more than one and a half median steps apart.
        label_names : mapping, optional
            Legend entry of each label, in the order of the legend.
        probabilities : array-like of shape (n, K), optional
            Probabilities that are drawn below.
        classes : array-like of shape (K,), optional
            Labels of the columns of `probabilities`.
        axes : matplotlib Axes or array of them, optional
            Axes to draw on: one for the bars, and another one for probabilities.

        Returns
        -------
        TimelineDisplay
            The drawn display.

        Raises
        ------
        ValueError
            If X is empty, or if labels or probabilities do not match the times.
        """
        rows = read_rows(np.asarray(times), None, times)
        if len(rows.order) == 0:
            raise ValueError("times is empty: there is nothing to draw.")
        tracks = {}
        for name, values in labels.items():
            tracks[name] = _segments(rows, _column(name, values, len(rows.order))[rows.order])
        shown = None
        if probabilities is not None:
            values = np.asarray(probabilities, dtype=np.float64)
            if classes is None or values.shape != (len(rows.order), len(np.asarray(classes))):
                raise ValueError(
                    f"probabilities of shape {values.shape} need classes=, one label per column, "
                    f"and a row for each of {len(rows.order)} times."
                )
            shown = (rows.dates(rows.times), values[rows.order], np.asarray(classes))
        return cls._of(rows, tracks, label_names, shown).plot(axes=axes)

    @classmethod
    def _of(
        cls,
        rows: Rows,
        tracks: Mapping[str, AnyArray],
        label_names: Mapping[Any, str] | None,
        probabilities: tuple[AnyArray, AnyArray, AnyArray] | None,
    ) -> TimelineDisplay:
        """Return a display that knows whether its dates are in UTC."""
        display = cls(tracks, label_names=label_names, probabilities=probabilities)
        display._zone = " (UTC)" if rows.clock.utc else ""
        return display

    def plot(self, *, axes: Any = None) -> TimelineDisplay:
        """Draw the timeline.

        Parameters
        ----------
        axes : matplotlib Axes or array of them, optional
            Axes to draw on: one for the bars, and another one for probabilities.

        Returns
        -------
        TimelineDisplay
            Itself.
        """
        wanted = 1 if self.probabilities is None else 2
        if axes is None:
            axes = self._new_axes(wanted)
        self.axes_: AnyArray = np.atleast_1d(np.asarray(axes, dtype=object))
        if self.axes_.shape != (wanted,) or not all(hasattr(ax, "plot") for ax in self.axes_):
            raise ValueError(f"axes must be {wanted} matplotlib Axes; got {axes!r}.")
        self.figure_: Figure = self.axes_[0].figure
        colors = self._colors()
        self._draw_bars(self.axes_[0], colors)
        if self.probabilities is not None:
            self._draw_probabilities(self.axes_[1], colors, *self.probabilities)
        starts = next(iter(self.tracks.values()))["start"]
        zone = self._zone if starts.dtype.kind == "M" else " (UTC)"
        label_time_axes(self.axes_, dates=are_dates(starts), zone=zone)
        return self

    def _draw_probabilities(
        self,
        ax: Axes,
        colors: Mapping[Any, Any],
        times: AnyArray,
        values: AnyArray,
        classes: AnyArray,
    ) -> None:
        """Draw stacked probabilities; a row reaches halfway to its neighbors, and no further."""
        rows = read_rows(times, None, times)
        segments = join_rows(rows, np.arange(len(rows.order)), values[:, 0], rows.step or 1.0)
        # at the end of each stretch of rows, all probabilities become zero
        ends = np.flatnonzero(np.append(segments["start"][1:] != segments["end"][:-1], True))
        borders = np.insert(segments["start"], ends + 1, segments["end"][ends])
        heights = np.insert(values[rows.order], ends + 1, 0.0, axis=0)
        shades = [colors[label] for label in np.asarray(classes).tolist()]
        places = time_places(borders, dates=are_dates(borders))
        ax.stackplot(places, heights.T, colors=shades, step="post", linewidth=0)
        ax.set_ylim(0, 1)
        ax.margins(x=0)
        ax.set_ylabel("probability")

    def _new_axes(self, wanted: int) -> Any:
        """Return new axes, whose heights follow the number of tracks."""
        import matplotlib.pyplot as plt

        height = 0.5 * len(self.tracks) + 1.6
        heights = [0.5 * len(self.tracks), 1.2][:wanted]
        _, axes = plt.subplots(
            wanted,
            1,
            sharex=True,
            figsize=(10, height + 1.4 * (wanted - 1)),
            height_ratios=heights,
            layout="constrained",
        )
        return axes

    def _names(self) -> dict[Any, str]:
        """Return all labels in the figure, with their legend entries."""
        drawn = [label for track in self.tracks.values() for label in track["label"].tolist()]
        if self.probabilities is not None:
            drawn += self.probabilities.classes.tolist()
        named = dict(self.label_names or {})
        order = [label for label in named if label in set(drawn)]
        order += sorted(set(drawn) - set(order), key=lambda label: (str(type(label)), label))
        return {label: str(named.get(label, label)) for label in order}

    def _colors(self) -> dict[Any, Any]:
        """Return the color of each label."""
        return colors_of(self._names())

    def _draw_bars(self, ax: Axes, colors: Mapping[Any, Any]) -> None:
        """Draw the bars and the legend."""
        from matplotlib.patches import Patch

        for row, segments in enumerate(self.tracks.values()):
            dates = are_dates(segments["start"])
            begins, ends = (time_places(segments[name], dates=dates) for name in ("start", "end"))
            spans = list(zip(begins.tolist(), (ends - begins).tolist(), strict=True))
            shades = [colors[label] for label in segments["label"].tolist()]
            ax.broken_barh(spans, (row - 0.4, 0.8), facecolors=shades, linewidth=0)
        ax.set_yticks(range(len(self.tracks)), list(self.tracks))
        ax.set_ylim(len(self.tracks) - 0.5, -0.5)
        ax.margins(x=0)
        ax.spines[["top", "right", "left"]].set_visible(False)
        ax.tick_params(axis="y", length=0)
        patches = [Patch(color=colors[label], label=name) for label, name in self._names().items()]
        legend = ax.legend(
            handles=patches,
            loc="lower center",
            bbox_to_anchor=(0.5, 1.0),
            ncols=min(5, len(patches)),
            frameon=False,
            fontsize="small",
        )
        for text in legend.get_texts():
            text.set_parse_math(False)  # a name with two "$" is not a formula


def _column(name: str, labels: ArrayLike, count: int) -> AnyArray:
    """Return the labels of a track as an array, or raise an error."""
    return plain_column(labels, f"Track {name!r}", count)


def _segments(rows: Rows, labels: AnyArray) -> AnyArray:
    """Join rows of equal labels."""
    return join_rows(rows, labels, np.ones(len(labels)), rows.step or 1.0)


def _one_recording(rows: Rows, recording: Hashable) -> Rows:
    """Return the rows of the chosen recording, or raise an error."""
    names = list(dict.fromkeys(rows.recordings.tolist()))
    if recording is None and len(names) > 1:
        listed = ", ".join(map(repr, names[:6])) + (", …" if len(names) > 6 else "")
        raise ValueError(
            f"X has {len(names)} recordings, but a timeline shows one: choose it with recording=, "
            f"one of {listed}."
        )
    wanted = names[0] if recording is None else recording
    if wanted not in names:
        raise ValueError(
            f"X has no recording {wanted!r}; it has {', '.join(map(repr, names[:6]))}."
        )
    return rows.take(np.array([name == wanted for name in rows.recordings.tolist()]))
