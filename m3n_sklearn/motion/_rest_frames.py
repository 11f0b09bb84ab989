"""The frames of a source's joints in a T-pose, C_j of `retarget`, and the pose they come from.

The pose without rotations is a rest pose if trunk, legs and arms form a T-, A- or I-pose within
`LIMITS`, wherever it faces. Artists often draw bones along one axis instead, so that the pose
without rotations is a tangle. Then the first frame is the rest pose if it is an exact T-pose, as
many programs add one. Otherwise C_j follows from the motion, from the pelvis outward. The
directions of bones determine it up to a twist. The twist follows, in this order,

1. in pelvis and chest, from the line between the hips or shoulders;
2. in the lower part of a limb that is drawn straight, from the upper part, because artists bend
   straight limbs about one axis;
3. in limbs that bend, from the axis of the bend: a knee bends backwards, an elbow to the front of
   the T-pose;
4. elsewhere from the parent: on average over the clip, a joint is turned as at rest.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from .._typing import Array
from .._warn import warn
from ..skeleton import (
    SMPL_JOINTS,
    SMPL_PARENTS,
    align_frames,
    normalize,
    quat_conjugate,
    quat_from_matrix,
    quat_multiply,
    quat_rotate,
    swing_between,
)
from ._source import Source, Track, child_of

__all__ = ["rest_frames", "warn_if_inconsistent"]

SIDES = ("left", "right")
LIMITS = {
    "the angle between trunk and legs": 50.0,
    "the tilt of hips and shoulders": 40.0,
    "the angle between hips and shoulders": 40.0,
    "the straddle of the legs": 50.0,
    "the bend of the knees": 60.0,
    "the bend of the elbows": 80.0,
    "the angle between the left arm and the mirrored right one": 50.0,
    "the angle of the arms to the front or back": 60.0,
    "the height of the arms above the shoulders": 50.0,
}
"""Largest angles of a rest pose, in degrees. People do not stand as straight as drawings."""
DRAWN_SHARE = 0.12
"""Share of these limits within which a first frame is a T-pose that a program has added."""
MIN_RAISED_ANGLE = np.deg2rad(30.0)
"""Smallest angle, in rad, of its arms from down: people stand with hanging arms as exactly."""
STRAIGHT_ANGLE = np.deg2rad(8.0)
"""Largest bend, in rad, of a limb that is drawn straight."""
BENT_SHARE = 0.1
"""Share of the frames in which a limb must bend to show its axis."""
MIN_AGREEMENT = 0.8
"""Length of the mean of these axes, relative to the mean of their lengths, that makes them one."""
BENT_SINE = np.sin(np.deg2rad(20.0))
"""Sine of the bend from which on a knee shows where it points."""
MAX_HIP_ANGLE = np.deg2rad(30.0)
"""Largest angle, in rad, between the pelvis and the line between the hips without a warning."""
LIMB_OF = dict.fromkeys(("hip", "knee"), ("hip", "knee", "ankle")) | dict.fromkeys(
    ("shoulder", "elbow", "wrist"), ("shoulder", "elbow", "wrist")
)
HINGES = {
    **dict.fromkeys(("left_hip", "left_knee", "right_hip", "right_knee"), np.array([1.0, 0, 0])),
    **dict.fromkeys(("left_shoulder", "left_elbow"), np.array([0, -1.0, 0])),
    **dict.fromkeys(("right_shoulder", "right_elbow"), np.array([0, 1.0, 0])),
}
"""Axis in SMPL's T-pose about which a limb bends: knees backwards, elbows to the front."""
SNAP_UP = np.deg2rad(20.0)
"""Largest angle, in rad, between the up of a drawn rest pose and the axis that replaces it."""
SNAP_LEFT = np.deg2rad(10.0)
"""Largest angle, in rad, between the left of a drawn rest pose and the axis that replaces it."""


