"""Clips of motion capture in BVH files."""

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
    "metres": 1.0,
    "centimetres": 0.01,
    "millimetres": 0.001,
    "inches": 0.0254,
    "CMU's 0.45th of an inch": 0.0254 / 0.45,
}
ADULT = (1.2, 2.2)
"""Range of stature in m in which no two of the units above can be confused."""
STRETCH = 0.02
"""Change of a bone's length in m that is worth a warning."""


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
        Which joint is which. The conventions of :data:`SKELETONS` are recognised by their
        joint names: CMU's conversions for DAZ and MotionBuilder, Bandai-Namco's, and those of
        Autodesk's HumanIK, as Mixamo's. A namespace as in ``mixamorig:Hips`` does not count.
    scale : float or "auto", default="auto"
        Metres per unit of the file; BVH has no unit. "auto" takes the one of metres,
        centimetres, millimetres, inches and CMU's unit (1 / 0.45 inch) in which the skeleton
        belongs to a person between 1.2 and 2.2 m tall. Give a number for small children.
    up : {"auto", "y", "z", "x", "-x", "-y", "-z"} or array-like of shape (3,), default="auto"
        The axis or direction of the file's world that points up. "auto" takes y, as most
        writers do, unless the body stands along another axis most of the time.
    rate : float, optional
        Frames per second; overrides the file's frame time.
    tpose : int, optional
        Index of a frame that holds a rest pose such as a T-pose, for skeletons whose pose
        without rotations is none. This frame and those before it are left out of the motion.
    trim_tpose : bool, default=True
        Leave out frames of a rest pose before and after the motion that the body enters or
        leaves faster than people move, at once or in a blend of up to 0.25 s. The times of the
        other frames stay what they are in the file.
    text, label, subject
        Passed on to :class:`Motion`.
    name : str, optional
        Clip id; the file's name by default.
    source : str, optional
        Who recorded it and how; the name of a recognised skeleton by default.

    Returns
    -------
    Motion
        24 joints, world z up, with a stature that fits the bones. Fingers and end sites are
        left out.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file breaks the format (with the line), its skeleton is unknown, its rest pose
        does not fit the skeleton, or its size is no human's.

    Warns
    -----
    UserWarning
        If bones change their length over time: their median is used. If frames of a rest pose
        are left out. If the body stands along another axis than the one that should point up.

    See Also
    --------
    retarget : How rotations are carried over, and what happens to the forearm's turn.

    Notes
    -----
    The pose without rotations may face any way, with its head along any axis: the legs are
    below, and the left is on the left. Rotation channels are turns about the moving axes, in the
    order in which the file lists them. Position channels take the place of the offset, as all
    writers of animated offsets do; joints above the pelvis are folded into it. A frame time such
    as 0.0333333 is taken as the integer rate that it was rounded from.

    References
    ----------
    M. Meredith and S. Maddock, "Motion Capture File Formats Explained", University of
    Sheffield, CS-01-11, 2001.

    Examples
    --------
    An own skeleton is described by the names of its joints:

    >>> from m3n_sklearn.motion import SkeletonMap
    >>> centre = {"pelvis": "Root", "spine1": "Spine", "neck": "Neck", "head": "Head"}
    >>> parts = {"hip": "Thigh", "knee": "Shin", "ankle": "Foot",
    ...          "shoulder": "Arm", "elbow": "Forearm", "wrist": "Hand"}
    >>> sides = {f"{side}_{joint}": f"{side[0].upper()}{part}"
    ...          for side in ("left", "right") for joint, part in parts.items()}
    >>> own = SkeletonMap({**centre, **sides})  # read_bvh("clip.bvh", skeleton=own)
    >>> own.joints["left_elbow"]
    'LForearm'
    """
    file = Path(path)
    clip = parse_bvh(file)
    try:
        names = [joint.rpartition(":")[2] for joint in clip.names]
        chosen = find_skeleton(names) if skeleton is None else skeleton
        tree = _below_pelvis(clip, names, chosen)
        metres = _metres(scale, tree, chosen)
        tree.warn_if_stretching(metres)
        held = tree.quats[_check_tpose(tpose, len(tree.quats))] if tpose is not None else None
        first = 0 if tpose is None else tpose + 1
        poses, trans, stature = retarget(
            tree.quats[first:],
            metres * tree.root[first:],
            tree.names,
            tree.parents,
            metres * tree.offsets,
            skeleton=chosen,
            tpose=held,
            up="z",  # the file's own world
        )
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
        source=_name_of(chosen) if source is None else source,
    )


@dataclass(frozen=True)
class _Tree:
    """The joints from the pelvis on."""

    names: list[str]
    parents: list[int]
    quats: Array
    root: Array
    steps: Array
    """Position of each joint in its parent's frame (F, J, 3); the pelvis' own are zero."""

    @property
    def offsets(self) -> Array:
        """One offset per joint."""
        return np.asarray(np.median(self.steps, axis=0), dtype=np.float64)

    def warn_if_stretching(self, metres: float) -> None:
        """Say so when bones change their length, which SMPL's cannot."""
        off = metres * np.linalg.norm(self.steps - self.offsets, axis=-1).max(axis=0)
        if off.max() > STRETCH:
            warnings.warn(
                f"The bone to {self.names[int(off.argmax())]} changes by up to {off.max():.2g} m "
                "over time. Its median is used.",
                UserWarning,
                stacklevel=3,
            )


