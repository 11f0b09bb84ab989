"""Motion: clips of body motion, their readers, inverse kinematics and retargeting."""

from __future__ import annotations

from ..skeleton import JOINT_SETS, SKELETONS, SMPL_JOINTS, SkeletonMap
from ._asf_amc import read_amc
from ._bvh import read_bvh
from ._c3d import read_c3d
from ._from_joints import motion_from_joints
from ._joint_tables import read_joints
from ._mediapipe import read_mediapipe
from ._motion import Motion
from ._motion import as_sentences as as_sentences
from ._motion import check_id as check_id
from ._motion import check_name as check_name
from ._motion import neighbors as neighbors
from ._motion import warn_if_fast as warn_if_fast
from ._mvnx import read_mvnx
from ._read_motion import read_motion
from ._read_smpl import read_4dhumans, read_amass, read_gvhmr, read_smpl, read_wham
from ._retarget import retarget
from ._trc import read_trc

__all__ = [
    "JOINT_SETS",
    "SKELETONS",
    "SMPL_JOINTS",
    "Motion",
    "SkeletonMap",
    "motion_from_joints",
    "read_4dhumans",
    "read_amass",
    "read_amc",
    "read_bvh",
    "read_c3d",
    "read_gvhmr",
    "read_joints",
    "read_mediapipe",
    "read_motion",
    "read_mvnx",
    "read_smpl",
    "read_trc",
    "read_wham",
    "retarget",
]
