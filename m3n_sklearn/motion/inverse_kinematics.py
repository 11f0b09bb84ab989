"""From joint positions to joint rotations, in closed form.

Bone directions are taken from the positions exactly; turns about the bones come from the planes
of elbows and knees and from the feet. What positions cannot tell is left at zero.
"""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._checks import check_positive, is_number, real_array
from ._gaps import bridge_gaps
from ._motion import Motion, _check_clock
from ._tree import local_rotvecs
from ._twist import limb_rotation, plane_weight, short_bone_swing
from ._upright import Stance, find_up
from .alignment import align_frames, normalise, swing_between
from .joint_sets import REQUIRED, joint_columns
from .proportions import (
    fitted_stature,
    reference_joints,
    segment_lengths,
    stature_from_lengths,
    warn_if_small,
)
from .rotations import quat_conjugate, quat_multiply, quat_rotate
from .skeleton import SMPL_JOINTS
from .worlds import to_z_up

__all__ = ["motion_from_joints", "tracked_motion"]

Array = NDArray[np.float64]
Joints = dict[str, Array]
Bone = tuple[Array, Array]  # at rest, as measured

FRONT = np.array([0.0, 0.0, 1.0])
ARM_TURNING, LEG_TURNING = 1.0, 0.1
"""Variance in rad^2 that the turn of an arm or leg about itself gains in a second."""
HAND_TURNING, HAND_LIMIT = 4.0, np.deg2rad(80.0)
"""The same for the direction of a hand, and how far a wrist bends (AAOS: 80 degrees)."""
MARKERS = 0.015
"""Error of a joint in m below which positions come from markers."""
JITTER, FEWEST_FRAMES = 5e-4, 12
"""Scatter of the lengths of limbs, in parts of the length, that only cameras have. Seen were 0.0001
to 0.0003 with markers and fitted skeletons, 0.0015 to 0.005 with depth cameras, 0.001 to 0.2 with
video; and frames that show it."""
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
"""Measured joints of the same side from which the rotation of a joint follows."""
OTHER_UNIT = 1.25
"""Ratio of the fitted to the given stature that shows another unit rather than proportions."""


