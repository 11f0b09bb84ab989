"""Motions from tracked joint positions: the steps from positions to a `Motion`."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._validation import check_positive
from .._warn import warn
from ..skeleton import (
    SMPL_JOINTS,
    joint_columns,
    local_rotvecs,
    normalize,
    quat_rotate,
    reference_joints,
    segment_lengths,
    stature_from_lengths,
    to_z_up,
    usual_up,
)
from ._inverse_kinematics import SPINE, Joints, Solver
from ._motion import Motion, _check_clock
from ._tracked_joints import (
    Layout,
    bridge_gaps,
    check_max_gap,
    check_positions,
    is_markerless,
    joint_confidence,
    listed,
    scale_of,
    used_joints,
    warn_if_other_order,
    without_zeros,
)
from ._upright import Stance, find_up

__all__ = ["check_tracking", "motion_from_joints", "tracked_motion"]

LIMB_SOURCES = {
    "collar": ("collar", "shoulder"),
    "shoulder": ("shoulder", "elbow", "wrist"),
    "elbow": ("elbow", "wrist"),
    "wrist": ("wrist", "hand"),
    "hand": ("wrist", "hand"),
    "hip": ("hip", "knee", "ankle", "foot"),
    "knee": ("knee", "ankle"),
    "ankle": ("ankle", "foot"),
    "foot": ("ankle", "foot"),
}
"""Measured joints of the same side that determine the rotation of a joint."""

EITHER_SHOULDER = "either shoulder"
"""Name of what is known if one of the shoulders is."""


def motion_from_joints(
    positions: ArrayLike,
    layout: Layout = "auto",
    *,
    rate: float | None = None,
    times: ArrayLike | None = None,
    up: str | ArrayLike = "auto",
    handedness: str = "right",
    max_gap: float = 0.25,
    noise: float = 0.03,
    rest_joints: ArrayLike | None = None,
    stature: float | None = None,
    sex: str = "neutral",
    confidence: ArrayLike | None = None,
    text: str | Sequence[str] | None = (),
    label: Hashable | None = None,
    subject: Hashable | None = None,
    name: str | None = None,
) -> Motion:
    """Estimate a motion of SMPL's joint tree from tracked joint positions.

    Parameters
    ----------
    positions : array-like of shape (F, K, 3) or (F, K, 4)
        Joint positions in m, in (F, K, 4) followed by the confidence of the tracker. A joint is
        missing in frames in which a coordinate is not finite, or in which it is at exactly
        (0, 0, 0), as Kinect and OpenPose write it.
    layout : str, sequence of str, or mapping of str to int, default="auto"
        One of

        - the joint order of a tracker (see `JOINT_SETS`): "kinect20", "kinect25", "azure32",
          "coco17", "halpe26", "body25", "h36m17", "smpl22" (HumanML3D), "smpl24", "smplh52",
          "smplx55", "mhr70" (SAM 3D Body) or "mediapipe33";
        - "auto", the joint set with that number of joints, if there is only one;
        - the names of the K columns in any usual spelling, such as "LShoulder", "left_wrist",
          "HipRight" or "mixamorig:LeftForeArm";
        - the column of each SMPL joint by name, or several columns of which the joint is the mean.

        Hips, knees, ankles, shoulders, elbows and wrists are required. Pelvis, spine, neck, head,
        hands and feet are optional.
    rate : float, optional
        Frames per second. Give either `rate` or `times`.
    times : array-like of shape (F,), optional
        Time stamps in s, strictly increasing.
    up : {"auto", "x", "y", "z", "-x", "-y", "-z"} or array-like of shape (3,), default="auto"
        The axis or direction of the given world that points up. The motion is rotated to z up.
        "auto" takes the axis of the tracker (y for Kinect and HumanML3D, -y for Azure Kinect, SAM
        3D Body and MediaPipe, z for the others) unless the body stands along another axis most of
        the time.
    handedness : {"right", "left"}, default="right"
        Whether the given axes form a right-handed system. Left-handed coordinates are
        mirrored, so that the person's left stays left.
    max_gap : float, default=0.25
        Longest gap in s that is interpolated, by a curve that continues the motion on both sides.
        The SMPL joints that depend on an interpolated joint are marked as not `observed` there.
        Optional joints with a longer gap are left out.
    noise : float, default=0.03
        Standard error of a joint's position in m: about 0.03 for depth cameras and video, 0.01 for
        markers. It sets the weight of the plane of an elbow or knee at a given bend. Bone
        directions do not depend on it.
    rest_joints : array-like of shape (24, 3), optional
        Rest pose (x left, y up, z front) of the body that will play the motion, in any
        consistent unit. An average adult's by default.
    stature : float, optional
        Body height in m. By default it is estimated from the lengths of the limbs. Positions in
        another unit, or without a unit, are scaled to it.
    confidence : array-like of shape (F, K), optional
        Confidence of the tracker in each position, from 0 to 1; NaN counts as 0. An SMPL joint
        gets the smallest confidence of the positions that it depends on; for the trunk, the larger
        one of both shoulders counts. By default the fourth coordinate of the positions, if they
        have one.
    sex, text, label, subject, name
        Passed on to :class:`Motion`.

    Returns
    -------
    Motion
        24 joints in a world with z up. On the body of `rest_joints`, its limbs point exactly where
        the measured limbs point; their lengths are those of the body. Its `source` is the name of
        the joint set. For names and mappings it is "markerless" if the lengths of the limbs scatter
        as they do with cameras and `noise` is at least 0.015, else None. `observed` is False where
        a joint was interpolated across a gap, and None if no joint was missing.

    Raises
    ------
    ValueError
        If shapes disagree, positions are 2-D, the layout is unknown or not the only one with that
        number of joints, a gap is longer than `max_gap`, or joints of the trunk coincide. Without
        `stature`, also if the limbs do not have human lengths in m (millimeters and centimeters
        are recognized).
    TypeError
        If `layout` is not a name, names or a mapping, or an argument is not a number.

    Warns
    -----
    UserWarning
        If feet or knees point backwards most of the time: left and right are exchanged, or the
        coordinates are left-handed. If the body does not stand along the axis that should point
        up. If positions are scaled to `stature`, or fit a small child or a giant, as positions
        without a unit do. If the limbs have lengths as they have in another joint order. If
        positions at (0, 0, 0) count as missing, or optional joints are left out.

    See Also
    --------
    read_mediapipe : Landmarks of MediaPipe.
    retarget : Joint rotations of another skeleton.

    Notes
    -----
    Positions do not determine all rotations. The twist of the forearm about its own axis
    (pronation), that of hand, foot and head, and the toes are zero: the forearm follows the upper
    arm like a hinge, hand and head follow by the smallest swing. A simulated gyroscope on a wrist
    therefore lacks the component from pronation.

    The hand's bone is about as short as the error of its joints. Its direction is smoothed over
    time and kept within 80 degrees of the forearm. The trunk consists of two rigid segments that
    meet at the spine marker. While a limb is nearly straight, its twist is interpolated from the
    frames in which it is bent. If it is never bent, it follows the trunk. The frame of pelvis and
    chest is that of the TRIAD method [1]_.

    Joint sets without a pelvis get it above the midpoint of the hips. COCO, Halpe, OpenPose, MHR
    and MediaPipe have a head, the midpoint of the ears, but no joint at the base of the neck: it is
    placed on the line from the hips through the shoulders, at the height of the rest pose. A "hip"
    or "neck" that is the midpoint of two other joints is not used. Without spine joints the trunk
    is rigid.

    References
    ----------
    .. [1] H. D. Black, "A passive system for determining the attitude of a satellite", AIAA
       Journal 2(7), 1964.

    Examples
    --------
    >>> import numpy as np
    >>> from m3n_sklearn.body import default_body
    >>> from m3n_sklearn.motion import motion_from_joints
    >>> standing = np.repeat(default_body(stature=1.75).rest_joints[None], 30, axis=0)
    >>> motion = motion_from_joints(standing, "smpl24", rate=30.0, up="y")
    >>> round(motion.stature, 3), bool(np.abs(motion.poses[:, 1:]).max() < 1e-4)
    (1.75, True)
    """
    return tracked_motion(
        positions,
        layout,
        rate=rate,
        times=times,
        up=up,
        handedness=handedness,
        max_gap=max_gap,
        noise=noise,
        rest_joints=rest_joints,
        stature=stature,
        confidence=confidence,
        sex=sex,
        text=text,
        label=label,
        subject=subject,
        name=name,
    )


def tracked_motion(
    positions: ArrayLike,
    layout: Layout,
    *,
    rate: float | None,
    times: ArrayLike | None,
    up: str | ArrayLike,
    max_gap: float,
    noise: float,
    stature: float | None,
    confidence: ArrayLike | None = None,
    usual: str | None = None,
    camera: bool = False,
    handedness: str = "right",
    rest_joints: ArrayLike | None = None,
    **about: Any,
) -> Motion:
    """Implement `motion_from_joints` for readers too."""
    # `usual`: axis that "auto" takes unless the body contradicts, by default that of the joint set;
    # `camera`: see `find_up`; `about`: further arguments of `Motion`

    # 1. Check the arguments
    tracked, fourth = check_positions(positions)
    given = fourth if confidence is None else confidence
    weights = joint_confidence(given, tracked.shape[:2])
    clock, _ = _check_clock(tracked, rate, times)
    check_positive(noise, "noise", "meters")
    check_max_gap(max_gap)
    _check_world(up, handedness)
    # 2. The SMPL joints that the columns hold; a joint between several columns is their mean
    joint_set, columns = joint_columns(layout, tracked.shape[1])
    tracked = without_zeros(tracked, columns)
    places = {joint: tracked[:, list(used)].mean(axis=1) for joint, used in columns.items()}
    places, lost = used_joints(places, clock, max_gap)
    names = list(places)
    if weights is not None:
        weights = np.stack([weights[:, list(columns[n])].min(axis=1) for n in names], axis=1)

    # 3. Fill gaps, scale to meters
    filled, valid = bridge_gaps(np.stack(list(places.values()), axis=1), clock, max_gap, names)
    joints = {joint: filled[:, i] for i, joint in enumerate(names)}
    if lost:
        warn(
            f"Left out {listed(lost)}: missing for longer than max_gap={max_gap:g} s. These parts "
            "of the body follow the joint above them."
        )
    warn_if_other_order(joints, joint_set, tracked)
    factor, height = scale_of(segment_lengths(joints), stature)
    joints = {joint: factor * path for joint, path in joints.items()}

    # 4. Rotate to a right-handed world with z up
    usual = usual_up(joint_set) if usual is None else usual
    axis = find_up(_stance(joints, valid), up, usual=usual, camera=camera)
    mirror = np.array([1.0 if handedness == "right" else -1.0, 1.0, 1.0])
    joints = {joint: path @ to_z_up(axis).T * mirror for joint, path in joints.items()}

    # 5. Solve for the rotations, on the body of the rest pose
    rest = _rest_joints(rest_joints)
    _with_middles(joints)
    _with_neck(joints, rest)
    _warn_if_backwards(joints)
    size = height / stature_from_lengths(segment_lengths(rest), what="rest pose")
    rotations = Solver(joints, rest, size, clock, noise).solve()

    # 6. The pelvis: as measured, else above the midpoint of the hips as in the rest pose
    lift = quat_rotate(rotations["pelvis"], size * (rest["pelvis"] - rest["mid_hips"]))
    pelvis = joints.get("pelvis", joints["mid_hips"] + lift)
    if about.get("source") is None:
        markerless = "markerless" if is_markerless(joints, noise) else None
        about["source"] = joint_set or markerless
    return Motion(
        local_rotvecs(rotations),
        pelvis - rest["pelvis"],
        rate=rate,
        times=None if times is None else clock,
        stature=height if stature is None else stature,
        observed=None if valid.all() else _at_joints(valid, names),
        confidence=None if weights is None else _at_joints(weights, names),
        **about,
    )


def check_tracking(
    rate: float | None,
    up: str | ArrayLike,
    handedness: str,
    max_gap: float,
    noise: float,
    stature: float | None,
    about: Mapping[str, Any],
) -> None:
    """Check the arguments of a reader of positions before its file is opened."""
    if rate is not None:
        check_positive(rate, "rate", "Hz")
    _check_world(up, handedness)
    check_max_gap(max_gap)
    check_positive(noise, "noise", "meters")
    if stature is not None:
        check_positive(stature, "stature", "meters")
    Motion(np.zeros((1, len(SMPL_JOINTS), 3)), rate=1.0, **about)


def _check_world(up: str | ArrayLike, handedness: str) -> None:
    if not isinstance(up, str) or up != "auto":
        to_z_up(up)
    if handedness not in ("right", "left"):
        raise ValueError(f"handedness must be 'right' or 'left', got {handedness!r}.")


def _at_joints(values: NDArray[Any], names: Sequence[str]) -> NDArray[Any]:
    """Return the smallest value (F, 24) over the measured joints that determine each joint."""
    column = {name: values[:, i] for i, name in enumerate(names)}
    # the trunk ends between the shoulders: a wrong one moves sensors of the other arm less than
    # usual jitter does, and those of the legs not at all
    column[EITHER_SHOULDER] = np.maximum(column["left_shoulder"], column["right_shoulder"])
    return np.stack(
        [
            np.min([column[name] for name in _sources(joint, column)], axis=0)
            for joint in SMPL_JOINTS
        ],
        axis=1,
    )


def _sources(joint: str, measured: Mapping[str, Any]) -> list[str]:
    """List the measured joints that determine the rotation of an SMPL joint."""
    side, _, part = joint.partition("_")
    top = ["neck"] if "neck" in measured else [EITHER_SHOULDER]
    if part in LIMB_SOURCES:
        sources = [f"{side}_{end}" for end in LIMB_SOURCES[part]]
        sources += top if part == "collar" and f"{side}_collar" not in measured else []
    elif joint in ("neck", "head"):
        sources = [*top, "head"]
    else:
        end = "pelvis" if joint == "pelvis" else EITHER_SHOULDER
        sources = ["left_hip", "right_hip", *SPINE, *top, end]
    return [name for name in sources if name in measured]


def _stance(joints: Joints, valid: NDArray[np.bool_]) -> Stance:
    """Return the stance in frames without interpolated joints, or in all if there are none."""
    complete = valid.all(axis=1)
    frames = complete if complete.any() else np.ones_like(complete)
    hips, shoulders, ankles = (
        ((joints[f"left_{joint}"] + joints[f"right_{joint}"]) / 2)[frames]
        for joint in ("hip", "shoulder", "ankle")
    )
    return Stance(normalize(shoulders - hips), normalize(hips - ankles), hips, ankles)


def _rest_joints(rest_joints: ArrayLike | None) -> Joints:
    """Return the joints at rest by name, with the middles of hips and shoulders."""
    values = reference_joints() if rest_joints is None else np.asarray(rest_joints, np.float64)
    if values.shape != (24, 3) or not np.isfinite(values).all():
        raise ValueError(
            f"rest_joints must be 24 finite positions in SMPL's order, got shape {values.shape}."
        )
    return _with_middles(dict(zip(SMPL_JOINTS, values, strict=True)))


def _with_middles(joints: Joints) -> Joints:
    """Add the middles of the hips and of the shoulders."""
    joints["mid_hips"] = (joints["left_hip"] + joints["right_hip"]) / 2
    joints["mid_shoulders"] = (joints["left_shoulder"] + joints["right_shoulder"]) / 2
    return joints


def _with_neck(joints: Joints, rest: Joints) -> None:
    """Place a missing neck under a head: on the line from hips to shoulders, as high as at rest."""
    if "head" not in joints or "neck" in joints:
        return
    low, high, top = (rest[joint][1] for joint in ("mid_hips", "mid_shoulders", "neck"))
    trunk = joints["mid_shoulders"] - joints["mid_hips"]
    joints["neck"] = joints["mid_hips"] + (top - low) / (high - low) * trunk


def _warn_if_backwards(joints: Joints) -> None:
    """Warn if feet, or else knees, point opposite to the front that hips and spine define."""
    above = joints["mid_shoulders"] - joints["mid_hips"]
    front = normalize(np.cross(joints["left_hip"] - joints["right_hip"], above))
    forward = []
    for side in ("left", "right"):
        hip, knee, ankle = (joints[f"{side}_{j}"] for j in ("hip", "knee", "ankle"))
        if f"{side}_foot" in joints:
            pointer = normalize(joints[f"{side}_foot"] - ankle)
        else:
            # a knee a tenth of the leg length in front of the line hip-ankle counts like a foot
            length = np.linalg.norm(ankle - hip, axis=-1, keepdims=True)
            pointer = 10 * (knee - (hip + ankle) / 2) / np.maximum(length, 1e-9)
        forward.append(np.sum(pointer * front, axis=-1))
    if np.median(forward) < -0.3:
        warn(
            "Feet or knees point backwards most of the time: left and right may be exchanged in "
            "the layout, or the coordinates may be left-handed (then mirror one axis, or pass "
            "handedness='left' to motion_from_joints)."
        )