def rest_frames(
    source: Source, track: Track, offsets: Array, tpose: Track | None, rest: dict[str, Array]
) -> dict[str, Array]:
    """Return C_j by SMPL joint, as a quaternion: its rest frame in the source joint's frame."""
    # 1. The source in its T-pose (H_j), turned to face z with y up (T)
    axes = source.skeleton.axes
    zero = source.follow(np.tile([1.0, 0.0, 0.0, 0.0], (1, len(source.names), 1)), offsets)
    still, facing = zero if tpose is None else tpose, np.eye(4)[0]
    fault = None if axes else _fault(still)
    if fault is not None and tpose is None and _is_drawn_tpose(track.of(slice(0, 1))):
        fault, tpose = None, track.of(slice(0, 1))
        still = tpose
    if fault is not None and tpose is not None:
        raise ValueError(
            f"The frame tpose is not a rest pose such as a T-pose: {fault}. Pass the index of "
            "another frame, or describe the joints' frames in SkeletonMap(axes=)."
        )
    if fault is not None:
        warn(
            f"The pose without rotations is not a rest pose: {fault}. The joints' frames were "
            "found in the motion instead. The directions of limbs are exact, but the rotations "
            "of limbs about their own axes are approximate. If a frame of the file holds a "
            "T-pose, pass its index as tpose=, or describe the frames in SkeletonMap(axes=)."
        )
        _warn_if_mirrored(source, track, track)
        return _frames_in_motion(source, track, zero, rest)
    if not axes:
        facing = _facing(still, rest, snap=tpose is None)
        _warn_if_mirrored(source, still, track)
    # 2. From the trunk outward: swing each aligned bone onto SMPL's, with all its descendants (S_j)
    swings: dict[str, Array] = {}
    corrections: dict[str, Array] = {}
    for joint, parent in zip(SMPL_JOINTS, SMPL_PARENTS, strict=True):
        swing = swings.get(SMPL_JOINTS[parent], np.eye(4)[0])
        if joint in source.index:
            carrier, child = source.carriers[joint], child_of(joint)
            name = source.names[carrier].rpartition(":")[2]
            frame = quat_multiply(facing, still.rotations[carrier][0])
            if name in axes:
                frame = quat_from_matrix(source.skeleton.frame(name))
            if joint in source.skeleton.aligned and child in source.index:
                if name in axes:
                    inner = source.bone(offsets, carrier, source.index[child])
                    bone = quat_rotate(frame, inner)
                else:
                    bone = quat_rotate(facing, still.places[child][0] - still.places[joint][0])
                direction = normalize(quat_rotate(swing, bone))
                swing = quat_multiply(
                    swing_between(direction, normalize(rest[child] - rest[joint])), swing
                )
            corrections[joint] = quat_conjugate(quat_multiply(swing, frame))
        swings[joint] = swing
    return corrections


def _frames_in_motion(
    source: Source, track: Track, zero: Track, rest: dict[str, Array]
) -> dict[str, Array]:
    """Return C_j by SMPL joint from the motion of a source that is drawn in no rest pose."""
    # 1. The pelvis: trunk up, hips to the left
    places = track.places
    rotations = {joint: track.rotations[carrier] for joint, carrier in source.carriers.items()}
    hips, shoulders = (
        (places[f"left_{joint}"], places[f"right_{joint}"]) for joint in ("hip", "shoulder")
    )
    trunk = normalize(np.sum(shoulders, axis=0) - np.sum(hips, axis=0))
    rest_trunk = _body_axes(rest)[1]

    def upright(joint: str, sides: tuple[Array, Array]) -> Array:
        inward = quat_conjugate(rotations[joint])
        up = normalize(quat_rotate(inward, trunk).mean(axis=0))
        left = normalize(quat_rotate(inward, normalize(sides[0] - sides[1])).mean(axis=0))
        drawn = _snapped(up, SNAP_UP), _snapped(left, SNAP_LEFT)
        if drawn[0] is not up and drawn[1] is not left:
            return align_frames((np.eye(3)[1], np.eye(3)[0]), drawn)
        return align_frames((rest_trunk, np.eye(3)[0]), (up, left))

    frames = {"pelvis": upright("pelvis", hips)}
    # 2. From there outward, with SMPL's global rotations R_j
    played = {"pelvis": quat_multiply(rotations["pelvis"], frames["pelvis"])}
    for joint, above in zip(SMPL_JOINTS[1:], np.array(SMPL_JOINTS)[SMPL_PARENTS[1:]], strict=True):
        if joint not in rotations:
            played[joint] = played[above]
            continue
        inward = quat_conjugate(rotations[joint])
        expected, child = played[str(above)], child_of(joint)
        if joint == "spine3":
            frame = upright(joint, shoulders)
        elif _is_drawn_straight(zero, joint):
            lower, upper = (zero.rotations[source.carriers[each]][0] for each in (joint, above))
            frame = quat_multiply(quat_multiply(quat_conjugate(lower), upper), frames[above])
        elif joint in source.skeleton.aligned and child in places:
            bone = normalize(rest[child] - rest[joint])
            actual = normalize(places[child] - places[joint])
            hinge = _hinge(joint, places, inward)
            if hinge is None:
                swing = swing_between(quat_rotate(expected, bone), actual)
                frame = _mean_rotation(quat_multiply(inward, quat_multiply(swing, expected)))
            else:
                inner = quat_rotate(inward, actual).mean(axis=0)
                frame = align_frames((bone, HINGES[joint]), (inner, hinge))
        else:
            frame = _mean_rotation(quat_multiply(inward, expected))
        frames[joint], played[joint] = frame, quat_multiply(rotations[joint], frame)
    return frames


