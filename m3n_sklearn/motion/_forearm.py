"""One convention for pronation: the twist of the hand belongs to the forearm, not to the wrist.

A wrist bends in two directions and does not turn about the forearm. Radius and ulna do, and a
watch turns with their lower ends. File formats disagree about the joint that holds this twist.
Here it is always the elbow joint, whose bone is the forearm.

With the hand's local rotation h, split into ``h = t s`` (twist t about the forearm's axis, swing
s), and the elbow's local rotation e, the same global rotation of the hand is ``e h = (e t) s``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .alignment import normalize, twist_about
from .proportions import reference_joints
from .rotations import quat_conjugate, quat_from_rotvec, quat_multiply, rotvec_from_quat
from .skeleton import SMPL_JOINTS

__all__ = ["turn_forearms"]

Array = NDArray[np.float64]


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
