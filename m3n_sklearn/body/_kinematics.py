"""Exact motion of sensor sites: positions, velocities, accelerations, orientations and rates.

Nothing is differenced. Local rotations come with their angular velocities and accelerations,
and one pass from the root outwards carries them along the tree, over the ancestors of the
needed bones only.

Inside, time is the last axis: see `_algebra`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._algebra import apply, compose, cross, matrices, skew, solve_symmetric, spin, transposed
from ._engine import load_engine
from ._forward import check_unit
from ._model import BodyModel
from ._plan import FRAMES, Plan, Points
from ._polar import has_no_polar, polar_rotation
from ._sites import Site, resolve_sites
from ._triangle import Triangles, collapsed, triangle_motion

__all__ = ["JointMotion", "Sensors", "SiteKinematics", "carry", "site_kinematics"]

Array = NDArray[np.float64]

BLOCK = 256
"""Frames that are computed together: their intermediate results fit into the cache."""


@dataclasses.dataclass(frozen=True, eq=False)
class SiteKinematics:
    """How sensor sites move, frame by frame.

    Attributes
    ----------
    names : tuple of str
        Names of the S sites.
    position, velocity, acceleration : ndarray of shape (F, S, 3)
        In the world, in m, m/s and m/s².
    rotation : ndarray of shape (F, S, 3, 3)
        Sensor to world.
    angular_velocity : ndarray of shape (F, S, 3)
        In the sensor's own frame, in rad/s: what an ideal gyroscope reads.
    angular_acceleration : ndarray of shape (F, S, 3) or None
        Its time derivative, in rad/s²; None for ``frame="skin"``.
    """

    names: tuple[str, ...]
    position: Array
    velocity: Array
    acceleration: Array
    rotation: Array
    angular_velocity: Array
    angular_acceleration: Array | None = None


def site_kinematics(
    body: BodyModel,
    sites: str | Site | Iterable[str | Site],
    rotations: ArrayLike,
    rates: ArrayLike,
    accelerations: ArrayLike,
    root_position: ArrayLike,
    root_velocity: ArrayLike,
    root_acceleration: ArrayLike,
    frame: str = "skin",
    engine: str = "numpy",
) -> SiteKinematics:
    """Carry joint motion to sensor sites, analytically and in float64.

    For joint j with parent u, rest offset o, local rotation R and local rates w, al
    (Featherstone [1]_, chapter 5)::

        d = G_u o             p_j = p_u + d            v_j = v_u + w_u x d
        G_j = G_u R           a_j = a_u + al_u x d + w_u x (w_u x d)
        w_j = w_u + G_j w     al_j = al_u + G_j al + w_u x (G_j w)

    With ``frame="bone"`` a sensor is fixed to its bone. With ``frame="skin"`` it follows the
    skin: its position is that of linear blend skinning, pose blend shapes included, and its
    rotation the rotation nearest to the blended matrix, ``polar(sum_k w_k G_k)``, whose
    angular velocity has a closed form. A wrist then feels its share of the forearm's twist. On
    a body without a surface both are the same. With ``frame="triangle"`` it lies on the
    triangle of the site's three vertices: the sensor turns with its first edge and its normal,
    whose angular velocity and acceleration follow from those of the vertices. On a fine mesh
    it also feels how the surface bends.

    Parameters
    ----------
    body : BodyModel
        The body.
    sites : str, Site or iterable of them
        The S sites; see `resolve_sites`.
    rotations : array-like of shape (F, J, 4)
        Local unit quaternions (w, x, y, z), from each joint's to its parent's frame (root: to
        the world). Poses are matched to the body as in `BodyModel.match_pose`.
    rates, accelerations : array-like of shape (F, J, 3)
        Angular velocity (rad/s) of each joint relative to its parent and its time derivative
        (rad/s²), in the joint's own frame: ``w = 2 vec(conj(q) dq/dt)``.
    root_position, root_velocity, root_acceleration : array-like of shape (F, 3)
        Translation of the body in the world and its derivatives (m, m/s, m/s²). As in SMPL the
        root joint lies at ``root_position + rest_joints[0]``.
    frame : {"skin", "bone", "triangle"}, default="skin"
        What carries the sensors.
    engine : {"numpy", "numba"}, default="numpy"
        What computes it; the results are equal to 1e-10.

    Returns
    -------
    SiteKinematics
        Motion of the sites.

    Raises
    ------
    ValueError
        If shapes disagree, values are not finite, quaternions are not of length 1, `frame` or
        `engine` is unknown, or a site has no triangle that could carry it.
    ImportError
        If numba is asked for and not installed.

    References
    ----------
    .. [1] R. Featherstone, "Rigid Body Dynamics Algorithms", Springer, 2008.

    Examples
    --------
    >>> import numpy as np
    >>> from m3n_sklearn.body import default_body, site_kinematics
    >>> still = np.zeros((100, 24, 3))
    >>> upright = np.broadcast_to([1.0, 0.0, 0.0, 0.0], (100, 24, 4))
    >>> rest = np.zeros((100, 3))
    >>> motion = site_kinematics(
    ...     default_body(), ["left_wrist", "chest"], upright, still, still, rest, rest, rest
    ... )
    >>> motion.position.shape, float(abs(motion.acceleration).max())
    ((100, 2, 3), 0.0)
    """
    if frame not in FRAMES:
        raise ValueError(f'frame must be "skin", "bone" or "triangle", got {frame!r}.')
    placed = resolve_sites(body, sites)
    motion = _check_motion(
        rotations, rates, accelerations, (root_position, root_velocity, root_acceleration)
    )
    plan = Plan.of(body, Points.of_sites(body, placed, frame), motion.quat.shape[1])
    return carry(plan, Sensors.of(body, placed, frame), motion, engine)


class JointMotion(NamedTuple):
    """Checked arguments of `site_kinematics`, time first."""

    quat: Array
    rate: Array
    acceleration: Array
    position: Array
    velocity: Array
    linear: Array


class _Output(NamedTuple):
    """Fields of `SiteKinematics`, time first."""

    position: Array
    velocity: Array
    acceleration: Array
    rotation: Array
    angular_velocity: Array
    angular_acceleration: Array

    @classmethod
    def empty(cls, frames: int, sites: int) -> _Output:
        """Make room."""
        shapes = [(3,)] * 3 + [(3, 3)] + [(3,)] * 2
        return cls(*(np.empty((frames, sites, *shape)) for shape in shapes))


class Sensors(NamedTuple):
    """What sits on a body."""

    names: tuple[str, ...]  # of the S sites
    orientation: Array  # (S, 3, 3): sensor to rest pose
    triangles: Triangles | None  # triangles that carry the sensors
    rigid: bool  # whether they are carried by something rigid, which has an angular acceleration

    @classmethod
    def of(cls, body: BodyModel, sites: Sequence[Site], frame: str) -> Sensors:
        """Collect them from resolved sites."""
        return cls(
            tuple(site.name for site in sites),
            np.stack([site.orientation for site in sites]),
            Triangles.of(body, sites) if frame == "triangle" else None,
            frame != "skin",
        )


def carry(plan: Plan, sensors: Sensors, motion: JointMotion, engine: str) -> SiteKinematics:
    """Carry joint motion to sensors, once everything is checked and planned."""
    compiled = load_engine(engine)
    out = _Output.empty(len(motion.quat), len(sensors.names))
    if compiled is not None:
        lost = compiled.site_motion(plan, sensors.orientation, sensors.triangles, motion, out)
        if lost >= 0:
            raise collapsed(sensors.names[lost])
    else:
        for start in range(0, len(motion.quat), BLOCK):
            block = slice(start, start + BLOCK)
            _site_motion(plan, sensors, JointMotion(*(x[block] for x in motion)), out, block)
    return SiteKinematics(sensors.names, *out[:5], out[5] if sensors.rigid else None)


class _Links(NamedTuple):
    """Motion of N bones in the world: matrices (3, 3, N, F) and vectors (3, N, F)."""

    rotation: Array
    position: Array
    velocity: Array
    acceleration: Array
    rate: Array
    angular_acceleration: Array


def _site_motion(
    plan: Plan, sensors: Sensors, motion: JointMotion, out: _Output, block: slice
) -> None:
    """Compute a block of frames."""
    quat, rate, acceleration = (
        np.ascontiguousarray(x[:, plan.moving].transpose(2, 1, 0)) for x in motion[:3]
    )
    quat /= np.sqrt(np.sum(quat * quat, axis=0))
    for x in (quat, rate, acceleration):
        x[:, plan.still] = 0.0
    quat[0, plan.still] = 1.0
    turns = matrices(quat)
    links = _propagate(plan, turns, rate, acceleration, motion)
    blended = _blend(plan, links)
    features = _features(plan, turns, rate, acceleration)
    points = _skinned_points(plan, blended, features)
    if sensors.triangles is not None:
        results = triangle_motion(sensors.triangles, points, sensors.names)
    else:
        results = (*points, *_patches(plan, links, blended))
    turned = (results[3].transpose(3, 2, 0, 1) @ sensors.orientation, *results[4:])
    for target, values in zip(out[:3], results[:3], strict=True):
        target[block] = values.transpose(2, 1, 0)
    out.rotation[block] = turned[0]
    for target, values in zip(out[4:], turned[1:], strict=False):
        target[block] = np.einsum("ksf,skj->fsj", values, sensors.orientation)


def _propagate(
    plan: Plan, turns: Array, rate: Array, acceleration: Array, motion: JointMotion
) -> _Links:
    """Run from the root outwards, one generation at a time."""
    frames, bones = len(motion.quat), len(plan.parents)
    links = _Links(
        np.empty((3, 3, bones, frames)), *(np.empty((3, bones, frames)) for _ in range(5))
    )
    links.rotation[:, :, 0] = turns[:, :, 0]
    links.position[:, 0] = motion.position.T + plan.offsets[0][:, None]
    links.velocity[:, 0] = motion.velocity.T
    links.acceleration[:, 0] = motion.linear.T
    links.rate[:, 0] = apply(turns[:, :, 0], rate[:, 0])
    links.angular_acceleration[:, 0] = apply(turns[:, :, 0], acceleration[:, 0])
    for children in plan.generations:
        up = _Links(*(x[..., plan.parents[children], :] for x in links))
        offset = apply(up.rotation, plan.offsets[children].T[..., None])
        swing = cross(up.rate, offset)
        turn = compose(up.rotation, turns[:, :, children])
        twist = apply(turn, rate[:, children])
        bend = apply(turn, acceleration[:, children])
        links.rotation[:, :, children] = turn
        links.position[:, children] = up.position + offset
        links.velocity[:, children] = up.velocity + swing
        links.acceleration[:, children] = (
            up.acceleration + cross(up.angular_acceleration, offset) + cross(up.rate, swing)
        )
        links.rate[:, children] = up.rate + twist
        links.angular_acceleration[:, children] = (
            up.angular_acceleration + bend + cross(up.rate, twist)
        )
    return links


def _blend(plan: Plan, links: _Links) -> list[Array]:
    """Blend the bones' maps ``x -> G x + t``, with two derivatives: (3, 4, P, F) each."""
    # Skinning is linear in them: whatever the number of bones, the rest is done once per point.
    turning = spin(links.rate, links.rotation)
    bending = spin(links.angular_acceleration, links.rotation) + spin(links.rate, turning)
    blended = []
    points = (links.position, links.velocity, links.acceleration)
    for matrix, point in zip((links.rotation, turning, bending), points, strict=True):
        maps = np.empty((3, 4, *point.shape[1:]))
        maps[:, :3] = matrix
        maps[:, 3] = point - apply(matrix, plan.rest.T[..., None])
        blended.append(plan.weights @ maps)
    return blended


