"""Joint sets: which column of joint positions holds which SMPL joint."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from .._validation import is_number
from ._smpl import SMPL_JOINTS

__all__ = ["JOINT_SETS", "REQUIRED", "joint_columns"]


def _columns(names: str) -> Mapping[str, int]:
    """Return the column of each joint name; "-" skips a column."""
    order = names.split()
    return MappingProxyType({name: i for i, name in enumerate(order) if name != "-"})


JOINT_SETS: Mapping[str, Mapping[str, int]] = MappingProxyType(
    {
        # Kinect v1 SDK. Its "spine" lies just above the pelvis, its "shoulder center" is the neck
        "kinect20": _columns(
            "head neck spine1 pelvis left_shoulder left_elbow left_wrist left_hand "
            "right_shoulder right_elbow right_wrist right_hand left_hip left_knee left_ankle "
            "left_foot right_hip right_knee right_ankle right_foot"
        ),
        # Human3.6M's 17. Its "hip" is the midpoint of the hips, which adds no information, and its
        # "nose" lies in front of the line from neck to head: both are skipped
        "h36m17": _columns(
            "- right_hip right_knee right_ankle left_hip left_knee left_ankle spine2 neck - "
            "head left_shoulder left_elbow left_wrist right_shoulder right_elbow right_wrist"
        ),
        "smpl24": _columns(" ".join(SMPL_JOINTS)),
    }
)
"""Joint sets by name: which column of the positions holds which SMPL joint."""

REQUIRED = tuple(
    f"{side}_{joint}"
    for joint in ("hip", "knee", "ankle", "shoulder", "elbow", "wrist")
    for side in ("left", "right")
)


def joint_columns(layout: str | Mapping[str, int], count: int) -> dict[str, int]:
    """Return the column of each SMPL joint in positions of `count` joints, or raise."""
    # 1. A known joint set
    if isinstance(layout, str):
        if layout not in JOINT_SETS:
            raise ValueError(
                f"Unknown layout {layout!r}: use one of {', '.join(JOINT_SETS)}, or a mapping "
                "such as {'pelvis': 0, 'left_hip': 1, ...}."
            )
        columns = dict(JOINT_SETS[layout])
        expected = {"kinect20": 20, "h36m17": 17, "smpl24": 24}[layout]
        if count != expected:
            raise ValueError(
                f"Layout {layout!r} has {expected} joints, but the positions have {count}. Select "
                "the columns first, or pass a mapping from joint names to columns as layout=."
            )
        return columns
    # 2. A mapping of SMPL joints to existing columns, with all limb joints
    if not isinstance(layout, Mapping) or not all(map(is_number, layout.values())):
        raise TypeError(
            f"layout must be one of {', '.join(JOINT_SETS)}, or map SMPL joint names to columns, "
            f"such as {{'pelvis': 0, 'left_hip': 1, ...}}; got {layout!r}."
        )
    columns = {name: int(column) for name, column in layout.items()}
    unknown = sorted(set(columns) - set(SMPL_JOINTS))
    if unknown:
        raise ValueError(
            f"Unknown joints in layout: {', '.join(unknown)}. Use SMPL's names: "
            f"{', '.join(SMPL_JOINTS)}."
        )
    outside = [name for name, column in columns.items() if not 0 <= column < count]
    if outside:
        raise ValueError(
            f"The columns of {', '.join(outside)} lie outside the {count} joints of the positions."
        )
    missing = [name for name in REQUIRED if name not in columns]
    if missing:
        raise ValueError(
            f"layout lacks {', '.join(missing)}. Hips, knees, ankles, shoulders, elbows and wrists "
            "of both sides are required, the other joints are optional."
        )
    return columns
