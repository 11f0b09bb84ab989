"""SMPL's joints, maps from other skeletons to them, rotations, and human proportions.

`motion` is the public home of what users need of it.
"""

from __future__ import annotations

from ._anthropometry import LIMB_SEGMENTS as LIMB_SEGMENTS
from ._anthropometry import MEAN_STATURE as MEAN_STATURE
from ._anthropometry import SEXES as SEXES
from ._anthropometry import fitted_stature as fitted_stature
from ._anthropometry import joint_centers as joint_centers
from ._anthropometry import measures as measures
from ._anthropometry import reference_joints as reference_joints
from ._anthropometry import segment_lengths as segment_lengths
from ._anthropometry import stature_from_lengths as stature_from_lengths
from ._anthropometry import warn_if_not_grown as warn_if_not_grown
from ._joint_sets import JOINT_SETS as JOINT_SETS
from ._joint_sets import REQUIRED as REQUIRED
from ._joint_sets import columns_by_name as columns_by_name
from ._joint_sets import joint_columns as joint_columns
from ._joint_sets import sets_of as sets_of
from ._joint_sets import usual_up as usual_up
from ._rotations import align_frames as align_frames
from ._rotations import frame_from_axes as frame_from_axes
from ._rotations import hemisphere_align as hemisphere_align
from ._rotations import local_rotvecs as local_rotvecs
from ._rotations import matrix_from_quat as matrix_from_quat
from ._rotations import matrix_from_rotvec as matrix_from_rotvec
from ._rotations import matrix_from_sixd as matrix_from_sixd
from ._rotations import normalize as normalize
from ._rotations import quat_conjugate as quat_conjugate
from ._rotations import quat_from_matrix as quat_from_matrix
from ._rotations import quat_from_rotvec as quat_from_rotvec
from ._rotations import quat_multiply as quat_multiply
from ._rotations import quat_rotate as quat_rotate
from ._rotations import random_rotations as random_rotations
from ._rotations import rotvec_from_matrix as rotvec_from_matrix
from ._rotations import rotvec_from_quat as rotvec_from_quat
from ._rotations import sixd_from_matrix as sixd_from_matrix
from ._rotations import slerp_resample as slerp_resample
from ._rotations import swing_between as swing_between
from ._rotations import to_z_up as to_z_up
from ._rotations import transport_along as transport_along
from ._rotations import twist_about as twist_about
from ._skeletons import END_SITE as END_SITE
from ._skeletons import SKELETONS as SKELETONS
from ._skeletons import SkeletonMap as SkeletonMap
from ._skeletons import find_skeleton as find_skeleton
from ._smpl import CHILD as CHILD
from ._smpl import MIRROR_JOINTS as MIRROR_JOINTS
from ._smpl import SMPL_JOINTS as SMPL_JOINTS
from ._smpl import SMPL_PARENTS as SMPL_PARENTS
from ._smpl import Z_UP_FROM_Y_UP as Z_UP_FROM_Y_UP

__all__: list[str] = []
