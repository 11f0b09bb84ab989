"""What a sensor makes of the continuous motion between two samples."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..motion.rotations import rotvec_from_matrix

__all__ = ["READOUTS", "Readout", "sample_begins"]

Array = NDArray[np.float64]

READOUTS = ("point", "mean")

_X, _WEIGHTS = np.polynomial.legendre.leggauss(4)
NODES, SHARES = (_X + 1) / 2, _WEIGHTS / 2
"""Gauss-Legendre rule of 4 nodes on (0, 1): exact for polynomials up to degree 7."""

SHORTEST = 1e-3
"""Share of the sampling interval. Of what lies in the track by less, the point value is taken."""


class Readout(NamedTuple):
    """When to look at the motion, and what to make of it.

    Attributes
    ----------
    times : ndarray of shape (N,)
        Times in s at which force, orientation and rate are needed.
    widths : ndarray of shape (T,) or None
        Averaged intervals in s; None for point samples.
    averaged : ndarray of bool, shape (T,)
        Samples whose interval lies in the track, at least in part.
    """

    times: Array
    widths: Array | None
    averaged: NDArray[np.bool_]

    @classmethod
    def of(cls, kind: str, begins: Array, wanted: Array, start: float, stop: float) -> Readout:
        """Plan the reading of some samples.

        Parameters
        ----------
        kind : {"point", "mean"}
            Value at the sample, or mean over the interval that ends there.
        begins : ndarray of shape (T,)
            Where the intervals begin, in s: at the sample before.
        wanted : ndarray of shape (T,)
            Sampling times in s.
        start, stop : float
            Ends of the track in s. Intervals are cut to it; where nothing is left, as at the
            very first sample, the point value is taken.

        Returns
        -------
        Readout
            The plan.
        """
        if kind not in READOUTS:
            raise ValueError(f'readout must be "point" or "mean", got {kind!r}.')
        if kind == "point" or len(wanted) == 0:
            return cls(wanted, None, np.zeros(len(wanted), dtype=bool))
        first, last = (np.clip(x, start, stop) for x in (begins, wanted))
        widths = last - first
        nodes = first[:, None] + widths[:, None] * NODES
        averaged = widths > SHORTEST * (wanted - begins)
        return cls(np.concatenate([first[:1], last, nodes.ravel()]), widths, averaged)

    def read(self, force: Array, rotation: Array, rate: Array) -> tuple[Array, Array]:
        """Turn the motion at `times` into readings.

        Parameters
        ----------
        force, rate : ndarray of shape (N, ..., 3)
            Specific force and angular rate in the sensor's frame.
        rotation : ndarray of shape (N, ..., 3, 3)
            Sensor to world.

        Returns
        -------
        force, rate : ndarray of shape (T, ..., 3)
            Readings. A mean rate is the rotation vector from one sample to the next over the
            time between, so that it integrates exactly.
        """
        if self.widths is None:
            return force, rate
        count = len(self.widths)
        inside = force[count + 1 :].reshape(count, len(NODES), *force.shape[1:])
        mean = np.tensordot(inside, SHARES, ((1,), (0,)))
        turns = rotation[: count + 1]
        turned = rotvec_from_matrix(turns[:-1].swapaxes(-1, -2) @ turns[1:])
        each = tuple(range(1, force.ndim))
        averaged, widths = (np.expand_dims(x, each) for x in (self.averaged, self.widths))
        ends = slice(1, count + 1)
        rates = np.where(averaged, turned / np.where(averaged, widths, 1.0), rate[ends])
        return np.where(averaged, mean, force[ends]), rates


def sample_begins(wanted: Array) -> Array:
    """Return where the interval before each sample begins; the first is as long as the second.

    Parameters
    ----------
    wanted : ndarray of shape (T,)
        Increasing sampling times in s.

    Returns
    -------
    ndarray of shape (T,)
        Times in s. A single sample has no interval.
    """
    if len(wanted) < 2:
        return wanted.copy()
    return np.concatenate([[2 * wanted[0] - wanted[1]], wanted[:-1]])
