"""Inverse kinematics: joint rotations from tracked joint positions, in closed form.

Derivation
----------
Let R_j be the global rotation of joint j, b_j its bone at rest and d_j the measured bone. From the
pelvis outward, each rotation starts from that of its parent:

- Pelvis and chest see two directions each, spine and hips or spine and shoulders. The TRIAD
  rotation meets the first exactly and the second as well as the angle between them allows.
- Joints with one measured bone swing: ``R_j = R_parent S(b_j, R_parent^-1 d_j)`` with the smallest
  rotation S from one direction to another. Their twist is that of the parent, so an elbow is a
  hinge, and the forearm's pronation is zero.
- Upper arm and thigh meet the direction of the bone exactly. Their twist comes from the plane of
  the two bones of the limb, d_upper x d_lower, and for the thigh also from the foot. The weight
  of a plane and the interpolation over time are derived in `_twist`.
- The hand's bone is about as short as its joints' error. Its direction is smoothed over time and
  kept within a cone around the forearm.

What positions do not determine stays zero.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import Akima1DInterpolator

from .._typing import Array
from .._validation import check_positive, is_number, real_array
from .._warn import warn
from ..skeleton import (
    REQUIRED,
    SMPL_JOINTS,
    align_frames,
    fitted_stature,
    joint_columns,
    local_rotvecs,
    normalize,
    quat_conjugate,
    quat_multiply,
    quat_rotate,
    reference_joints,
    segment_lengths,
    sets_of,
    stature_from_lengths,
    swing_between,
    to_z_up,
    usual_up,
    warn_if_not_grown,
)
from ._motion import Motion, _check_clock, _check_confidence
from ._twist import limb_rotation, plane_weight, short_bone_swing
from ._upright import Stance, find_up

__all__ = [
    "MAX_UNEVENNESS",
    "Layout",
    "bridge_gaps",
    "check_max_gap",
    "check_tracking",
    "motion_from_joints",
    "tracked_motion",
    "unevenness",
]

Joints = dict[str, Array]
Layout = str | Mapping[str, int | Sequence[int]] | Sequence[str]
Bone = tuple[Array, Array]  # at rest, as measured

FRONT = np.array([0.0, 0.0, 1.0])

# ---- random walks over time; AAOS: American Academy of Orthopaedic Surgeons

ARM_TWIST_VARIANCE, LEG_TWIST_VARIANCE = 1.0, 0.1
"""Variance that the twist of an upper arm or thigh gains in a second, in rad^2."""

HAND_VARIANCE = 4.0
"""Variance that each component of the hand's direction gains in a second, in rad^2."""

MAX_WRIST_ANGLE = np.deg2rad(80.0)
"""Largest angle between hand and forearm, in rad (AAOS: 80 degrees of flexion)."""

# ---- markers or cameras

MAX_MARKER_NOISE = 0.015
"""Error of a joint in m below which positions come from markers."""

MIN_CAMERA_JITTER = 5e-4
"""Smallest relative scatter of limb lengths that indicates cameras. Observed: 0.0001 to 0.0003 with
markers and fitted skeletons, 0.0015 to 0.005 with depth cameras, 0.001 to 0.2 with video."""

MIN_JITTER_FRAMES = 12
"""Frames that are needed to estimate this scatter."""

# ---- size

MAX_STATURE_RATIO = 1.25
"""Ratio of fitted to given stature, or its inverse, above which positions have another unit."""

# ---- joints

LIMB_BONES = (("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle"))
SPINE = ("spine1", "spine2", "spine3")
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

MAX_UNEVENNESS = 3.0
"""Ratio of the statures that fit the segments of the limbs above which joints are in another order.
Observed: up to 2.3 with depth cameras, above 5 in a wrong order and with rotations."""

MAX_METERS_WITH_SCORE = 20.0
"""Extent of x and y above which a third coordinate from 0 to 1 is a score of image positions."""

COAST_SECONDS = 0.25
"""Time in s in which a joint comes to rest that is lost until the end of the clip."""


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


