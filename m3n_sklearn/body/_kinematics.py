"""Exact motion of sensor sites: positions, velocities, accelerations, orientations and rates.

Nothing is differenced. Local rotations come with their angular velocities and accelerations,
and one pass from the root outwards carries them along the tree, over the ancestors of the
needed bones only.

Inside, time is the last axis: see `_algebra`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..motion.rotations import matrix_from_quat
from ._algebra import apply, compose, cross, skew, solve_symmetric, transposed
from ._forward import unit_quaternions
from ._model import BodyModel
from ._polar import has_no_polar, polar_rotation
from ._sites import Site, resolve_sites

__all__ = ["SiteKinematics", "site_kinematics"]

Array = NDArray[np.float64]
# weights below have no visible effect, and each bone costs time
_NEGLIGIBLE_WEIGHT = 1e-12


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
        Its time derivative, in rad/s²; only for ``frame="bone"``.
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
    a body without a surface both are the same.

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
    frame : {"skin", "bone"}, default="skin"
        What carries the sensors.

    Returns
    -------
    SiteKinematics
        Motion of the sites.

    Raises
    ------
    ValueError
        If shapes disagree, values are not finite, quaternions are not of length 1, or `frame`
        is unknown.

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
    if frame not in ("skin", "bone"):
        raise ValueError(f'frame must be "skin" or "bone", got {frame!r}.')
    placed = resolve_sites(body, sites)
    quat, rate, acceleration, root = _check_motion(
        body, rotations, rates, accelerations, (root_position, root_velocity, root_acceleration)
    )
    carriers = [_carrier(body, site, frame) for site in placed]
    links = _propagate(body, carriers, quat, rate, acceleration, root)
    shape = _PoseShape.of(body, carriers, quat, rate, acceleration)
    n_frames, n_sites = quat.shape[2], len(placed)
    out = SiteKinematics(
        names=tuple(site.name for site in placed),
        position=np.empty((n_frames, n_sites, 3)),
        velocity=np.empty((n_frames, n_sites, 3)),
        acceleration=np.empty((n_frames, n_sites, 3)),
        rotation=np.empty((n_frames, n_sites, 3, 3)),
        angular_velocity=np.empty((n_frames, n_sites, 3)),
        angular_acceleration=np.empty((n_frames, n_sites, 3)) if frame == "bone" else None,
    )
    for s, (site, carrier) in enumerate(zip(placed, carriers, strict=True)):
        point = _skinned_point(body, carrier, links, shape)
        out.position[:, s], out.velocity[:, s], out.acceleration[:, s] = (x.T for x in point)
        rotation, rate_here = _skinned_rotation(carrier, links)
        out.rotation[:, s] = np.moveaxis(rotation, -1, 0) @ site.orientation
        out.angular_velocity[:, s] = rate_here.T @ site.orientation
        if out.angular_acceleration is not None:
            link = links[carrier.bones[0]]
            turned = apply(transposed(link.rotation), link.angular_acceleration)
            out.angular_acceleration[:, s] = turned.T @ site.orientation
    return out


class _Carrier(NamedTuple):
    """What a site hangs on: bones with weights, and the rest point they carry."""

    bones: tuple[int, ...]  # by falling weight
    weights: tuple[float, ...]
    point: Array
    posedirs: Array | None


class _Link(NamedTuple):
    """A bone's motion in the world."""

    rotation: Array
    position: Array
    velocity: Array
    acceleration: Array
    rate: Array
    angular_acceleration: Array


def _carrier(body: BodyModel, site: Site, frame: str) -> _Carrier:
    assert site.bone is not None and site.offset is not None  # resolved sites have both
    bone = body.joint_index(site.bone)
    point = body.rest_joints[bone] + site.offset
    if frame == "bone" or site.vertices is None or body.weights is None:
        return _Carrier((bone,), (1.0,), point, None)
    shares, vertices = np.asarray(site.vertex_weights), list(site.vertices)
    blend = shares @ body.weights[vertices]
    order = np.argsort(-blend, kind="stable")
    bones = tuple(int(j) for j in order if blend[j] > _NEGLIGIBLE_WEIGHT)
    posedirs = None
    if body.posedirs is not None:
        posedirs = np.tensordot(shares, body.posedirs[vertices].astype(np.float64), 1)
    return _Carrier(bones, tuple(float(blend[j]) for j in bones), point, posedirs)