def motion_from_joints(
    positions: ArrayLike,
    layout: str | Mapping[str, int] = "kinect20",
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
    """Turn tracked joint positions into a motion of SMPL's joint tree.

    Parameters
    ----------
    positions : array-like of shape (F, K, 3)
        Joint positions in m. Frames in which a joint is not finite count as missing.
    layout : {"kinect20", "h36m17", "smpl24"} or mapping of str to int, default="kinect20"
        Which column holds which joint: the order of a tracker, or SMPL joint names with their
        columns. Hips, knees, ankles, shoulders, elbows and wrists are needed; pelvis, spine,
        neck, head, hands and feet are used where they are.
    rate : float, optional
        Frames per second. Give either `rate` or `times`.
    times : array-like of shape (F,), optional
        Time stamps in s.
    up : {"auto", "x", "y", "z", "-x", "-y", "-z"} or array-like of shape (3,), default="auto"
        The axis or direction of the given world that points up. The motion is turned to z up.
        "auto" takes z unless the body stands along another axis most of the time.
    handedness : {"right", "left"}, default="right"
        Whether the given axes form a right-handed system. Left-handed coordinates are
        mirrored, so that the person's left stays left.
    max_gap : float, default=0.25
        Longest gap in s that is bridged, by a curve that continues the motion on both sides.
        The SMPL joints that depend on a bridged joint are not `observed` there.
    noise : float, default=0.03
        Error of a joint's position in m: about 0.03 for depth cameras and video, 0.01 for
        markers. It decides how far an elbow or knee must be bent before its plane is trusted;
        bone directions do not depend on it.
    rest_joints : array-like of shape (24, 3), optional
        Rest pose (x left, y up, z front) of the body that will play the motion, in any
        consistent unit. An average adult's by default.
    stature : float, optional
        Body height in m; estimated from the limbs' lengths by default. Positions in another
        unit, or in none, are scaled to it.
    confidence : array-like of shape (F, K), optional
        How sure the tracker is of each position, from 0 to 1; NaN counts as 0. An SMPL joint
        has the least confidence of the positions that it depends on.
    sex, text, label, subject, name
        Passed on to :class:`Motion`.

    Returns
    -------
    Motion
        24 joints, z up. Played on the body of `rest_joints`, its limbs point exactly where the
        measured ones do; the lengths are those of the body, whose `stature` is fitted. Its
        source is the tracker's `layout`, if that has a name; else "markerless" if the lengths of
        the limbs jitter as only cameras make them, unless `noise` says markers. `observed` is
        False where a joint was filled in across a gap, and None if nothing was missing.

    Raises
    ------
    ValueError
        For wrong shapes, unknown layouts, long gaps, joints that coincide, and lengths that
        are no human's (millimetres and centimetres are recognised) if `stature` is not given.

    Warns
    -----
    UserWarning
        If feet or knees point backwards most of the time: left and right are exchanged, or
        the coordinates are left-handed. If the body stands along another axis than the one
        that should point up. If positions are scaled to `stature`, or are those of a small
        child, as positions without a unit are.

    Notes
    -----
    Positions do not show everything. The rotation of the forearm about its own axis
    (pronation), of hand, foot and head about theirs, and the toes are zero: the forearm
    follows the upper arm like a hinge, hand and head follow by the smallest swing. A gyroscope
    on a wrist therefore lacks the component from pronation. The hand's bone is hardly longer
    than the error of its joints; its direction is steadied over time and kept within 80
    degrees of the forearm. The trunk is two rigid pieces
    that meet at the spine marker. While a limb is nearly straight, its turn about itself is
    interpolated from the frames in which it is bent, and follows the trunk where it never is.

    Examples
    --------
    >>> import numpy as np
    >>> from m3n_sklearn.motion import motion_from_joints
    >>> from m3n_sklearn.motion.proportions import reference_joints
    >>> standing = np.repeat(reference_joints(1.75)[None], 30, axis=0)
    >>> motion = motion_from_joints(standing, "smpl24", rate=30.0, up="y")
    >>> round(motion.stature, 3), bool(np.abs(motion.poses[:, 1:]).max() < 1e-9)
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
        source=layout if isinstance(layout, str) else None,
    )


def _is_markerless(joints: Joints, noise: float) -> bool:
    """Tell cameras by bones whose lengths jitter: those of skeletons and markers do not."""
    if noise < MARKERS:
        return False
    jitter = []
    for side in ("left", "right"):
        for start, end in LIMB_BONES:
            length = np.linalg.norm(joints[f"{side}_{end}"] - joints[f"{side}_{start}"], axis=-1)
            if len(length) >= FEWEST_FRAMES:
                scatter = 1.4826 * np.median(np.abs(np.diff(length, 2))) / np.sqrt(6.0)
                jitter.append(scatter / np.median(length))
    return bool(jitter) and float(np.median(jitter)) > JITTER


def tracked_motion(
    positions: ArrayLike,
    layout: str | Mapping[str, int],
    *,
    rate: float | None,
    times: ArrayLike | None,
    up: str | ArrayLike,
    max_gap: float,
    noise: float,
    stature: float | None,
    confidence: ArrayLike | None,
    usual: str = "z",
    camera: bool = False,
    handedness: str = "right",
    rest_joints: ArrayLike | None = None,
    **about: Any,
) -> Motion:
    """Do what :func:`motion_from_joints` does, for a reader with another convention."""
    tracked = _check_positions(positions)
    columns = _tracked_columns(joint_columns(layout, tracked.shape[1]), tracked)
    clock, _ = _check_clock(tracked, rate, times)
    check_positive(noise, "noise", "metres")
    if not is_number(max_gap) or not max_gap >= 0:
        raise ValueError(f"max_gap must be a number of seconds of at least 0, got {max_gap!r}.")
    names, chosen = list(columns), list(columns.values())
    _check_world(up, handedness)
    places, seen = bridge_gaps(tracked[:, chosen], clock, max_gap, names)
    lengths = segment_lengths({joint: places[:, i] for i, joint in enumerate(names)})
    factor, height = _size(lengths, stature)
    joints = {joint: factor * places[:, i] for i, joint in enumerate(names)}
    axis = find_up(_stance(joints, seen), up, usual=usual, camera=camera, stacklevel=4)
    mirror = np.array([1.0 if handedness == "right" else -1.0, 1.0, 1.0])
    joints = {joint: path @ to_z_up(axis).T * mirror for joint, path in joints.items()}
    sure = _check_confidence(confidence, tracked.shape[:2])
    rest = _rest_joints(rest_joints)
    _with_middles(joints)
    _warn_if_backwards(joints)
    size = height / stature_from_lengths(segment_lengths(rest), what="rest pose")
    rotations = _Solver(joints, rest, size, clock, noise).solve()
    lift = quat_rotate(rotations["pelvis"], size * (rest["pelvis"] - rest["mid_hips"]))
    pelvis = joints.get("pelvis", joints["mid_hips"] + lift)
    if about.get("source") is None and _is_markerless(joints, noise):
        about["source"] = "markerless"
    return Motion(
        local_rotvecs(rotations),
        pelvis - rest["pelvis"],
        rate=rate,
        times=None if times is None else clock,
        stature=height if stature is None else stature,
        observed=None if seen.all() else _at_joints(seen, names),
        confidence=None if sure is None else _at_joints(sure[:, chosen], names),
        **about,
    )


@dataclass
class _Solver:
    """Walks from the pelvis outwards; every bone starts from the rotation of its parent."""

    joints: Joints
    rest: Joints
    size: float
    times: Array
    noise: float
    turned: Joints = field(default_factory=dict)
    """Global rotation of each joint so far, as quaternions (F, 4)."""

    def solve(self) -> Joints:
        """Rotate the whole tree."""
        self.trunk()
        for side in ("left", "right"):
            self.arm(*(f"{side}_{j}" for j in ("collar", "shoulder", "elbow", "wrist", "hand")))
            self.leg(*(f"{side}_{j}" for j in ("hip", "knee", "ankle", "foot")))
        return self.turned

    def bone(self, start: str, end: str) -> Bone:
        return self.rest[end] - self.rest[start], self.joints[end] - self.joints[start]

    def follow(self, joint: str, parent: str, end: str | None = None) -> None:
        """Swing a joint from its parent so that its bone meets the measured direction."""
        self.turned[joint] = self.turned[parent]
        if end in self.joints:
            self.turned[joint] = _swing_onto(self.turned[parent], self.bone(joint, end))

    def seen_from(self, parent: str, bone: Bone) -> Bone:
        """Give a bone at rest, and as measured in the frame of a joint solved before."""
        return bone[0], quat_rotate(quat_conjugate(self.turned[parent]), bone[1])

    @property
    def top(self) -> str:
        """The upper end of the trunk."""
        return "neck" if "neck" in self.joints else "mid_shoulders"

    def trunk(self) -> None:
        """Pelvis from hips and spine, chest from spine and shoulders, swings between."""
        markers = [spine for spine in SPINE if spine in self.joints]
        girdle = "collar" if {"left_collar", "right_collar"} <= self.joints.keys() else "shoulder"
        lowest, highest = [*markers, self.top][0], ["mid_hips", *markers][-1]
        hips, shoulders = (self.bone(f"right_{j}", f"left_{j}") for j in ("hip", girdle))
        self.turned["pelvis"] = below = _frame(
            hips, self.bone("mid_hips", lowest), "hips and spine"
        )
        for joint, above in pairwise(markers):
            self.turned[joint] = below = _swing_onto(below, self.bone(joint, above))
        self.turned[markers[-1] if markers else "spine1"] = _frame(
            self.bone(highest, self.top), shoulders, "spine and shoulders"
        )
        for parent, joint in pairwise(("pelvis", *SPINE)):
            self.turned.setdefault(joint, self.turned[parent])
        self.follow("neck", "spine3", "head")
        self.follow("head", "neck")

    def arm(self, collar: str, shoulder: str, elbow: str, wrist: str, hand: str) -> None:
        """Collar by its swing, upper arm with the elbow's plane, then hinges."""
        chest = self.turned["spine3"]
        if collar in self.joints:
            root = self.joints[collar]
        else:  # where the rest pose has it beside the neck
            beside = self.size * (self.rest[collar] - self.rest[self.top])
            root = self.joints[self.top] + quat_rotate(chest, beside)
        clavicle = self.rest[shoulder] - self.rest[collar], self.joints[shoulder] - root
        self.turned[collar] = _swing_onto(chest, clavicle)
        self.turned[shoulder] = self.limb(
            chest, self.bone(shoulder, elbow), self.bone(elbow, wrist), None, FRONT, ARM_TURNING
        )
        self.follow(elbow, shoulder, wrist)
        self.turned[wrist] = self.turned[elbow]
        if hand in self.joints:
            swing = short_bone_swing(
                *self.seen_from(elbow, self.bone(wrist, hand)),
                noise=self.noise,
                times=self.times,
                turning=HAND_TURNING,
                limit=HAND_LIMIT,
            )
            self.turned[wrist] = quat_multiply(self.turned[elbow], swing)
        self.follow(hand, wrist)

    def leg(self, hip: str, knee: str, ankle: str, foot: str) -> None:
        """Thigh with the knee's plane and the foot's direction, then hinges."""
        toes = self.bone(ankle, foot)[1] if foot in self.joints else None
        bones = self.bone(hip, knee), self.bone(knee, ankle)
        self.turned[hip] = self.limb(self.turned["pelvis"], *bones, toes, -FRONT, LEG_TURNING)
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
        """Rotate an upper arm or thigh; `bends_to`: where the next bone goes at rest."""
        rest = normalise(upper[0])
        hinge = normalise(np.cross(rest, bends_to))
        inward = quat_conjugate(trunk)
        first, second = (quat_rotate(inward, measured) for _, measured in (upper, lower))
        hinges, weights = [np.cross(first, second)], [plane_weight(first, second, self.noise)]
        if toes is not None:
            back = -quat_rotate(inward, toes)
            hinges.append(np.cross(second, back))
            weights.append(plane_weight(first, back, self.noise))
        local = limb_rotation(
            rest, hinge, normalise(first), np.stack(hinges), np.stack(weights), self.times, turning
        )
        return quat_multiply(trunk, local)


def _swing_onto(parent: Array, bone: Bone) -> Array:
    """Turn a parent's rotation by the smallest swing that brings its bone onto the measured."""
    rest, measured = bone
    seen = normalise(quat_rotate(quat_conjugate(parent), measured))
    return quat_multiply(parent, swing_between(normalise(rest), seen))


def _frame(primary: Bone, secondary: Bone, what: str) -> Array:
    cross = np.cross(normalise(primary[1]), normalise(secondary[1]))
    sine = np.atleast_1d(np.linalg.norm(cross, axis=-1))
    if sine.min() < 1e-6:
        raise ValueError(
            f"In frame {int(sine.argmin())} the joints of {what} lie on one line or coincide: "
            "no orientation of the trunk follows from them. Check the layout, or set such frames "
            "to NaN to have them interpolated."
        )
    rest, measured = zip(primary, secondary, strict=True)
    return align_frames(rest, measured)


def _check_positions(positions: ArrayLike) -> Array:
    values = real_array(positions, "positions", "joints of shape (frames, joints, 3) in m")
    if values.ndim != 3 or values.shape[2] != 3 or len(values) == 0:
        raise ValueError(
            f"positions must have shape (frames, joints, 3), got {values.shape}. Kinect's .mat "
            "files hold (joints, 3, frames): transpose them with transpose(2, 0, 1)."
        )
    return values


def _tracked_columns(columns: dict[str, int], positions: Array) -> dict[str, int]:
    """Leave out optional joints that are not there in any frame."""
    seen = np.atleast_1d(np.isfinite(positions).all(axis=-1).any(axis=0))
    return {joint: k for joint, k in columns.items() if seen[k] or joint in REQUIRED}


def _size(lengths: Mapping[str, float], stature: float | None) -> tuple[float, float]:
    """Factor that brings positions to metres, and the stature that they then show."""
    found = fitted_stature(lengths)
    if stature is not None:
        check_positive(stature, "stature", "metres")
        if not 1 / OTHER_UNIT < found / stature < OTHER_UNIT:
            if not found > 0:
                raise ValueError("The limbs have no length: all positions of a limb coincide.")
            warnings.warn(
                f"The limbs belong to a person {found:.4g} units tall. All positions are scaled "
                f"by {stature / found:.4g} to the given stature of {stature:g} m.",
                UserWarning,
                stacklevel=4,
            )
            return stature / found, stature
    cure = " If they have no unit, pass stature= in metres to scale them."
    height = stature_from_lengths(lengths, what="positions", cure=cure)
    if stature is None:
        warn_if_small(
            [height], "Pass stature= in metres to scale the positions, or to confirm.", stacklevel=5
        )
    return 1.0, height


def _at_joints(values: NDArray[Any], names: Sequence[str]) -> NDArray[Any]:
    """Least value (F, 24) of the measured joints that each SMPL joint's rotation depends on."""
    column = {name: values[:, i] for i, name in enumerate(names)}
    return np.stack(
        [
            np.min([column[name] for name in _sources(joint, column)], axis=0)
            for joint in SMPL_JOINTS
        ],
        axis=1,
    )


def _sources(joint: str, known: Mapping[str, Any]) -> list[str]:
    """Measured joints from which the rotation of an SMPL joint follows."""
    side, _, part = joint.partition("_")
    hips, shoulders = (["left_" + end, "right_" + end] for end in ("hip", "shoulder"))
    top = ["neck"] if "neck" in known else shoulders
    if part in LIMB_SOURCES:
        wanted = [f"{side}_{end}" for end in LIMB_SOURCES[part]]
        wanted += top if part == "collar" and f"{side}_collar" not in known else []
    elif joint in ("neck", "head"):
        wanted = [*top, "head"]
    else:
        wanted = [*hips, *SPINE, *top] + (shoulders if joint != "pelvis" else ["pelvis"])
    return [name for name in wanted if name in known]


def _check_confidence(confidence: ArrayLike | None, shape: tuple[int, ...]) -> Array | None:
    if confidence is None:
        return None
    values = np.nan_to_num(real_array(confidence, "confidence", f"numbers of shape {shape}"))
    if values.shape != shape or values.min() < 0 or values.max() > 1:
        raise ValueError(
            f"confidence must be numbers from 0 to 1 of shape {shape} (frames, joints), got shape "
            f"{values.shape}, from {values.min():.4g} to {values.max():.4g}."
        )
    return values


def _check_world(up: str | ArrayLike, handedness: str) -> None:
    if not isinstance(up, str) or up != "auto":
        to_z_up(up)
    if handedness not in ("right", "left"):
        raise ValueError(f"handedness must be 'right' or 'left', got {handedness!r}.")


def _stance(joints: Joints, seen: NDArray[np.bool_]) -> Stance:
    """How the body stands in the frames without bridges, or in all if there are none."""
    whole = seen.all(axis=1)
    frames = whole if whole.any() else np.ones_like(whole)
    hips, shoulders, ankles = (
        ((joints[f"left_{joint}"] + joints[f"right_{joint}"]) / 2)[frames]
        for joint in ("hip", "shoulder", "ankle")
    )
    return Stance(normalise(shoulders - hips), normalise(hips - ankles), hips, ankles)


def _rest_joints(rest_joints: ArrayLike | None) -> Joints:
    values = reference_joints() if rest_joints is None else np.asarray(rest_joints, np.float64)
    if values.shape != (24, 3) or not np.isfinite(values).all():
        raise ValueError(
            f"rest_joints must be 24 finite positions in SMPL's order, got shape {values.shape}."
        )
    return _with_middles(dict(zip(SMPL_JOINTS, values, strict=True)))


def _with_middles(joints: Joints) -> Joints:
    joints["mid_hips"] = (joints["left_hip"] + joints["right_hip"]) / 2
    joints["mid_shoulders"] = (joints["left_shoulder"] + joints["right_shoulder"]) / 2
    return joints


def _warn_if_backwards(joints: Joints) -> None:
    """Feet, or else knees, tell the front; with hips and spine that tells left from right."""
    above = joints["mid_shoulders"] - joints["mid_hips"]
    front = normalise(np.cross(joints["left_hip"] - joints["right_hip"], above))
    forward = []
    for side in ("left", "right"):
        hip, knee, ankle = (joints[f"{side}_{j}"] for j in ("hip", "knee", "ankle"))
        if f"{side}_foot" in joints:
            pointer = normalise(joints[f"{side}_foot"] - ankle)
        else:  # a knee a tenth of the leg before the line from hip to ankle counts like a foot
            length = np.linalg.norm(ankle - hip, axis=-1, keepdims=True)
            pointer = 10 * (knee - (hip + ankle) / 2) / np.maximum(length, 1e-9)
        forward.append(np.sum(pointer * front, axis=-1))
    if np.median(forward) < -0.3:
        warnings.warn(
            "Feet or knees point backwards most of the time: left and right may be exchanged in "
            "the layout, or the coordinates be left-handed (then pass handedness='left').",
            UserWarning,
            stacklevel=4,
        )