def _is_markerless(joints: Joints, noise: float) -> bool:
    """Tell cameras from markers and fitted skeletons by the scatter of limb lengths."""
    # robust scatter of white noise: median absolute second difference, of variance 6 s^2
    if noise < MAX_MARKER_NOISE:
        return False
    jitter = []
    for side in ("left", "right"):
        for start, end in LIMB_BONES:
            length = np.linalg.norm(joints[f"{side}_{end}"] - joints[f"{side}_{start}"], axis=-1)
            if len(length) >= MIN_JITTER_FRAMES:
                scatter = 1.4826 * np.median(np.abs(np.diff(length, 2))) / np.sqrt(6.0)
                jitter.append(scatter / np.median(length))
    return bool(jitter) and float(np.median(jitter)) > MIN_CAMERA_JITTER


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
    tracked, fourth = _check_positions(positions)
    given = fourth if confidence is None else confidence
    weights = _joint_confidence(given, tracked.shape[:2])
    clock, _ = _check_clock(tracked, rate, times)
    check_positive(noise, "noise", "meters")
    check_max_gap(max_gap)
    _check_world(up, handedness)
    # 2. The SMPL joints that the columns hold; a joint between several columns is their mean
    joint_set, columns = joint_columns(layout, tracked.shape[1])
    tracked = _without_zeros(tracked, columns)
    places = {joint: tracked[:, list(used)].mean(axis=1) for joint, used in columns.items()}
    places, lost = _used_joints(places, clock, max_gap)
    names = list(places)
    if weights is not None:
        weights = np.stack([weights[:, list(columns[n])].min(axis=1) for n in names], axis=1)

    # 3. Fill gaps, scale to meters
    filled, valid = bridge_gaps(np.stack(list(places.values()), axis=1), clock, max_gap, names)
    joints = {joint: filled[:, i] for i, joint in enumerate(names)}
    if lost:
        warn(
            f"Left out {_listed(lost)}: missing for longer than max_gap={max_gap:g} s. These parts "
            "of the body follow the joint above them."
        )
    _warn_if_other_order(joints, joint_set, tracked)
    factor, height = _size(segment_lengths(joints), stature)
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
    rotations = _Solver(joints, rest, size, clock, noise).solve()

    # 6. The pelvis: as measured, else above the midpoint of the hips as in the rest pose
    lift = quat_rotate(rotations["pelvis"], size * (rest["pelvis"] - rest["mid_hips"]))
    pelvis = joints.get("pelvis", joints["mid_hips"] + lift)
    if about.get("source") is None:
        markerless = "markerless" if _is_markerless(joints, noise) else None
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


