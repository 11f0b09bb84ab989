"""Interpolation of samples by a spline whose second derivative is accurate."""

from __future__ import annotations

from math import factorial

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import BSpline, make_interp_spline

__all__ = ["MEMORY", "interpolate"]

Array = NDArray[np.float64]

DEGREE = 9
"""Degree of the spline. From 30 Hz on, its acceleration of exercise is about 1.4 times as accurate
as that of degree 7. Higher degrees gain little and lose digits at high rates."""

END_DEGREE = 5
"""Degree of the polynomial through the nearest samples that gives all derivatives at an end. The
usual not-a-knot ends amplify noise six times as much at degree 7, and more above."""

MEMORY = 64
"""Samples after which the influence on the curve has vanished: it falls to 61 % per sample."""


def interpolate(since: Array, channels: Array) -> BSpline:
    """Lay a spline of degree 9 through samples (F, N); fewer than six get one polynomial."""
    frames = len(since)
    if frames <= END_DEGREE:
        return make_interp_spline(since, channels, k=frames - 1)
    count = END_DEGREE + 1
    ends = (
        _end_derivatives(since[:count], channels[:count]),
        _end_derivatives(since[: -count - 1 : -1], channels[: -count - 1 : -1]),
    )
    return make_interp_spline(since, channels, k=DEGREE, bc_type=ends)


def _end_derivatives(times: Array, values: Array) -> list[tuple[int, Array]]:
    """Return derivatives, at the first of some samples, of the polynomial through them."""
    scale = times[-1] - times[0]
    powers = np.vander((times - times[0]) / scale, increasing=True)
    coefficients = np.linalg.solve(powers, values)
    orders = range(1, (DEGREE + 1) // 2)
    return [(k, factorial(k) * coefficients[k] / scale**k) for k in orders]
