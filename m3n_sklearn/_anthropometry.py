"""Dimensions and joint centers of an average adult, by sex, as fractions of stature.

The only table of body proportions: the default body is built from it, and readers of skeletons
use its joints as the rest pose. All measures are means of the 2012 anthropometric survey of the
U.S. Army (ANSUR II: 4082 men, 1986 women, a work of the U.S. government in the public domain),
divided by the mean stature of the same sex. Names are those of the survey.

References
----------
C. C. Gordon et al., "2012 Anthropometric Survey of U.S. Army Personnel: Methods and Summary
Statistics", Technical Report NATICK/TR-15/007, 2014.
P. de Leva, "Adjustments to Zatsiorsky-Seluyanov's segment inertia parameters", J. Biomechanics
29(9), 1996.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["MEAN_STATURE", "SEXES", "joint_centers", "measures"]

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


def measures(sex: str) -> dict[str, float]:
    """Dimensions as fractions of stature; neutral is the mean of both sexes' fractions."""
    male = {key: mm[0] / _MEAN_STATURE_MM["male"] for key, mm in _MEANS_MM.items()}
    female = {key: mm[1] / _MEAN_STATURE_MM["female"] for key, mm in _MEANS_MM.items()}
    if sex == "neutral":
        return {key: (male[key] + female[key]) / 2 for key in _MEANS_MM}
    return male if sex == "male" else female


# Joint centers lie inside the body, landmarks on it. Shares chosen so that arm span and limb
# lengths agree with the survey's span and with the joint-center lengths of de Leva (1996).
_SHOULDER_HALF_BREADTH = 0.40  # by biacromial breadth
_SHOULDER_DROP = 0.02  # below the acromion of a raised arm, by stature
_UPPER_ARM = 0.85  # by acromion-radiale length
_KNUCKLES = 0.75  # by palm length
_HIP_HALF_BREADTH = 0.32  # by bicristal breadth
_COLLAR_HALF_BREADTH = 0.11  # by biacromial breadth


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
