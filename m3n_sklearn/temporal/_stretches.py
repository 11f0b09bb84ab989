"""The order of rows: the recording of each row, its time, and where chains of rows are broken.

Rows of one recording are neighbors if their times differ by at most 1.5 of the median step.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._compat import num_samples
from .._times import Times, as_dates, read_times
from .._typing import AnyArray, Array
from .._validation import plain_column
from .._warn import warn
from .._windows import Windows

__all__ = ["Rows", "join_rows", "order_is_known", "read_rows"]

Indices = NDArray[np.intp]

MAX_STEP_RATIO = 1.5
"""Largest distance of neighbors, relative to the median step."""

FAR, NEAR = 100.0, 0.018
"""Steps between windows, relative to their length, that look like ms and like minutes."""

SLOWEST, FASTEST = 1.0, 2500.0
"""Samples of a window per step, in Hz, that look like ms and like minutes."""

LONGEST_STEP, SHORTEST_STEP = 500.0, 0.005
"""Steps in s between windows of unknown length that look like ms and like minutes."""

FEW_RETURNS = 0.1
"""Share of steps back in time up to which rows look like several recordings one after another."""


class Rows(NamedTuple):
    """Rows sorted by recording, then by time."""

    order: Indices  # (n,), row numbers in X; the other arrays have this order
    recordings: AnyArray  # (n,)
    times: Array  # (n,), in s; since the first date if the times were dates
    lengths: Indices  # rows of each unbroken chain
    step: float | None  # median seconds between neighbors; None if no row has any
    seconds: float  # length of the windows where it is known, else 0
    clock: Times  # the times as given, to return dates for dates

    @property
    def chained(self) -> bool:
        """Whether any row has a neighbor."""
        return len(self.lengths) < len(self.order)

    def isolated(self) -> Rows:
        """Return the same rows without any neighbors."""
        return self._replace(lengths=np.ones(len(self.order), dtype=np.intp))

    def take(self, chosen: NDArray[np.bool_]) -> Rows:
        """Return the rows of a mask of the sorted ones; chains break where rows are left out."""
        step = self.step or 1.0
        recordings, times = self.recordings[chosen], self.times[chosen]
        lengths = _chain_lengths(recordings, times, step)
        order = self.order[chosen]
        return self._replace(order=order, recordings=recordings, times=times, lengths=lengths)

    def dates(self, seconds: Array) -> AnyArray:
        """Return times in s as dates if the rows have dates, otherwise unchanged."""
        return as_dates(self.clock, seconds)


def order_is_known(X: Any, recordings: ArrayLike | None, times: ArrayLike | None) -> bool:
    """Return whether the order of rows is known, given as for :func:`read_rows`."""
    known = isinstance(X, Windows) and ("clip" in X or "start" in X)
    return known or recordings is not None or times is not None


def read_rows(X: Any, recordings: ArrayLike | None, times: ArrayLike | None) -> Rows:
    """Sort rows; columns ``clip`` and ``start`` of `Windows` stand in for what is not given."""
    # 1. Recordings and times: as given, by the columns, or by position
    count, seconds, shift = num_samples(X), 0.0, 0.0
    given = times is not None
    if isinstance(X, Windows):
        seconds = _seconds(X)
        if recordings is None and "clip" in X:
            recordings = X["clip"]
        if times is None and "start" in X:
            times, shift = X["start"], seconds / 2
    if recordings is None:
        recordings = np.arange(count) if times is None else np.zeros(count, dtype=int)
    names = plain_column(recordings, "recordings", count)
    _, codes = np.unique(names, return_inverse=True)
    clock = Times(_position_in_recording(codes)) if times is None else read_times(times, count)
    when = clock.seconds + shift
    # 2. Sort; two rows of a recording cannot have the same time
    order = np.lexsort((when, codes))
    names, when = names[order], when[order]
    together = np.diff(codes[order]) == 0
    steps = np.diff(when)[together]
    if (steps <= 0).any():
        twice = np.flatnonzero(together)[np.flatnonzero(steps <= 0)[0]]
        _refuse_equal_times(clock, names.tolist()[twice], order[twice : twice + 2])
    if given:
        _warn_if_times_return(clock, np.unique(names), codes)
        if clock.is_plain and len(steps):
            _warn_if_other_unit(float(np.median(steps)), seconds, X)
    # 3. Chains of neighbors
    step = float(np.median(steps)) if len(steps) else None
    lengths = _chain_lengths(names, when, step or 1.0)
    return Rows(order, names, when, lengths, step, seconds, clock)


def _refuse_equal_times(clock: Times, name: Any, pair: Indices) -> None:
    """Raise an error that names two rows with the same time."""
    time = as_dates(clock, clock.seconds[pair[:1]])[0]
    at = f"{time:.12g} s" if clock.origin is None else f"{time}{' UTC' if clock.utc else ''}"
    raise ValueError(
        f"Recording {name!r} has two rows at {at}, rows {pair.min()} and {pair.max()} of X. Give "
        f"each recording a name of its own (recordings=), and each row its time.{_zone_hint(clock)}"
    )


def _zone_hint(clock: Times) -> str:
    """Return what may be wrong with dates without a time zone."""
    if clock.origin is None or clock.utc:
        return ""
    return (
        " Dates without a time zone repeat an hour when clocks are set back: give them their zone."
    )


def _warn_if_times_return(clock: Times, names: AnyArray, codes: Indices) -> None:
    """Warn if the times of one recording look like those of several, one after another."""
    pairs = np.flatnonzero(np.diff(codes) == 0)
    back = pairs[np.diff(clock.seconds)[pairs] < 0]
    if 0 < len(back) <= FEW_RETURNS * len(pairs):  # rows in random order go back half of the time
        more = f" and at {len(back) - 1} more" if len(back) > 1 else ""
        warn(
            f"The times of recording {names.tolist()[codes[back[0]]]!r} go back at row "
            f"{back[0] + 1} of X{more}. Its rows are sorted by time. If they are several "
            f"recordings, give each of them a name: recordings=.{_zone_hint(clock)}"
        )


def _warn_if_other_unit(step: float, seconds: float, X: Any) -> None:
    """Warn if the step between windows contradicts their length, as with ms or minutes."""
    # 1. The length in s, or in samples if the rate is not known
    shape = np.shape(X)
    samples = 0 if seconds or len(shape) != 3 else shape[2]
    what = f"{seconds:.3g} s long" if seconds else f"{samples} samples long"
    if seconds:
        is_long, is_short = step > FAR * seconds, step < NEAR * seconds
    elif samples:
        is_long, is_short = step > samples / SLOWEST, step < samples / FASTEST
    else:
        is_long, is_short = step > LONGEST_STEP, step < SHORTEST_STEP
        what = "of unknown length"
    # 2. The unit that would explain it
    if is_long or is_short:
        unit, cure = (
            ("milliseconds", "divide by 1000") if is_long else ("minutes", "multiply by 60")
        )
        warn(
            f"By times, the windows are {step:.3g} s apart, but they are {what}. If times are in "
            f"{unit}, {cure}: they must be in s."
        )


def _seconds(X: Windows) -> float:
    """Return the length of windows in s; 0 if it is not known."""
    for name in ("imu", "pose"):
        rate = X.rate(name)
        if name in X and rate is not None and len(X):
            frames = X[:1][name].shape[2 if name == "imu" else 1]
            return frames / rate - (2 * X.margin if name == "pose" else 0.0)
    return 0.0


def _position_in_recording(codes: Indices) -> Array:
    """Return the position of each row among those of its recording."""
    order = np.argsort(codes, kind="stable")
    ordered = codes[order]
    places = np.empty(len(codes))
    places[order] = np.arange(len(codes)) - np.searchsorted(ordered, ordered)
    return places


def _chain_lengths(recordings: AnyArray, times: Array, step: float) -> Indices:
    """Return the number of rows of each unbroken chain."""
    broken = (recordings[1:] != recordings[:-1]) | (np.diff(times) > MAX_STEP_RATIO * step)
    return np.diff(np.concatenate([[0], np.flatnonzero(broken) + 1, [len(times)]]))


def join_rows(rows: Rows, labels: AnyArray, confidence: AnyArray, step: float) -> AnyArray:
    """Join neighbors of the same label; borders are halfway between rows, `step` seconds apart."""
    # 1. First and last row of each segment
    n = len(labels)
    chain_first = np.zeros(n, dtype=bool)
    chain_first[np.cumsum(rows.lengths) - rows.lengths] = True
    changes = np.concatenate([[True], labels[1:] != labels[:-1]])
    first = np.flatnonzero(chain_first | changes)
    last = np.append(first[1:], n) - 1
    # 2. Borders: halfway between neighbors, half a step beyond the ends of a chain
    halfway = np.empty(n + 1)
    halfway[0], halfway[-1] = rows.times[0], rows.times[-1]
    halfway[1:-1] = (rows.times[1:] + rows.times[:-1]) / 2
    open_end = np.append(chain_first[first[1:]], True)
    at_edge = chain_first[first]
    start = rows.dates(np.where(at_edge, rows.times[first] - step / 2, halfway[first]))
    end = rows.dates(np.where(open_end, rows.times[last] + step / 2, halfway[last + 1]))
    # 3. The table; confidence is the mean over the rows
    fields = [
        ("recording", rows.recordings.dtype),
        ("start", start.dtype),
        ("end", end.dtype),
        ("label", labels.dtype),
        ("confidence", np.float64),
    ]
    table = np.empty(len(first), dtype=fields)
    table["recording"], table["label"] = rows.recordings[first], labels[first]
    table["start"], table["end"] = start, end
    table["confidence"] = np.add.reduceat(confidence, first) / (last - first + 1)
    return table
