"""Rest joints of the default body, from anthropometric landmarks."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ..motion.skeleton import MIRROR_JOINTS, SMPL_JOINTS

__all__ = ["landmark_joints"]

Array = NDArray[np.float64]

# Joint centres lie inside the body, landmarks on it. Shares chosen so that arm span and limb
# lengths agree with the survey's span and with the joint-centre lengths of de Leva (1996).
_SHOULDER_HALF_BREADTH = 0.40  # by biacromial breadth
_SHOULDER_DROP = 0.02  # below the acromion of a raised arm, by stature
_UPPER_ARM = 0.85  # by acromion-radiale length
_KNUCKLES = 0.75  # by palm length
_HIP_HALF_BREADTH = 0.32  # by bicristal breadth
_COLLAR_HALF_BREADTH = 0.11  # by biacromial breadth


def landmark_joints(m: Mapping[str, float]) -> Array:
    """Place SMPL's 24 joints for a body of stature 1 that stands on y = 0."""
    shoulder = _SHOULDER_HALF_BREADTH * m["biacromialbreadth"]
    arm_height = m["acromialheight"] - _SHOULDER_DROP
    elbow = shoulder + _UPPER_ARM * m["acromionradialelength"]
    wrist = elbow + m["radialestylionlength"]
    leg = _HIP_HALF_BREADTH * m["bicristalbreadth"]
    ankle = m["lateralmalleolusheight"]
    spine1 = (m["waistheightomphalion"] + m["tenthribheight"]) / 2
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
    joints = np.zeros((len(SMPL_JOINTS), 3))
    for j, name in enumerate(SMPL_JOINTS):
        if name in left:
            joints[j] = left[name]
        else:
            joints[j] = np.array(left[SMPL_JOINTS[MIRROR_JOINTS[j]]]) * (-1, 1, 1)
    return joints
