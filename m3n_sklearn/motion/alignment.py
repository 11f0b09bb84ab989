"""Rotations that line vectors up: swings, twists, and frames from two directions."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .rotations import quat_conjugate, quat_from_matrix, quat_multiply

__all__ = [
    "align_frames",
    "frame_from_axes",
    "normalise",
    "swing_between",
    "transport_along",
    "twist_about",
]

Array = NDArray[np.float64]


def normalise(vectors: ArrayLike) -> Array:
    """Scale vectors to unit length; vectors of no length stay zero."""
    v = np.asarray(vectors, dtype=np.float64)
    length = np.linalg.norm(v, axis=-1, keepdims=True)
    return v / np.where(length > 0, length, 1.0)


def swing_between(start: ArrayLike, end: ArrayLike) -> Array:
    """Smallest rotation that takes one direction to another."""
    a, b = np.broadcast_arrays(*(np.asarray(v, dtype=np.float64) for v in (start, end)))
    quat = np.concatenate([1 + np.sum(a * b, axis=-1, keepdims=True), np.cross(a, b)], axis=-1)
    opposite = np.linalg.norm(quat, axis=-1, keepdims=True) < 1e-7
    smallest = np.eye(3)[np.argmin(np.abs(a), axis=-1)]
    half_turn = np.concatenate([np.zeros_like(a[..., :1]), np.cross(a, smallest)], axis=-1)
    return normalise(np.where(opposite, half_turn, quat))


def twist_about(quat: ArrayLike, axis: ArrayLike) -> Array:
    """Part of a rotation that turns about an axis, so that only a swing is left of the rest."""
    q, unit = np.asarray(quat, dtype=np.float64), np.asarray(axis, dtype=np.float64)
    along = np.sum(q[..., 1:] * unit, axis=-1, keepdims=True)
    twist = np.concatenate([q[..., :1], along * unit], axis=-1)
    lost = np.linalg.norm(twist, axis=-1, keepdims=True) < 1e-9
    return normalise(np.where(lost, [1.0, 0.0, 0.0, 0.0], twist))


def frame_from_axes(primary: ArrayLike, secondary: ArrayLike) -> Array:
    """Right-handed frames: first axis along `primary`, second in the plane with `secondary`."""
    first = normalise(primary)
    third = normalise(np.cross(first, np.asarray(secondary, dtype=np.float64)))
    return quat_from_matrix(np.stack([first, np.cross(third, first), third], axis=-1))


def align_frames(rest: tuple[ArrayLike, ArrayLike], measured: tuple[ArrayLike, ArrayLike]) -> Array:
    """Rotation that takes two directions of a rest pose to two measured ones."""
    # The first pair is met exactly, the second as well as the angle between them allows (TRIAD).
    # Reference: H. D. Black, "A passive system for determining the attitude of a satellite", AIAA
    # Journal 2(7), 1964.
    return quat_multiply(frame_from_axes(*measured), quat_conjugate(frame_from_axes(*rest)))


def transport_along(directions: Array, start: Array) -> Array:
    """Carry a rotation along a moving direction without ever turning about it."""
    steps = np.concatenate([start[None], swing_between(directions[:-1], directions[1:])])
    reach = 1
    while reach < len(steps):  # running product by doubling: log2(F) passes
        steps[reach:] = normalise(quat_multiply(steps[reach:], steps[:-reach]))
        reach *= 2
    return steps
