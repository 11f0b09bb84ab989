"""From joint angles to SMPL's rotations and a root that keeps the feet on the ground."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..proportions import reference_joints
from ..rotations import (
    quat_conjugate,
    quat_from_matrix,
    quat_from_rotvec,
    quat_multiply,
    quat_rotate,
    rotvec_from_quat,
)
from ..skeleton import SMPL_JOINTS, Z_UP_FROM_Y_UP
from .posture import ARM, LEG, SEGMENTS, column

__all__ = ["SUPPORTS", "embody", "exertion"]

Array = NDArray[np.float64]

X, Y, Z = np.eye(3)
SUPPORTS = ("both", "left", "right", "walk", "run")
COLLAR_SHARE = 0.15
"""Degrees the collar bone rises per degree of abduction; half of that per degree of flexion."""
SOLE_SHARPNESS = 60.0
"""1/m. How sharply the lowest of heels and balls takes over the load."""

LIMB_LIMIT, PELVIS_LIMIT, PELVIS_SHARE = 105.0, 14.0, 0.25
"""Largest acceleration of wrists and ankles in m/s², and the acceleration of the pelvis in m/s²
that is exceeded in at most this share of the time. A simulator warns of readings above 157 m/s²
(gravity included) and of a pelvis above 19.6 m/s²: the margin lets clips be played 15 % faster."""
EXERTION_RATE = 60.0
"""Hz. Accelerations are second differences at about this rate, whatever the rate of the frames."""

_JOINT = {name: i for i, name in enumerate(SMPL_JOINTS)}
_REST = reference_joints()
_TO_WRISTS = ("spine1", "spine2", "spine3", "collar", "shoulder", "elbow", "wrist")
_TO_ANKLES = ("hip", "knee", "ankle")
_MIRROR = np.array([1.0, 1.0, -1.0, -1.0])
_T_POSE_INVERSE = quat_from_rotvec(-np.pi / 2 * Z)
_Z_UP = quat_from_matrix(Z_UP_FROM_Y_UP)


def embody(
    curves: Array, rate: float, *, stature: float, support: str = "both", heading: float = 0.0
) -> tuple[Array, Array]:
    """Turn curves of joint angles into SMPL poses and a translation.

    Parameters
    ----------
    curves : ndarray of shape (F, n_channels)
        Postures in degrees and statures.
    rate : float
        Frames per second.
    stature : float
        Body height in m.
    support : {"both", "left", "right", "walk", "run"}, default="both"
        Which ankles stay where they are. "walk" and "run" move forward at the mean speed at
        which the standing foot is left behind; a runner's height follows the lift alone.
    heading : float, default=0
        Turn of the whole scene about the vertical, in rad.

    Returns
    -------
    poses : ndarray of shape (F, 24, 3)
        Axis-angle vectors in rad.
    trans : ndarray of shape (F, 3)
        Pelvis in m, z up, the floor at 0.
    """
    local = np.zeros((len(curves), len(SMPL_JOINTS), 4))
    local[..., 0] = 1.0
    angles = np.deg2rad(curves)
    _put_trunk(local, angles)
    for side in ("left", "right"):
        _put_arm(local, angles, side)
        _put_leg(local, angles, side)
    pelvis = local[:, 0].copy()
    shift = curves[:, [column(name) for name in ("side", "lift", "forward")]] * stature
    root = shift + _carried(local, pelvis, rate, stature, support)
    world = quat_multiply(quat_from_rotvec(heading * Z), _Z_UP)
    local[:, 0] = quat_multiply(world, pelvis)
    return rotvec_from_quat(local), quat_rotate(world, root)


def exertion(poses: Array, trans: Array, rate: float, *, stature: float) -> float:
    """Compare the accelerations of a motion with what people are capable of.

    Parameters
    ----------
    poses : ndarray of shape (F, 24, 3)
        Axis-angle vectors in rad.
    trans : ndarray of shape (F, 3)
        Pelvis in m.
    rate : float
        Frames per second.
    stature : float
        Body height in m.

    Returns
    -------
    float
        Largest ratio of an acceleration to its limit; above 1, nobody moves like that.
        Accelerations grow with the square of the tempo, and so does the ratio.
    """
    ends = [_ends(poses, chain) for chain in (_TO_WRISTS, _TO_ANKLES)]
    tracks = np.concatenate([trans[:, None], *(trans[:, None] + stature * end for end in ends)], 1)
    step = max(1, round(rate / EXERTION_RATE))
    if len(tracks) <= 2 * step:
        return 0.0
    bends = tracks[2 * step :] - 2 * tracks[step:-step] + tracks[: -2 * step]
    accelerations = np.linalg.norm(bends, axis=-1) * (rate / step) ** 2
    quick = np.quantile(accelerations[:, 0], 1 - PELVIS_SHARE)
    return float(max(accelerations[:, 1:].max() / LIMB_LIMIT, quick / PELVIS_LIMIT))


def _ends(poses: Array, chain: tuple[str, ...]) -> Array:
    """Last joints of the left and the right chain seen from the pelvis in statures, (F, 2, 3)."""
    pelvis = _JOINT["pelvis"]
    turned, last = quat_from_rotvec(poses[:, [pelvis, pelvis]]), [pelvis, pelvis]
    place = np.zeros((len(poses), 2, 3))
    for name in chain:
        names = [name] * 2 if name in _JOINT else [f"left_{name}", f"right_{name}"]
        joints = [_JOINT[name] for name in names]
        place = place + quat_rotate(turned, _REST[joints] - _REST[last])
        if name != chain[-1]:
            turned = quat_multiply(turned, quat_from_rotvec(poses[:, joints]))
        last = joints
    return place


def _put_trunk(local: Array, angles: Array) -> None:
    flexion, bend, turn, nod, look, tilt, lean, yaw = (
        angles[:, column(name), None]
        for name in (
            "trunk_flexion",
            "trunk_bend",
            "trunk_turn",
            "head_flexion",
            "head_turn",
            "tilt",
            "lean",
            "turn",
        )
    )
    # +z is to the front and +x to the left: leaning left turns about -z
    local[:, 0] = quat_multiply(quat_from_rotvec(yaw * Y), quat_from_rotvec(tilt * X - lean * Z))
    spine = quat_from_rotvec((flexion * X - bend * Z + turn * Y) / 3)
    neck = quat_from_rotvec((nod * X + look * Y) / 2)
    for joints, quat in ((("spine1", "spine2", "spine3"), spine), (("neck", "head"), neck)):
        for joint in joints:
            local[:, _JOINT[joint]] = quat


def _put_arm(local: Array, angles: Array, side: str) -> None:
    flexion, abduction, rotation, elbow, pronation, wrist, deviation = (
        angles[:, column(f"{side}_{name}"), None] for name in ARM
    )
    upper = quat_multiply(
        quat_from_rotvec(-flexion * X + abduction * Z), quat_from_rotvec(-rotation * Y)
    )
    collar = quat_from_rotvec(COLLAR_SHARE * (abduction + 0.5 * flexion) * Z)
    shoulder = quat_multiply(quat_multiply(quat_conjugate(collar), upper), _T_POSE_INVERSE)
    forearm = quat_multiply(quat_from_rotvec(-elbow * Y), quat_from_rotvec(pronation * X))
    hand = quat_from_rotvec(-deviation * Y - wrist * Z)
    _put_side(local, side, collar=collar, shoulder=shoulder, elbow=forearm, wrist=hand)


def _put_leg(local: Array, angles: Array, side: str) -> None:
    hip, abduction, rotation, knee, ankle = (
        angles[:, column(f"{side}_{name}"), None] for name in LEG
    )
    thigh = quat_multiply(
        quat_from_rotvec(-hip * X + abduction * Z), quat_from_rotvec(-rotation * Y)
    )
    _put_side(
        local, side, hip=thigh, knee=quat_from_rotvec(knee * X), ankle=quat_from_rotvec(-ankle * X)
    )


def _put_side(local: Array, side: str, **joints: Array) -> None:
    """Store rotations written for the left side, mirrored for the right one."""
    for name, quat in joints.items():
        local[:, _JOINT[f"{side}_{name}"]] = quat if side == "left" else quat * _MIRROR


def _carried(local: Array, pelvis: Array, rate: float, stature: float, support: str) -> Array:
    """Position of the pelvis in the body's y-up world that the legs allow."""
    left, right = (_foot(local, pelvis, side) * stature for side in ("left", "right"))
    feet = np.stack([left[0], right[0]])
    soles = np.concatenate([left[1:], right[1:]])[..., 1]
    # a smooth maximum of how far down heels and balls reach
    load = np.exp(-SOLE_SHARPNESS * (soles - soles.min(axis=0)))
    root = np.empty((len(pelvis), 3))
    root[:, 1] = np.log(load.sum(axis=0) / len(soles)) / SOLE_SHARPNESS - soles.min(axis=0)
    if support == "run":
        root[:, 1] = root[:, 1].mean()
    if support in ("walk", "run"):
        loaded = np.stack([load[:2].sum(axis=0), load[2:].sum(axis=0)])[:, 1:]
        backwards = -np.diff(feet[..., 2], axis=1) * rate
        speed = np.average(backwards, weights=loaded / loaded.sum(axis=0))
        root[:, 0], root[:, 2] = 0.0, speed * np.arange(len(root)) / rate
    else:
        share = {"both": (0.5, 0.5), "left": (1.0, 0.0), "right": (0.0, 1.0)}[support]
        planted = np.tensordot(share, feet[..., [0, 2]], axes=1)
        root[:, [0, 2]] = planted[0] - planted
    return root


def _foot(local: Array, pelvis: Array, side: str) -> Array:
    """Ankle, heel and ball seen from the pelvis in statures, y up; the hips side by side."""
    thigh = quat_multiply(pelvis, local[:, _JOINT[f"{side}_hip"]])
    shank = quat_multiply(thigh, local[:, _JOINT[f"{side}_knee"]])
    foot = quat_multiply(shank, local[:, _JOINT[f"{side}_ankle"]])
    ankle = quat_rotate(pelvis, -SEGMENTS["pelvis"] * Y)
    ankle = ankle + quat_rotate(thigh, -SEGMENTS["thigh"] * Y)
    ankle = ankle + quat_rotate(shank, -SEGMENTS["shank"] * Y)
    sole = -SEGMENTS["ankle"] * Y
    heel = ankle + quat_rotate(foot, sole - SEGMENTS["heel"] * Z)
    ball = ankle + quat_rotate(foot, sole + SEGMENTS["ball"] * Z)
    return np.stack([ankle, heel, ball])
