"""Rotations that align vectors: swings, twists, and frames from two directions.

With unit vectors a, b and the quaternion q = (w, v):

- Swing from a to b, the smallest rotation that takes a to b: ``q ~ (1 + a.b, a x b)``.
- Twist of q about a unit axis u: ``t ~ (w, (v.u) u)``. Then ``q = s t`` with a swing s whose axis
  is perpendicular to u (swing-twist decomposition).
- TRIAD [1]_: a frame has its first axis along one vector and its second axis in the plane with
  another. The rotation between two such pairs of vectors is ``F_measured F_rest^-1``.
- Bishop frame [2]_: the swings between successive directions, accumulated, carry a rotation along
  a moving direction without any turn about it.

References
----------
.. [1] H. D. Black, "A passive system for determining the attitude of a satellite", AIAA Journal
   2(7), 1964.
.. [2] R. L. Bishop, "There is more than one way to frame a curve", American Mathematical Monthly
   82(3), 1975.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .rotations import quat_conjugate, quat_from_matrix, quat_multiply

__all__ = [
    "align_frames",
    "frame_from_axes",
    "normalize",
    "swing_between",
    "transport_along",
    "twist_about",
]

Array = NDArray[np.float64]


def normalize(vectors: ArrayLike) -> Array:
    """Scale vectors to unit length; vectors of no length stay zero."""
    v = np.asarray(vectors, dtype=np.float64)
    length = np.linalg.norm(v, axis=-1, keepdims=True)
    return v / np.where(length > 0, length, 1.0)


def swing_between(start: ArrayLike, end: ArrayLike) -> Array:
    """Return the smallest rotation that takes one unit vector (..., 3) to another."""
    a, b = np.broadcast_arrays(*(np.asarray(v, dtype=np.float64) for v in (start, end)))
    quat = np.concatenate([1 + np.sum(a * b, axis=-1, keepdims=True), np.cross(a, b)], axis=-1)
    # opposite directions: a half turn about the perpendicular of a and its smallest axis
    opposite = np.linalg.norm(quat, axis=-1, keepdims=True) < 1e-7
    smallest = np.eye(3)[np.argmin(np.abs(a), axis=-1)]
    half_turn = np.concatenate([np.zeros_like(a[..., :1]), np.cross(a, smallest)], axis=-1)
    return normalize(np.where(opposite, half_turn, quat))


def twist_about(quat: ArrayLike, axis: ArrayLike) -> Array:
    """Return the twist of a rotation about a unit axis; identity where it is undefined."""
    q, unit = np.asarray(quat, dtype=np.float64), np.asarray(axis, dtype=np.float64)
    along = np.sum(q[..., 1:] * unit, axis=-1, keepdims=True)
    twist = np.concatenate([q[..., :1], along * unit], axis=-1)
    undefined = np.linalg.norm(twist, axis=-1, keepdims=True) < 1e-9
    return normalize(np.where(undefined, [1.0, 0.0, 0.0, 0.0], twist))


def frame_from_axes(primary: ArrayLike, secondary: ArrayLike) -> Array:
    """Return frames whose first axis is `primary` and whose second is in the plane of both."""
    first = normalize(primary)
    third = normalize(np.cross(first, np.asarray(secondary, dtype=np.float64)))
    return quat_from_matrix(np.stack([first, np.cross(third, first), third], axis=-1))


def align_frames(rest: tuple[ArrayLike, ArrayLike], measured: tuple[ArrayLike, ArrayLike]) -> Array:
    """Return the TRIAD rotation: exact for the primary pair, nearest for the secondary one."""
    return quat_multiply(frame_from_axes(*measured), quat_conjugate(frame_from_axes(*rest)))


def transport_along(directions: Array, start: Array) -> Array:
    """Carry a rotation along unit vectors (F, 3) without twist: a Bishop frame (F, 4)."""
    steps = np.concatenate([start[None], swing_between(directions[:-1], directions[1:])])
    # running product by doubling: log2(F) passes
    reach = 1
    while reach < len(steps):
        steps[reach:] = normalize(quat_multiply(steps[reach:], steps[:-reach]))
        reach *= 2
    return steps
