"""The twist of limbs about their own axis: from the plane in which they bend, and at the wrist.

Joint positions determine the twist of a limb only while the elbow or knee is bent. Near a straight
limb it is interpolated over time. `turn_forearms` moves a twist from the wrist to the elbow, as
the two bones of a forearm do.

Weight of a plane
-----------------
With position errors of standard deviation s and bones of length L_1, L_2, the directions of the
bones have the variance ``e^2 = 2 s^2 / L_1^2 + 2 s^2 / L_2^2``. The twist seen from a bend of
angle b has the variance ``e^2 / sin^2 b``. Its inverse is multiplied by
``sin^2 b / (sin^2 b + 9 e^2)``, so that a bend below three standard errors hardly counts:

    w = sin^4 b / ((sin^2 b + 9 e^2) e^2)

Twist over time
---------------
The bone's direction is carried along without twist (Bishop frame). Relative to that frame the
twist is an angle a_k in frame k, written as ``z_k = (cos a_k, sin a_k)``. With the measured z_ki
of source i, its weight w_ki, and a random walk of variance q per second, the posterior mode is

    minimize  sum_k sum_i w_ki |x_k - z_ki|^2 + sum_k |x_k+1 - x_k|^2 / (q dt_k)

whose normal equations are tridiagonal. A weak term for the smallest swing from the rest pose
decides where the limb is never bent. The twist quaternion is ``(cos a/2, sin a/2 u)`` about the
bone u.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import solveh_banded

from .._typing import Array
from ..skeleton import (
    SMPL_JOINTS,
    normalize,
    quat_conjugate,
    quat_from_rotvec,
    quat_multiply,
    quat_rotate,
    reference_joints,
    rotvec_from_quat,
    swing_between,
    transport_along,
    twist_about,
)

__all__ = ["limb_rotation", "plane_weight", "short_bone_swing", "turn_forearms"]

SHORT_BONE_WEIGHT = 1.0
"""Weight of the rest direction of a bone about as short as its joints' error, in rad^-2."""

REST_WEIGHT = 0.1
"""Weight of the twist of the rest pose, in rad^-2."""


def plane_weight(first: Array, second: Array, noise: float) -> Array:
    """Return the inverse variance (F,), in rad^-2, of the twist seen from bones (F, 3) in m."""
    squares = np.stack([np.sum(bone**2, axis=-1) for bone in (first, second)])
    variance = np.sum(2 * noise**2 / np.maximum(squares, 1e-12), axis=0)
    sine2 = np.sum(np.cross(normalize(first), normalize(second)) ** 2, axis=-1)
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
    """Return rotations (F, 4) that are exact along the bone, and smooth about it."""
    # rest (3,): the bone at rest; hinge (3,): axis of the bend at rest, perpendicular to it;
    # direction (F, 3): the bone over time; hinges (S, F, 3), weights (S, F): axis of the bend as
    # seen by S sources; turning: variance in rad^2 that the twist gains in a second.

    # 1. A frame that follows the bone without twist
    side = np.cross(rest, hinge)
    carried = transport_along(direction, swing_between(rest, direction[0]))

    # 2. The measured twists in that frame, as (cos a, sin a)
    local = quat_rotate(quat_conjugate(carried), hinges)
    turns = normalize(np.stack([local @ hinge, local @ side], axis=-1))
    # 3. The twist of the smallest swing from rest: half angle squared. Its weight falls to zero
    #    opposite to the rest direction, where that swing is undefined.
    swing = quat_multiply(quat_conjugate(carried), swing_between(rest, direction))
    half = np.stack([swing[:, 0], swing[:, 1:] @ rest], axis=-1)
    rest_turn = np.stack([half[:, 0] ** 2 - half[:, 1] ** 2, 2 * half[:, 0] * half[:, 1]], axis=-1)
    rest_weight = REST_WEIGHT * (0.5 + 0.5 * direction @ rest) ** 2 + 1e-9

    # 4. Smooth over time, then turn the frame by the twist
    weighted = np.einsum("sf,sfc->fc", weights, turns) + rest_weight[:, None] * rest_turn
    turn = _smooth_walk(weighted, weights.sum(axis=0) + rest_weight, turning * np.diff(times))
    angle = np.arctan2(turn[:, 1], turn[:, 0]) / 2
    twist = np.concatenate([np.cos(angle)[:, None], np.sin(angle)[:, None] * rest], axis=-1)
    return quat_multiply(carried, twist)


def short_bone_swing(
    rest: Array, measured: Array, *, noise: float, times: Array, turning: float, limit: float
) -> Array:
    """Return swings (F, 4) of a bone (F, 3) of uncertain direction: smooth, within a cone."""
    # `turning`: variance in rad^2 that each component gains in a second; `limit`: cone in rad
    weight = np.sum(measured**2, axis=-1) / (2 * noise**2)
    weighted = weight[:, None] * normalize(measured) + SHORT_BONE_WEIGHT * normalize(rest)
    smooth = _smooth_walk(weighted, weight + SHORT_BONE_WEIGHT, turning * np.diff(times))
    swing = rotvec_from_quat(swing_between(normalize(rest), normalize(smooth)))
    angle = np.linalg.norm(swing, axis=-1, keepdims=True)
    return quat_from_rotvec(swing * np.minimum(1.0, limit / np.maximum(angle, 1e-12)))


def _smooth_walk(weighted: Array, weight: Array, gains: Array) -> Array:
    """Smooth a random walk: minimize sum w |x - weighted / w|^2 + sum |dx|^2 / gain."""
    if len(weighted) == 1:
        return weighted
    # diag(w) + D' diag(1 / gain) D, upper diagonal form
    banded = np.zeros((2, len(weighted)))
    banded[0, 1:] = -1 / gains
    banded[1] = weight
    banded[1, 1:] += 1 / gains
    banded[1, :-1] += 1 / gains
    return np.asarray(solveh_banded(banded, weighted))


# ---- the forearm


def turn_forearms(poses: Array, rest_joints: ArrayLike | None = None) -> Array:
    """Move the hand's twist about the forearm to the elbow joint, in poses (F, J, 3)."""
    rest = reference_joints() if rest_joints is None else np.asarray(rest_joints, np.float64)
    result = poses.copy()
    for side in ("left", "right"):
        elbow, wrist = (SMPL_JOINTS.index(f"{side}_{joint}") for joint in ("elbow", "wrist"))
        hand = quat_from_rotvec(poses[:, wrist])
        twist = twist_about(hand, normalize(rest[wrist] - rest[elbow]))
        forearm = quat_multiply(quat_from_rotvec(poses[:, elbow]), twist)
        result[:, elbow] = rotvec_from_quat(forearm)
        result[:, wrist] = rotvec_from_quat(quat_multiply(quat_conjugate(twist), hand))
    return result
