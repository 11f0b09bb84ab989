"""Reader of BVH files: scale, rest pose and upward axis are found, then the clip is retargeted."""

from __future__ import annotations

import os
from collections.abc import Hashable, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from .._files import reading
from .._typing import Array
from .._validation import check_positive, is_number
from .._warn import warn
from ..skeleton import (
    MEAN_STATURE,
    SKELETONS,
    SkeletonMap,
    find_skeleton,
    fitted_stature,
    segment_lengths,
    stature_from_lengths,
    to_z_up,
)
from ._bvh_file import BVHClip, parse_bvh
from ._motion import Motion, as_sentences, check_id, check_name
from ._rest_pose import clock_from, cut_rest_poses, warn_about_rest_poses
from ._retarget import carry_over
from ._source import Source
from ._upright import find_up, stance_of, stand_up

__all__ = ["read_bvh"]

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
        Map from SMPL joints to those of the file. By default it is found by the joint names and
        the tree. The words of most programs are known, such as those of HumanIK, Mixamo, Biped,
        DAZ, CMU, SMPL, Xsens, Rokoko, Perception Neuron, LAFAN1, Unreal and Blender, with any
        number of joints in spine and neck, and with or without collars. Namespaces, prefixes and
        capitals are ignored.
    scale : float or "auto", default="auto"
        Meters per unit of the file, since BVH has no unit. "auto" chooses among meters,
        centimeters, millimeters, inches and CMU's unit (1 / 0.45 inch) the one in which the
        skeleton belongs to a person between 1.2 and 2.2 m tall; if there is none, the person is
        scaled to an average adult, with a warning. Pass a number for small children.
    up : {"auto", "y", "z", "x", "-x", "-y", "-z"} or array-like of shape (3,), default="auto"
        The axis or direction of the file's world that points up. "auto" takes y, as most
        writers do, unless the body stands along another axis most of the time.
    rate : float, optional
        Frames per second. Overrides the frame time of the file, which may then be missing.
    tpose : int, optional
        Index of a frame with a rest pose such as a T-pose, for skeletons whose pose without
        rotations is not a rest pose. This frame and all before it are left out of the motion.
        By default, the first frame is used for such a skeleton if it is an exact T-pose. Otherwise
        the frames of the joints are found in the motion, with a warning.
    trim_tpose : bool, default=True
        Leave out frames of a rest pose before and after the motion. They are recognized by a jump
        or a blend of up to 0.25 s that is faster than human motion. The time stamps of the other
        frames do not change.
    text, label, subject
        Passed on to :class:`Motion`.
    name : str, optional
        Identifier of the clip. By default the name of the file.
    source : str, optional
        Origin of the clip. By default the name in :data:`SKELETONS` of a skeleton whose frames are
        known, or "bvh".

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
        If the file violates the format (the message names the line), its skeleton is unknown (the
        message contains a map to fill in), or it has no frame time or several roots.

    Warns
    -----
    UserWarning
        If the file has more frames than announced, or one less; if the frame time is unusual, or
        has too few digits to tell the rate; if the unit of length is unknown; if angles seem to be
        in radians; if bones change their length over time; if the pose without rotations is not a
        rest pose, or does not fit the rotations; if left and right are exchanged; if frames of a
        rest pose are left out; or if the body does not stand along the axis that should point up.

    See Also
    --------
    retarget : How rotations are carried over, and the convention for the forearm's twist.

    Notes
    -----
    The pose without rotations may have any orientation; it follows from the geometry. Rotation
    channels are rotations about the moving axes, in the order in which the file lists them [1]_.
    Position channels replace the offset, unless those of all joints are almost zero: then they are
    added to it. A frame time such as 0.0333333 or 0.033 is read as the usual rate from which
    it was rounded, if the digits allow only one; a warning says so if that changes the rate by more
    than 2.5 %.

    Directions of limbs are exactly those of the file. The rotation of a limb about its own axis is
    measured from the rest pose. If the pose without rotations is not a rest pose, as in LAFAN1, it
    is measured from the plane in which elbow or knee bends.

    References
    ----------
    .. [1] M. Meredith and S. Maddock, "Motion capture file formats explained", University of
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
    # 1. The arguments of the user
    hertz = None if rate is None else check_positive(rate, "rate", "Hz")
    factor = _check_scale(scale)
    rest_frame = _check_tpose(tpose)
    if not isinstance(up, str) or up != "auto":
        to_z_up(up)
    if skeleton is not None and not isinstance(skeleton, SkeletonMap):
        raise TypeError(f"skeleton must be a SkeletonMap, got {type(skeleton).__name__}.")
    sentences, given_name = as_sentences(text), check_name(name)
    check_id(label, "label")
    check_id(subject, "subject")
    with reading(path, "a BVH file") as file:
        # 2. The skeleton in motion, in its own world and unit
        clip = parse_bvh(file)
        if rest_frame is not None and rest_frame >= len(clip.values) - 1:
            raise ValueError(
                f"tpose must be the index of a frame before the last of {len(clip.values)} "
                f"frames, got {tpose}."
            )
        hertz = clip.rate() if hertz is None else hertz
        _warn_if_radians(clip)
        found = find_skeleton(clip.names, clip.parents) if skeleton is None else skeleton
        tree = Source(clip.names, clip.parents, found)
        steps = clip.positions()
        track = tree.follow(clip.rotations(), steps)
        # 3. In meters
        lengths = segment_lengths(track.places)
        meters = _meters_per_unit(lengths) if factor is None else factor
        stature = stature_from_lengths(
            {segment: meters * length for segment, length in lengths.items()},
            cure=" Pass scale= in meters per unit.",
        )
        offsets = meters * np.median(steps, axis=0)
        _warn_if_stretching(tree, meters * steps, offsets)
        track = track.scaled(meters)
        # 4. Carry the motion over to SMPL's tree, in the world of the file
        first = 0 if rest_frame is None else rest_frame + 1
        rest = None if rest_frame is None else track.of(slice(rest_frame, rest_frame + 1))
        poses, trans = carry_over(tree, track.of(slice(first, None)), offsets, rest, stature, "z")
        # 5. Remove rest poses, find the upward axis
        cut = cut_rest_poses(poses, trans, np.arange(len(poses)) / hertz, trim=trim_tpose)
        warn_about_rest_poses([cut])
        poses, trans = poses[cut.kept], trans[cut.kept]
        poses, trans = stand_up(poses, trans, find_up(stance_of(poses, trans), up, usual="y"))
        return Motion(
            poses,
            trans,
            **clock_from(first + cut.start, len(poses), hertz),
            stature=stature,
            text=sentences,
            label=label,
            subject=subject,
            name=file.stem if given_name is None else given_name,
            source=_name_of(found) if source is None else source,
        )


