"""Reader of BVH files: scale, rest pose and upward axis are found, then the clip is retargeted."""

from __future__ import annotations

import os
import warnings
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._checks import check_positive, is_number
from ._bvh import BVHClip, parse_bvh
from ._motion import Motion
from ._rest_pose import clock_from, cut_rest_poses, warn_about_rest_poses
from ._smpl import stand_up
from ._upright import find_up, stance_of
from .proportions import fitted_stature
from .retarget import retarget, skeleton_lengths
from .rotations import quat_multiply, quat_rotate
from .skeletons import SKELETONS, SkeletonMap, find_skeleton

__all__ = ["read_bvh"]

Array = NDArray[np.float64]

UNITS = {
    "meters": 1.0,
    "centimeters": 0.01,
    "millimeters": 0.001,
    "inches": 0.0254,
    "CMU's 0.45th of an inch": 0.0254 / 0.45,
}
ADULT = (1.2, 2.2)
"""Adult statures in m. The range is so narrow that only one of the units above fits."""

MAX_STRETCH = 0.02
"""Change of a bone's length over time, in m, above which a warning is issued."""


def read_bvh(
    path: str | os.PathLike[str],
    *,
    skeleton: SkeletonMap | None = None,
    scale: float | str = "auto",
    up: str | ArrayLike = "auto",
    rate: float | None = None,
    tpose: int | None = None,
    trim_tpose: bool = True,
    text: str | Sequence[str] | None = (),
    label: Hashable | None = None,
    subject: Hashable | None = None,
    name: str | None = None,
    source: str | None = None,
) -> Motion:
    """Read a BVH file and carry its motion over to SMPL's tree.

    Parameters
    ----------
    path : path-like
        A BVH file with one skeleton.
    skeleton : SkeletonMap, optional
        Map from SMPL joints to those of the file. The skeletons of :data:`SKELETONS` are
        recognized by their joint names: CMU's conversions for DAZ and MotionBuilder,
        Bandai-Namco's, and those of Autodesk's HumanIK, such as Mixamo's. A namespace, as in
        ``mixamorig:Hips``, is ignored.
    scale : float or "auto", default="auto"
        Meters per unit of the file, since BVH has no unit. "auto" chooses among meters,
        centimeters, millimeters, inches and CMU's unit (1 / 0.45 inch) the one in which the
        skeleton belongs to a person between 1.2 and 2.2 m tall. Pass a number for small children.
    up : {"auto", "y", "z", "x", "-x", "-y", "-z"} or array-like of shape (3,), default="auto"
        The axis or direction of the file's world that points up. "auto" takes y, as most
        writers do, unless the body stands along another axis most of the time.
    rate : float, optional
        Frames per second. Overrides the frame time of the file.
    tpose : int, optional
        Index of a frame with a rest pose such as a T-pose, for skeletons whose pose without
        rotations is not a rest pose. This frame and all before it are left out of the motion.
    trim_tpose : bool, default=True
        Leave out frames of a rest pose before and after the motion. They are recognized by a jump
        or a blend of up to 0.25 s that is faster than human motion. The time stamps of the other
        frames do not change.
    text, label, subject
        Passed on to :class:`Motion`.
    name : str, optional
        Identifier of the clip. By default the name of the file.
    source : str, optional
        Origin of the clip. By default the name of the recognized skeleton.

    Returns
    -------
    Motion
        24 joints in a world with z up, with a stature that fits the bones. Fingers and end sites
        are left out.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file violates the format (the message names the line), its skeleton is unknown, its
        rest pose does not fit the skeleton, or its size is not human.

    Warns
    -----
    UserWarning
        If bones change their length over time (their median is used), if frames of a rest pose
        are left out, or if the body does not stand along the axis that should point up.

    See Also
    --------
    retarget : How rotations are carried over, and the convention for the forearm's twist.

    Notes
    -----
    The pose without rotations may have any orientation; it follows from the geometry. Rotation
    channels are rotations about the moving axes, in the order in which the file lists them [1]_.
    Position channels replace the offset. Joints above the pelvis are merged into it. A frame time
    such as 0.0333333 is read as the integer rate from which it was rounded.

    References
    ----------
    .. [1] M. Meredith and S. Maddock, "Motion capture file formats explained", University of
       Sheffield, CS-01-11, 2001.

    Examples
    --------
    A skeleton of your own is described by the names of its joints:

    >>> from m3n_sklearn.motion import SkeletonMap
    >>> center = {"pelvis": "Root", "spine1": "Spine", "neck": "Neck", "head": "Head"}
    >>> parts = {"hip": "Thigh", "knee": "Shin", "ankle": "Foot",
    ...          "shoulder": "Arm", "elbow": "Forearm", "wrist": "Hand"}
    >>> sides = {f"{side}_{joint}": f"{side[0].upper()}{part}"
    ...          for side in ("left", "right") for joint, part in parts.items()}
    >>> own = SkeletonMap({**center, **sides})
    >>> own.joints["left_elbow"]  # read_bvh("clip.bvh", skeleton=own)
    'LForearm'
    """
    # 1. The skeleton from the pelvis on, and its unit
    file = Path(path)
    clip = parse_bvh(file)
    try:
        names = [joint.rpartition(":")[2] for joint in clip.names]
        skeleton_map = find_skeleton(names) if skeleton is None else skeleton
        tree = _below_pelvis(clip, names, skeleton_map)
        meters = _meters_per_unit(scale, tree, skeleton_map)
        tree.warn_if_stretching(meters)
        # 2. Carry the motion over to SMPL's tree
        rest_pose = tree.quats[_check_tpose(tpose, len(tree.quats))] if tpose is not None else None
        first = 0 if tpose is None else tpose + 1
        poses, trans, stature = retarget(
            tree.quats[first:],
            meters * tree.root[first:],
            tree.names,
            tree.parents,
            meters * tree.offsets,
            skeleton=skeleton_map,
            tpose=rest_pose,
            up="z",  # keeps the file's world
        )
        # 3. Remove rest poses, find the upward axis
        hertz = 1 / clip.frame_time if rate is None else check_positive(rate, "rate", "Hz")
        cut = cut_rest_poses(poses, trans, np.arange(len(poses)) / hertz, trim=trim_tpose)
        warn_about_rest_poses([cut])
        poses, trans = poses[cut.kept], trans[cut.kept]
        poses, trans = stand_up(poses, trans, find_up(stance_of(poses, trans), up, usual="y"))
    except ValueError as error:
        raise ValueError(f"{file.name}: {error}") from error
    return Motion(
        poses,
        trans,
        **clock_from(first + cut.start, len(poses), hertz),
        stature=stature,
        text=text,
        label=label,
        subject=subject,
        name=file.stem if name is None else name,
        source=_name_of(skeleton_map) if source is None else source,
    )


