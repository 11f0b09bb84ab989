"""Dimensions and joint centers of an average adult by sex, and the stature of a skeleton.

The only table of body proportions: the default body is built from it, and readers of skeletons use
its joints as the rest pose. Measures are fractions of stature: means of the 2012 anthropometric
survey of the U.S. Army (ANSUR II: 4082 men, 1986 women, a work of the U.S. government in the public
domain), divided by the mean stature of the same sex. Names are those of the survey.

References
----------
C. C. Gordon et al., "2012 Anthropometric Survey of U.S. Army Personnel: Methods and Summary
Statistics", Technical Report NATICK/TR-15/007, 2014.
P. de Leva, "Adjustments to Zatsiorsky-Seluyanov's segment inertia parameters", J. Biomechanics
29(9), 1996.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from types import MappingProxyType

import numpy as np

from .._typing import Array
from .._warn import warn
from ._smpl import SMPL_JOINTS

__all__ = [
    "LIMB_SEGMENTS",
    "MEAN_STATURE",
    "SEXES",
    "fitted_stature",
    "joint_centers",
    "measures",
    "reference_joints",
    "segment_lengths",
    "stature_from_lengths",
    "warn_if_not_grown",
]

Point = tuple[float, float, float]

SEXES = ("neutral", "male", "female")

_MEAN_STATURE_MM = {"male": 1756.2, "female": 1628.5}

# mean over the survey in mm: (male, female)
_MEANS_MM = {
    "acromialheight": (1440.7, 1335.1),
    "acromionradialelength": (335.2, 311.2),
    "anklecircumference": (229.3, 215.7),
    "balloffootlength": (200.9, 182.1),
    "biacromialbreadth": (415.7, 365.3),
    "bicepscircumferenceflexed": (358.1, 305.6),
    "bicristalbreadth": (275.4, 273.3),
    "buttockdepth": (245.8, 232.9),
    "buttockheight": (887.9, 833.7),
    "calfcircumference": (392.3, 373.3),
    "cervicaleheight": (1517.3, 1395.7),
    "chestbreadth": (289.4, 269.3),
    "chestdepth": (253.8, 247.4),
    "chestheight": (1291.1, 1171.6),
    "crotchheight": (845.9, 782.3),
    "footbreadthhorizontal": (101.9, 92.7),
    "footlength": (271.2, 246.3),
    "forearmcircumferenceflexed": (310.1, 264.1),
    "handbreadth": (88.3, 78.2),
    "handcircumference": (212.3, 186.6),
    "handlength": (193.3, 181.1),
    "headbreadth": (154.3, 147.8),
    "headlength": (199.5, 189.8),
    "hipbreadth": (345.7, 353.8),
    "iliocristaleheight": (1061.6, 995.7),
    "lateralfemoralepicondyleheight": (491.7, 465.9),
    "lateralmalleolusheight": (72.9, 62.7),
    "lowerthighcircumference": (409.3, 400.7),
    "neckcircumference": (397.6, 329.8),
    "neckcircumferencebase": (434.6, 371.2),
    "palmlength": (116.5, 108.7),
    "radialestylionlength": (267.9, 241.3),
    "suprasternaleheight": (1438.6, 1329.7),
    "tenthribheight": (1120.7, 1056.3),
    "thighcircumference": (625.1, 616.1),
    "tragiontopofhead": (131.1, 126.5),
    "trochanterionheight": (900.9, 845.4),
    "waistbreadth": (326.4, 299.9),
    "waistdepth": (237.8, 213.0),
    "waistheightomphalion": (1056.5, 980.1),
    "wristcircumference": (175.9, 154.8),
}

MEAN_STATURE: Mapping[str, float] = MappingProxyType(
    {
        "male": _MEAN_STATURE_MM["male"] / 1000,
        "female": _MEAN_STATURE_MM["female"] / 1000,
        "neutral": sum(_MEAN_STATURE_MM.values()) / 2000,
    }
)
"""Mean stature in m."""

# Joint centers lie inside the body, landmarks on it. Shares chosen so that arm span and limb
# lengths agree with the survey's span and with the joint-center lengths of de Leva (1996).
_SHOULDER_HALF_BREADTH = 0.40  # by biacromial breadth
_SHOULDER_DROP = 0.02  # below the acromion of a raised arm, by stature
_UPPER_ARM = 0.85  # by acromion-radiale length
_KNUCKLES = 0.75  # by palm length
_HIP_HALF_BREADTH = 0.32  # by bicristal breadth
_COLLAR_HALF_BREADTH = 0.11  # by biacromial breadth

GROWN = 1.4
"""Stature in m below which a warning says that the person is a child."""
GIANT = 2.2
"""Stature in m above which a warning says that the person is a giant."""

LIMB_SEGMENTS: dict[str, tuple[str, str]] = {
    "upper arm": ("shoulder", "elbow"),
    "forearm": ("elbow", "wrist"),
    "thigh": ("hip", "knee"),
    "shin": ("knee", "ankle"),
}
"""The four segments of the limbs, each from one joint (of either side) to the next."""


def measures(sex: str) -> dict[str, float]:
    """Dimensions as fractions of stature; neutral is the mean of both sexes' fractions."""
    male = {key: mm[0] / _MEAN_STATURE_MM["male"] for key, mm in _MEANS_MM.items()}
    female = {key: mm[1] / _MEAN_STATURE_MM["female"] for key, mm in _MEANS_MM.items()}
    if sex == "neutral":
        return {key: (male[key] + female[key]) / 2 for key in _MEANS_MM}
    return male if sex == "male" else female