def _limb(joint: str) -> tuple[str, str, str] | None:
    """Return the three joints of the limb whose bend shows the twist of a joint."""
    side, _, part = joint.partition("_")
    limb = LIMB_OF.get(part)
    return None if limb is None else (f"{side}_{limb[0]}", f"{side}_{limb[1]}", f"{side}_{limb[2]}")


def _is_drawn_straight(zero: Track, joint: str) -> bool:
    """Tell whether a joint continues the upper part of a limb in the pose without rotations."""
    limb = _limb(joint)
    if limb is None or joint == limb[0]:
        return False
    start, middle, end = (zero.places[each][0] for each in limb)
    bend = _angle(normalize(middle - start), normalize(end - middle))
    return bool(bend < STRAIGHT_ANGLE)


def _hinge(joint: str, places: Mapping[str, Array], inward: Array) -> Array | None:
    """Return the axis (3,) in a joint's frame about which its limb bends; None if unknown."""
    limb = _limb(joint)
    if limb is None or joint not in HINGES:
        return None
    start, middle, end = (places[each] for each in limb)
    axes = np.cross(normalize(middle - start), normalize(end - middle))
    sines = np.linalg.norm(axes, axis=-1)
    mean = quat_rotate(inward, axes).mean(axis=0)
    is_seen = np.mean(sines > BENT_SINE) >= BENT_SHARE
    return mean if is_seen and np.linalg.norm(mean) > MIN_AGREEMENT * sines.mean() else None


def _mean_rotation(quats: Array) -> Array:
    """Return the mean (4,) of rotations (F, 4): the eigenvector of their largest moment."""
    return np.asarray(np.linalg.eigh(quats.T @ quats)[1][:, -1])


def _is_drawn_tpose(pose: Track) -> bool:
    """Tell whether a pose of one frame is a T- or A-pose, more exact than people stand."""
    places = {joint: place[0] for joint, place in pose.places.items()}
    up = _body_axes(places)[2]
    arms = normalize([places[f"{side}_wrist"] - places[f"{side}_shoulder"] for side in SIDES])
    is_exact = all(a <= DRAWN_SHARE * LIMITS[name] for name, a in _rest_angles(pose).items())
    return bool(is_exact and _angle(arms, -up).min() > MIN_RAISED_ANGLE)


def _body_axes(places: Mapping[str, Array]) -> tuple[Array, Array, Array, Array]:
    """Return unit vectors (..., 3): along legs and trunk, up, and to the left."""
    hips, shoulders, ankles = (
        np.stack([places[f"{side}_{joint}"] for side in SIDES])
        for joint in ("hip", "shoulder", "ankle")
    )
    legs = normalize(hips.sum(axis=0) - ankles.sum(axis=0))
    trunk = normalize(shoulders.sum(axis=0) - hips.sum(axis=0))
    left = normalize(hips[0] - hips[1]) + normalize(shoulders[0] - shoulders[1])
    return legs, trunk, normalize(legs + trunk), normalize(left)


def _rest_angles(pose: Track) -> dict[str, float]:
    """Return the angles of `LIMITS` in degrees, for a pose of one frame."""
    places = {joint: place[0] for joint, place in pose.places.items()}
    legs, trunk, up, left = _body_axes(places)

    def bones(start: str, end: str) -> Array:
        return normalize([places[f"{side}_{end}"] - places[f"{side}_{start}"] for side in SIDES])

    arms = bones("shoulder", "wrist")
    lines = [normalize(places[f"left_{j}"] - places[f"right_{j}"]) for j in ("hip", "shoulder")]
    angles = (
        _angle(legs, trunk),
        abs(np.pi / 2 - _angle(left, up)),
        _angle(lines[0], lines[1]),
        _angle(bones("hip", "ankle"), -up).max(),
        _angle(bones("hip", "knee"), bones("knee", "ankle")).max(),
        _angle(bones("shoulder", "elbow"), bones("elbow", "wrist")).max(),
        _angle(arms[0], arms[1] - 2 * (arms[1] @ left) * left),
        np.abs(np.pi / 2 - _angle(arms, normalize(np.cross(left, up)))).max(),
        (np.pi / 2 - _angle(arms, up)).max(),
    )
    return dict(zip(LIMITS, np.rad2deg(angles).tolist(), strict=True))


