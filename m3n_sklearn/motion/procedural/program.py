"""Movement programs: postures in time, joined with the least jerk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import make_interp_spline

from .posture import Posture

__all__ = ["Key", "minimum_jerk", "through", "to"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Key:
    """A posture to arrive at.

    Parameters
    ----------
    posture : ndarray of shape (n_channels,)
        Where to go.
    seconds : float
        How long the way there takes.
    hold : float or None, default=0.0
        Seconds to stay; None passes through without stopping.
    """

    posture: Posture
    seconds: float
    hold: float | None = 0.0


def to(posture: Posture, seconds: float, hold: float = 0.0) -> Key:
    """Move to a posture and stop there.

    Parameters
    ----------
    posture : ndarray of shape (n_channels,)
        Where to go.
    seconds : float
        How long the way there takes.
    hold : float, default=0
        Seconds to stay.

    Returns
    -------
    Key
        One step of a program.
    """
    return Key(posture, seconds, hold)


def through(posture: Posture, seconds: float) -> Key:
    """Pass through a posture without stopping.

    Parameters
    ----------
    posture : ndarray of shape (n_channels,)
        Where to pass.
    seconds : float
        How long the way there takes.

    Returns
    -------
    Key
        One step of a program.
    """
    return Key(posture, seconds, None)


def minimum_jerk(
    arrive: Sequence[float], values: Array, leave: Sequence[float | None], query: Array
) -> Array:
    """Evaluate the smoothest motion through given postures.

    Between two stops the integral of the squared third derivative is least among all curves
    that pass the postures at their times: a quintic spline, and the well-known
    10 u^3 - 15 u^4 + 6 u^5 where nothing lies between. It starts and ends at rest without
    acceleration, so pieces join with two continuous derivatives.

    Parameters
    ----------
    arrive : sequence of float, length K
        Increasing times in s. The first and the last posture are stops.
    values : ndarray of shape (K, n_channels)
        Postures.
    leave : sequence of (float or None), length K
        When the posture is left again, at `arrive` or later; None passes through.
    query : ndarray of shape (F,)
        Times in s; outside, the nearest end is held.

    Returns
    -------
    ndarray of shape (F, n_channels)
        The curves.

    References
    ----------
    .. [1] T. Flash and N. Hogan, "The coordination of arm movements: an experimentally
       confirmed mathematical model", Journal of Neuroscience 5 (1985) 1688-1703.
    """
    stops = [i for i, left in enumerate(leave) if left is not None or i in (0, len(values) - 1)]
    curves = np.tile(values[0], (len(query), 1))
    for first, last in pairwise(stops):
        start = leave[first] if leave[first] is not None else arrive[first]
        times = np.array([start, *arrive[first + 1 : last + 1]])
        inside = (query >= times[0]) & (query < times[-1])
        curves[inside] = _piece(times, values[first : last + 1], query[inside])
        curves[query >= times[-1]] = values[last]
    return curves


def _piece(times: Array, values: Array, query: Array) -> Array:
    if len(query) == 0:
        return np.empty((0, values.shape[1]))
    if len(times) == 2:
        u = ((query - times[0]) / (times[1] - times[0]))[:, None]
        return values[0] + (values[1] - values[0]) * u**3 * (10 - 15 * u + 6 * u**2)
    still = np.zeros(values.shape[1])
    ends = [(1, still), (2, still)]
    return np.asarray(make_interp_spline(times, values, k=5, bc_type=(ends, ends))(query))
