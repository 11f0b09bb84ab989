"""The surface of the default body: elliptic tubes around trunk and limbs.

Girths, breadths and depths are those of the survey (ANSUR II). Other numbers are relative to
stature, and were chosen by eye between the measured sections.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ..motion.skeleton import MIRROR_JOINTS, SMPL_JOINTS
from ._tubes import Mesh, Ring, Tube, build_tube, mirrored, smoothstep, stack

__all__ = ["skin_surface"]

Array = NDArray[np.float64]

_J = {name: j for j, name in enumerate(SMPL_JOINTS)}

_WRIST_FLATNESS = 0.72
"""Thickness of the wrist relative to its width."""

_RELAXED_BICEPS, _RELAXED_FOREARM = 0.90, 0.95
"""Girths of relaxed muscles relative to the survey's flexed ones."""

_TWIST = (0.55, 1.2)
"""Range, in lengths of the forearm from the elbow, over which the skinning weight passes from the
elbow to the wrist joint, so that the twist of the skin grows along the forearm."""

_SPACING, _AROUND = 0.015, 16
"""Distance of rings along a tube, relative to stature, and vertices of a ring."""


def skin_surface(m: Mapping[str, float], joints: Array) -> Mesh:
    """Return the surface of a body of stature 1 on y = 0: overlapping closed tubes, symmetric."""
    joint = {name: joints[j] for name, j in _J.items()}
    left = [
        build_tube(tube, len(_J), _SPACING, _AROUND)
        for tube in (_arm(m, joint), _leg(m, joint), _foot(m, joint))
    ]
    right = [mirrored(mesh, MIRROR_JOINTS) for mesh in left]
    return stack([_trunk(m, joint), *left, *right])


def _trunk(m: Mapping[str, float], joint: Mapping[str, Array]) -> Mesh:
    shoulder = joint["left_shoulder"]
    neck = m["neckcircumference"] / (2 * np.pi)
    base = m["neckcircumferencebase"] / (2 * np.pi)
    deep, broad = m["chestdepth"] / 2, m["chestbreadth"] / 2
    skull_deep, skull_broad = m["headlength"] / 2, m["headbreadth"] / 2
    back = -0.015
    # height, front, left, half depth, half breadth
    rings = [
        (m["crotchheight"] - 0.005, -0.01, 0.0, 0.05, 0.075),
        (m["buttockheight"], -0.01, 0.0, m["buttockdepth"] / 2, m["hipbreadth"] / 2),
        (m["waistheightomphalion"], -0.005, 0.0, m["waistdepth"] / 2, m["waistbreadth"] / 2),
        (m["chestheight"], -0.01, 0.0, deep, broad),
        (shoulder[1] - 0.04, back, 0.0, 0.85 * deep, 1.02 * broad),
        (shoulder[1] + 0.005, back, 0.0, 0.055, shoulder[0]),
        (m["acromialheight"] + 0.005, back, 0.0, 0.048, 0.75 * shoulder[0]),
        (m["cervicaleheight"] - 0.015, -0.012, 0.0, base, base),
        (m["cervicaleheight"] + 0.005, -0.008, 0.0, neck, neck),
        (joint["head"][1] - 0.01, 0.005, 0.0, 0.75 * skull_deep, 0.8 * skull_broad),
        (1 - m["tragiontopofhead"], 0.005, 0.0, skull_deep, skull_broad),
        (0.965, 0.003, 0.0, 0.95 * skull_deep, 0.93 * skull_broad),
        (0.985, 0.0, 0.0, 0.7 * skull_deep, 0.7 * skull_broad),
        (0.997, 0.0, 0.0, 0.3 * skull_deep, 0.3 * skull_broad),
    ]
    spine = ("pelvis", "spine1", "spine2", "spine3", "neck", "head")
    heights = [joint[name][1] for name in spine[1:]]
    reach = (0.035, 0.03, 0.03, 0.03, 0.015)
    tube = Tube(
        axis=1,
        rings=rings,
        tips=(m["crotchheight"] - 0.01, 1.0),
        bones=[_J[name] for name in spine],
        joints=[(h - r, h + r) for h, r in zip(heights, reach, strict=True)],
    )
    return _add_shoulder_girdle(build_tube(tube, len(_J), _SPACING, _AROUND), joint)


def _add_shoulder_girdle(mesh: Mesh, joint: Mapping[str, Array]) -> Mesh:
    """Give the upper corners of the trunk to the collar joints."""
    x, y, _ = mesh.vertices.T
    shoulder = joint["left_shoulder"]
    outside = smoothstep((abs(x) / shoulder[0] - 0.35) / 0.65)
    level = smoothstep((y - shoulder[1] + 0.05) / 0.05) * smoothstep(
        (joint["neck"][1] - y) / (joint["neck"][1] - shoulder[1])
    )
    share = outside * level
    weights = mesh.weights * (1 - share)[:, None]
    weights[:, _J["left_collar"]] += np.where(x > 0, share, 0.0)
    weights[:, _J["right_collar"]] += np.where(x < 0, share, 0.0)
    return mesh._replace(weights=weights)