def _fault(pose: Track) -> str | None:
    """Say in which angle a pose of one frame departs most from a rest pose, or return None."""
    name, angle = max(_rest_angles(pose).items(), key=lambda each: each[1] / LIMITS[each[0]])
    return f"{name} is {angle:.0f} degrees" if angle > LIMITS[name] else None


def _angle(a: Array, b: Array) -> Array:
    """Angles in rad between unit vectors along the last axis."""
    return np.asarray(np.arccos(np.clip(np.sum(a * b, axis=-1), -1, 1)))


def _facing(pose: Track, rest: Mapping[str, Array], *, snap: bool = False) -> Array:
    """Return the rotation T that makes a rest pose face z with y up."""
    _, _, up, left = (axis[0] for axis in _body_axes(pose.places))
    _, _, target, _ = _body_axes(rest)
    if snap:
        # drawn rest poses are aligned with the axes: remove the small errors of the bones
        drawn = _snapped(up, SNAP_UP)
        if drawn is not up:
            up, target = drawn, np.eye(3)[1]
        left = _snapped(normalize(left - (left @ up) * up), SNAP_LEFT)
    return align_frames((up, left), (target, np.eye(3)[0]))


def _snapped(direction: Array, within: float) -> Array:
    """Return the nearest axis if it is within some angle, or else the direction."""
    axis = np.zeros(3)
    largest = int(np.argmax(np.abs(direction)))
    axis[largest] = np.sign(direction[largest])
    return axis if direction @ axis > np.cos(within) else direction


def _warn_if_mirrored(source: Source, pose: Track, track: Track) -> None:
    """Warn if the toes of a pose point backwards, or else if knees bend forwards in motion."""
    _, trunk, _, left = _body_axes(pose.places)
    front = normalize(np.cross(left, trunk))
    toes = [
        normalize(pose.places[f"{side}_foot"] - pose.places[f"{side}_ankle"])
        for side in SIDES
        if f"{side}_foot" in pose.places
    ]
    if toes:
        part, is_mirrored = "feet", np.mean(np.sum(toes * front, axis=-1)) < -0.5
    else:
        part, is_mirrored = "knees", _knee_sense(track) < -0.5
    if is_mirrored:
        warn(
            f"The {part} of the skeleton point backwards: left and right are exchanged, or the "
            "file's axes are left-handed. In either case the motion is mirrored. To mend it, pass "
            f"skeleton= with left and right exchanged, {_exchanged(source)}; for left-handed axes, "
            "call motion.mirrored() after that, or export the file again with right-handed axes."
        )


def _exchanged(source: Source) -> str:
    """Return the map of a source with left and right exchanged, as code."""
    other = {"left": "right", "right": "left"}
    joints = {}
    for joint in source.index:
        side, _, part = joint.partition("_")
        twin = f"{other[side]}_{part}" if side in other else joint
        joints[joint] = source.names[source.index.get(twin, source.index[joint])]
    return f"SkeletonMap({joints})"


def warn_if_inconsistent(track: Track, pelvis: Array) -> None:
    """Warn if the pelvis is not turned as the line between the hips tells."""
    line = normalize(track.places["left_hip"] - track.places["right_hip"])
    angle = float(np.median(_angle(quat_rotate(pelvis, np.eye(3)[0]), line)))
    if angle > MAX_HIP_ANGLE:
        warn(
            f"The rotation of the pelvis is {np.rad2deg(angle):.0f} degrees off the line between "
            "the hips most of the time. The directions of limbs are those of the file, but its "
            "rotations do not belong to its rest pose. Trunk, pelvis and the rotations of limbs "
            "about their own axes are not reliable."
        )


def _knee_sense(track: Track) -> float:
    """Return the cosine between the axis of the knees and the left of the body, when bent."""
    left = normalize(track.places["left_hip"] - track.places["right_hip"])
    total, weight = 0.0, 0.0
    for side in SIDES:
        hip, knee, ankle = (track.places[f"{side}_{joint}"] for joint in ("hip", "knee", "ankle"))
        axis = np.cross(normalize(knee - hip), normalize(ankle - knee))
        bent = np.linalg.norm(axis, axis=-1) > BENT_SINE
        total += float(np.sum(axis * left, axis=-1)[bent].sum())
        weight += float(np.linalg.norm(axis, axis=-1)[bent].sum())
    return total / weight if weight else 0.0
