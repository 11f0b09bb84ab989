"""Numbers that say how far simulated readings are from measured ones."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.signal import butter, sosfiltfilt

from .._checks import real_array
from ..recording import Recording

__all__ = ["IMUComparison", "compare_imu"]

Array = NDArray[np.float64]


class IMUComparison(NamedTuple):
    """Agreement of two stretches of readings; K triads of three channels each.

    Attributes
    ----------
    rmse : ndarray of shape (K,)
        Root mean square length of the difference vector, in the unit of the channels.
    correlation : ndarray of shape (3 K,)
        Pearson correlation of each axis; NaN where one side does not vary.
    norm_correlation : ndarray of shape (K,)
        Pearson correlation of the vectors' lengths, which no mount rotation changes.
    amplitude_ratio : ndarray of shape (K,)
        Standard deviation of the simulated lengths over that of the measured ones.
    """

    rmse: Array
    correlation: Array
    norm_correlation: Array
    amplitude_ratio: Array


def compare_imu(
    simulated: ArrayLike,
    measured: ArrayLike,
    *,
    rate: float | None = None,
    bandwidth: float | None = None,
) -> IMUComparison:
    """Compare simulated with measured readings, sample by sample.

    Parameters
    ----------
    simulated, measured : array-like of shape (T, 3 K)
        Readings on one clock; triads of x, y, z such as those of an accelerometer and a
        gyroscope.
    rate : float, optional
        Samples per second; needed with `bandwidth`.
    bandwidth : float, optional
        Both sides pass the same zero-phase low-pass filter (Butterworth, order 4) with this
        cut-off in Hz, so that a track of poor time resolution is compared on the part of the
        spectrum that it can show.

    Returns
    -------
    IMUComparison
        Errors, correlations and ratios. Nothing is aligned or fitted.

    Raises
    ------
    ValueError
        If shapes differ or are no triads, values are not finite, or the cut-off is not below
        half the rate.

    Examples
    --------
    >>> import numpy as np
    >>> from m3n_sklearn.simulation import compare_imu
    >>> t = np.arange(200) / 50.0
    >>> wave = np.stack([np.sin(3 * t), np.cos(5 * t), 9.8 + 0 * t], axis=1)
    >>> result = compare_imu(1.1 * wave, wave)
    >>> float(result.amplitude_ratio[0].round(3)), float(result.norm_correlation[0].round(3))
    (1.1, 1.0)
    """
    ours, theirs = (_check(x, n) for x, n in ((simulated, "simulated"), (measured, "measured")))
    if ours.shape != theirs.shape:
        raise ValueError(
            f"simulated and measured must have equal shapes, got {ours.shape} and {theirs.shape}. "
            "Resample one onto the other's clock."
        )
    if bandwidth is not None:
        ours, theirs = _lowpass(np.stack([ours, theirs]), rate, bandwidth)
    lengths = [np.linalg.norm(x.reshape(len(x), -1, 3), axis=2) for x in (ours, theirs)]
    gap = np.linalg.norm((ours - theirs).reshape(len(ours), -1, 3), axis=2)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = lengths[0].std(axis=0) / lengths[1].std(axis=0)
    return IMUComparison(
        np.sqrt(np.mean(gap**2, axis=0)), _pearson(ours, theirs), _pearson(*lengths), ratio
    )


def _pearson(a: Array, b: Array) -> Array:
    a, b = a - a.mean(axis=0), b - b.mean(axis=0)
    scale = np.sqrt(np.sum(a * a, axis=0) * np.sum(b * b, axis=0))
    return np.sum(a * b, axis=0) / np.where(scale > 0, scale, np.nan)


def _lowpass(values: Array, rate: float | None, bandwidth: float) -> Array:
    if rate is None:
        raise ValueError("bandwidth= needs rate=, the samples per second of both sides.")
    if not 0 < bandwidth < rate / 2:
        raise ValueError(
            f"bandwidth must lie between 0 and half the rate ({rate / 2:g} Hz), got {bandwidth!r}."
        )
    sections = butter(4, bandwidth, fs=rate, output="sos")
    pad = min(3 * (2 * len(sections) + 1), values.shape[1] - 1)
    return sosfiltfilt(sections, values, axis=1, padlen=pad)


def _check(values: ArrayLike, name: str) -> Array:
    if isinstance(values, Recording):
        raise TypeError(
            f"{name} is a Recording; give its data, and rate= where it is needed: "
            "compare_imu(ours.data, theirs.data, rate=ours.rate)."
        )
    array = real_array(values, name, "readings of shape (samples, 3 * sensors)")
    if array.ndim != 2 or len(array) < 2 or array.shape[1] == 0 or array.shape[1] % 3:
        raise ValueError(
            f"{name} must have shape (samples, 3 * sensors) with at least two samples, got "
            f"{array.shape}."
        )
    if not np.isfinite(array).all():
        raise ValueError(f"{name} has values that are not finite: cut or interpolate them.")
    return array
