"""Band-limited resampling without delay and without transients at the ends.

A new sample at the position p (in old samples) is ``y(p) = sum_k w(k - p) x_k`` with

    w(d) = sinc(c d) kaiser(d) (a + b d),    c = min(1, new rate / old rate)

where a and b are chosen so that ``sum w = 1`` and ``sum w d = 0``. Constants and straight lines
are then exact, so gravity keeps its value. Beyond an end the samples are mirrored at the end point.
For a rational ratio of the rates few phases of p occur: this is a polyphase filter.

Where samples were lost, the filter uses a smooth curve through the samples around the gap.
Measured samples are never moved.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.interpolate import PchipInterpolator
from scipy.ndimage import percentile_filter

from .._clock import STAMPS, Clock, check_seconds, even_runs, recover_clock
from .._typing import Array
from .._validation import check_choice, check_positive, real_array

__all__ = [
    "bridge_by_lines",
    "fill_grid",
    "nearest_samples",
    "resample_lossy",
    "resample_observed",
    "resample_signal",
    "resample_timestamps",
    "resample_windows",
    "resampled_length",
]

# ---- the filter

HALF_WIDTH = 16
"""Zero crossings of the sinc on each side."""
KAISER_BETA = 8.0
"""Shape of the Kaiser window: side lobes about 80 dB down."""
_CHUNK = 16_384
"""New samples per matrix product, which bounds the memory."""

# ---- time stamps

_ON_ROW = 0.05
"""Share of a period within which a grid point has the time of a row."""
_MAX_POINTS = 50_000_000
"""Grid points from which a wrong time stamp is suspected."""


def resampled_length(n_samples: int, rate_in: float, rate_out: float) -> int:
    """Return the number of samples at another rate for the same duration, at least 1."""
    # the small term keeps exact halves from depending on rounding errors of the rates
    return max(1, int(np.floor(n_samples * rate_out / rate_in + 0.5 + 1e-9)))


def resample_windows(X: ArrayLike, rate_in: float, rate_out: float) -> NDArray[np.floating]:
    """Resample windows along their last axis.

    Parameters
    ----------
    X : array-like of shape (..., T)
        Windows such as (n, C, T).
    rate_in, rate_out : float
        Old and new rate in Hz. Sample k of the result is k / `rate_out` seconds after sample 0
        of the input.

    Returns
    -------
    ndarray of shape (..., T * rate_out / rate_in)
        Windows of the same duration, float32 for float32 and else float64. With equal rates the
        input is returned.

    Raises
    ------
    ValueError
        For empty windows or rates of 0 or less.

    Examples
    --------
    >>> import numpy as np
    >>> ramp = np.arange(4.0)[None, None]
    >>> resample_windows(ramp, 20.0, 40.0)[0, 0].round(6)
    array([0. , 0.5, 1. , 1.5, 2. , 2.5, 3. , 3.5])
    """
    return resample_signal(X, rate_in, rate_out, axis=-1)


def resample_signal(
    values: ArrayLike, rate_in: float, rate_out: float, *, axis: int = 0
) -> NDArray[np.floating]:
    """Resample evenly spaced samples along one axis.

    Parameters
    ----------
    values : array-like
        Finite samples.
    rate_in, rate_out : float
        Old and new rate in Hz.
    axis : int, default=0
        The time axis.

    Returns
    -------
    ndarray
        As `values`, with the same duration along `axis`.

    Raises
    ------
    ValueError
        If a sample is missing or not finite, or a rate is 0 or less.

    Examples
    --------
    >>> import numpy as np
    >>> resample_signal(np.arange(4.0), 20.0, 40.0).round(6)
    array([0. , 0.5, 1. , 1.5, 2. , 2.5, 3. , 3.5])
    """
    array = np.asarray(values)
    if array.dtype.kind not in "fiu":
        array = real_array(values, "values", "samples")
    elif array.dtype != np.float32:
        array = array.astype(np.float64, copy=False)
    for name, rate in (("rate_in", rate_in), ("rate_out", rate_out)):
        check_positive(rate, name, "Hz")
    if not -array.ndim <= axis < array.ndim or array.shape[axis] == 0:
        raise ValueError(f"values has no sample along axis {axis}: its shape is {array.shape}.")
    if not np.isfinite(array).all():
        raise ValueError(
            "values has NaN or infinity, which resampling would spread: interpolate or drop them "
            "first."
        )
    if rate_in == rate_out:
        return array
    moved = np.moveaxis(array, axis, -1)
    length = moved.shape[-1]
    count = resampled_length(length, rate_in, rate_out)
    flat = moved.reshape(-1, length)
    if length <= 1024:
        weights = _window_weights(length, count, rate_in / rate_out).astype(array.dtype)
        result = flat @ weights.T
    else:
        positions = np.arange(count, dtype=np.float64) * (rate_in / rate_out)
        result = _interpolate(flat.T, positions, rate_out / rate_in).T.astype(array.dtype)
    return np.moveaxis(result.reshape(*moved.shape[:-1], count), -1, axis)


def resample_observed(observed: ArrayLike, rate_in: float, rate_out: float) -> NDArray[np.bool_]:
    """Tell which new samples have two observed old neighbors, along the first axis."""
    seen = np.asarray(observed, dtype=bool)
    positions = np.arange(resampled_length(len(seen), rate_in, rate_out)) * (rate_in / rate_out)
    left = np.minimum(np.floor(positions + 1e-9).astype(int), len(seen) - 1)
    right = np.minimum(np.ceil(positions - 1e-9).astype(int), len(seen) - 1)
    return seen[left] & seen[right]


def nearest_samples(n_samples: int, rate_in: float, rate_out: float) -> NDArray[np.int64]:
    """Return the index of the nearest old sample for each new one, to resample labels."""
    positions = np.arange(resampled_length(n_samples, rate_in, rate_out)) * (rate_in / rate_out)
    return np.minimum(np.floor(positions + 0.5).astype(np.int64), n_samples - 1)


def bridge_by_lines(values: Array, observed: NDArray[np.bool_]) -> Array:
    """Bridge lost samples (T, C) by straight lines; zeros in channels that have no sample."""
    array = np.array(values, dtype=np.float64)
    for channel in np.flatnonzero(~observed.all(axis=0)):
        seen = observed[:, channel]
        lost, kept = np.flatnonzero(~seen), np.flatnonzero(seen)
        array[lost, channel] = np.interp(lost, kept, array[kept, channel]) if len(kept) else 0.0
    return array


def resample_lossy(
    values: Array, observed: NDArray[np.bool_], rate_in: float, rate_out: float
) -> Array:
    """Resample samples (T, C) of which some were lost (T, C): what was measured does not move."""
    array = np.array(values, dtype=np.float64)
    masks, of = np.unique(observed, axis=1, return_inverse=True)
    for i, seen in enumerate(masks.T):
        channels = np.flatnonzero(of.ravel() == i)
        lost, kept = np.flatnonzero(~seen), np.flatnonzero(seen)
        if len(lost):
            rows = array[np.ix_(kept, channels)]
            array[np.ix_(lost, channels)] = _curve(kept, rows)(lost) if len(kept) else 0.0
    return np.asarray(resample_signal(array, rate_in, rate_out), dtype=np.float64)


def _curve(at: NDArray[Any], rows: Array) -> Callable[[NDArray[Any]], Array]:
    """Smooth curve through rows that does not overshoot; level beyond the ends."""
    if len(at) == 1:
        return lambda wanted: np.repeat(rows, len(wanted), axis=0)
    curve = PchipInterpolator(at, rows)
    return lambda wanted: curve(np.clip(wanted, at[0], at[-1]))


# ---- time stamps


def resample_timestamps(
    times: ArrayLike,
    values: ArrayLike,
    rate: float,
    *,
    start: float | None = None,
    n_samples: int | None = None,
    max_gap: float = 0.5,
    stamps: str = "auto",
) -> tuple[Array, NDArray[np.bool_], float]:
    """Resample the time-stamped rows of one sensor to an even grid.

    A row with a correct stamp keeps its time, whatever was lost next to it. Where steps are even,
    with or without lost rows, the interpolation is band-limited; elsewhere it is a curve that does
    not overshoot. Stamps that are rounded, shared by a packet or jittered are put back on the even
    clock of the sensor, with a warning.

    Parameters
    ----------
    times : array-like of shape (T,)
        Time stamps in s, in the order in which the rows were measured.
    values : array-like of shape (T, C)
        Rows. A row with a NaN was not measured, but its stamp is a tick of the clock.
    rate : float
        New rate in Hz.
    start : float, optional
        Time of the first grid point; by default that of the first row.
    n_samples : int, optional
        Number of grid points; by default up to the last row.
    max_gap : float, default=0.5
        Rows further apart than this, in s, are not interpolated.
    stamps : {"auto", "exact", "even"}, default="auto"
        ``"exact"`` keeps all stamps. ``"even"`` puts all rows on the even clock of the sensor, with
        whole periods left out where rows were lost. ``"auto"`` chooses: stamps near an even clock
        are put on it, unless the values show that the sensor sampled unevenly; all others are kept.
        It also drops copies, and corrects a few stamps that are far off or too close together.

    Returns
    -------
    values : ndarray of shape (n_samples, C)
        Samples on the grid; zeros in gaps of more than `max_gap`, and before the first and after
        the last row.
    observed : ndarray of bool, shape (n_samples,)
        False where nothing was measured: between two rows at least two periods apart, except on
        the rows themselves, and before the first and after the last row.
    start : float
        Time of the first grid point.

    Raises
    ------
    ValueError
        If shapes do not match, no row is complete, stamps are not seconds, or the clock was set
        back.

    Warns
    -----
    UserWarning
        If stamps were changed, with the reason.

    Notes
    -----
    The stamp of a packet belongs to one of its rows. With packets of equal size it is unknown which
    one, so the rows are spread about the stamp. Where stamps are multiples of a unit of many rows,
    such as whole seconds, the first row was measured at the stamp.

    Examples
    --------
    >>> import numpy as np
    >>> times = np.arange(0, 2, 0.01)
    >>> times = times[(times < 0.995) | (times > 1.095)]  # 0.1 s was lost
    >>> rows, observed, start = resample_timestamps(times, np.ones((190, 3)), 50.0)
    >>> rows.shape, int((~observed).sum())
    ((100, 3), 5)
    """
    given, rows = _check_rows(times, values)
    check_positive(rate, "rate", "Hz")
    check_positive(max_gap, "max_gap", "seconds")
    if start is not None and not np.isfinite(float(start)):
        raise ValueError(f"start must be a finite time in s, got {start!r}.")
    if n_samples is not None and (not isinstance(n_samples, (int, np.integer)) or n_samples < 1):
        raise ValueError(f"n_samples must be a whole number of at least 1, got {n_samples!r}.")
    check_choice(stamps, "stamps", STAMPS)
    # 1. The time of each row
    check_seconds(given, max_gap)
    clock = recover_clock(given, rows, stamps)
    clock.warn("Give stamps='exact' to keep all stamps, or stamps='even' for an even clock.")
    first = float(clock.times[0]) if start is None else float(start)
    if n_samples is None:
        n_samples = max(1, int(np.floor((clock.times[-1] - first) * rate + 1e-6)) + 1)
    if n_samples > max(_MAX_POINTS, 1000 * len(rows)):
        raise ValueError(
            f"{len(rows)} rows from {given[0]:.12g} to {given[-1]:.12g} s would become "
            f"{n_samples} samples at {rate:g} Hz: is a time stamp wrong?"
        )
    # 2. The grid, filled between gaps of more than max_gap
    filled, observed = fill_grid(clock, rows, rate, first, n_samples, max_gap)
    return filled, observed, first


def fill_grid(
    clock: Clock, rows: Array, rate: float, first: float, n_samples: int, max_gap: float
) -> tuple[Array, NDArray[np.bool_]]:
    """Return rows (T, C) on an even grid between gaps, and which grid points were measured."""
    measured = np.isfinite(rows[clock.rows]).all(axis=1)
    ticks, rows = clock.times[measured], rows[clock.rows[measured]]
    grid = first + np.arange(n_samples) / rate
    filled = np.zeros((n_samples, rows.shape[1]))
    observed = np.zeros(n_samples, dtype=bool)
    borders = np.flatnonzero(np.diff(ticks) > max_gap) + 1
    for begin, end in pairwise([0, *borders.tolist(), len(ticks)]):
        if end - begin > 1:
            own = ticks[begin:end]
            inside = slice(*np.searchsorted(grid, [own[0] - 1e-6, own[-1] + 1e-6]).tolist())
            stretch = _Stretch(own, rows[begin:end])
            filled[inside] = stretch.at(np.clip(grid[inside], own[0], own[-1]), rate)
            observed[inside] = stretch.observed(grid[inside])
    return filled, observed


def _check_rows(times: ArrayLike, values: ArrayLike) -> tuple[Array, Array]:
    if np.asarray(times).dtype.kind in "mM":
        raise TypeError("times must be seconds, got dates: subtract the first and divide by 1 s.")
    stamps = real_array(times, "times", "time stamps of shape (T,) in s")
    rows = real_array(values, "values", "rows of shape (T, C)")
    if stamps.ndim != 1 or rows.ndim != 2 or len(stamps) != len(rows) or rows.size == 0:
        raise ValueError(
            f"times must have shape (T,) and values (T, C) with T and C of at least 1, got "
            f"{stamps.shape} and {rows.shape}."
        )
    if not np.isfinite(stamps).all() or np.isinf(rows).any():
        raise ValueError("times or values have entries that are not finite: drop those rows first.")
    if np.isnan(rows).any(axis=1).all():
        raise ValueError("values are not finite in any row: each has a NaN.")
    return stamps, rows


class _Stretch:
    """Rows without a long gap: runs of even steps, and a curve through all rows."""

    def __init__(self, times: Array, rows: Array) -> None:
        self.times, self.rows = times, rows
        self.periods, self.period = even_runs(times)
        even = np.concatenate([[False], self.periods > 0, [False]])
        change = np.abs(np.diff(self.period)) > 0.02 * self.period[1:]
        starts = even[1:-1] & (~even[:-2] | np.concatenate([[True], change]))
        ends = even[1:-1] & (~even[2:] | np.concatenate([change, [True]]))
        runs = list(
            zip(np.flatnonzero(starts).tolist(), (np.flatnonzero(ends) + 1).tolist(), strict=True)
        )
        # runs shorter than the filter are interpolated by the curve
        long = [run for run in runs if run[1] - run[0] >= 2 * HALF_WIDTH]
        self.runs = long or [run for run in runs if run == (0, len(times) - 1)]
        steps = np.diff(times)
        usual = percentile_filter(steps, 90, min(25, len(steps)), mode="nearest")
        self.lost = steps > 1.75 * usual
        for begin, end in self.runs:
            self.lost[begin:end] = self.periods[begin:end] > 1
        self._smooth: Callable[[Array], Array] | None = None

    def curve(self, at: Array) -> Array:
        """Evaluate the curve through all rows."""
        if self._smooth is None:
            self._smooth = _curve(self.times, self.rows)
        return self._smooth(at)

    def observed(self, grid: Array) -> NDArray[np.bool_]:
        """Tell which grid points are on a row or between consecutive rows."""
        step = np.clip(np.searchsorted(self.times, grid, "right") - 1, 0, len(self.times) - 2)
        before, after = grid - self.times[step], self.times[step + 1] - grid
        period = self.period[step]
        on_row = np.minimum(np.abs(before), np.abs(after)) <= _ON_ROW * period
        near = np.maximum(before, after) < 0.999 * period
        return np.asarray(~self.lost[step] | on_row | near)

    def at(self, grid: Array, rate: float) -> Array:
        """Evaluate at increasing times within the stretch."""
        result = np.empty((len(grid), self.rows.shape[1]))
        done = 0
        for begin, end in self.runs:
            low, high = np.searchsorted(grid, self.times[[begin, end]])
            high += high < len(grid) and grid[high] == self.times[end]
            result[done:low] = self._between(grid[done:low], rate)
            result[low:high] = self._along(begin, end, grid[low:high], rate)
            done = high
        result[done:] = self._between(grid[done:], rate)
        return result

    def _along(self, begin: int, end: int, grid: Array, rate: float) -> Array:
        """Apply the band-limited filter to the ticks of an even run."""
        if len(grid) == 0:
            return np.empty((0, self.rows.shape[1]))
        own = self.times[begin : end + 1]
        number = np.concatenate([[0], np.cumsum(self.periods[begin:end])])
        pace = (own[-1] - own[0]) / number[-1]
        reach = int(np.ceil(HALF_WIDTH * max(1.0, 1 / (rate * pace)))) + 2
        # ticks continue beyond the run as far as there are rows
        left = min(reach, int((own[0] - self.times[0]) / pace + 1e-6))
        right = min(reach, int((self.times[-1] - own[-1]) / pace + 1e-6))
        count = left + number[-1] + 1 + right
        missing = np.ones(count, dtype=bool)
        missing[left + number] = False
        ticks = np.empty((count, self.rows.shape[1]))
        ticks[left + number] = self.rows[begin : end + 1]
        if missing.any():
            missed = np.arange(count, dtype=np.float64)[missing] - left
            when = np.interp(missed, number, own)
            when += pace * (np.minimum(missed, 0) + np.maximum(missed - number[-1], 0))
            ticks[missing] = self.curve(when)
        position = left + np.interp(grid, own, number)
        # the rounding error of Unix times in double precision
        tick = np.rint(position)
        position = np.where(np.abs(position - tick) < 5e-5, tick, position)
        return _interpolate(ticks, position, rate * pace)

    def _between(self, grid: Array, rate: float) -> Array:
        """Evaluate the curve between uneven rows; dense rows are filtered."""
        if len(grid) == 0:
            return np.empty((0, self.rows.shape[1]))
        low, high = np.searchsorted(self.times, grid[[0, -1]])
        steps = np.diff(self.times[max(low - 1, 0) : high + 1])
        dense = int(np.ceil(1 / (rate * float(np.mean(steps))) - 0.1)) if len(steps) else 1
        if dense <= 1:
            return self.curve(grid)
        around = (HALF_WIDTH + 2) * dense
        before = min(around, int((grid[0] - self.times[0]) * rate * dense + 1e-6))
        after = min(around, int((self.times[-1] - grid[-1]) * rate * dense + 1e-6))
        at = np.arange(-before, (len(grid) - 1) * dense + after + 1)
        fine = self.curve(grid[0] + at / (rate * dense))
        at_fine = before + dense * np.arange(len(grid), dtype=np.float64)
        return _interpolate(fine, at_fine, 1 / dense)


# ---- weights


@lru_cache(maxsize=32)
def _window_weights(length: int, count: int, step: float) -> Array:
    """Return the weights of the resampling of windows, read-only."""
    positions = np.arange(count, dtype=np.float64) * step
    weights = _weights(positions, length, 1 / step).toarray()
    weights.flags.writeable = False
    return weights


def _interpolate(rows: NDArray[np.floating], positions: Array, ratio: float) -> Array:
    """Evaluate rows (T, C) at fractional row numbers; `ratio` is new rate / old rate."""
    result = np.empty((len(positions), rows.shape[1]))
    reach = int(np.ceil(HALF_WIDTH / min(1.0, ratio))) + 2
    for begin in range(0, len(positions), _CHUNK):
        part = positions[begin : begin + _CHUNK]
        low = max(0, int(part.min()) - reach)
        high = min(len(rows), int(part.max()) + reach + 1)
        weights = _weights(part - low, high - low, ratio)
        result[begin : begin + _CHUNK] = weights @ rows[low:high]
    return result


def _weights(positions: Array, length: int, ratio: float) -> sparse.csr_array:
    """Return the weights (len(positions), length) of new samples, sparse."""
    center = np.floor(positions + 0.5).astype(np.int64)
    # a rational ratio has few different phases: the branches of a polyphase filter
    phases, phase_of = np.unique((positions - center).round(9), return_inverse=True)
    taps, kernel = _kernel(phases, min(1.0, ratio))
    return _fold(kernel[phase_of], center[:, None] + taps, length)


def _kernel(phases: Array, cutoff: float) -> tuple[NDArray[np.int64], Array]:
    """Return taps, and their weights (len(phases), len(taps)) for a point at each phase."""
    reach = HALF_WIDTH / cutoff
    taps = np.arange(-int(np.ceil(reach)), int(np.ceil(reach)) + 1)
    distance = taps - phases[:, None]
    window = np.i0(KAISER_BETA * np.sqrt(np.clip(1 - (distance / reach) ** 2, 0, None)))
    kernel = np.where(np.abs(distance) <= reach, np.sinc(cutoff * distance) * window, 0.0)
    kernel *= _straight_lines(kernel, distance)
    kernel[np.abs(kernel) < 1e-15] = 0.0  # a new sample at an old one is that sample
    return taps, kernel


def _straight_lines(kernel: Array, distance: Array) -> Array:
    """Return the factor a + b d for which sum w = 1 and sum w d = 0."""
    moments = [(kernel * distance**k).sum(axis=1, keepdims=True) for k in range(3)]
    determinant = moments[0] * moments[2] - moments[1] ** 2
    # at an old sample all neighbors have weight zero, and so have both moments
    usable = np.abs(determinant) > 1e-9
    safe = np.where(usable, determinant, 1.0)
    a = np.where(usable, moments[2] / safe, 1 / moments[0])
    b = np.where(usable, -moments[1] / safe, 0.0)
    return a + b * distance


def _fold(kernel: Array, index: NDArray[np.int64], length: int) -> sparse.csr_array:
    """Express samples beyond the ends by those inside: a point reflection at each end.

    This extension continues the value and the slope, and keeps straight lines.
    """
    row = np.broadcast_to(np.arange(len(index))[:, None], index.shape)
    if length == 1:
        return sparse.csr_array(kernel.sum(axis=1, keepdims=True))
    last = length - 1
    lap, rest = np.divmod(index, last)
    lap, rest = np.where(index == last, 0, lap), np.where(index == last, last, rest)
    odd = lap % 2 == 1
    entries = [
        (np.where(odd, -kernel, kernel), np.where(odd, last - rest, rest)),
        ((odd - lap) * kernel, np.zeros_like(index)),
        ((odd + lap) * kernel, np.full_like(index, last)),
    ]
    data = np.concatenate([values.ravel() for values, _ in entries])
    columns = np.concatenate([cols.ravel() for _, cols in entries])
    rows = np.concatenate([row.ravel()] * 3)
    used = data != 0
    shape = (len(index), length)
    return sparse.csr_array((data[used], (rows[used], columns[used])), shape=shape)
