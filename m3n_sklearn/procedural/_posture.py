"""Postures: named joint angles in degrees, their limits, and functions to write them.

Angles follow clinical use. The arm hangs at 0; flexion lifts it forward and abduction sideways,
both together as one swing (a rotation vector). A rotation about the upper arm follows, inward
positive. Forearm pronation is 0 with the thumb up when the elbow is bent.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from .._typing import Array
from ..skeleton import matrix_from_rotvec

__all__ = [
    "ARM",
    "BODY",
    "CHANNELS",
    "LEG",
    "LIMITS",
    "SEGMENTS",
    "STAND",
    "Posture",
    "arm",
    "column",
    "leg",
    "mirrored",
    "posture",
    "reach",
    "within_limits",
]

Posture = Array
"""One value per channel: degrees for joints, statures for the shifts of the pelvis."""

ARM = ("flexion", "abduction", "rotation", "elbow", "pronation", "wrist", "deviation")
LEG = ("hip", "hip_abduction", "hip_rotation", "knee", "ankle")
BODY = (
    "trunk_flexion",
    "trunk_bend",
    "trunk_turn",
    "head_flexion",
    "head_turn",
    "tilt",
    "lean",
    "turn",
    "forward",
    "side",
    "lift",
)
"""Trunk and head in degrees; tilt, lean and turn of the pelvis in degrees; its shifts in statures.

Bends, leans, turns and shifts to the left are positive.
"""

CHANNELS: tuple[str, ...] = (
    *BODY,
    *(f"{side}_{name}" for side in ("left", "right") for name in (*ARM, *LEG)),
)
"""Names of the values of a posture, in order."""

# Normal active ranges of the AAOS (Greene and Heckman, 1994). The shoulder's are humero-thoracic;
# adduction reaches 70 degrees because it is combined with flexion (across the chest).
_RANGES: dict[str, tuple[float, float]] = {
    "trunk_flexion": (-25, 80),
    "trunk_bend": (-35, 35),
    "trunk_turn": (-45, 45),
    "head_flexion": (-45, 45),
    "head_turn": (-60, 60),
    "tilt": (-100, 100),
    "lean": (-20, 20),
    "turn": (-90, 90),
    "forward": (-0.5, 0.5),
    "side": (-0.5, 0.5),
    "lift": (-0.05, 0.3),
    "flexion": (-60, 180),
    "abduction": (-70, 180),
    "rotation": (-90, 110),
    "elbow": (-5, 150),
    "pronation": (-85, 85),
    "wrist": (-70, 80),
    "deviation": (-30, 25),
    "hip": (-30, 120),
    "hip_abduction": (-30, 45),
    "hip_rotation": (-45, 45),
    "knee": (-5, 140),
    "ankle": (-50, 35),
}


def _bare(channel: str) -> str:
    """Return the name of a channel without its side."""
    return channel.removeprefix("left_").removeprefix("right_")


LIMITS: Mapping[str, tuple[float, float]] = {name: _RANGES[_bare(name)] for name in CHANNELS}
"""Lowest and highest value of each channel."""

SEGMENTS: Mapping[str, float] = {
    "upper_arm": 0.186,
    "forearm": 0.146,
    "thigh": 0.245,
    "shank": 0.246,
    "ankle": 0.039,
    "heel": 0.035,
    "ball": 0.085,
    "pelvis": 0.046,
}
"""Lengths in statures (Drillis and Contini, 1966): limbs, the ankle's height above the sole and
its distance from heel and ball, the height of SMPL's pelvis joint above the hips."""

_COLUMN = {name: i for i, name in enumerate(CHANNELS)}
_LOW, _HIGH = (np.array(bound) for bound in zip(*LIMITS.values(), strict=True))
_SOFT = 0.08 * (_HIGH - _LOW)
"""Width of the zone at each limit in which values saturate."""
_ELBOW_SIDE = np.array([0.5, -1.0, -0.6])
"""Direction of a relaxed elbow from the line between shoulder and wrist: out, down, backward."""


def column(name: str) -> int:
    """Return the index of a channel in a posture."""
    return _COLUMN[name]


