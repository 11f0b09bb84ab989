"""Which part of an accelerometer's readings is gravity, while the sensor turns."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._inputs import GYRO_SCALE

__all__ = ["gravity_track"]

AnyArray = NDArray[Any]


def gravity_track(x: AnyArray, present: NDArray[np.bool_], rate: float | None) -> AnyArray:
    """Estimate gravity in the sensor's frame, (n, S, 3, T), from network input (n, S, 6, T).

    In a frame that does not turn, gravity is constant. The mean of all other accelerations is the
    change of velocity over the length of the window, which is small. So gravity is the mean of the
    readings in the frame of the first sample, turned back into the frame of every sample.
    `present` (n, S, 2) says which sensors each row and site has. Without a rate or a gyro, the
    sensor is assumed not to turn.
    """
    acc = np.moveaxis(x[:, :, :3], 2, 0)
    if rate is None or not present[..., 1].any():
        return np.broadcast_to(acc.mean(axis=-1, keepdims=True), acc.shape).transpose(1, 2, 0, 3)
    # 1. rotation vectors from sample to sample; zero where there is no gyro
    turn = np.moveaxis(x[:, :, 3:], 2, 0) * np.asarray(GYRO_SCALE / rate, x.dtype)
    turn = np.where(present[..., 1, None], turn, 0)
    # 2. quaternions from every frame to that of the first sample
    scalar, vector = _accumulated(turn)
    # 3. the mean in the first frame, turned back
    mean = _rotated(scalar, vector, acc).mean(axis=-1, keepdims=True)
    return np.moveaxis(_rotated(scalar, -vector, np.broadcast_to(mean, acc.shape)), 0, 2)


def _accumulated(turn: AnyArray) -> tuple[AnyArray, AnyArray]:
    """Quaternions from each frame to the first, of rotation vectors (3, ..., T) in rad per step."""
    # the trapezoidal rule: the turn of a step is the mean of the rates at its ends
    step = np.zeros_like(turn)
    step[..., 1:] = 0.5 * (turn[..., 1:] + turn[..., :-1])
    half = 0.5 * np.sqrt((step * step).sum(axis=0))
    scalar, vector = np.cos(half), 0.5 * step * np.sinc(half / np.pi).astype(turn.dtype)
    # cumulative product in log2(T) passes: products of 2, 4, 8, ... neighbors
    reach = 1
    while reach < turn.shape[-1]:
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
    """Multiply quaternions (scalar, vector)."""
    (s, u), (t, v) = a, b
    return s * t - (u * v).sum(axis=0), s * v + t * u + _cross(u, v)


def _rotated(scalar: AnyArray, vector: AnyArray, x: AnyArray) -> AnyArray:
    """Rotate vectors by unit quaternions."""
    across = 2 * _cross(vector, x)
    return x + scalar * across + _cross(vector, across)


def _cross(u: AnyArray, v: AnyArray) -> AnyArray:
    """Cross product along the first axis."""
    return np.stack([u[i - 2] * v[i - 1] - u[i - 1] * v[i - 2] for i in range(3)])
