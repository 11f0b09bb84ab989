"""The default body: joints and surface from an anthropometric survey, without any file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from .._typing import Array
from .._validation import is_number
from ..skeleton import (
    MEAN_STATURE,
    MIRROR_JOINTS,
    SEXES,
    SMPL_JOINTS,
    SMPL_PARENTS,
    joint_centers,
    measures,
)
from ._model import BodyModel

__all__ = [
    "Mesh",
    "Ring",
    "Tube",
    "blend_along",
    "build_tube",
    "default_body",
    "mirrored",
    "skin_surface",
    "smoothstep",
    "stack",
]

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

Ring = tuple[float, float, float, float, float]


def default_body(sex: str = "neutral", stature: float | None = None) -> BodyModel:
    """Return a body of average proportions.

    Segment lengths, breadths and girths are mean values of ANSUR II [1]_ by sex, relative to
    stature. Joint centers lie inside the surface landmarks, so that limb lengths agree with those
    between joint centers of de Leva [2]_. The body has SMPL's 24 joints. The rest pose is a
    T-pose with the pelvis at the origin.

    The surface consists of elliptic tubes with about 3000 vertices. It is accurate enough to place
    a sensor on the skin, but does not look like a person. Left and right are exact mirror images.
    The twist of the forearm's skin grows smoothly from its middle to the wrist.

    The body has no shape coefficients (``n_betas == 0``), so SMPL's betas do not apply to it. Its
    size is set by `stature`, its proportions by `sex`.

    Parameters
    ----------
    sex : {"neutral", "male", "female"}, default="neutral"
        Proportions. Neutral is the mean of male and female.
    stature : float or None, default=None
        Standing height in m. None is the mean of the survey for that sex: 1.756 m male, 1.629 m
        female, 1.692 m neutral.

    Returns
    -------
    BodyModel
        The body. Equal arguments may return the same object.

    Raises
    ------
    ValueError
        If `sex` is unknown, or `stature` is not between 0.4 m and 3 m.
    TypeError
        If `stature` is not a number.

    See Also
    --------
    read_body : Bodies of the SMPL family from files.
    body_from_mesh : Bodies from a skinned mesh.

    References
    ----------
    .. [1] C. C. Gordon et al., "2012 anthropometric survey of U.S. Army personnel: methods and
       summary statistics", Technical Report NATICK/TR-15/007, 2014.
    .. [2] P. de Leva, "Adjustments to Zatsiorsky-Seluyanov's segment inertia parameters", Journal
       of Biomechanics 29(9), 1996.

    Examples
    --------
    >>> from m3n_sklearn.body import default_body
    >>> body = default_body("female", stature=1.70)
    >>> body.n_joints, round(body.stature, 3)
    (24, 1.7)
    """
    if sex not in SEXES:
        raise ValueError(f"sex must be one of {list(SEXES)}, got {sex!r}.")
    if stature is None:
        stature = MEAN_STATURE[sex]
    if not is_number(stature):
        raise TypeError(f"stature must be a number of meters, got {type(stature).__name__}.")
    if not 0.4 <= stature <= 3.0:
        raise ValueError(
            f"stature must lie between 0.4 m and 3 m, got {stature!r}. Pass it in meters."
        )
    return _built(sex, float(stature))


@lru_cache(maxsize=16)  # bodies do not change, so people of one size can share one
def _built(sex: str, stature: float) -> BodyModel:
    """Build the body of a sex and stature."""
    dimensions = measures(sex)
    centers = joint_centers(dimensions)
    joints = np.array([centers[name] for name in SMPL_JOINTS])
    surface = skin_surface(dimensions, joints)
    return BodyModel(
        joint_names=SMPL_JOINTS,
        parents=SMPL_PARENTS,
        rest_joints=stature * (joints - joints[0]),
        vertices=stature * (surface.vertices - joints[0]),
        weights=surface.weights,
        faces=surface.faces,
        name=f"the default {sex} body",
    )


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
    """Return the surface of pelvis, trunk, shoulders, neck and head."""
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
    """Return the tube of the left arm and hand."""
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
        """Return a section of the tube."""
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
    """Return the tube of the left leg."""
    hip, knee, ankle = (joint[f"left_{name}"] for name in ("hip", "knee", "ankle"))
    shank = knee[1] - ankle[1]

    # circular sections from the foot to inside the trunk: height, depth, girth, fraction of it
    def ring(y: float, z: float, girth: str, share: float = 1.0) -> Ring:
        """Return a section of the tube."""
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
    """Return the tube of the left foot."""
    ankle, ball = joint["left_ankle"], joint["left_foot"]
    heel = ankle[2] - (m["balloffootlength"] - (ball[2] - ankle[2]))
    toe = heel + m["footlength"]
    broad = m["footbreadthhorizontal"] / 2

    # sections from heel to toe that stand on the floor: position, half width, height
    def ring(z: float, wide: float, high: float) -> Ring:
        """Return a section of the tube."""
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


# ---- tubes


class Mesh(NamedTuple):
    """Vertices (V, 3), outward triangles (K, 3) and skinning weights (V, J)."""

    vertices: Array
    faces: NDArray[np.int64]
    weights: Array


class Tube(NamedTuple):
    """A tube along one axis of the rest pose (0: x, 1: y, 2: z)."""

    axis: int
    # (position along the axis, center v, center u, radius v, radius u), by increasing position; v
    # and u are the next two axes in cyclic order
    rings: Sequence[Ring]
    tips: tuple[float, float]  # positions of both ends
    bones: Sequence[int]  # joints that carry it, by increasing position
    joints: Sequence[tuple[float, float]]  # where each change of bone begins and is complete


def build_tube(tube: Tube, n_joints: int, spacing: float, around: int) -> Mesh:
    """Sample a tube with `around` (a multiple of 4) vertices on rings `spacing` apart."""
    # 1. Monotone interpolation of the sections
    knots = np.array(tube.rings)
    count = max(2, round((knots[-1, 0] - knots[0, 0]) / spacing) + 1)
    along = np.linspace(knots[0, 0], knots[-1, 0], count)
    center_v, center_u, radius_v, radius_u = PchipInterpolator(knots[:, 0], knots[:, 1:])(along).T
    # 2. Vertices of the rings, and a pole at each end
    sine, cosine = _circle(around)
    v_axis, u_axis = (tube.axis + 1) % 3, (tube.axis + 2) % 3
    body = np.empty((count, around, 3))
    body[..., tube.axis] = along[:, None]
    body[..., v_axis] = center_v[:, None] + radius_v[:, None] * cosine
    body[..., u_axis] = center_u[:, None] + radius_u[:, None] * sine
    poles = np.empty((2, 3))
    for pole, end, tip in zip(poles, (0, -1), tube.tips, strict=True):
        pole[[tube.axis, v_axis, u_axis]] = tip, center_v[end], center_u[end]
    vertices = np.concatenate([body.reshape(-1, 3), poles])
    weights = blend_along(vertices[:, tube.axis], tube.bones, tube.joints, n_joints)
    return Mesh(vertices, _tube_faces(count, around), weights)


def blend_along(
    position: Array, bones: Sequence[int], joints: Sequence[tuple[float, float]], n_joints: int
) -> Array:
    """Return weights of consecutive bones, smooth along the tube and of sum 1."""
    passed = [np.ones_like(position)]
    passed += [smoothstep((position - start) / (end - start)) for start, end in joints]
    passed += [np.zeros_like(position)]
    weights = np.zeros((len(position), n_joints))
    for k, bone in enumerate(bones):
        weights[:, bone] = passed[k] - passed[k + 1]
    return weights


def smoothstep(x: Array) -> Array:
    """Return 3 x^2 - 2 x^3, clipped to 0 below 0 and to 1 above 1."""
    t = np.clip(x, 0.0, 1.0)
    return t * t * (3 - 2 * t)


def mirrored(mesh: Mesh, mirror_joints: NDArray[np.int64]) -> Mesh:
    """Reflect in x: vertices, orientation of triangles, and sides of the bones."""
    return Mesh(mesh.vertices * (-1, 1, 1), mesh.faces[:, ::-1], mesh.weights[:, mirror_joints])


def stack(meshes: Sequence[Mesh]) -> Mesh:
    """Concatenate meshes without connecting them."""
    starts = np.cumsum([0] + [len(mesh.vertices) for mesh in meshes[:-1]])
    return Mesh(
        np.concatenate([mesh.vertices for mesh in meshes]),
        np.concatenate([mesh.faces + k for mesh, k in zip(meshes, starts, strict=True)]),
        np.concatenate([mesh.weights for mesh in meshes]),
    )


def _circle(around: int) -> tuple[Array, Array]:
    """Return sines and cosines of equal steps, symmetric to the last bit."""
    half = np.pi * np.arange(around // 2 + 1) / (around // 2)
    sine, cosine = np.sin(half), np.cos(half)
    sine[-1] = 0.0
    return np.concatenate([sine, -sine[-2:0:-1]]), np.concatenate([cosine, cosine[-2:0:-1]])


def _tube_faces(count: int, around: int) -> NDArray[np.int64]:
    """Return triangles between rings and to both tips, with mirrored diagonals of both halves."""
    # 1. Two triangles for each quadrilateral a, b, d, c between rings
    ring, k = np.meshgrid(np.arange(count - 1), np.arange(around), indexing="ij")
    a, b = ring * around + k, ring * around + (k + 1) % around
    c, d = a + around, b + around
    first = k < around // 2
    one = np.where(first[..., None], np.stack([a, b, d], -1), np.stack([a, b, c], -1))
    two = np.where(first[..., None], np.stack([a, d, c], -1), np.stack([b, d, c], -1))
    # 2. Fans around the poles
    turn = np.arange(around)
    after = (turn + 1) % around
    bottom, top = count * around, count * around + 1
    last = (count - 1) * around
    start = np.stack([after, turn, np.full(around, bottom)], axis=-1)
    end = np.stack([last + turn, last + after, np.full(around, top)], axis=-1)
    return np.concatenate([one.reshape(-1, 3), two.reshape(-1, 3), start, end])
