"""Resampling: band-limited, without delay, without transients at the ends.

Every new sample is a weighted sum of its neighbours, with the weights of a windowed sinc that
are corrected so that constants and straight lines come out exactly: gravity stays gravity. For a
rational ratio of rates the weights repeat, which is the classical polyphase filter; evenly spaced
input at any other ratio, or at any offset, needs nothing else.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from .._checks import check_positive, real_array

__all__ = [
    "fill_unobserved",
    "nearest_samples",
    "resample_observed",
    "resample_signal",
    "resample_timestamps",
    "resample_windows",
    "resampled_length",
]

Array = NDArray[np.float64]

HALF_WIDTH = 16
"""Zero crossings of the sinc on each side."""

KAISER_BETA = 8.0
"""Shape of the Kaiser window: side lobes about 80 dB down."""

_CHUNK = 16_384
_KNOT_SECONDS = 2.0


def resampled_length(n_samples: int, rate_in: float, rate_out: float) -> int:
    """Count the samples that `n_samples` become at another rate: same duration, at least one.

    Parameters
    ----------
    n_samples : int
        Samples at `rate_in`.
    rate_in, rate_out : float
        Rates in Hz.

    Returns
    -------
    int
        Samples at `rate_out`.

    Examples
    --------
    >>> resampled_length(128, 100 / 3, 50.0)
    192
    """
    # the small term keeps exact halves from depending on rounding errors of the rates
    return max(1, int(np.floor(n_samples * rate_out / rate_in + 0.5 + 1e-9)))


def resample_windows(X: ArrayLike, rate_in: float, rate_out: float) -> NDArray[np.floating]:
    """Resample windows along their last axis.

    Parameters
    ----------
    X : array-like of shape (..., T)
        Windows such as (n, C, T).
    rate_in, rate_out : float
        Present and wanted rate in Hz. Sample k of the result lies k / `rate_out` seconds after
        sample 0 of the input.

    Returns
    -------
    ndarray of shape (..., T * rate_out / rate_in)
        The same duration; float32 stays float32, everything else becomes float64. Equal rates
        give the input back.

    Raises
    ------
    ValueError
        For empty windows or rates that are not positive.

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
        Present and wanted rate in Hz.
    axis : int, default=0
        The time axis.

    Returns
    -------
    ndarray
        As `values`, with :func:`resampled_length` samples along `axis`.

    Raises
    ------
    ValueError
        If there is no sample or a rate is not positive.
    """
    array = np.asarray(values)
    if array.dtype.kind not in "fiu":
        array = real_array(values, "values", "samples")
    elif array.dtype != np.float32:
        array = array.astype(np.float64, copy=False)
    for name, rate in (("rate_in", rate_in), ("rate_out", rate_out)):
        check_positive(rate, name, "Hz")
    if not -array.ndim <= axis < array.ndim or array.shape[axis] == 0:
        raise ValueError(
            f"There is nothing to resample along axis {axis}: the shape is {array.shape}."
        )
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
    """Say which new samples lie between observed old ones.

    Parameters
    ----------
    observed : array-like of shape (T,)
        True where a sample was measured.
    rate_in, rate_out : float
        Rates in Hz.

    Returns
    -------
    ndarray of bool
        True where both neighbours were measured.
    """
    seen = np.asarray(observed, dtype=bool)
    positions = np.arange(resampled_length(len(seen), rate_in, rate_out)) * (rate_in / rate_out)
    left = np.minimum(np.floor(positions + 1e-9).astype(int), len(seen) - 1)
    right = np.minimum(np.ceil(positions - 1e-9).astype(int), len(seen) - 1)
    return seen[left] & seen[right]


def nearest_samples(n_samples: int, rate_in: float, rate_out: float) -> NDArray[np.int64]:
    """Find the old sample that is nearest in time to each new one, to carry labels along.

    Parameters
    ----------
    n_samples : int
        Samples at `rate_in`.
    rate_in, rate_out : float
        Rates in Hz.

    Returns
    -------
    ndarray of int
        Index of an old sample for each new sample.
    """
    positions = np.arange(resampled_length(n_samples, rate_in, rate_out)) * (rate_in / rate_out)
    return np.minimum(np.floor(positions + 0.5).astype(np.int64), n_samples - 1)


def fill_unobserved(values: ArrayLike, observed: ArrayLike) -> Array:
    """Bridge lost samples by straight lines, so that a filter does not see them.

    Parameters
    ----------
    values : array-like of shape (T, C)
        Samples; anything may stand where they were lost.
    observed : array-like of shape (T,)
        True where a sample was measured.

    Returns
    -------
    ndarray of shape (T, C)
        Finite samples. Zeros if none was measured.
    """
    array = np.array(values, dtype=np.float64)
    seen = np.asarray(observed, dtype=bool)
    if seen.all():
        return array
    if not seen.any():
        return np.zeros_like(array)
    lost, kept = np.flatnonzero(~seen), np.flatnonzero(seen)
    for column in range(array.shape[1]):
        array[lost, column] = np.interp(lost, kept, array[kept, column])
    return array


def resample_timestamps(
    times: ArrayLike,
    values: ArrayLike,
    rate: float,
    *,
    start: float | None = None,
    n_samples: int | None = None,
    max_gap: float = 0.5,
) -> tuple[Array, NDArray[np.bool_], float]:
    """Put time-stamped rows onto an even grid.

    Stamps of sensors that send packets repeat and jitter although the sensor samples evenly. So
    the rows of a stretch without gaps are taken as evenly spaced, at the rate that the stamps
    have over about two seconds, and interpolated with a band limit. Nothing is interpolated
    across a gap.

    Parameters
    ----------
    times : array-like of shape (T,)
        Time stamps in s, not decreasing; equal ones are allowed.
    values : array-like of shape (T, C)
        Rows.
    rate : float
        Wanted rate in Hz.
    start : float, optional
        Time of the first grid point; the first stamp by default.
    n_samples : int, optional
        Grid points; up to the last stamp by default.
    max_gap : float, default=0.5
        Longer steps between stamps, in s, are gaps.

    Returns
    -------
    values : ndarray of shape (n_samples, C)
        Samples on the grid; zeros where nothing was measured.
    observed : ndarray of bool, shape (n_samples,)
        False inside gaps, before the first and after the last row.
    start : float
        Time of the first grid point.

    Raises
    ------
    ValueError
        If shapes do not match, stamps decrease, or something is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> times = np.repeat(np.arange(0, 2, 0.02), 2)  # packets of two
    >>> rows, observed, start = resample_timestamps(times, np.ones((200, 3)), 50.0)
    >>> rows.shape, bool(observed.all())
    ((100, 3), True)
    """
    stamps, rows = _check_rows(times, values)
    check_positive(rate, "rate", "Hz")
    check_positive(max_gap, "max_gap", "seconds")
    first = float(stamps[0]) if start is None else float(start)
    if not np.isfinite(first):
        raise ValueError(f"start must be a finite time in s, got {start!r}.")
    if n_samples is not None and (not isinstance(n_samples, (int, np.integer)) or n_samples < 1):
        raise ValueError(f"n_samples must be a whole number of at least 1, got {n_samples!r}.")
    if len(stamps) > 2 and np.diff(stamps).min() >= 10 * max_gap:
        raise ValueError(
            f"All steps between times are gaps: the smallest is {np.diff(stamps).min():.4g} s, "
            f"max_gap={max_gap:g} s. Are these milliseconds? Give seconds."
        )
    if n_samples is None:
        n_samples = max(1, int(np.floor((stamps[-1] - first) * rate + 1e-6)) + 1)
    grid = first + np.arange(n_samples) / rate
    filled = np.zeros((n_samples, rows.shape[1]))
    observed = np.zeros(n_samples, dtype=bool)
    borders = np.flatnonzero(np.diff(stamps) > max_gap) + 1
    for block in np.split(np.arange(len(stamps)), borders):
        clock = stamps[block]
        if clock[-1] <= clock[0]:
            continue
        inside = (grid >= clock[0] - 1e-6) & (grid <= clock[-1] + 1e-6)
        rate_in = (len(block) - 1) / (clock[-1] - clock[0])
        positions = _positions(clock, grid[inside], rate_in)
        filled[inside] = _interpolate(rows[block], positions, rate / rate_in)
        observed |= inside
    return filled, observed, first


def _check_rows(times: ArrayLike, values: ArrayLike) -> tuple[Array, Array]:
    if np.asarray(times).dtype.kind in "mM":
        raise TypeError("times must be seconds, got dates: subtract the first and divide by 1 s.")
    stamps = real_array(times, "times", "time stamps of shape (T,) in s")
    rows = real_array(values, "values", "rows of shape (T, C)")
    if stamps.ndim != 1 or rows.ndim != 2 or len(stamps) != len(rows) or len(rows) == 0:
        raise ValueError(
            f"times must have shape (T,) and values (T, C) with T of at least 1, got "
            f"{stamps.shape} and {rows.shape}."
        )
    if not np.isfinite(stamps).all() or not np.isfinite(rows).all():
        raise ValueError("times or values are not finite somewhere: drop those rows first.")
    backwards = np.flatnonzero(np.diff(stamps) < 0)
    if len(backwards):
        raise ValueError(f"times decrease after row {backwards[0]}: sort or drop rows first.")
    return stamps, rows


def _positions(clock: Array, wanted: Array, rate: float) -> Array:
    """Say at which (fractional) row of a block each wanted time lies."""
    n_knots = max(2, round((clock[-1] - clock[0]) / _KNOT_SECONDS))
    parts = np.array_split(np.arange(len(clock), dtype=np.float64), min(n_knots, len(clock)))
    rows = np.array([part.mean() for part in parts])
    times = np.array([clock[part.astype(int)].mean() for part in parts])
    keep = np.concatenate([[True], np.diff(times) > 0])
    rows, times = rows[keep], times[keep]
    if len(rows) < 2:
        return np.clip((wanted - clock[0]) * rate, 0, len(clock) - 1)
    positions = np.interp(wanted, times, rows)
    for outside, end, near in (
        (wanted < times[0], 0, 1),
        (wanted > times[-1], -1, -2),
    ):
        slope = (rows[end] - rows[near]) / (times[end] - times[near])
        positions[outside] = rows[end] + (wanted[outside] - times[end]) * slope
    return np.clip(positions, 0, len(clock) - 1)


# ---- weights


@lru_cache(maxsize=32)
def _window_weights(length: int, count: int, step: float) -> Array:
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
    """Weights (len(positions), length) of a windowed sinc that reproduces straight lines."""
    centre = np.floor(positions + 0.5).astype(np.int64)
    # for a rational ratio few phases occur, over and over: the branches of a polyphase filter
    phases, phase_of = np.unique((positions - centre).round(9), return_inverse=True)
    taps, kernel = _kernel(phases, min(1.0, ratio))
    return _fold(kernel[phase_of], centre[:, None] + taps, length)


def _kernel(phases: Array, cutoff: float) -> tuple[NDArray[np.int64], Array]:
    """Return taps, and their weights (len(phases), len(taps)) for a point at each phase."""
    reach = HALF_WIDTH / cutoff
    taps = np.arange(-int(np.ceil(reach)), int(np.ceil(reach)) + 1)
    distance = taps - phases[:, None]
    window = np.i0(KAISER_BETA * np.sqrt(np.clip(1 - (distance / reach) ** 2, 0, None)))
    kernel = np.where(np.abs(distance) <= reach, np.sinc(cutoff * distance) * window, 0.0)
    kernel *= _straight_lines(kernel, distance)
    kernel[np.abs(kernel) < 1e-15] = 0.0  # old samples that are kept stay as they are
    return taps, kernel


def _straight_lines(kernel: Array, distance: Array) -> Array:
    """Factor a + b * distance that makes the weights sum to one and their lever to zero."""
    moments = [(kernel * distance**k).sum(axis=1, keepdims=True) for k in range(3)]
    determinant = moments[0] * moments[2] - moments[1] ** 2
    # where all neighbours have weight zero the second moment vanishes with the first
    usable = np.abs(determinant) > 1e-9
    safe = np.where(usable, determinant, 1.0)
    a = np.where(usable, moments[2] / safe, 1 / moments[0])
    b = np.where(usable, -moments[1] / safe, 0.0)
    return a + b * distance


def _fold(kernel: Array, index: NDArray[np.int64], length: int) -> sparse.csr_array:
    """Express samples beyond the ends by those inside: mirrored at the end point itself.

    Such an extension keeps the value and the slope at the ends, and straight lines for ever.
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