def _propagate(
    body: BodyModel,
    carriers: list[_Carrier],
    quat: Array,
    rate: Array,
    acceleration: Array,
    root: tuple[Array, Array, Array],
) -> dict[int, _Link]:
    """Run from the root to the bones that carry sites."""
    needed: set[int] = {0}
    for carrier in carriers:
        for joint in carrier.bones:
            while joint not in needed:
                needed.add(joint)
                joint = int(body.parents[joint])
    turn = _matrices(quat[:, 0])
    position, velocity, linear = root
    links = {
        0: _Link(
            turn,
            position + body.rest_joints[0][:, None],
            velocity,
            linear,
            apply(turn, rate[:, 0]),
            apply(turn, acceleration[:, 0]),
        )
    }
    for joint in sorted(needed - {0}):
        parent = links[int(body.parents[joint])]
        bone = body.rest_joints[joint] - body.rest_joints[body.parents[joint]]
        offset = apply(parent.rotation, bone)
        swing = cross(parent.rate, offset)
        turn = compose(parent.rotation, _matrices(quat[:, joint]))
        spin = apply(turn, rate[:, joint])
        links[joint] = _Link(
            turn,
            parent.position + offset,
            parent.velocity + swing,
            parent.acceleration
            + cross(parent.angular_acceleration, offset)
            + cross(parent.rate, swing),
            parent.rate + spin,
            parent.angular_acceleration
            + apply(turn, acceleration[:, joint])
            + cross(parent.rate, spin),
        )
    return links


class _PoseShape(NamedTuple):
    """The pose feature vec(R - I) of the blend shapes, with its first two derivatives."""

    value: Array
    first: Array
    second: Array

    @classmethod
    def of(
        cls,
        body: BodyModel,
        carriers: list[_Carrier],
        quat: Array,
        rate: Array,
        acceleration: Array,
    ) -> _PoseShape | None:
        """Compute it if any site needs it; R' = R [w] and R'' = R ([w]² + [al])."""
        if all(carrier.posedirs is None for carrier in carriers):
            return None
        n_frames = quat.shape[2]
        value, first, second = np.empty((3, body.n_joints - 1, 9, n_frames))
        for j in range(1, body.n_joints):
            turn = _matrices(quat[:, j])
            spin = skew(rate[:, j])
            value[j - 1] = (turn - np.eye(3)[:, :, None]).reshape(9, n_frames)
            first[j - 1] = compose(turn, spin).reshape(9, n_frames)
            bend = compose(spin, spin) + skew(acceleration[:, j])
            second[j - 1] = compose(turn, bend).reshape(9, n_frames)
        return cls(*(x.reshape(-1, n_frames) for x in (value, first, second)))


def _skinned_point(
    body: BodyModel, carrier: _Carrier, links: dict[int, _Link], shape: _PoseShape | None
) -> tuple[Array, Array, Array]:
    """Position, velocity and acceleration of a point under linear blend skinning."""
    position, velocity, acceleration = np.zeros((3, *links[0].position.shape))
    shifts = None
    if carrier.posedirs is not None and shape is not None:
        shifts = [carrier.posedirs @ feature for feature in shape]
    for joint, weight in zip(carrier.bones, carrier.weights, strict=True):
        link = links[joint]
        arm = apply(link.rotation, carrier.point - body.rest_joints[joint])
        if shifts is not None:  # the rest point itself moves with the pose
            shift, drift, surge = (apply(link.rotation, x) for x in shifts)
            arm = arm + shift
            velocity += weight * drift
            acceleration += weight * (2 * cross(link.rate, drift) + surge)
        swing = cross(link.rate, arm)
        position += weight * (link.position + arm)
        velocity += weight * (link.velocity + swing)
        acceleration += weight * (
            link.acceleration + cross(link.angular_acceleration, arm) + cross(link.rate, swing)
        )
    return position, velocity, acceleration