def _check_scale(scale: float | str) -> float | None:
    """Return the meters per unit, or None if they are to be found."""
    if is_number(scale):
        return check_positive(scale, "scale", "meters per unit")
    if scale != "auto":
        raise ValueError(f"scale must be 'auto' or a number of meters per unit, got {scale!r}.")
    return None


def _check_tpose(tpose: int | None) -> int | None:
    """Return the index of a frame, or None."""
    if tpose is None:
        return None
    if isinstance(tpose, bool) or not isinstance(tpose, (int, np.integer)):
        raise TypeError(f"tpose must be the index of a frame, got {tpose!r}.")
    if tpose < 0:
        raise ValueError(f"tpose must be the index of a frame, counted from 0, got {tpose}.")
    return int(tpose)


def _meters_per_unit(lengths: Mapping[str, float]) -> float:
    """Return the meters of the unit in which limbs of these lengths are those of an adult."""
    if min(lengths.values()) <= 0:
        listed = ", ".join(f"{segment} {length:.4g}" for segment, length in lengths.items())
        raise ValueError(f"Bones of the limbs have no length ({listed}).")
    stature = fitted_stature(lengths)
    for meters in UNITS.values():
        if ADULT[0] <= stature * meters <= ADULT[1]:
            return meters
    warn(
        f"The bones belong to a person {stature:.4g} units tall, which is not the height of an "
        f"adult in any of {', '.join(UNITS)}. Scaled to an average adult of "
        f"{MEAN_STATURE['neutral']:.2f} m. Pass scale= in meters per unit if the size is known."
    )
    return MEAN_STATURE["neutral"] / stature


def _warn_if_radians(clip: BVHClip) -> None:
    """Warn if no rotation exceeds pi, though some are large for a body that stands still."""
    kinds = [kind for joint in clip.joints for kind, _ in joint.channels]
    turns = np.abs(clip.values[:, [kind == "rotation" for kind in kinds]])
    largest = float(turns.max(initial=0.0))
    if len(turns) > 1 and 0.5 < largest < 3.15:
        warn(
            f"No rotation of the file exceeds {largest:.3g} degrees. If they are in radians, "
            "convert them with numpy.rad2deg: BVH is in degrees."
        )


def _warn_if_stretching(source: Source, steps: Array, offsets: Array) -> None:
    """Warn if bones below the pelvis change their length, since SMPL's have a constant one."""
    pelvis = source.index["pelvis"]
    above = {pelvis}
    while pelvis >= 0:
        above.add(pelvis)
        pelvis = source.parents[pelvis]
    bones = [joint for joint in source.needed() if joint not in above]
    change = np.linalg.norm(steps[:, bones] - offsets[bones], axis=-1).max(axis=0)
    if change.max() > MAX_STRETCH:
        warn(
            f"The bone to {source.names[bones[int(change.argmax())]]} changes by up to "
            f"{change.max():.2g} m over time. The lengths of bones are constant here."
        )


def _name_of(skeleton: SkeletonMap) -> str:
    """Return the name of a known skeleton, or "bvh"."""
    return next((name for name, each in SKELETONS.items() if each is skeleton), "bvh")