def joint_centers(m: Mapping[str, float]) -> dict[str, Point]:
    """Place SMPL's 24 joints, by name, in the T-pose of a body of stature 1 that stands on y = 0.

    The axes are x left, y up, z front; left and right are exact mirror images. `m` holds the
    dimensions, see `measures`.
    """
    shoulder = _SHOULDER_HALF_BREADTH * m["biacromialbreadth"]
    arm_height = m["acromialheight"] - _SHOULDER_DROP
    elbow = shoulder + _UPPER_ARM * m["acromionradialelength"]
    wrist = elbow + m["radialestylionlength"]
    leg = _HIP_HALF_BREADTH * m["bicristalbreadth"]
    ankle = m["lateralmalleolusheight"]
    spine1 = (m["waistheightomphalion"] + m["tenthribheight"]) / 2
    center_and_left: dict[str, Point] = {
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
    right = {
        name.replace("left_", "right_"): (-x, y, z)
        for name, (x, y, z) in center_and_left.items()
        if name.startswith("left_")
    }
    return center_and_left | right


def reference_joints(stature: float = 1.0) -> Array:
    """Joint centers of an average adult in SMPL's rest frame (x left, y up, z front).

    The pelvis is at the origin, and the unit is that of `stature`. The proportions are those of the
    neutral :func:`m3n_sklearn.body.default_body`.

    Examples
    --------
    >>> reference_joints(1.70)[4].round(3)  # the left knee
    array([ 0.088, -0.474,  0.008])
    """
    return stature * _unit_joints()


@cache
def _unit_joints() -> Array:
    """Joint centers of the neutral adult of stature 1, relative to the pelvis."""
    centers = joint_centers(measures("neutral"))
    joints = np.array([centers[name] for name in SMPL_JOINTS])
    # rounded, so that the last bits of the means do not reach retargeted motions
    return (joints - joints[0]).round(6)


# ---- the stature of a skeleton


def segment_lengths(joints: Mapping[str, Array]) -> dict[str, float]:
    """Median lengths of the limbs' segments over frames and sides, from positions by joint name.

    Examples
    --------
    >>> lengths = segment_lengths(dict(zip(SMPL_JOINTS, reference_joints(1.7))))
    >>> round(lengths["thigh"], 3)
    0.396
    """
    return {
        segment: float(
            np.median(
                [
                    np.linalg.norm(joints[f"{side}_{end}"] - joints[f"{side}_{start}"], axis=-1)
                    for side in ("left", "right")
                ]
            )
        )
        for segment, (start, end) in LIMB_SEGMENTS.items()
    }


def fitted_stature(lengths: Mapping[str, float]) -> float:
    """Height of an average adult with such limbs, in the unit of the lengths.

    It is the median over the segments of length / (length in a body of unit stature), so that one
    badly tracked segment does not matter.

    Examples
    --------
    >>> round(fitted_stature({"thigh": 40.0, "upper arm": 28.0}))
    172
    """
    unit = segment_lengths(dict(zip(SMPL_JOINTS, reference_joints(), strict=True)))
    return float(np.median([length / unit[segment] for segment, length in lengths.items()]))


def stature_from_lengths(
    lengths: Mapping[str, float], *, what: str = "skeleton", cure: str = ""
) -> float:
    """Estimate body height in m from the lengths of the limbs' segments, and check their unit.

    `what` names the source in the error message, and `cure` ends it.

    Examples
    --------
    >>> round(stature_from_lengths({"thigh": 0.40, "upper arm": 0.28}), 2)
    1.72
    """
    stature = fitted_stature(lengths)
    if 0.5 <= stature <= 2.5:
        return stature
    listed = ", ".join(f"{name} {length:.4g}" for name, length in lengths.items())
    for unit_name, factor in (("millimeters", 1e-3), ("centimeters", 1e-2), ("inches", 0.0254)):
        if 1.2 <= stature * factor <= 2.2:
            raise ValueError(
                f"The bones of the {what} ({listed}) belong to a person {stature:.4g} m tall, so "
                f"they seem to be in {unit_name}. Multiply the positions by {factor:g} to get "
                f"meters.{cure}"
            )
    raise ValueError(
        f"The bones of the {what} ({listed}) belong to a person {stature:.4g} m tall. Positions "
        f"and offsets must be in meters, of a human body. Check also the order of the joints.{cure}"
    )


def warn_if_not_grown(statures: Sequence[float], cure: str) -> None:
    """Warn once if people are as small, or as tall, as positions without a unit make them."""
    small, tall = min(statures), max(statures)
    if small >= GROWN and tall <= GIANT:
        return
    stature, who = (small, "a child") if small < GROWN else (tall, "a giant")
    warn(
        f"The limbs belong to a person {stature:.3g} m tall: either {who}, or lengths that are not "
        "in meters, such as those of poses lifted from images. Every acceleration is proportional "
        f"to them. {cure}"
    )