def _skinned_rotation(carrier: _Carrier, links: dict[int, _Link]) -> tuple[Array, Array]:
    """Rotation of the skin patch, and its angular velocity in the patch's own frame.

    With M = sum w_k G_k = Q S (polar) and Q' = Q [w], the skew part of Q^T M' is that of
    [w] S, so that (tr(S) I - S) w = vex(Q^T M' - M'^T Q). Where M has no polar rotation, the
    patch follows its main bone.
    """
    main = links[carrier.bones[0]]
    if len(carrier.bones) == 1:
        return main.rotation, apply(transposed(main.rotation), main.rate)
    turning = {
        joint: compose(skew(links[joint].rate), links[joint].rotation) for joint in carrier.bones
    }
    blend, blend_rate = np.zeros((2, *main.rotation.shape))
    for joint, weight in zip(carrier.bones, carrier.weights, strict=True):
        blend += weight * links[joint].rotation
        blend_rate += weight * turning[joint]
    lost = has_no_polar(blend)
    blend = np.where(lost, main.rotation, blend)
    blend_rate = np.where(lost, turning[carrier.bones[0]], blend_rate)
    rotation = polar_rotation(blend)
    stretch = compose(transposed(rotation), blend)
    skewed = compose(transposed(rotation), blend_rate)
    skewed = skewed - transposed(skewed)
    twist = np.stack([skewed[2, 1], skewed[0, 2], skewed[1, 0]])
    trace = stretch[0, 0] + stretch[1, 1] + stretch[2, 2]
    system = trace * np.eye(3)[:, :, None] - (stretch + transposed(stretch)) / 2
    return rotation, solve_symmetric(system, twist)


def _check_motion(
    body: BodyModel,
    rotations: ArrayLike,
    rates: ArrayLike,
    accelerations: ArrayLike,
    root: tuple[ArrayLike, ArrayLike, ArrayLike],
) -> tuple[Array, Array, Array, tuple[Array, Array, Array]]:
    """Check shapes and values; bring joints into the body's order and time to the end."""
    quat = _finite(rotations, "rotations")
    if quat.ndim != 3 or quat.shape[2] != 4:
        raise ValueError(f"rotations must be quaternions (F, J, 4), got shape {quat.shape}.")
    n_frames, n_joints = quat.shape[:2]
    rate = _finite(rates, "rates", (n_frames, n_joints, 3))
    acceleration = _finite(accelerations, "accelerations", (n_frames, n_joints, 3))
    names = ("root_position", "root_velocity", "root_acceleration")
    position, velocity, linear = (
        np.ascontiguousarray(_finite(x, name, (n_frames, 3)).T)
        for x, name in zip(root, names, strict=True)
    )
    index = body.match_pose(n_joints)
    missing = index < 0
    ordered = [
        np.ascontiguousarray(np.moveaxis(x[:, index], 0, -1).swapaxes(0, 1))
        for x in (unit_quaternions(quat), rate, acceleration)
    ]
    for x in ordered:
        x[:, missing] = 0.0
    ordered[0][0, missing] = 1.0
    return ordered[0], ordered[1], ordered[2], (position, velocity, linear)


def _finite(values: ArrayLike, name: str, shape: tuple[int, ...] | None = None) -> Array:
    array = np.asarray(values, dtype=np.float64)
    if shape is not None and array.shape != shape:
        raise ValueError(f"{name} must have shape {shape} to go with rotations, got {array.shape}.")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite; it has NaN or infinite entries.")
    return array


def _matrices(quat: Array) -> Array:
    """Rotation matrices (3, 3, F) from quaternions (4, F)."""
    return np.ascontiguousarray(np.moveaxis(matrix_from_quat(quat.T), 0, -1))