@dataclass
class _Solver:
    """Solve for the joints from the pelvis outward; each starts from its parent's rotation."""

    joints: Joints  # measured positions (F, 3) by joint, in m
    rest: Joints  # rest positions (3,) by joint
    size: float  # stature of the person over that of the rest pose
    times: Array  # (F,), in s
    noise: float  # standard error of a position, in m
    # global quaternions (F, 4) of the joints so far
    rotations: Joints = field(default_factory=dict)

    def solve(self) -> Joints:
        """Return the global rotations of all joints."""
        self.trunk()
        for side in ("left", "right"):
            self.arm(*(f"{side}_{j}" for j in ("collar", "shoulder", "elbow", "wrist", "hand")))
            self.leg(*(f"{side}_{j}" for j in ("hip", "knee", "ankle", "foot")))
        return self.rotations

    def bone(self, start: str, end: str) -> Bone:
        """Return the vector between two joints at rest, and the measured ones."""
        return self.rest[end] - self.rest[start], self.joints[end] - self.joints[start]

    def follow(self, joint: str, parent: str, end: str | None = None) -> None:
        """Swing a joint from its parent onto the measured bone; without one, copy the parent."""
        self.rotations[joint] = self.rotations[parent]
        if end in self.joints:
            self.rotations[joint] = _swing_onto(self.rotations[parent], self.bone(joint, end))

    def in_frame_of(self, parent: str, bone: Bone) -> Bone:
        """Return a bone whose measured vectors are expressed in the frame of a solved joint."""
        return bone[0], quat_rotate(quat_conjugate(self.rotations[parent]), bone[1])

    @property
    def top(self) -> str:
        """Name of the upper end of the trunk."""
        return "neck" if "neck" in self.joints else "mid_shoulders"

    def trunk(self) -> None:
        """Solve for pelvis (hips, spine), chest (spine, shoulders), and the swings between."""
        # 1. The measured points of the trunk, from the hips to the neck
        markers = [spine for spine in SPINE if spine in self.joints]
        girdle = "collar" if {"left_collar", "right_collar"} <= self.joints.keys() else "shoulder"
        lowest, highest = [*markers, self.top][0], ["mid_hips", *markers][-1]
        hips, shoulders = (self.bone(f"right_{j}", f"left_{j}") for j in ("hip", girdle))
        # 2. Pelvis: exact across the hips. Chest: exact along the spine.
        self.rotations["pelvis"] = below = _frame(
            hips, self.bone("mid_hips", lowest), "hips and spine"
        )
        for joint, above in pairwise(markers):
            self.rotations[joint] = below = _swing_onto(below, self.bone(joint, above))
        self.rotations[markers[-1] if markers else "spine1"] = _frame(
            self.bone(highest, self.top), shoulders, "spine and shoulders"
        )
        # 3. Spine joints without a marker follow their parents; neck and head swing
        for parent, joint in pairwise(("pelvis", *SPINE)):
            self.rotations.setdefault(joint, self.rotations[parent])
        self.follow("neck", "spine3", "head")
        self.follow("head", "neck")

    def arm(self, collar: str, shoulder: str, elbow: str, wrist: str, hand: str) -> None:
        """Solve for collar (swing), upper arm (swing and elbow plane), forearm and hand."""
        # 1. Collar: from its measured position, or from where the rest pose has it next to the neck
        chest = self.rotations["spine3"]
        if collar in self.joints:
            root = self.joints[collar]
        else:
            offset = self.size * (self.rest[collar] - self.rest[self.top])
            root = self.joints[self.top] + quat_rotate(chest, offset)
        clavicle = self.rest[shoulder] - self.rest[collar], self.joints[shoulder] - root
        self.rotations[collar] = _swing_onto(chest, clavicle)
        # 2. Upper arm: the elbow bends to the front of the T-pose. Forearm: a hinge.
        self.rotations[shoulder] = self.limb(
            chest,
            self.bone(shoulder, elbow),
            self.bone(elbow, wrist),
            None,
            FRONT,
            ARM_TWIST_VARIANCE,
        )
        self.follow(elbow, shoulder, wrist)
        # 3. Hand: a smooth direction within a cone around the forearm
        self.rotations[wrist] = self.rotations[elbow]
        if hand in self.joints:
            swing = short_bone_swing(
                *self.in_frame_of(elbow, self.bone(wrist, hand)),
                noise=self.noise,
                times=self.times,
                turning=HAND_VARIANCE,
                limit=MAX_WRIST_ANGLE,
            )
            self.rotations[wrist] = quat_multiply(self.rotations[elbow], swing)
        self.follow(hand, wrist)

    def leg(self, hip: str, knee: str, ankle: str, foot: str) -> None:
        """Solve for thigh (swing, knee plane and foot direction), then shin and foot as hinges."""
        toes = self.bone(ankle, foot)[1] if foot in self.joints else None
        bones = self.bone(hip, knee), self.bone(knee, ankle)
        self.rotations[hip] = self.limb(
            self.rotations["pelvis"], *bones, toes, -FRONT, LEG_TWIST_VARIANCE
        )
        self.follow(knee, hip, ankle)
        self.follow(ankle, knee, foot)
        self.follow(foot, ankle)

    def limb(
        self,
        trunk: Array,
        upper: Bone,
        lower: Bone,
        toes: Array | None,
        bends_to: Array,
        turning: float,
    ) -> Array:
        """Return the rotation of an upper arm or thigh; `bends_to`: bend direction at rest."""
        # 1. The axis of the bend: at rest, and as measured in the frame of the trunk
        rest = normalize(upper[0])
        hinge = normalize(np.cross(rest, bends_to))
        inward = quat_conjugate(trunk)
        first, second = (quat_rotate(inward, measured) for _, measured in (upper, lower))
        hinges, weights = [np.cross(first, second)], [plane_weight(first, second, self.noise)]
        # 2. The foot points forward, so shin and heel direction span a plane as a bent knee does
        if toes is not None:
            back = -quat_rotate(inward, toes)
            hinges.append(np.cross(second, back))
            weights.append(plane_weight(first, back, self.noise))
        local = limb_rotation(
            rest, hinge, normalize(first), np.stack(hinges), np.stack(weights), self.times, turning
        )
        return quat_multiply(trunk, local)


