"""Body motion: the clip, its skeleton, and the ways it comes in."""

from __future__ import annotations

from ._motion import Motion
from .inverse_kinematics import motion_from_joints
from .joint_sets import JOINT_SETS
from .skeleton import MIRROR_JOINTS, SMPL_JOINTS, SMPL_PARENTS

__all__ = [
    "JOINT_SETS",
    "MIRROR_JOINTS",
    "SMPL_JOINTS",
    "SMPL_PARENTS",
    "Motion",
    "motion_from_joints",
]