def arm(
    flexion: float = 3.0,
    abduction: float = 8.0,
    rotation: float = 10.0,
    elbow: float = 15.0,
    pronation: float = 20.0,
    wrist: float = 0.0,
    deviation: float = 0.0,
) -> dict[str, float]:
    """Return an arm by its joint angles in degrees; the defaults are a relaxed hanging arm.

    Parameters
    ----------
    flexion, abduction, rotation : float
        Shoulder: forward, sideways, inward about the upper arm.
    elbow, pronation : float
        Elbow flexion, and the rotation of the forearm that turns the palm down.
    wrist, deviation : float
        Flexion of the hand toward the palm, and deviation toward the thumb.

    Returns
    -------
    dict of str to float
        Degrees by name, for :func:`posture`.

    Examples
    --------
    >>> from m3n_sklearn.procedural import arm
    >>> arm(flexion=90, elbow=0)["flexion"]
    90
    """
    values = (flexion, abduction, rotation, elbow, pronation, wrist, deviation)
    return dict(zip(ARM, values, strict=True))


def leg(
    hip: float = 0.0,
    knee: float = 0.0,
    ankle: float = 0.0,
    abduction: float = 3.0,
    rotation: float = -5.0,
) -> dict[str, float]:
    """Return a leg by its joint angles in degrees.

    Parameters
    ----------
    hip, knee : float
        Flexion.
    ankle : float
        Flexion that lifts the toes.
    abduction, rotation : float
        Hip: sideways, and toes inward.

    Returns
    -------
    dict of str to float
        Degrees by name, for :func:`posture`.

    Examples
    --------
    >>> from m3n_sklearn.procedural import leg
    >>> leg(hip=90, knee=90)["knee"]
    90
    """
    return dict(zip(LEG, (hip, abduction, rotation, knee, ankle), strict=True))


def reach(
    forward: float,
    up: float,
    out: float,
    *,
    swivel: float = 0.0,
    pronation: float = 20.0,
    wrist: float = 0.0,
    deviation: float = 0.0,
) -> dict[str, float]:
    """Return an arm by the position of its wrist, with two-bone inverse kinematics.

    Parameters
    ----------
    forward, up, out : float
        Wrist relative to the shoulder, along the axes of the chest, in arm lengths (shoulder to
        wrist); `out` is away from the midline.
    swivel : float, default=0
        Rotation of the elbow about the line from shoulder to wrist in degrees, outward and up
        from its relaxed position below.
    pronation, wrist, deviation : float
        As for :func:`arm`.

    Returns
    -------
    dict of str to float
        Degrees by name, for :func:`posture`.

    Raises
    ------
    ValueError
        If the wrist cannot reach the position within the joint limits.

    Examples
    --------
    >>> round(reach(0.9, 0.0, 0.0)["elbow"])
    52
    """
    # 1. The triangle of shoulder, elbow and wrist, by the law of cosines
    target = np.array([out, up, forward], dtype=np.float64)
    upper = SEGMENTS["upper_arm"] / (SEGMENTS["upper_arm"] + SEGMENTS["forearm"])
    lower = 1.0 - upper
    distance = float(np.linalg.norm(target))
    if not 0.3 <= distance <= 0.99:
        raise ValueError(
            f"The wrist must be 0.3 to 0.99 arm lengths from the shoulder, got {distance:.3f} "
            f"for forward={forward}, up={up}, out={out}."
        )
    axis = target / distance
    at_shoulder = np.arccos((upper**2 + distance**2 - lower**2) / (2 * upper * distance))
    at_elbow = np.pi - np.arccos((upper**2 + lower**2 - distance**2) / (2 * upper * lower))
    # 2. The plane of the elbow, and the angles of the shoulder
    side = _ELBOW_SIDE - (_ELBOW_SIDE @ axis) * axis
    side = matrix_from_rotvec(np.deg2rad(swivel) * axis) @ (side / np.linalg.norm(side))
    humerus = np.cos(at_shoulder) * axis + np.sin(at_shoulder) * side
    hinge = np.cross(side, axis)
    found = arm(
        *_swing_and_twist(humerus, hinge),
        elbow=float(np.rad2deg(at_elbow)),
        pronation=pronation,
        wrist=wrist,
        deviation=deviation,
    )
    for name, value in found.items():
        low, high = _RANGES[name]
        if not low <= value <= high:
            raise ValueError(
                f"With the wrist at forward={forward}, up={up}, out={out}, {name} would be "
                f"{value:.0f} degrees, outside {low} to {high}. Change the swivel of the elbow "
                f"({swivel}), or give the angles with arm()."
            )
    return found