def _swing_onto(parent: Array, bone: Bone) -> Array:
    """Return R_parent S(b, R_parent^-1 d) for a bone b at rest and d as measured."""
    rest, measured = bone
    local = normalize(quat_rotate(quat_conjugate(parent), measured))
    return quat_multiply(parent, swing_between(normalize(rest), local))


def _frame(primary: Bone, secondary: Bone, what: str) -> Array:
    """Return the TRIAD rotation from two bones at rest to their measured directions."""
    cross = np.cross(normalize(primary[1]), normalize(secondary[1]))
    sine = np.atleast_1d(np.linalg.norm(cross, axis=-1))
    if sine.min() < 1e-6:
        raise ValueError(
            f"In frame {int(sine.argmin())} the joints of {what} lie on one line or coincide, so "
            "they do not determine the orientation of the trunk. Check the layout, or set such "
            "frames to NaN to have them interpolated."
        )
    rest, measured = zip(primary, secondary, strict=True)
    return align_frames(rest, measured)


def _check_positions(positions: ArrayLike) -> tuple[Array, Array | None]:
    """Return positions (F, K, 3), and their confidence (F, K) if it is the fourth coordinate."""
    values = real_array(positions, "positions", "joints of shape (frames, joints, 3) in m")
    # 1. Shape
    cure = {
        2: "use reshape(len(positions), -1, 3) if a row holds x, y, z of all joints",
        4: "with several people, select one of them",
    }.get(values.ndim, "Kinect's .mat files have (joints, 3, frames): use transpose(2, 0, 1)")
    if values.ndim != 3 or len(values) == 0 or values.shape[2] not in (2, 3, 4):
        raise ValueError(
            f"positions must have shape (frames, joints, 3), got {values.shape}; {cure}."
        )
    places, fourth = values[..., :3], values[..., 3] if values.shape[2] == 4 else None
    # 2. Positions in an image, with or without a score
    finite = places[np.isfinite(places).all(axis=-1)]
    flat = values.shape[2] == 2
    if not flat and len(finite):
        size = np.ptp(finite, axis=0)
        scores = finite[:, 2].min() >= 0 and finite[:, 2].max() <= 1
        flat = size[2] < 1e-6 * size.max() or (scores and size[:2].min() > MAX_METERS_WITH_SCORE)
    if flat:
        raise ValueError(
            "positions are 2-D: a third coordinate in m is missing (it is constant, or a score). "
            "Positions in an image do not determine a motion in space. Estimate 3-D positions "
            "first, with a lifting network, several cameras, or a video tool for SMPL bodies."
        )
    # 3. A fourth coordinate is a confidence
    if (
        fourth is not None
        and not ((np.nan_to_num(fourth) >= 0) & (np.nan_to_num(fourth) <= 1)).all()
    ):
        raise ValueError(
            "positions of shape (frames, joints, 4) must hold x, y, z and a confidence from 0 to "
            f"1, but the fourth coordinate reaches from {np.nanmin(fourth):.4g} to "
            f"{np.nanmax(fourth):.4g}. Pass positions[..., :3]."
        )
    return places, fourth