def _features(
    plan: Plan, turns: Array, rate: Array, acceleration: Array
) -> tuple[Array, Array, Array] | None:
    """Shifts of the rest points (3, P, F) by the pose, with two derivatives."""
    # The pose feature is R - I of each joint, so that R' = R [w] and R'' = R ([w]^2 + [al]).
    if plan.posedirs is None:
        return None
    turn, twist = turns[:, :, plan.shaping], skew(rate[:, plan.shaping])
    bend = compose(twist, twist) + skew(acceleration[:, plan.shaping])
    features = (turn - np.eye(3)[..., None, None], compose(turn, twist), compose(turn, bend))
    frames = turn.shape[-1]
    value, first, second = (
        (plan.posedirs @ x.reshape(-1, frames)).reshape(3, -1, frames) for x in features
    )
    return value, first, second


def _skinned_points(
    plan: Plan, blended: list[Array], shifts: tuple[Array, Array, Array] | None
) -> tuple[Array, Array, Array]:
    """Positions, velocities and accelerations (3, P, F) under linear blend skinning."""
    matrices_ = [x[:, :3] for x in blended]
    rest = plan.points.T[..., None]
    if shifts is not None:
        rest = rest + shifts[0]
    position, velocity, acceleration = (apply(x[:, :3], rest) + x[:, 3] for x in blended)
    if shifts is not None:  # the rest point itself moves with the pose
        value, first, _ = matrices_
        velocity += apply(value, shifts[1])
        acceleration += 2 * apply(first, shifts[1]) + apply(value, shifts[2])
    return position, velocity, acceleration


