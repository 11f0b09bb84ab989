"""Allan deviation: stability of a sensor's mean reading as a function of the averaging time."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._typing import Array
from .._validation import check_positive, real_array

__all__ = ["AllanDeviation", "allan_deviation"]

PER_DECADE = 10
"""Number of default averaging times per decade."""


class AllanDeviation(NamedTuple):
    """Result of `allan_deviation`.

    Attributes
    ----------
    taus : ndarray of shape (K,)
        Averaging times in s, each a whole number of samples.
    deviation : ndarray of shape (K, ...)
        Allan deviation of each channel, in the unit of the data.
    error : ndarray of shape (K,)
        Relative standard error of one channel's deviation.
    """

    taus: Array
    deviation: Array
    error: Array


def allan_deviation(data: ArrayLike, rate: float, taus: ArrayLike | None = None) -> AllanDeviation:
    """Compute the overlapping Allan deviation of readings at rest.

    The readings are averaged over segments of tau seconds. The Allan variance is half the mean
    square of the difference between the means of two adjacent segments, for all possible starts of
    the first segment [1]_.

    Parameters
    ----------
    data : array-like of shape (T,) or (T, ...)
        Readings along the first axis, in any unit.
    rate : float
        Samples per second.
    taus : array-like of shape (K,), optional
        Averaging times in s. They are rounded to whole samples, and duplicates are removed. The
        default is ten per decade, from one sample to a third of the recording.

    Returns
    -------
    AllanDeviation
        Averaging times, deviations and their relative standard errors.

    Raises
    ------
    ValueError
        If the readings are not finite or fewer than two, or an averaging time is longer than half
        of them.

    Notes
    -----
    The slope in a log-log plot identifies an error:

    ============================ ================ =====
    error                        Allan deviation  slope
    ============================ ================ =====
    white, two-sided density N   N/√tau           -1/2
    flicker, bias instability B  0.664 B          0
    random walk, coefficient K   K √(tau/3)       +1/2
    ============================ ================ =====

    The error is that of segments which do not overlap, ``1/√(2 (T/m - 1))`` for T samples and m
    samples per segment [1]_. It is an upper bound for overlapping segments.

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
    sizes = _segment_sizes(len(values), hertz, taus)
    # With cumulative sums, each mean over a segment costs one subtraction.
    sums = np.concatenate([np.zeros((1, *values.shape[1:])), np.cumsum(values, axis=0)])
    deviation = np.stack([_deviation(sums, size) for size in sizes])
    error = 1 / np.sqrt(2 * (len(values) / sizes - 1))
    return AllanDeviation(sizes / hertz, deviation, error)


def _deviation(sums: Array, size: int) -> Array:
    """Return the Allan deviation for segments of m = `size` samples from cumulative sums S."""
    # mean[k + m] - mean[k] = ((S[k + 2m] - S[k + m]) - (S[k + m] - S[k])) / m, for all starts k
    starts = len(sums) - 2 * size
    steps = sums[2 * size :] - 2 * sums[size : size + starts] + sums[:starts]
    return np.asarray(np.sqrt(0.5 * np.mean(np.square(steps), axis=0)) / size)


def _segment_sizes(samples: int, rate: float, taus: ArrayLike | None) -> NDArray[np.int64]:
    """Return the numbers of samples to average over."""
    if taus is None:
        longest = max(1, samples // 3)
        points = int(np.ceil(PER_DECADE * np.log10(longest))) + 1
        return np.unique(np.rint(np.geomspace(1, longest, points)).astype(np.int64))
    times = np.atleast_1d(real_array(taus, "taus", "averaging times in s"))
    sizes = np.rint(times * rate)
    if sizes.size == 0:
        raise ValueError("taus must contain at least one averaging time in s, or be None.")
    if not ((sizes >= 1) & (2 * sizes <= samples)).all():
        raise ValueError(
            f"taus must lie between {1 / rate:g} s (one sample) and {samples / 2 / rate:g} s (half "
            f"of the readings), got {taus!r}."
        )
    return np.unique(sizes.astype(np.int64))
