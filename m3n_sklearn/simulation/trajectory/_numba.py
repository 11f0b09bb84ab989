"""Angular velocities of a curve of quaternions, compiled; importing this module needs numba."""

from __future__ import annotations

import numpy as np
from numba import njit

from ..._typing import Array

__all__ = ["body_rates"]


def body_rates(quat: Array, first: Array, second: Array) -> tuple[Array, Array, Array]:
    """Return what `_trajectory._body_rates` returns, by a compiled loop."""
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
    """Fill the results, row by row; the equations are in `_trajectory`."""
    for i in range(len(quat)):
        # 1. Q and 2 / |q|^2
        a, x, y, z = quat[i]
        square = a * a + x * x + y * y + z * z
        scale = 2.0 / square
        # 2. W = 2 v(conj(q) q') / |q|^2
        b, u, v, w = first[i]
        growth = scale * (a * b + x * u + y * v + z * w)
        rx = scale * (a * u - b * x - y * w + z * v)
        ry = scale * (a * v - b * y - z * u + x * w)
        rz = scale * (a * w - b * z - x * v + y * u)
        # 3. w' = 2 v(conj(q) q'') / |q|^2 - 2 w (q . q') / |q|^2
        b, u, v, w = second[i]
        acceleration[i, 0] = scale * (a * u - b * x - y * w + z * v) - growth * rx
        acceleration[i, 1] = scale * (a * v - b * y - z * u + x * w) - growth * ry
        acceleration[i, 2] = scale * (a * w - b * z - x * v + y * u) - growth * rz
        rate[i, 0], rate[i, 1], rate[i, 2] = rx, ry, rz
        length = np.sqrt(square)
        for k in range(4):
            unit[i, k] = quat[i, k] / length
