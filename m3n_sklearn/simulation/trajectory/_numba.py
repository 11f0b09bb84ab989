"""Compiled loops of the trajectory; importing this module needs numba."""

from __future__ import annotations

import numpy as np
from numba import njit

from ..._typing import Array

__all__ = ["body_rates"]


def body_rates(quat: Array, first: Array, second: Array) -> tuple[Array, Array, Array]:
    """Turn a curve that is not normalised into unit quaternions and exact body rates.

    Parameters
    ----------
    quat, first, second : ndarray of shape (..., 4)
        Quaternions (w, x, y, z) of any length, and their first two derivatives.

    Returns
    -------
    unit : ndarray of shape (..., 4)
        Unit quaternions.
    rate, acceleration : ndarray of shape (..., 3)
        Angular velocity and acceleration in the rotating axes.
    """
    unit = np.empty(quat.shape)
    rate, acceleration = np.empty((2, *quat.shape[:-1], 3))
    rows = [np.ascontiguousarray(x).reshape(-1, 4) for x in (quat, first, second)]
    _body_rates(
        rows[0],
        rows[1],
        rows[2],
        unit.reshape(-1, 4),
        rate.reshape(-1, 3),
        acceleration.reshape(-1, 3),
    )
    return unit, rate, acceleration


@njit(cache=True, error_model="numpy")
def _body_rates(quat, first, second, unit, rate, acceleration):  # type: ignore[no-untyped-def]
    for i in range(len(quat)):
        a, x, y, z = quat[i]
        square = a * a + x * x + y * y + z * z
        scale = 2.0 / square
        b, u, v, w = first[i]
        growth = scale * (a * b + x * u + y * v + z * w)
        rx = scale * (a * u - b * x - y * w + z * v)
        ry = scale * (a * v - b * y - z * u + x * w)
        rz = scale * (a * w - b * z - x * v + y * u)
        b, u, v, w = second[i]
        acceleration[i, 0] = scale * (a * u - b * x - y * w + z * v) - growth * rx
        acceleration[i, 1] = scale * (a * v - b * y - z * u + x * w) - growth * ry
        acceleration[i, 2] = scale * (a * w - b * z - x * v + y * u) - growth * rz
        rate[i, 0], rate[i, 1], rate[i, 2] = rx, ry, rz
        length = np.sqrt(square)
        for k in range(4):
            unit[i, k] = quat[i, k] / length