def _below_pelvis(clip: BVHClip, names: list[str], skeleton: SkeletonMap) -> _Tree:
    """Fold the joints above the pelvis into it, and leave their other branches out."""
    pelvis = skeleton.joints["pelvis"]
    if pelvis not in names:
        raise ValueError(f"The skeleton has no joint {pelvis!r} for the pelvis; it has {names}.")
    quats, steps, parents = clip.rotations(), clip.positions(), clip.parents
    kept = [names.index(pelvis)]
    turn, place = quats[:, kept[0]], steps[:, kept[0]]
    above = parents[kept[0]]
    while above >= 0:
        turn = quat_multiply(quats[:, above], turn)
        place = steps[:, above] + quat_rotate(quats[:, above], place)
        above = parents[above]
    kept += [
        joint for joint in range(kept[0] + 1, len(names)) if _hangs_on(joint, kept[0], parents)
    ]
    tree = [-1, *(kept.index(parents[joint]) for joint in kept[1:])]
    quats, steps = quats[:, kept], steps[:, kept]
    quats[:, 0], steps[:, 0] = turn, 0.0
    return _Tree([names[joint] for joint in kept], tree, quats, place, steps)


def _hangs_on(joint: int, root: int, parents: Sequence[int]) -> bool:
    while joint > root:
        joint = parents[joint]
    return joint == root


def _metres(scale: float | str, tree: _Tree, skeleton: SkeletonMap) -> float:
    """Metres per unit, by the unit in which the skeleton is a grown-up's."""
    if is_number(scale):
        return check_positive(scale, "scale", "metres per unit")
    if scale != "auto":
        raise ValueError(f"scale must be 'auto' or a number of metres per unit, got {scale!r}.")
    lengths = skeleton_lengths(tree.names, tree.parents, tree.offsets, skeleton)
    stature = fitted_stature(lengths)
    for metres in UNITS.values():
        if ADULT[0] <= stature * metres <= ADULT[1]:
            return metres
    raise ValueError(
        f"The bones belong to a person {stature:.4g} units tall, which is a grown-up's height in "
        f"none of {', '.join(UNITS)}. Pass scale= in metres per unit."
    )


def _check_tpose(tpose: int, frames: int) -> int:
    if isinstance(tpose, bool) or not isinstance(tpose, (int, np.integer)):
        raise TypeError(f"tpose must be the index of a frame, got {tpose!r}.")
    if not 0 <= tpose < frames - 1:
        raise ValueError(
            f"tpose must be the index of a frame before the last of {frames}, got {tpose}."
        )
    return int(tpose)


def _name_of(skeleton: SkeletonMap) -> str | None:
    return next((name for name, known in SKELETONS.items() if known is skeleton), None)
