"""Allan deviation: how stable the mean of a sensor's readings is, by the time averaged over."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..._checks import check_positive, real_array

__all__ = ["AllanDeviation", "allan_deviation"]

Array = NDArray[np.float64]

PER_DECADE = 10
"""Averaging times that are tried by default in each factor of ten."""


class AllanDeviation(NamedTuple):
    """Result of `allan_deviation`.

    Attributes
    ----------
    taus : ndarray of shape (K,)
        Averaging times in s: whole numbers of samples.
    deviation : ndarray of shape (K, ...)
        Allan deviation of each channel, in the unit of the data.
    error : ndarray of shape (K,)
        Relative standard error of one channel's deviation.
    """

    taus: Array
    deviation: Array
    error: Array


def allan_deviation(data: ArrayLike, rate: float, taus: ArrayLike | None = None) -> AllanDeviation:
    """Overlapping Allan deviation of readings at rest.

    The readings are averaged over stretches of tau seconds; the Allan variance is half the mean
    square of the difference between two stretches that follow each other, over all places where
    a first stretch can begin [1]_.

    Parameters
    ----------
    data : array-like of shape (T,) or (T, ...)
        Readings along the first axis, in any unit.
    rate : float
        Samples per second.
    taus : array-like of shape (K,), optional
        Averaging times in s, rounded to whole samples, of which equal ones count once. By
        default ten per decade, from one sample to a third of the recording.

    Returns
    -------
    AllanDeviation
        Averaging times, deviations and their relative standard errors.

    Raises
    ------
    ValueError
        If the readings are not finite or too few, or a time is longer than half of them.

    Notes
    -----
    White noise of two-sided density N shows as N/√tau, a random walk of coefficient K as
    K √(tau/3), flicker noise as a floor. The error is that of stretches which do not overlap,
    ``1/√(2 (T/m - 1))`` for m samples each [1]_: an upper bound.

    References
    ----------
    .. [1] IEEE Std 952-1997, annex C.

    Examples
    --------
    >>> import numpy as np
    >>> from m3n_sklearn.simulation import allan_deviation
    >>> white = np.random.default_rng(0).standard_normal(200_000)  # density 0.1 at 100 Hz
    >>> allan_deviation(white, 100.0, taus=[1.0]).deviation.round(2)
    array([0.1])
    """
    values = real_array(data, "data", "readings along the first axis")
    hertz = check_positive(rate, "rate", "Hz")
    if values.ndim == 0 or len(values) < 2:
        raise ValueError(
            f"data must be two or more readings along the first axis, got shape {values.shape}."
        )
    if not np.isfinite(values).all():
        raise ValueError("data has readings that are not finite: cut or interpolate them.")
    sizes = _stretches(len(values), hertz, taus)
    sums = np.concatenate([np.zeros((1, *values.shape[1:])), np.cumsum(values, axis=0)])
    deviation = np.stack([_deviation(sums, size) for size in sizes])
    error = 1 / np.sqrt(2 * (len(values) / sizes - 1))
    return AllanDeviation(sizes / hertz, deviation, error)


def _deviation(sums: Array, size: int) -> Array:
    ends = len(sums) - 2 * size
    steps = sums[2 * size :] - 2 * sums[size : size + ends] + sums[:ends]
    return np.asarray(np.sqrt(0.5 * np.mean(np.square(steps), axis=0)) / size)


def _stretches(samples: int, rate: float, taus: ArrayLike | None) -> NDArray[np.int64]:
    """Whole numbers of samples to average over."""
    if taus is None:
        longest = max(1, samples // 3)
        points = int(np.ceil(PER_DECADE * np.log10(longest))) + 1
        return np.unique(np.rint(np.geomspace(1, longest, points)).astype(np.int64))
    times = np.atleast_1d(real_array(taus, "taus", "averaging times in s"))
    sizes = np.rint(times * rate)
    if sizes.size == 0:
        raise ValueError("taus must hold at least one averaging time in s, or be None.")
    if not ((sizes >= 1) & (2 * sizes <= samples)).all():
        raise ValueError(
            f"taus must lie between {1 / rate:g} s (one sample) and {samples / 2 / rate:g} s (half "
            f"of the readings), got {taus!r}."
        )
    return np.unique(sizes.astype(np.int64))
