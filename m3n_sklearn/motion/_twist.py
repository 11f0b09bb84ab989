"""How far a limb is turned about its own axis, from the plane in which it bends.

Positions show this turn only while elbow or knee are bent. The nearer the limb is to straight,
the less its plane counts; then the turn follows from the frames around, with as little turning
about the bone as possible.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solveh_banded

from .alignment import normalise, swing_between, transport_along
from .rotations import (
    quat_conjugate,
    quat_from_rotvec,
    quat_multiply,
    quat_rotate,
    rotvec_from_quat,
)

Array = NDArray[np.float64]

SHORT_BONE_PULL = 1.0
"""Weight in rad^-2 of the rest direction of a bone hardly longer than the error of its joints."""

REST_PULL = 0.1
"""Weight in rad^-2 of the turn of the rest pose: decides only where nothing else is known."""


def plane_weight(first: Array, second: Array, noise: float) -> Array:
    """Trust in the turn that the plane of two bones shows."""
    squares = np.stack([np.sum(bone**2, axis=-1) for bone in (first, second)])
    variance = np.sum(2 * noise**2 / np.maximum(squares, 1e-12), axis=0)
    sine2 = np.sum(np.cross(normalise(first), normalise(second)) ** 2, axis=-1)
    return sine2**2 / ((sine2 + 9 * variance) * variance)


def limb_rotation(
    rest: Array,
    hinge: Array,
    direction: Array,
    hinges: Array,
    weights: Array,
    times: Array,
    turning: float,
) -> Array:
    """Rotation of an upper arm or thigh: exact along the bone, steady about it."""
    side = np.cross(rest, hinge)
    carried = transport_along(direction, swing_between(rest, direction[0]))

    # every turn about the bone is a complex number of unit length, 1 = as carried along
    local = quat_rotate(quat_conjugate(carried), hinges)
    turns = normalise(np.stack([local @ hinge, local @ side], axis=-1))
    swing = quat_multiply(quat_conjugate(carried), swing_between(rest, direction))
    half = np.stack([swing[:, 0], swing[:, 1:] @ rest], axis=-1)
    rest_turn = np.stack([half[:, 0] ** 2 - half[:, 1] ** 2, 2 * half[:, 0] * half[:, 1]], axis=-1)
    # no swing is preferred to a direction opposite to rest
    pull = REST_PULL * (0.5 + 0.5 * direction @ rest) ** 2 + 1e-9

    wanted = np.einsum("sf,sfc->fc", weights, turns) + pull[:, None] * rest_turn
    turn = _steady(wanted, weights.sum(axis=0) + pull, turning * np.diff(times))
    angle = np.arctan2(turn[:, 1], turn[:, 0]) / 2
    twist = np.concatenate([np.cos(angle)[:, None], np.sin(angle)[:, None] * rest], axis=-1)
    return quat_multiply(carried, twist)


def short_bone_swing(
    rest: Array, measured: Array, *, noise: float, times: Array, turning: float, limit: float
) -> Array:
    """Swing of a bone whose direction is uncertain: steady over time and within a cone."""
    weight = np.sum(measured**2, axis=-1) / (2 * noise**2)
    wanted = weight[:, None] * normalise(measured) + SHORT_BONE_PULL * normalise(rest)
    steady = _steady(wanted, weight + SHORT_BONE_PULL, turning * np.diff(times))
    swing = rotvec_from_quat(swing_between(normalise(rest), normalise(steady)))
    angle = np.linalg.norm(swing, axis=-1, keepdims=True)
    return quat_from_rotvec(swing * np.minimum(1.0, limit / np.maximum(angle, 1e-12)))


def _steady(wanted: Array, weight: Array, gains: Array) -> Array:
    """Smooth a random walk: minimise sum w |x - wanted / w|^2 + sum |dx|^2 / gain."""
    if len(wanted) == 1:
        return wanted
    banded = np.zeros((2, len(wanted)))
    banded[0, 1:] = -1 / gains
    banded[1] = weight
    banded[1, 1:] += 1 / gains
    banded[1, :-1] += 1 / gains
    return np.asarray(solveh_banded(banded, wanted))