@dataclass(frozen=True)
class _Tree:
    """The joints from the pelvis on."""

    names: list[str]
    parents: list[int]  # -1 for the pelvis
    quats: Array  # (F, J, 4): local rotations
    root: Array  # (F, 3): position of the pelvis
    steps: Array  # (F, J, 3): position of each joint in its parent's frame; zero for the pelvis

    @property
    def offsets(self) -> Array:
        """Median offset of each joint, (J, 3)."""
        return np.asarray(np.median(self.steps, axis=0), dtype=np.float64)

    def warn_if_stretching(self, meters: float) -> None:
        """Warn if bones change their length, since SMPL's bones have a constant one."""
        change = meters * np.linalg.norm(self.steps - self.offsets, axis=-1).max(axis=0)
        if change.max() > MAX_STRETCH:
            warnings.warn(
                f"The bone to {self.names[int(change.argmax())]} changes by up to "
                f"{change.max():.2g} m over time. Its median is used.",
                UserWarning,
                stacklevel=3,
            )


def _below_pelvis(clip: BVHClip, names: list[str], skeleton: SkeletonMap) -> _Tree:
    """Merge the joints above the pelvis into it, and drop their other branches."""
    pelvis = skeleton.joints["pelvis"]
    if pelvis not in names:
        raise ValueError(f"The skeleton lacks the joint {pelvis!r} (pelvis); it has {names}.")
    quats, steps, parents = clip.rotations(), clip.positions(), clip.parents
    # 1. The pose of the pelvis in the file's world
    root = names.index(pelvis)
    rotation, position = quats[:, root], steps[:, root]
    above = parents[root]
    while above >= 0:
        rotation = quat_multiply(quats[:, above], rotation)
        position = steps[:, above] + quat_rotate(quats[:, above], position)
        above = parents[above]
    # 2. The pelvis and its descendants
    joints = [root]
    joints += [
        joint for joint in range(root + 1, len(names)) if _is_descendant(joint, root, parents)
    ]
    tree = [-1, *(joints.index(parents[joint]) for joint in joints[1:])]
    quats, steps = quats[:, joints], steps[:, joints]
    quats[:, 0], steps[:, 0] = rotation, 0.0
    return _Tree([names[joint] for joint in joints], tree, quats, position, steps)


def _is_descendant(joint: int, root: int, parents: Sequence[int]) -> bool:
    while joint > root:
        joint = parents[joint]
    return joint == root


def _meters_per_unit(scale: float | str, tree: _Tree, skeleton: SkeletonMap) -> float:
    """Return the meters per unit: as given, or those of the unit in which the person is adult."""
    if is_number(scale):
        return check_positive(scale, "scale", "meters per unit")
    if scale != "auto":
        raise ValueError(f"scale must be 'auto' or a number of meters per unit, got {scale!r}.")
    lengths = skeleton_lengths(tree.names, tree.parents, tree.offsets, skeleton)
    stature = fitted_stature(lengths)
    for meters in UNITS.values():
        if ADULT[0] <= stature * meters <= ADULT[1]:
            return meters
    raise ValueError(
        f"The bones belong to a person {stature:.4g} units tall, which is not the height of an "
        f"adult in any of {', '.join(UNITS)}. Pass scale= in meters per unit."
    )


def _check_tpose(tpose: int, frames: int) -> int:
    if isinstance(tpose, bool) or not isinstance(tpose, (int, np.integer)):
        raise TypeError(f"tpose must be the index of a frame, got {tpose!r}.")
    if not 0 <= tpose < frames - 1:
        raise ValueError(
            f"tpose must be the index of a frame before the last of {frames} frames, got {tpose}."
        )
    return int(tpose)


def _name_of(skeleton: SkeletonMap) -> str | None:
    return next((name for name, each in SKELETONS.items() if each is skeleton), None)
