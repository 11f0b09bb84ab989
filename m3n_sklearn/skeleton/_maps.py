"""Maps from other skeletons to SMPL: joint names and T-pose axes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from .._typing import Array
from ._smpl import SMPL_JOINTS

__all__ = ["SKELETONS", "SkeletonMap", "find_skeleton"]


_AXES = {
    "left": (1, 0, 0),
    "right": (-1, 0, 0),
    "up": (0, 1, 0),
    "down": (0, -1, 0),
    "front": (0, 0, 1),
    "back": (0, 0, -1),
}
LIMBS = tuple(
    f"{side}_{joint}"
    for side in ("left", "right")
    for joint in ("hip", "knee", "shoulder", "elbow", "wrist")
)
FEET = ("left_ankle", "right_ankle")


# ---- skeletons with rotations


@dataclass(frozen=True)
class SkeletonMap:
    """Map from the joints of a source skeleton to SMPL's joints.

    Parameters
    ----------
    joints : mapping of str to str
        Source joint name by SMPL joint name. SMPL joints without an entry follow their parents.
    axes : mapping of str to str, optional
        Directions of the x, y and z axis of a source joint in a T-pose that faces the front, such
        as ``{"Hips": "up right front"}``. Needed for sources whose joint frames are not parallel
        to the world in a T-pose. Joints without an entry are parallel to the world (x left, y up,
        z front) in the source's rest pose. If `axes` is empty, the rest pose may have any
        orientation.
    aligned : sequence of str, optional
        SMPL joints whose bone points exactly where the source's bone points. The other joints
        keep only the rotation since the T-pose. This suits trunks and feet, where skeletons place
        their joints differently. By default the joints of arms and legs, without hands and feet.

    Raises
    ------
    ValueError
        If a joint is not one of SMPL's, or the pelvis or a limb joint is missing.

    See Also
    --------
    m3n_sklearn.motion.retarget : Uses the map to carry a motion over to SMPL's tree.
    SKELETONS : Maps of known skeletons.

    Examples
    --------
    >>> from m3n_sklearn.motion import SKELETONS
    >>> SKELETONS["bandai_namco"].frame("Hips").tolist()  # its x axis points up, y right
    [[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    """

    joints: Mapping[str, str]
    axes: Mapping[str, str] = field(default_factory=dict)
    aligned: tuple[str, ...] = LIMBS

    def __post_init__(self) -> None:
        """Check the names."""
        unknown = sorted({*self.joints, *self.aligned} - set(SMPL_JOINTS))
        if unknown:
            raise ValueError(
                f"Unknown SMPL joints in the skeleton map: {', '.join(unknown)}. SMPL's joints are "
                f"{', '.join(SMPL_JOINTS)}."
            )
        missing = sorted({"pelvis", *LIMBS, *FEET} - set(self.joints))
        if missing:
            raise ValueError(f"The skeleton map lacks {', '.join(missing)}.")

    def frame(self, source: str) -> Array:
        """Return the rotation of a source joint in the T-pose.

        Parameters
        ----------
        source : str
            Name of a joint of the source.

        Returns
        -------
        ndarray of shape (3, 3)
            Rotation from the joint's frame to SMPL's rest frame (x left, y up, z front). The
            identity if `axes` has no entry for the joint.

        Examples
        --------
        >>> from m3n_sklearn.motion import SKELETONS
        >>> SKELETONS["cmu_bvh"].frame("hip").tolist()
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
        """
        if source not in self.axes:
            return np.eye(3)
        return np.array([_AXES[word] for word in self.axes[source].split()], dtype=np.float64).T


def _both_sides(
    center: Mapping[str, str], sides: Mapping[str, str], left: str, right: str
) -> dict[str, str]:
    """Expand a mapping whose limbs are written once, with * for the source's name of the side."""
    joints = dict(center)
    for joint, pattern in sides.items():
        joints[f"left_{joint}"] = pattern.replace("*", left)
        joints[f"right_{joint}"] = pattern.replace("*", right)
    return joints


_CMU_ASF = SkeletonMap(
    _both_sides(
        {
            "pelvis": "root",
            "spine1": "lowerback",
            "spine2": "upperback",
            "spine3": "thorax",
            "neck": "lowerneck",
            "head": "head",
        },
        {
            "hip": "*femur",
            "knee": "*tibia",
            "ankle": "*foot",
            "collar": "*clavicle",
            "shoulder": "*humerus",
            "elbow": "*radius",
            "wrist": "*wrist",
            "hand": "*hand",
        },
        "l",
        "r",
    )
)
_CMU_EXPMAP = SkeletonMap(
    _both_sides(
        {
            "pelvis": "hips",
            "spine1": "lowerback",
            "spine2": "spine",
            "spine3": "spine1",
            "neck": "neck",
            "head": "head",
        },
        {
            "hip": "*_upleg",
            "knee": "*_leg",
            "ankle": "*_foot",
            "collar": "*_shoulder",
            "shoulder": "*_arm",
            "elbow": "*_forearm",
            "wrist": "*_hand",
        },
        "l",
        "r",
    )
)
_CMU_BVH = SkeletonMap(
    _both_sides(
        {
            "pelvis": "hip",
            "spine1": "abdomen",
            "spine3": "chest",
            "neck": "neck",
            "head": "head",
        },
        {
            "hip": "*Thigh",
            "knee": "*Shin",
            "ankle": "*Foot",
            "collar": "*Collar",
            "shoulder": "*Shldr",
            "elbow": "*ForeArm",
            "wrist": "*Hand",
        },
        "l",
        "r",
    )
)
_AUTODESK_SIDES = {
    "hip": "*UpLeg",
    "knee": "*Leg",
    "ankle": "*Foot",
    "collar": "*Shoulder",
    "shoulder": "*Arm",
    "elbow": "*ForeArm",
    "wrist": "*Hand",
    "foot": "*ToeBase",
}
_CMU_MOTIONBUILDER, _HUMANIK = (
    SkeletonMap(
        _both_sides(
            {
                "pelvis": "Hips",
                **dict(zip(("spine1", "spine2", "spine3"), spine.split(), strict=True)),
                "neck": "Neck",
                "head": "Head",
            },
            _AUTODESK_SIDES,
            "Left",
            "Right",
        )
    )
    for spine in ("LowerBack Spine Spine1", "Spine Spine1 Spine2")
)
# Bones lie along the local x axis (-x on the right side); elbows and knees bend about y
_BANDAI_ARM = ("Shoulder", "UpperArm", "LowerArm", "Hand")
_BANDAI_NAMCO = SkeletonMap(
    _both_sides(
        {
            "pelvis": "Hips",
            "spine1": "Spine",
            "spine3": "Chest",
            "neck": "Neck",
            "head": "Head",
        },
        {
            "hip": "UpperLeg_*",
            "knee": "LowerLeg_*",
            "ankle": "Foot_*",
            "collar": "Shoulder_*",
            "shoulder": "UpperArm_*",
            "elbow": "LowerArm_*",
            "wrist": "Hand_*",
            "foot": "Toes_*",
        },
        "L",
        "R",
    ),
    axes={
        "Hips": "up right front",
        **dict.fromkeys(("Spine", "Chest", "Neck", "Head"), "up front left"),
        **{f"{joint}_L": "left up front" for joint in _BANDAI_ARM},
        **{f"{joint}_R": "left down back" for joint in _BANDAI_ARM},
        **{f"{joint}_L": "down left front" for joint in ("UpperLeg", "LowerLeg")},
        **{f"{joint}_R": "up left back" for joint in ("UpperLeg", "LowerLeg")},
        **{f"{joint}_L": "front left up" for joint in ("Foot", "Toes")},
        **{f"{joint}_R": "back left down" for joint in ("Foot", "Toes")},
    },
    aligned=LIMBS + FEET,
)

SKELETONS: Mapping[str, SkeletonMap] = {
    "cmu_asf": _CMU_ASF,
    "cmu_expmap": _CMU_EXPMAP,
    "cmu_bvh": _CMU_BVH,
    "cmu_motionbuilder": _CMU_MOTIONBUILDER,
    "humanik": _HUMANIK,
    "bandai_namco": _BANDAI_NAMCO,
}
"""Skeleton maps by name. Readers recognize these skeletons by their joint names."""


def find_skeleton(joint_names: Iterable[str]) -> SkeletonMap:
    """Return the known skeleton all of whose joints are among the names, or raise."""
    listed = list(joint_names)
    names, first = set(listed), next(iter(listed), "")
    missing: dict[str, list[str]] = {}
    for name, skeleton in SKELETONS.items():
        required = {
            source
            for joint, source in skeleton.joints.items()
            if not joint.endswith(("_hand", "_foot"))
        }
        if required <= names:
            return skeleton
        missing[name] = sorted(required - names)
    closest = min(missing, key=lambda name: len(missing[name]))
    raise ValueError(
        f"No known skeleton ({', '.join(SKELETONS)}) has the joints {sorted(names)}. The closest, "
        f"{closest}, also has {', '.join(missing[closest])}. Describe yours with "
        f"m3n_sklearn.motion.SkeletonMap({{'pelvis': {first!r}, 'left_hip': ..., "
        "'left_knee': ..., ...}) and pass it as skeleton=."
    )
