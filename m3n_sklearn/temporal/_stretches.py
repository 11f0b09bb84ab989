"""Which recording each row belongs to, when it was, and where the chain of rows is broken."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import _num_samples

from .._typing import AnyArray, Array
from .._validation import plain_column
from .._windows import Windows

__all__ = ["Rows", "join_rows", "read_rows", "tell_time"]

Indices = NDArray[np.intp]

LONGEST_STEP = 1.5
"""Neighbours further apart than this many usual steps are no neighbours."""


class Rows(NamedTuple):
    """Rows in order: by recording, then by time.

    Attributes
    ----------
    order : ndarray of int of shape (n,)
        Row numbers of X in this order; the other attributes follow it.
    recordings : ndarray of shape (n,)
        Recording of each row.
    times : ndarray of shape (n,)
        Instant that each row tells about, in s.
    lengths : ndarray of int
        Rows of each unbroken chain.
    step : float or None
        Usual time between neighbours in s; None if no row has any.
    seconds : float
        Length of the windows in s, where known; otherwise 0.
    """

    order: Indices
    recordings: AnyArray
    times: Array
    lengths: Indices
    step: float | None
    seconds: float

    @property
    def chained(self) -> bool:
        """Whether any row has a neighbour."""
        return len(self.lengths) < len(self.order)

    def apart(self) -> Rows:
        """Return the same rows without any neighbours."""
        return self._replace(lengths=np.ones(len(self.order), dtype=np.intp))

    def take(self, chosen: NDArray[np.bool_]) -> Rows:
        """Return some of the rows, given as a mask of the ordered ones; chains break in between."""
        step = self.step or 1.0
        recordings, times = self.recordings[chosen], self.times[chosen]
        lengths = _chain_lengths(recordings, times, step)
        return Rows(self.order[chosen], recordings, times, lengths, self.step, self.seconds)


def tell_time(X: Any, recordings: ArrayLike | None, times: ArrayLike | None) -> bool:
    """Tell whether anything is known of the order of rows, given as for :func:`read_rows`."""
    known = isinstance(X, Windows) and ("clip" in X or "start" in X)
    return known or recordings is not None or times is not None


def read_rows(X: Any, recordings: ArrayLike | None, times: ArrayLike | None) -> Rows:
    """Put rows in order.

    Parameters
    ----------
    X : Windows, or any other X
        Of `Windows`, the columns ``clip`` and ``start`` say what is not given.
    recordings : array-like of shape (n,) or None
        Recording of each row. None: the column, else one recording if times are known, else one
        for each row.
    times : array-like of shape (n,) or None
        Instant that each row tells about, in s. None: the middle of the window, else the row's
        place among those of its recording.

    Returns
    -------
    Rows
        In order.

    Raises
    ------
    ValueError
        If recordings or times don't fit X, or two rows of a recording have the same time.
    """
    count, seconds = _num_samples(X), 0.0
    if isinstance(X, Windows):
        seconds = _seconds(X)
        if recordings is None and "clip" in X:
            recordings = X["clip"]
        if times is None and "start" in X:
            times = X["start"] + seconds / 2
    if recordings is None:
        recordings = np.arange(count) if times is None else np.zeros(count, dtype=int)
    names = plain_column(recordings, "recordings", count)
    _, codes = np.unique(names, return_inverse=True)
    when = _place_in_recording(codes) if times is None else _instants(times, count)
    order = np.lexsort((when, codes))
    names, when = names[order], when[order]
    together = np.diff(codes[order]) == 0
    steps = np.diff(when)[together]
    if (steps <= 0).any():
        twice = np.flatnonzero(together)[np.flatnonzero(steps <= 0)[0]]
        raise ValueError(
            f"Recording {names[twice]!r} has two rows at {when[twice]:g} s. Rows of a recording "
            "follow each other in time: name recordings apart, or give each row its time."
        )
    step = float(np.median(steps)) if len(steps) else None
    lengths = _chain_lengths(names, when, step or 1.0)
    return Rows(order, names, when, lengths, step, seconds)


def _seconds(X: Windows) -> float:
    for name in ("imu", "pose"):
        rate = X.rate(name)
        if name in X and rate is not None and len(X):
            frames = X[:1][name].shape[2 if name == "imu" else 1]
            return frames / rate - (2 * X.margin if name == "pose" else 0.0)
    return 0.0


def _instants(times: ArrayLike, count: int) -> Array:
    column = plain_column(times, "times", count)
    if column.dtype.kind not in "iuf" or not np.isfinite(column).all():
        raise ValueError("times must be finite numbers, in seconds.")
    return column.astype(np.float64)


def _place_in_recording(codes: Indices) -> Array:
    order = np.argsort(codes, kind="stable")
    ordered = codes[order]
    places = np.empty(len(codes))
    places[order] = np.arange(len(codes)) - np.searchsorted(ordered, ordered)
    return places


def _chain_lengths(recordings: AnyArray, times: Array, step: float) -> Indices:
    broken = (recordings[1:] != recordings[:-1]) | (np.diff(times) > LONGEST_STEP * step)
    return np.diff(np.concatenate([[0], np.flatnonzero(broken) + 1, [len(times)]]))


def join_rows(rows: Rows, labels: AnyArray, confidence: AnyArray, step: float) -> AnyArray:
    """Join neighbours of the same label.

    Parameters
    ----------
    rows : Rows
        Rows in order.
    labels, confidence : ndarray of shape (n,)
        Label of each ordered row, and how sure it is.
    step : float
        Time between rows in s.

    Returns
    -------
    ndarray of shape (n_segments,)
        Fields ``recording``, ``start`` and ``end`` in s, ``label``, and ``confidence``, the mean
        over the rows. Where one label follows another, the border is halfway between the rows.
    """
    n = len(labels)
    chain_first = np.zeros(n, dtype=bool)
    chain_first[np.cumsum(rows.lengths) - rows.lengths] = True
    changes = np.concatenate([[True], labels[1:] != labels[:-1]])
    first = np.flatnonzero(chain_first | changes)
    last = np.append(first[1:], n) - 1
    halfway = np.empty(n + 1)
    halfway[0], halfway[-1] = rows.times[0], rows.times[-1]
    halfway[1:-1] = (rows.times[1:] + rows.times[:-1]) / 2
    open_end = np.append(chain_first[first[1:]], True)
    fields = [
        ("recording", rows.recordings.dtype),
        ("start", np.float64),
        ("end", np.float64),
        ("label", labels.dtype),
        ("confidence", np.float64),
    ]
    table = np.empty(len(first), dtype=fields)
    table["recording"], table["label"] = rows.recordings[first], labels[first]
    at_edge = chain_first[first]
    table["start"] = np.where(at_edge, rows.times[first] - step / 2, halfway[first])
    table["end"] = np.where(open_end, rows.times[last] + step / 2, halfway[last + 1])
    table["confidence"] = np.add.reduceat(confidence, first) / (last - first + 1)
    return table
