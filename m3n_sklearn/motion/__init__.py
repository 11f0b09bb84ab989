"""Motion: clips of body motion, their readers, inverse kinematics and retargeting."""

from __future__ import annotations

from ._motion import Motion
from .amass import read_amass
from .bvh import read_bvh
from .inverse_kinematics import motion_from_joints
from .joint_sets import JOINT_SETS
from .retarget import retarget
from .skeleton import MIRROR_JOINTS, SMPL_JOINTS, SMPL_PARENTS
from .skeletons import SKELETONS, SkeletonMap
from .video import read_4dhumans, read_gvhmr, read_mediapipe, read_wham

__all__ = [
    "JOINT_SETS",
    "MIRROR_JOINTS",
    "SKELETONS",
    "SMPL_JOINTS",
    "SMPL_PARENTS",
    "Motion",
    "SkeletonMap",
    "motion_from_joints",
    "read_4dhumans",
    "read_amass",
    "read_bvh",
    "read_gvhmr",
    "read_mediapipe",
    "read_wham",
    "retarget",
]