def _patches(plan: Plan, links: _Links, blended: list[Array]) -> tuple[Array, Array, Array]:
    """Rotation of each site's patch, and its angular velocity and acceleration in its own axes."""
    # With M = sum w_k G_k = Q S (polar) and Q' = Q [w], the skew part of Q^T M' is that of [w] S,
    # so that (tr(S) I - S) w = vex(Q^T M' - M'^T Q). Where M has no polar rotation, the patch
    # follows its main bone. The angular acceleration is that of the main bone.
    rotation = links.rotation[:, :, plan.main]
    back = transposed(rotation)
    rate = apply(back, links.rate[:, plan.main])
    acceleration = apply(back, links.angular_acceleration[:, plan.main])
    mixed = plan.mixed
    if len(mixed) == 0:
        return rotation, rate, acceleration
    blend, blend_rate = (x[:, :3, mixed] for x in blended[:2])
    lost = has_no_polar(blend)
    blend = np.where(lost, rotation[:, :, mixed], blend)
    turning = spin(links.rate[:, plan.main[mixed]], rotation[:, :, mixed])
    blend_rate = np.where(lost, turning, blend_rate)
    nearest = polar_rotation(blend)
    stretch = compose(transposed(nearest), blend)
    skewed = compose(transposed(nearest), blend_rate)
    skewed = skewed - transposed(skewed)
    twist = np.stack([skewed[2, 1], skewed[0, 2], skewed[1, 0]])
    trace = stretch[0, 0] + stretch[1, 1] + stretch[2, 2]
    system = trace * np.eye(3)[..., None, None] - (stretch + transposed(stretch)) / 2
    rotation[:, :, mixed], rate[:, mixed] = nearest, solve_symmetric(system, twist)
    return rotation, rate, acceleration


def _check_motion(
    rotations: ArrayLike,
    rates: ArrayLike,
    accelerations: ArrayLike,
    root: tuple[ArrayLike, ArrayLike, ArrayLike],
) -> JointMotion:
    """Check shapes and values."""
    quat = _finite(rotations, "rotations")
    if quat.ndim != 3 or quat.shape[2] != 4:
        raise ValueError(f"rotations must be quaternions (F, J, 4), got shape {quat.shape}.")
    check_unit(quat)
    n_frames, n_joints = quat.shape[:2]
    rate = _finite(rates, "rates", (n_frames, n_joints, 3))
    acceleration = _finite(accelerations, "accelerations", (n_frames, n_joints, 3))
    names = ("root_position", "root_velocity", "root_acceleration")
    roots = (_finite(x, name, (n_frames, 3)) for x, name in zip(root, names, strict=True))
    return JointMotion(quat, rate, acceleration, *roots)


def _finite(values: ArrayLike, name: str, shape: tuple[int, ...] | None = None) -> Array:
    array = np.asarray(values, dtype=np.float64)
    if shape is not None and array.shape != shape:
        raise ValueError(f"{name} must have shape {shape} to go with rotations, got {array.shape}.")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite; it has NaN or infinite entries.")
    return array
