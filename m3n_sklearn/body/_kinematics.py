"""Kinematics of sensor sites: positions, velocities, accelerations, orientations and rates.

Everything is analytic, nothing is a finite difference. Local rotations come with their angular
velocity and acceleration. Inside, time is the last axis (see `_algebra`).

Bones
-----
For joint j with parent u, rest offset o, local rotation R, and local rate w and acceleration al
in the joint's own frame, one pass from the root outward gives the motion in the world [1]_:

    d   = G_u o             p_j = p_u + d            v_j  = v_u + w_u x d
    G_j = G_u R             a_j = a_u + al_u x d + w_u x (w_u x d)
    w_j = w_u + G_j w       al_j = al_u + G_j al + w_u x (G_j w)

Only the ancestors of the bones that carry a site are computed.

Points of the skin
------------------
Linear blend skinning moves the rest point r with ``x = M r + t``, where ``M = sum_k w_k G_k`` and
``t = sum_k w_k (p_k - G_k J_k)`` with the bones' rest positions J_k. Its derivatives use
``G' = [w] G`` and ``G'' = [al] G + [w] G'``. Pose blend shapes shift the rest point itself,
``r = r_0 + B vec(R - I)``, with ``R' = R [w]`` and ``R'' = R ([w]^2 + [al])``, so that

    x'  = M' r + t' + M r'
    x'' = M'' r + t'' + 2 M' r' + M r''

Patch of the skin
-----------------
A sensor on the skin has the rotation Q nearest to M, from the polar decomposition ``M = Q S``
with a symmetric S [2]_. With ``Q' = Q [w]``, the skew part of ``Q^T M'`` is that of ``[w] S``,
hence

    (tr(S) I - S) w = vex(Q^T M' - M'^T Q)

where vex takes a skew matrix to its vector. Where M is nearly singular, the patch follows the
bone with the largest weight.

References
----------
.. [1] R. Featherstone, "Rigid Body Dynamics Algorithms", Springer, 2008, chapter 5.
.. [2] N. J. Higham, "Computing the polar decomposition - with applications", SIAM Journal on
   Scientific and Statistical Computing 7(4), 1986.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from .._engines import load_engine
from .._typing import Array
from .._validation import finite_array
from ._algebra import (
    apply,
    compose,
    cross,
    has_no_polar,
    matrices,
    polar_rotation,
    skew,
    solve_symmetric,
    spin,
    transposed,
)
from ._forward import check_unit
from ._model import BodyModel
from ._points import FRAMES, PointPlan, Points, Triangles, collapsed, triangle_motion
from ._sites import Site, resolve_sites

__all__ = ["BoneEnd", "JointMotion", "Sensors", "SiteKinematics", "carry", "site_kinematics"]

BLOCK = 256
"""Frames that are computed at once, so that intermediate results fit into the cache."""


@dataclasses.dataclass(frozen=True, eq=False)
class SiteKinematics:
    """Motion of S sensor sites in F frames, as returned by `site_kinematics`.

    All arrays are float64.

    Attributes
    ----------
    names : tuple of str
        Names of the sites.
    position : ndarray of shape (F, S, 3)
        In the world, in m.
    velocity : ndarray of shape (F, S, 3)
        In the world, in m/s.
    acceleration : ndarray of shape (F, S, 3)
        In the world, in m/s², without gravity.
    rotation : ndarray of shape (F, S, 3, 3)
        Rotation matrices from sensor to world.
    angular_velocity : ndarray of shape (F, S, 3)
        In the sensor's frame, in rad/s: the reading of an ideal gyroscope.
    angular_acceleration : ndarray of shape (F, S, 3) or None
        Derivative of `angular_velocity`, in rad/s². None for ``frame="skin"``.

    See Also
    --------
    site_kinematics : Computes it.

    Examples
    --------
    >>> import numpy as np
    >>> from m3n_sklearn.body import default_body, site_kinematics
    >>> upright = np.broadcast_to([1.0, 0.0, 0.0, 0.0], (10, 24, 4))
    >>> still, rest = np.zeros((10, 24, 3)), np.zeros((10, 3))
    >>> motion = site_kinematics(
    ...     default_body(), "left_wrist", upright, still, still, rest, rest, rest
    ... )
    >>> motion.names, motion.rotation.shape
    (('left_wrist',), (10, 1, 3, 3))
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
    """Compute the motion of sensor sites from that of the joints, analytically and in float64.

    For joint j with parent u, rest offset o, local rotation R, and local angular velocity w and
    acceleration al [1]_::

        d = G_u o             p_j = p_u + d            v_j = v_u + w_u x d
        G_j = G_u R           a_j = a_u + al_u x d + w_u x (w_u x d)
        w_j = w_u + G_j w     al_j = al_u + G_j al + w_u x (G_j w)

    The `frame` decides what carries a sensor:

    - ``"bone"``: its bone, rigidly.
    - ``"skin"``: the skin. The position is that of linear blend skinning, with pose blend shapes.
      The rotation is the one nearest to the blended matrix, ``polar(sum_k w_k G_k)`` [2]_, whose
      angular velocity has a closed form. A sensor on the wrist thus follows a part of the
      forearm's twist. On a body without a surface this is the same as ``"bone"``.
    - ``"triangle"``: the triangle of the site's three vertices. The sensor turns with the first
      edge and the normal. On a fine mesh it also follows the bending of the surface.

    Parameters
    ----------
    body : BodyModel
        The body.
    sites : str, Site or iterable of them
        The S sites (see `resolve_sites`).
    rotations : array-like of shape (F, J, 4)
        Local unit quaternions (w, x, y, z), from each joint's frame to that of its parent (root:
        to the world). Poses are matched to the body by `BodyModel.match_pose`.
    rates : array-like of shape (F, J, 3)
        Angular velocity of each joint relative to its parent, in the joint's own frame and in
        rad/s: ``w = 2 vec(conj(q) dq/dt)``.
    accelerations : array-like of shape (F, J, 3)
        Derivative of `rates`, in rad/s².
    root_position : array-like of shape (F, 3)
        Translation of the body in the world, in m. As in SMPL, the root joint is at
        ``root_position + rest_joints[0]``.
    root_velocity, root_acceleration : array-like of shape (F, 3)
        Derivatives of `root_position`, in m/s and m/s².
    frame : {"skin", "bone", "triangle"}, default="skin"
        What carries the sensors.
    engine : {"numpy", "numba"}, default="numpy"
        Implementation. The results agree to 1e-10.

    Returns
    -------
    SiteKinematics
        Motion of the sites.

    Raises
    ------
    ValueError
        If shapes disagree, values are not finite, quaternions do not have length 1, `frame` or
        `engine` is unknown, or a triangle is missing or collapses.
    ImportError
        If ``engine="numba"`` and numba is not installed.

    References
    ----------
    .. [1] R. Featherstone, "Rigid Body Dynamics Algorithms", Springer, 2008, chapter 5.
    .. [2] N. J. Higham, "Computing the polar decomposition - with applications", SIAM Journal on
       Scientific and Statistical Computing 7(4), 1986.

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
    plan = PointPlan.of(body, Points.of_sites(body, placed, frame), motion.quat.shape[1])
    return carry(plan, Sensors.of(body, placed, frame), motion, engine)


class JointMotion(NamedTuple):
    """Checked arguments of `site_kinematics`, time first."""

    quat: Array  # (F, J, 4)
    rate: Array  # (F, J, 3), in rad/s
    acceleration: Array  # (F, J, 3), in rad/s^2
    position: Array  # (F, 3): of the root, in m
    velocity: Array  # (F, 3)
    linear: Array  # (F, 3): acceleration of the root


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
        """Allocate the arrays."""
        shapes = [(3,)] * 3 + [(3, 3)] + [(3,)] * 2
        return cls(*(np.empty((frames, sites, *shape)) for shape in shapes))


class Sensors(NamedTuple):
    """The sensors on a body, and what carries them."""

    names: tuple[str, ...]  # of the S sites
    orientation: Array  # (S, 3, 3): sensor to rest pose
    triangles: Triangles | None  # the triangles that carry the sensors, if any do
    rigid: bool  # whether bones or triangles carry them, which have an angular acceleration

    @classmethod
    def of(cls, body: BodyModel, sites: Sequence[Site], frame: str) -> Sensors:
        """Create them from resolved sites."""
        return cls(
            tuple(site.name for site in sites),
            np.stack([site.orientation for site in sites]),
            Triangles.of(body, sites) if frame == "triangle" else None,
            frame != "skin",
        )


def carry(plan: PointPlan, sensors: Sensors, motion: JointMotion, engine: str) -> SiteKinematics:
    """Compute the motion of sensors from that of joints, after all checks."""
    compiled = load_engine(engine, __package__)
    out = _Output.empty(len(motion.quat), len(sensors.names))
    if compiled is not None:
        failed = compiled.site_motion(plan, sensors.orientation, sensors.triangles, motion, out)
        if failed >= 0:
            raise collapsed(sensors.names[failed])
    else:
        for start in range(0, len(motion.quat), BLOCK):
            block = slice(start, start + BLOCK)
            _site_motion(plan, sensors, JointMotion(*(x[block] for x in motion)), out, block)
    return SiteKinematics(sensors.names, *out[:5], out[5] if sensors.rigid else None)


class _Links(NamedTuple):
    """Motion of N bones in the world: rotation (3, 3, N, F), all others (3, N, F)."""

    rotation: Array
    position: Array
    velocity: Array
    acceleration: Array
    rate: Array
    angular_acceleration: Array


def _site_motion(
    plan: PointPlan, sensors: Sensors, motion: JointMotion, out: _Output, block: slice
) -> None:
    """Compute a block of frames into `out`."""
    # 1. Time to the last axis; bones that the pose does not drive are at rest
    quat, rate, acceleration = (
        np.ascontiguousarray(x[:, plan.moving].transpose(2, 1, 0)) for x in motion[:3]
    )
    quat /= np.sqrt(np.sum(quat * quat, axis=0))
    for x in (quat, rate, acceleration):
        x[:, plan.still] = 0.0
    quat[0, plan.still] = 1.0
    # 2. Bones, blended maps, shifts of the rest points, points
    turns = matrices(quat)
    links = _propagate(plan, turns, rate, acceleration, motion)
    blended = _blend(plan, links)
    features = _features(plan, turns, rate, acceleration)
    points = _skinned_points(plan, blended, features)
    # 3. Orientation and rates: of triangles, or of patches of skin
    if sensors.triangles is not None:
        results = triangle_motion(sensors.triangles, points, sensors.names)
    else:
        results = (*points, *_patches(plan, links, blended))
    # 4. Into the sensors' own axes, time first
    turned = (results[3].transpose(3, 2, 0, 1) @ sensors.orientation, *results[4:])
    for target, values in zip(out[:3], results[:3], strict=True):
        target[block] = values.transpose(2, 1, 0)
    out.rotation[block] = turned[0]
    for target, values in zip(out[4:], turned[1:], strict=False):
        target[block] = np.einsum("ksf,skj->fsj", values, sensors.orientation)


def _propagate(
    plan: PointPlan, turns: Array, rate: Array, acceleration: Array, motion: JointMotion
) -> _Links:
    """Propagate the motion from the root outward, one generation of bones at a time."""
    frames, bones = len(motion.quat), len(plan.parents)
    links = _Links(
        np.empty((3, 3, bones, frames)), *(np.empty((3, bones, frames)) for _ in range(5))
    )
    # root: its local motion is relative to the world
    links.rotation[:, :, 0] = turns[:, :, 0]
    links.position[:, 0] = motion.position.T + plan.offsets[0][:, None]
    links.velocity[:, 0] = motion.velocity.T
    links.acceleration[:, 0] = motion.linear.T
    links.rate[:, 0] = apply(turns[:, :, 0], rate[:, 0])
    links.angular_acceleration[:, 0] = apply(turns[:, :, 0], acceleration[:, 0])
    # generations: d, w_u x d, G_j, G_j w and G_j al of the module's equations
    for children in plan.generations:
        up = _Links(*(x[..., plan.parents[children], :] for x in links))
        offset = apply(up.rotation, plan.offsets[children].T[..., None])
        swing = cross(up.rate, offset)
        turn = compose(up.rotation, turns[:, :, children])
        twist = apply(turn, rate[:, children])
        twist_change = apply(turn, acceleration[:, children])
        links.rotation[:, :, children] = turn
        links.position[:, children] = up.position + offset
        links.velocity[:, children] = up.velocity + swing
        links.acceleration[:, children] = (
            up.acceleration + cross(up.angular_acceleration, offset) + cross(up.rate, swing)
        )
        links.rate[:, children] = up.rate + twist
        links.angular_acceleration[:, children] = (
            up.angular_acceleration + twist_change + cross(up.rate, twist)
        )
    return links


def _blend(plan: PointPlan, links: _Links) -> list[Array]:
    """Return the blended maps [M t] and their two derivatives, each (3, 4, P, F)."""
    # skinning is linear in the bones' maps, so all further steps are done once per point
    turning = spin(links.rate, links.rotation)  # G' and G''
    turning_change = spin(links.angular_acceleration, links.rotation) + spin(links.rate, turning)
    blended = []
    points = (links.position, links.velocity, links.acceleration)
    for matrix, point in zip((links.rotation, turning, turning_change), points, strict=True):
        maps = np.empty((3, 4, *point.shape[1:]))
        maps[:, :3] = matrix
        maps[:, 3] = point - apply(matrix, plan.rest.T[..., None])
        blended.append(plan.weights @ maps)
    return blended


def _features(
    plan: PointPlan, turns: Array, rate: Array, acceleration: Array
) -> tuple[Array, Array, Array] | None:
    """Return the shifts of the rest points by blend shapes and two derivatives, each (3, P, F)."""
    if plan.posedirs is None:
        return None
    # R - I, R [w] and R ([w]^2 + [al])
    turn, first_order = turns[:, :, plan.shaping], skew(rate[:, plan.shaping])
    second_order = compose(first_order, first_order) + skew(acceleration[:, plan.shaping])
    features = (
        turn - np.eye(3)[..., None, None],
        compose(turn, first_order),
        compose(turn, second_order),
    )
    frames = turn.shape[-1]
    value, first, second = (
        (plan.posedirs @ x.reshape(-1, frames)).reshape(3, -1, frames) for x in features
    )
    return value, first, second


def _skinned_points(
    plan: PointPlan, blended: list[Array], shifts: tuple[Array, Array, Array] | None
) -> tuple[Array, Array, Array]:
    """Return positions, velocities and accelerations of skinned points, each (3, P, F)."""
    matrices_ = [x[:, :3] for x in blended]
    rest = plan.points.T[..., None]
    if shifts is not None:
        rest = rest + shifts[0]
    position, velocity, acceleration = (apply(x[:, :3], rest) + x[:, 3] for x in blended)
    if shifts is not None:  # M r' in x', and 2 M' r' + M r'' in x''
        value, first, _ = matrices_
        velocity += apply(value, shifts[1])
        acceleration += 2 * apply(first, shifts[1]) + apply(value, shifts[2])
    return position, velocity, acceleration


def _patches(plan: PointPlan, links: _Links, blended: list[Array]) -> tuple[Array, Array, Array]:
    """Return rotation, rate and angular acceleration of each patch, the rates in its own axes."""
    # 1. The bone with the largest weight; its angular acceleration stands for the patch's
    rotation = links.rotation[:, :, plan.main]
    back = transposed(rotation)
    rate = apply(back, links.rate[:, plan.main])
    acceleration = apply(back, links.angular_acceleration[:, plan.main])
    mixed = plan.mixed
    if len(mixed) == 0:
        return rotation, rate, acceleration
    # 2. M and M' where several bones share a patch; a nearly singular M is replaced by that bone's
    blend, blend_rate = (x[:, :3, mixed] for x in blended[:2])
    singular = has_no_polar(blend)
    blend = np.where(singular, rotation[:, :, mixed], blend)
    turning = spin(links.rate[:, plan.main[mixed]], rotation[:, :, mixed])
    blend_rate = np.where(singular, turning, blend_rate)
    # 3. M = Q S, then (tr(S) I - S) w = vex(Q^T M' - M'^T Q)
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
    """Check shapes and values; rotations set the number of frames and joints."""
    quat = finite_array(rotations, "rotations (unit quaternions)", (None, None, 4))
    check_unit(quat)
    n_frames, n_joints = quat.shape[:2]
    rate = finite_array(rates, "rates", (n_frames, n_joints, 3))
    acceleration = finite_array(accelerations, "accelerations", (n_frames, n_joints, 3))
    names = ("root_position", "root_velocity", "root_acceleration")
    roots = (finite_array(x, name, (n_frames, 3)) for x, name in zip(root, names, strict=True))
    return JointMotion(quat, rate, acceleration, *roots)


# ---- the far end of a bone


class BoneEnd:
    """The far end of one bone; `joints` are those of the pose that move it, increasing."""

    def __init__(self, body: BodyModel, bone: int, n_joints: int) -> None:
        rest, parents = body.rest_joints, np.asarray(body.parents)
        children = rest[parents == bone]
        if len(children):
            end = children[np.argmax(np.linalg.norm(children - rest[bone], axis=1))]
        else:
            end = 2 * rest[bone] - rest[max(int(parents[bone]), 0)]
        points = Points(np.eye(body.n_joints)[[bone]], end[None], None)
        self.joints, self._plan = PointPlan.of(body, points, n_joints).driven()

    def positions(self, quats: Array, trans: Array) -> Array:
        """Return positions (F, B, 3) for quaternions (F, B, J, 4) and translations (F, B, 3)."""
        turns = quats[:, :, self.joints]
        plan = self._plan
        local = np.ascontiguousarray(turns[:, :, plan.moving].transpose(3, 2, 0, 1))
        local[1:, plan.still], local[0, plan.still] = 0.0, 1.0
        local /= np.sqrt(np.sum(local * local, axis=0))
        position = trans.transpose(2, 0, 1) + plan.offsets[0][:, None, None]
        rotation = matrices(local[:, 0])
        for bone in range(1, len(plan.parents)):  # a chain: the parent is the bone before
            position = position + apply(rotation, plan.offsets[bone][:, None, None])
            rotation = compose(rotation, matrices(local[:, bone]))
        position = position + apply(rotation, (plan.points[0] - plan.rest[-1])[:, None, None])
        return position.transpose(1, 2, 0)
