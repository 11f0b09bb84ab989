"""Units: conversion at the edges, and a warning where numbers look like another unit."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._checks import real_array

__all__ = ["STANDARD_GRAVITY", "UnitsWarning", "acc_from_g", "gyro_from_dps", "warn_units"]

STANDARD_GRAVITY = 9.80665
"""Standard gravity in m/s², exact by definition."""

# Half to double what a resting sensor reads. A linear acceleration without gravity can fall
# into the first interval too, which is just as wrong.
_ACC_UNITS = (
    (0.5, 2.0, "g", STANDARD_GRAVITY),
    (500.0, 2000.0, "mg", STANDARD_GRAVITY / 1000),
    (5000.0, 20000.0, "mm/s²", 1e-3),
)
# Sensors end at 2000 deg/s = 35 rad/s per axis; the wildest waving seen has the median 20 and the
# 99th percentile 42 rad/s.
_GYRO_MEDIAN, _GYRO_TOP = 25.0, 60.0


class UnitsWarning(UserWarning):
    """Sensor values look like another unit than m/s² or rad/s."""


def acc_from_g(values: ArrayLike) -> NDArray[np.float64]:
    """Convert accelerations from g to m/s².

    Parameters
    ----------
    values : array-like
        Accelerations in units of standard gravity.

    Returns
    -------
    ndarray
        The same in m/s², float64.

    Examples
    --------
    >>> float(acc_from_g(1.0))
    9.80665
    """
    return np.asarray(values, dtype=np.float64) * STANDARD_GRAVITY


def gyro_from_dps(values: ArrayLike) -> NDArray[np.float64]:
    """Convert angular rates from degrees per second to rad/s.

    Parameters
    ----------
    values : array-like
        Angular rates in deg/s.

    Returns
    -------
    ndarray
        The same in rad/s, float64.

    Examples
    --------
    >>> round(float(gyro_from_dps(180.0)), 4)
    3.1416
    """
    return np.deg2rad(np.asarray(values, dtype=np.float64))


def warn_units(
    acc: ArrayLike | None = None,
    gyro: ArrayLike | None = None,
    *,
    axis: int = -1,
    stacklevel: int = 2,
) -> None:
    """Warn if accelerations or angular rates look like another unit, and name the factor.

    Parameters
    ----------
    acc : array-like, optional
        Accelerations, taken to be in m/s² with gravity, x y z along `axis`.
    gyro : array-like, optional
        Angular rates, taken to be in rad/s.
    axis : int, default=-1
        The axis of length 3. For windows of shape (n, 3, T) it is 1.
    stacklevel : int, default=2
        As in :func:`warnings.warn`.

    Warns
    -----
    UnitsWarning
        If the median of the norm of `acc` looks like g, mg or mm/s², or `gyro` like deg/s.

    Examples
    --------
    >>> import numpy as np
    >>> warn_units(np.tile([0.0, 0.0, 9.8], (100, 1)))
    """
    if acc is not None:
        norm = _median_norm(acc, axis)
        for low, high, unit, factor in _ACC_UNITS:
            if low <= norm <= high:
                warnings.warn(
                    f"The median length of the acceleration is {norm:.3g}; with gravity it should "
                    f"be about 9.8 m/s². These look like {unit}: multiply by {factor:.6g}.",
                    UnitsWarning,
                    stacklevel=stacklevel + 1,
                )
    if gyro is not None:
        norms = _norms(gyro, axis)
        if norms.size and (np.median(norms) > _GYRO_MEDIAN or np.percentile(norms, 99) > _GYRO_TOP):
            warnings.warn(
                f"The angular rate has the median {np.median(norms):.3g} and the 99th percentile "
                f"{np.percentile(norms, 99):.3g}, more than a limb turns in rad/s. These look like "
                f"deg/s: multiply by pi/180 = {np.pi / 180:.6g}.",
                UnitsWarning,
                stacklevel=stacklevel + 1,
            )


def _median_norm(values: ArrayLike, axis: int) -> float:
    norms = _norms(values, axis)
    return float(np.median(norms)) if norms.size else np.nan


def _norms(values: ArrayLike, axis: int) -> NDArray[np.float64]:
    array = real_array(values, "values", "triads x y z")
    if not -array.ndim <= axis < array.ndim or array.shape[axis] != 3:
        raise ValueError(
            f"The axis of x, y and z must have length 3, got shape {array.shape} with axis={axis}."
        )
    norms = np.linalg.norm(array, axis=axis)
    return norms[np.isfinite(norms)]