def _without_zeros(positions: Array, columns: Mapping[str, Sequence[int]]) -> Array:
    """Set joints at exactly (0, 0, 0) to NaN; a pelvis that is always there is the origin."""
    used = sorted({column for each in columns.values() for column in each})
    zero = np.zeros(positions.shape[:2], dtype=bool)
    zero[:, used] = (positions[:, used] == 0).all(axis=-1)
    pelvis = list(columns.get("pelvis", ()))
    zero[:, [column for column in pelvis if zero[:, column].all()]] = False
    if not zero.any():
        return positions
    names = [joint for joint, each in columns.items() if zero[:, list(each)].any()]
    warn(
        f"Positions at exactly (0, 0, 0) count as missing, as some trackers write joints that they "
        f"do not see: {_listed(names)} in {int(zero.any(axis=1).sum())} of {len(zero)} frames."
    )
    result = positions.copy()
    result[zero] = np.nan
    return result


def _used_joints(places: Joints, times: Array, max_gap: float) -> tuple[Joints, list[str]]:
    """Leave out optional joints that are never tracked; name those lost for too long, too."""
    lost: list[str] = []
    used: Joints = {}
    for joint, path in places.items():
        missing = np.asarray(~np.isfinite(path).all(axis=-1))
        if joint not in REQUIRED and missing.any():
            if missing.all():
                continue
            gaps = [_gap(times, *run) for run in _runs(missing)]
            if max(gaps) > max_gap + 1e-9:
                lost.append(joint)
                continue
        used[joint] = path
    return used, lost


def _listed(names: Sequence[str]) -> str:
    """Join names for a message, at most six."""
    more = f" and {len(names) - 6} more" if len(names) > 6 else ""
    return ", ".join(names[:6]) + more


def _warn_if_other_order(joints: Joints, joint_set: str | None, positions: Array) -> None:
    """Warn if limbs are as unequal as in a wrong order of the joints."""
    spread = _spread(joints)
    if not spread > MAX_UNEVENNESS:
        return
    others = [
        repr(name)
        for name in sets_of(positions.shape[1])
        if name != joint_set and unevenness(positions, name) < MAX_UNEVENNESS
    ]
    hint = f" The lengths fit layout={' or '.join(others)}." if others else ""
    warn(
        f"The lengths of the limbs do not belong to one person: they fit statures that differ by a "
        f"factor of {spread:.2g}. Is the order of the joints another one?{hint}"
    )


def unevenness(positions: Array, layout: Layout = "auto") -> float:
    """Return the ratio of the statures that fit the longest and the shortest segment of a limb."""
    columns = joint_columns(layout, positions.shape[1])[1]
    return _spread({j: positions[:, list(columns[j])].mean(axis=1) for j in REQUIRED})


def _spread(joints: Joints) -> float:
    """Implement `unevenness` for positions (F, 3) by joint."""
    rest = dict(zip(SMPL_JOINTS, reference_joints(), strict=True))
    ratios = []
    for side in ("left", "right"):
        for start, end in LIMB_BONES:
            a, b = f"{side}_{start}", f"{side}_{end}"
            length = np.linalg.norm(joints[b] - joints[a], axis=-1)
            seen = length[np.isfinite(length)]
            if len(seen):
                ratios.append(float(np.median(seen) / np.linalg.norm(rest[b] - rest[a])))
    return max(ratios) / max(min(ratios), 1e-12) if ratios else 1.0