def _arm(m: Mapping[str, float], joint: Mapping[str, Array]) -> Tube:
    # 1. Joints along x, radii from girths; an ellipse of flatness q and half width b has the girth
    #    2 pi b sqrt((1 + q^2) / 2), approximately
    shoulder, elbow, wrist, hand = (
        joint[f"left_{name}"][0] for name in ("shoulder", "elbow", "wrist", "hand")
    )
    _, height, depth = joint["left_elbow"]
    upper, fore = elbow - shoulder, wrist - elbow
    biceps = _RELAXED_BICEPS * m["bicepscircumferenceflexed"] / (2 * np.pi)
    forearm = _RELAXED_FOREARM * m["forearmcircumferenceflexed"] / (2 * np.pi)
    width = m["wristcircumference"] / (2 * np.pi * np.sqrt((1 + _WRIST_FLATNESS**2) / 2))
    palm = m["handbreadth"] / 2
    tip = wrist + m["handlength"]

    # 2. Sections from inside the trunk to the finger tips: position, half thickness, half width
    def ring(x: float, thick: float, wide: float) -> Ring:
        return (x, height, depth, thick, wide)

    return Tube(
        axis=0,
        rings=[
            ring(0.5 * shoulder, 0.028, 0.035),
            ring(shoulder, 1.15 * biceps, 1.2 * biceps),
            ring(shoulder + 0.4 * upper, biceps, biceps),
            ring(elbow, 0.9 * forearm, 0.95 * forearm),
            ring(elbow + 0.25 * fore, forearm, forearm),
            ring(elbow + 0.7 * fore, (forearm + _WRIST_FLATNESS * width) / 2, 1.15 * width),
            ring(wrist, _WRIST_FLATNESS * width, width),
            ring(hand, 0.4 * palm, palm),
            ring(tip - 0.008, 0.2 * palm, 0.6 * palm),
        ],
        tips=(0.45 * shoulder, tip),
        bones=[_J[f"left_{n}"] for n in ("collar", "shoulder", "elbow", "wrist", "hand")],
        joints=[
            (shoulder - 0.025, shoulder + 0.03),
            (elbow - 0.02, elbow + 0.02),
            (elbow + _TWIST[0] * fore, elbow + _TWIST[1] * fore),
            (hand - 0.015, hand + 0.015),
        ],
    )


def _leg(m: Mapping[str, float], joint: Mapping[str, Array]) -> Tube:
    hip, knee, ankle = (joint[f"left_{name}"] for name in ("hip", "knee", "ankle"))
    shank = knee[1] - ankle[1]

    # circular sections from the foot to inside the trunk: height, depth, girth, fraction of it
    def ring(y: float, z: float, girth: str, share: float = 1.0) -> Ring:
        radius = share * m[girth] / (2 * np.pi)
        return (y, z, hip[0], radius, radius)

    return Tube(
        axis=1,
        rings=[
            ring(0.5 * ankle[1], ankle[2], "anklecircumference", 0.9),
            ring(ankle[1], ankle[2], "anklecircumference"),
            ring(ankle[1] + 0.25 * shank, ankle[2], "anklecircumference", 1.1),
            ring(ankle[1] + 0.7 * shank, -0.012, "calfcircumference"),
            ring(knee[1], 0.0, "calfcircumference", 0.97),
            ring(knee[1] + 0.25 * (hip[1] - knee[1]), 0.002, "lowerthighcircumference"),
            ring(m["crotchheight"], 0.0, "thighcircumference", 0.97),
            ring(hip[1] + 0.03, 0.0, "thighcircumference", 0.8),
        ],
        tips=(0.4 * ankle[1], hip[1] + 0.035),
        bones=[_J[name] for name in ("left_ankle", "left_knee", "left_hip", "pelvis")],
        joints=[
            (ankle[1] - 0.015, ankle[1] + 0.02),
            (knee[1] - 0.03, knee[1] + 0.03),
            (hip[1] - 0.04, hip[1] + 0.02),
        ],
    )


def _foot(m: Mapping[str, float], joint: Mapping[str, Array]) -> Tube:
    ankle, ball = joint["left_ankle"], joint["left_foot"]
    heel = ankle[2] - (m["balloffootlength"] - (ball[2] - ankle[2]))
    toe = heel + m["footlength"]
    broad = m["footbreadthhorizontal"] / 2

    # sections from heel to toe that stand on the floor: position, half width, height
    def ring(z: float, wide: float, high: float) -> Ring:
        return (z, ankle[0], high / 2, wide, high / 2)

    return Tube(
        axis=2,
        rings=[
            ring(heel + 0.004, 0.5 * broad, 0.6 * ankle[1]),
            ring(heel + 0.02, 0.7 * broad, 1.0 * ankle[1]),
            ring(ankle[2] + 0.01, 0.8 * broad, 1.25 * ankle[1]),
            ring((ankle[2] + ball[2]) / 2, 0.9 * broad, 1.1 * ankle[1]),
            ring(ball[2], broad, 0.75 * ankle[1]),
            ring(toe - 0.005, 0.6 * broad, 0.35 * ankle[1]),
        ],
        tips=(heel, toe),
        bones=[_J["left_ankle"], _J["left_foot"]],
        joints=[(ball[2] - 0.015, ball[2] + 0.015)],
    )
