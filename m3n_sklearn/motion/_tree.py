"""Conversion of global joint rotations to a pose of SMPL's tree."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from .rotations import quat_conjugate, quat_multiply, rotvec_from_quat
from .skeleton import SMPL_JOINTS, SMPL_PARENTS

Array = NDArray[np.float64]


def local_rotvecs(rotations: Mapping[str, Array]) -> Array:
    """Turn global quaternions (F, 4) by joint into local rotation vectors (F, 24, 3)."""
    # joints without a rotation follow their parent
    full = dict(rotations)
    for joint, parent in zip(SMPL_JOINTS[1:], SMPL_PARENTS[1:], strict=True):
        full.setdefault(joint, full[SMPL_JOINTS[parent]])
    quats = np.stack([full[joint] for joint in SMPL_JOINTS], axis=1)
    inward = quat_conjugate(quats[:, SMPL_PARENTS[1:]])
    return rotvec_from_quat(np.concatenate([quats[:, :1], quat_multiply(inward, quats[:, 1:])], 1))
