"""The joint tree of the SMPL body model: names, parents, sides and axes.

The order is that of SMPL's published kinematic tree [1]_. The rest pose is a T-pose in the body
frame: x to the body's left, y up, z to the front.

References
----------
.. [1] M. Loper et al., "SMPL: a skinned multi-person linear model", ACM Transactions on Graphics
   34(6), 2015.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["CHILD", "MIRROR_JOINTS", "SMPL_JOINTS", "SMPL_PARENTS", "Z_UP_FROM_Y_UP"]

_TREE: tuple[tuple[str, str | None], ...] = (
    ("pelvis", None),
    ("left_hip", "pelvis"),
    ("right_hip", "pelvis"),
    ("spine1", "pelvis"),
    ("left_knee", "left_hip"),
    ("right_knee", "right_hip"),
    ("spine2", "spine1"),
    ("left_ankle", "left_knee"),
    ("right_ankle", "right_knee"),
    ("spine3", "spine2"),
    ("left_foot", "left_ankle"),
    ("right_foot", "right_ankle"),
    ("neck", "spine3"),
    ("left_collar", "spine3"),
    ("right_collar", "spine3"),
    ("head", "neck"),
    ("left_shoulder", "left_collar"),
    ("right_shoulder", "right_collar"),
    ("left_elbow", "left_shoulder"),
    ("right_elbow", "right_shoulder"),
    ("left_wrist", "left_elbow"),
    ("right_wrist", "right_elbow"),
    ("left_hand", "left_wrist"),
    ("right_hand", "right_wrist"),
)


def _other_side(name: str) -> str:
    """Return the name of the joint on the other side."""
    if name.startswith("left_"):
        return "right_" + name[5:]
    if name.startswith("right_"):
        return "left_" + name[6:]
    return name


def _frozen(values: list[Any], dtype: type[np.generic]) -> NDArray[Any]:
    """Return a read-only array."""
    array: NDArray[Any] = np.array(values, dtype=dtype)
    array.flags.writeable = False
    return array


SMPL_JOINTS: tuple[str, ...] = tuple(name for name, _ in _TREE)
"""Names of the 24 joints, in SMPL's order."""

SMPL_PARENTS = _frozen([-1 if p is None else SMPL_JOINTS.index(p) for _, p in _TREE], np.int64)
"""Index of each joint's parent, shape (24,); the root has -1."""

MIRROR_JOINTS = _frozen([SMPL_JOINTS.index(_other_side(name)) for name in SMPL_JOINTS], np.int64)
"""Index of each joint's counterpart on the other side, shape (24,)."""

Z_UP_FROM_Y_UP = _frozen([[1, 0, 0], [0, 0, -1], [0, 1, 0]], np.float64)
"""Rotation that takes a y-up world to the z-up world: (x, y, z) -> (x, -z, y), shape (3, 3)."""

CHILD = {
    "hip": "knee",
    "knee": "ankle",
    "ankle": "foot",
    "collar": "shoulder",
    "shoulder": "elbow",
    "elbow": "wrist",
    "wrist": "hand",
}