def _swing_and_twist(humerus: Array, hinge: Array) -> tuple[float, float, float]:
    """Return flexion, abduction and rotation of a left arm from upper arm and elbow axis."""
    hanging = np.array([0.0, -1.0, 0.0])
    normal = np.cross(hanging, humerus)
    sine = float(np.linalg.norm(normal))
    swing = normal / max(sine, 1e-12) * np.arctan2(sine, float(hanging @ humerus))
    # without the swing the elbow axis is horizontal, and -x for a rotation of zero
    flat = matrix_from_rotvec(-swing) @ hinge
    rotation = np.arctan2(-flat[2], -flat[0])
    flexion, abduction, inward = np.rad2deg([-swing[0], swing[2], rotation])
    return float(flexion), float(abduction), float(inward)


def posture(
    base: Posture | None = None,
    *,
    right: Mapping[str, float] | None = None,
    left: Mapping[str, float] | None = None,
    both: Mapping[str, float] | None = None,
    right_leg: Mapping[str, float] | None = None,
    left_leg: Mapping[str, float] | None = None,
    legs: Mapping[str, float] | None = None,
    **body: float,
) -> Posture:
    """Return a posture with some parts changed.

    Parameters
    ----------
    base : ndarray, optional
        The posture to change; by default upright with hanging arms.
    right, left, both : mapping, optional
        Arms from :func:`arm` or :func:`reach`. The right hand is the dominant one.
    right_leg, left_leg, legs : mapping, optional
        Legs from :func:`leg`.
    **body : float
        Channels of trunk, head and pelvis; see `BODY`.

    Returns
    -------
    ndarray of shape (n_channels,)
        The new posture.

    Examples
    --------
    >>> from m3n_sklearn.procedural._posture import CHANNELS
    >>> from m3n_sklearn.procedural import arm, posture
    >>> raised = posture(right=arm(flexion=160), trunk_bend=5)
    >>> float(raised[CHANNELS.index("right_flexion")])
    160.0
    """
    values = np.array(STAND if base is None else base)
    parts = {"left": (both, left, legs, left_leg), "right": (both, right, legs, right_leg)}
    for side, givens in parts.items():
        for given in givens:
            for name, value in (given or {}).items():
                values[_COLUMN[f"{side}_{name}"]] = value
    for name, value in body.items():
        values[_COLUMN[name]] = value
    return values


def _stand() -> Posture:
    """Return the posture of a person who stands."""
    values = np.zeros(len(CHANNELS))
    for side in ("left", "right"):
        for name, value in {**arm(), **leg()}.items():
            values[_COLUMN[f"{side}_{name}"]] = value
    values.flags.writeable = False
    return values


STAND: Posture = _stand()
"""Upright, arms hanging."""

_SWAP = np.array(
    [
        _COLUMN[
            name.replace("left_", "right_")
            if name.startswith("left_")
            else name.replace("right_", "left_")
        ]
        for name in CHANNELS
    ]
)
_LATERAL = ("trunk_bend", "trunk_turn", "head_turn", "lean", "turn", "side")
_FLIP = np.array([-1.0 if name in _LATERAL else 1.0 for name in CHANNELS])


def mirrored(curves: Array) -> Array:
    """Return postures (..., n_channels) with left and right exchanged."""
    return curves[..., _SWAP] * _FLIP


def within_limits(curves: Array) -> Array:
    """Return postures (..., n_channels) strictly within the `LIMITS`, without a kink.

    The inner 84 % of a range are unchanged. Beyond, values saturate as a hyperbolic tangent, which
    is twice continuously differentiable where it begins.
    """
    inner = np.clip(curves, _LOW + _SOFT, _HIGH - _SOFT)
    return inner + _SOFT * np.tanh((curves - inner) / _SOFT)
