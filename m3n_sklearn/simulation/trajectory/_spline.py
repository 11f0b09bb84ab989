"""Interpolation of samples by a curve whose second derivative can be trusted."""

from __future__ import annotations

from math import factorial

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import BSpline, make_interp_spline

__all__ = ["MEMORY", "interpolate"]

Array = NDArray[np.float64]

DEGREE = 9
"""Of the spline. From 30 Hz its acceleration of exercise is about 1.4 times as exact as that of
degree 7; higher degrees gain little and lose digits at high rates."""

END_DEGREE = 5
"""At both ends all derivatives are those of the polynomial of this degree through the nearest
samples. Ends that are left to the spline (not-a-knot) amplify noise six times as much at degree 7,
and more above."""

MEMORY = 64
"""Samples. What lies further away does not change the curve: each sample between leaves 61 % of
the influence."""


def interpolate(since: Array, channels: Array) -> BSpline:
    """Lay a spline through samples.

    Parameters
    ----------
    since : ndarray of shape (F,)
        Increasing times in s; at least two.
    channels : ndarray of shape (F, N)
        Values at these times.

    Returns
    -------
    BSpline
        Of degree 9 through all samples. Fewer than six are joined by one polynomial.
    """
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
