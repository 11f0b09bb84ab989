"""Rest joints of the default body, from anthropometric landmarks of ANSUR II."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ..motion.skeleton import MIRROR_JOINTS, SMPL_JOINTS

__all__ = ["landmark_joints"]

Array = NDArray[np.float64]

# Landmarks lie on the body, joint centers inside it. These ratios of a joint's distance to a
# landmark's were chosen so that arm span and limb lengths agree with the survey's span and with the
# lengths between joint centers of de Leva (1996).
_SHOULDER_HALF_BREADTH = 0.40  # relative to biacromial breadth
_SHOULDER_DROP = 0.02  # below the acromion of a raised arm, relative to stature
_UPPER_ARM = 0.85  # relative to acromion-radiale length
_KNUCKLES = 0.75  # relative to palm length
_HIP_HALF_BREADTH = 0.32  # relative to bicristal breadth
_COLLAR_HALF_BREADTH = 0.11  # relative to biacromial breadth


def landmark_joints(m: Mapping[str, float]) -> Array:
    """Return SMPL's 24 joints of a body of stature 1 in T-pose, standing on y = 0; symmetric."""
    # 1. Distances from the median plane and heights
    shoulder = _SHOULDER_HALF_BREADTH * m["biacromialbreadth"]
    arm_height = m["acromialheight"] - _SHOULDER_DROP
    elbow = shoulder + _UPPER_ARM * m["acromionradialelength"]
    wrist = elbow + m["radialestylionlength"]
    leg = _HIP_HALF_BREADTH * m["bicristalbreadth"]
    ankle = m["lateralmalleolusheight"]
    spine1 = (m["waistheightomphalion"] + m["tenthribheight"]) / 2
    # 2. Joints of the trunk and of the left side
    left = {
        "pelvis": (0.0, (m["trochanterionheight"] + m["iliocristaleheight"]) / 2, -0.005),
        "spine1": (0.0, spine1, -0.015),
        "spine2": (0.0, (m["tenthribheight"] + m["chestheight"]) / 2, -0.02),
        "spine3": (0.0, m["chestheight"], -0.02),
        "neck": (0.0, m["cervicaleheight"], -0.02),
        "head": (0.0, 1 - m["tragiontopofhead"] - 0.03, -0.005),
        "left_hip": (leg, m["trochanterionheight"], 0.0),
        "left_knee": (leg, m["lateralfemoralepicondyleheight"], 0.0),
        "left_ankle": (leg, ankle, -0.015),
        "left_foot": (leg, 0.3 * ankle, -0.015 + 0.55 * m["balloffootlength"]),
        "left_collar": (
            _COLLAR_HALF_BREADTH * m["biacromialbreadth"],
            m["suprasternaleheight"] - 0.01,
            -0.01,
        ),
        "left_shoulder": (shoulder, arm_height, -0.02),
        "left_elbow": (elbow, arm_height, -0.02),
        "left_wrist": (wrist, arm_height, -0.02),
        "left_hand": (wrist + _KNUCKLES * m["palmlength"], arm_height, -0.02),
    }
    # 3. The right side is the mirror image
    joints = np.zeros((len(SMPL_JOINTS), 3))
    for j, name in enumerate(SMPL_JOINTS):
        if name in left:
            joints[j] = left[name]
        else:
            joints[j] = np.array(left[SMPL_JOINTS[MIRROR_JOINTS[j]]]) * (-1, 1, 1)
    return joints
