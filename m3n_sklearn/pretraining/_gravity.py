"""Where gravity points in windows of readings of a turning sensor."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._inputs import GYRO_SCALE

__all__ = ["gravity_direction", "gravity_track"]

AnyArray = NDArray[Any]


def gravity_direction(acc: AnyArray) -> AnyArray:
    """Return the unit vector (..., 3) of the mean of readings (..., 3, T); z where that is 0."""
    mean = acc.mean(axis=-1)
    length = np.linalg.norm(mean, axis=-1, keepdims=True)
    return np.where(length > 1e-6, mean / np.maximum(length, 1e-6), [0.0, 0.0, 1.0])


def gravity_track(x: AnyArray, present: NDArray[np.bool_], rate: float | None) -> AnyArray:
    """Separate gravity from the accelerations of motions.

    In a frame that does not turn, gravity is constant and the mean of all other accelerations is
    the change of the velocity over the length of the window, which is small. The gyro says how
    the sensor's frame turns.

    Parameters
    ----------
    x : ndarray of shape (n, S, 6, T)
        Network input.
    present : ndarray of bool of shape (n, S, 2)
        Which sensors each row and site has.
    rate : float or None
        Samples per second. Where it, or the gyro, is missing, sensors are taken not to turn.

    Returns
    -------
    ndarray of shape (n, S, 3, T)
        Gravity in the sensor's frame, in the units of x.
    """
    acc = np.moveaxis(x[:, :, :3], 2, 0)
    if rate is None or not present[..., 1].any():
        return np.broadcast_to(acc.mean(axis=-1, keepdims=True), acc.shape).transpose(1, 2, 0, 3)
    turn = np.moveaxis(x[:, :, 3:], 2, 0) * np.asarray(GYRO_SCALE / rate, x.dtype)
    turn = np.where(present[..., 1, None], turn, 0)
    scalar, vector = _accumulated(turn)
    mean = _rotated(scalar, vector, acc).mean(axis=-1, keepdims=True)
    return np.moveaxis(_rotated(scalar, -vector, np.broadcast_to(mean, acc.shape)), 0, 2)


def _accumulated(turn: AnyArray) -> tuple[AnyArray, AnyArray]:
    """Quaternions from each frame to the first, of turns (3, ..., T) in rad per step."""
    step = np.zeros_like(turn)
    step[..., 1:] = 0.5 * (turn[..., 1:] + turn[..., :-1])
    half = 0.5 * np.sqrt((step * step).sum(axis=0))
    scalar, vector = np.cos(half), 0.5 * step * np.sinc(half / np.pi).astype(turn.dtype)
    reach = 1
    while reach < turn.shape[-1]:  # products of 2, 4, 8, ... neighbours
        product = _product(
            (scalar[..., :-reach], vector[..., :-reach]), (scalar[..., reach:], vector[..., reach:])
        )
        scalar = np.concatenate([scalar[..., :reach], product[0]], axis=-1)
        vector = np.concatenate([vector[..., :reach], product[1]], axis=-1)
        reach *= 2
    return scalar, vector


def _product(
    a: tuple[AnyArray, AnyArray], b: tuple[AnyArray, AnyArray]
) -> tuple[AnyArray, AnyArray]:
    (s, u), (t, v) = a, b
    return s * t - (u * v).sum(axis=0), s * v + t * u + _cross(u, v)


def _rotated(scalar: AnyArray, vector: AnyArray, x: AnyArray) -> AnyArray:
    across = 2 * _cross(vector, x)
    return x + scalar * across + _cross(vector, across)


def _cross(u: AnyArray, v: AnyArray) -> AnyArray:
    return np.stack([u[i - 2] * v[i - 1] - u[i - 1] * v[i - 2] for i in range(3)])
