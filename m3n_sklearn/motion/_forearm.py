"""One reading of the forearm's turn: pronation belongs to the forearm, not to the wrist."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .alignment import normalise, twist_about
from .proportions import reference_joints
from .rotations import quat_conjugate, quat_from_rotvec, quat_multiply, rotvec_from_quat
from .skeleton import SMPL_JOINTS

__all__ = ["turn_forearms"]

Array = NDArray[np.float64]


def turn_forearms(poses: Array, rest_joints: ArrayLike | None = None) -> Array:
    """Give the hand's turn about the forearm's axis to the forearm."""
    # A wrist bends in two directions and does not turn about the forearm; radius and ulna do, and
    # a watch turns with their lower ends. Formats disagree about which joint holds that turn.
    # Here it always is the elbow joint, whose bone is the forearm. Global rotations of the hand
    # stay what they are, and so does the direction of the forearm.
    rest = reference_joints() if rest_joints is None else np.asarray(rest_joints, np.float64)
    turned = poses.copy()
    for side in ("left", "right"):
        elbow, wrist = (SMPL_JOINTS.index(f"{side}_{joint}") for joint in ("elbow", "wrist"))
        hand = quat_from_rotvec(poses[:, wrist])
        twist = twist_about(hand, normalise(rest[wrist] - rest[elbow]))
        forearm = quat_multiply(quat_from_rotvec(poses[:, elbow]), twist)
        turned[:, elbow] = rotvec_from_quat(forearm)
        turned[:, wrist] = rotvec_from_quat(quat_multiply(quat_conjugate(twist), hand))
    return turned