def _size(lengths: Mapping[str, float], stature: float | None) -> tuple[float, float]:
    """Return the factor from positions to meters, and the stature in m."""
    # 1. A given stature scales positions whose unit is not the meter
    fitted = fitted_stature(lengths)
    if stature is not None:
        check_positive(stature, "stature", "meters")
        if not 1 / MAX_STATURE_RATIO < fitted / stature < MAX_STATURE_RATIO:
            if not fitted > 0:
                raise ValueError("The limbs have no length: all positions of a limb coincide.")
            warn(
                f"The limbs belong to a person {fitted:.4g} units tall. All positions are scaled "
                f"by {stature / fitted:.4g} to the given stature of {stature:g} m."
            )
            return stature / fitted, stature
    # 2. Otherwise positions are in m, and the lengths must be human
    hint = " If they have no unit, pass stature= in meters to scale them."
    height = stature_from_lengths(lengths, what="positions", cure=hint)
    if stature is None:
        warn_if_not_grown(
            [height], "Pass stature= in meters to scale the positions, or to confirm."
        )
    return 1.0, height


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


def _joint_confidence(confidence: ArrayLike | None, shape: tuple[int, ...]) -> Array | None:
    """Check confidences; NaN counts as zero."""
    if confidence is None:
        return None
    values = real_array(confidence, "confidence", f"numbers of shape {shape}")
    return _check_confidence(np.nan_to_num(values), shape)


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


# ---- gaps


def check_max_gap(max_gap: Any) -> float:
    """Return a number of seconds of at least 0, or raise."""
    if not is_number(max_gap) or not max_gap >= 0:
        raise ValueError(f"max_gap must be a number of seconds of at least 0, got {max_gap!r}.")
    return float(max_gap)


def bridge_gaps(
    positions: Array, times: Array, max_gap: float, names: Sequence[str]
) -> tuple[Array, NDArray[np.bool_]]:
    """Fill missing (not finite) positions (F, K, 3); return them and which were measured (F, K)."""
    tracked = np.asarray(np.isfinite(positions).all(axis=-1))
    filled = positions.copy()
    for joint in np.flatnonzero(~tracked.all(axis=0)).tolist():
        valid = tracked[:, joint]
        if not valid.any():
            raise ValueError(
                f"Joint {names[joint]} is never tracked: in all frames it is missing (not finite, "
                "or exactly at the origin)."
            )
        for start, stop in _runs(~valid):
            if (gap := _gap(times, start, stop)) > max_gap + 1e-9:
                raise ValueError(
                    f"Joint {names[joint]} is missing from frame {start} to {stop - 1} "
                    f"({gap:.3g} s), more than max_gap={max_gap:g} s. Cut the clip there, "
                    "or raise max_gap if an interpolated path is good enough."
                )
            filled[start:stop, joint] = _curve(positions[:, joint], times, valid, start, stop)
    return filled, tracked


def _gap(times: Array, start: int, stop: int) -> float:
    """Return the time between the measured frames around a gap."""
    return float(times[min(stop, len(times) - 1)] - times[max(start - 1, 0)])


def _curve(path: Array, times: Array, valid: NDArray[np.bool_], start: int, stop: int) -> Array:
    """Return the positions (stop - start, 3) of one joint in one gap."""
    missing = times[start:stop]
    if start > 0 and stop < len(times):
        spline = Akima1DInterpolator(times[valid], path[valid], method="makima")
        return np.asarray(spline(missing))
    # at an end of the clip: velocity from the last three frames, then constant deceleration
    edge, inward = (start - 1, -1) if start > 0 else (stop, 1)
    near = [frame for frame in (edge, edge + inward, edge + 2 * inward) if _is_valid(valid, frame)]
    velocity = np.polyfit(times[near], path[near], 1)[0] if len(near) == 3 else np.zeros(3)
    elapsed = np.abs(missing - times[edge])
    rest = min(elapsed.max(), COAST_SECONDS)
    elapsed = np.minimum(elapsed, rest)
    return np.asarray(path[edge] - inward * velocity * (elapsed - elapsed**2 / (2 * rest))[:, None])


def _is_valid(valid: NDArray[np.bool_], frame: int) -> bool:
    """Tell whether a frame exists and is valid."""
    return 0 <= frame < len(valid) and bool(valid[frame])


def _runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return start and stop of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]
