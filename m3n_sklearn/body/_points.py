"""Points of a body: which bones move them, in which order, and triangles of the skin.

A plan is made once for a body and its points, and then serves any number of poses.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._typing import Array
from ._algebra import apply, cross
from ._model import BodyModel
from ._sites import Site

__all__ = [
    "FRAMES",
    "SMALLEST_AREA",
    "PointPlan",
    "Points",
    "Triangles",
    "collapsed",
    "triangle_motion",
]

Indices = NDArray[np.int64]

FRAMES = ("skin", "bone", "triangle")

# Smaller weights have no visible effect, and each bone costs time
_NEGLIGIBLE_WEIGHT = 1e-12

Vectors = tuple[Array, Array, Array]

SMALLEST_AREA = 1e-10
"""Smallest A in m^2, (0.01 mm)^2. Below it, rounding errors determine the normal."""


class Points(NamedTuple):
    """P points that move with a body."""

    weights: Array  # (P, J): skinning weights
    rest: Array  # (P, 3): in the rest pose, in m
    posedirs: Array | None  # (P, 3, 9 (J - 1)): pose blend shapes

    @classmethod
    def of_vertices(cls, body: BodyModel, vertices: Any) -> Points:
        """Create them from vertices of the surface."""
        assert body.vertices is not None and body.weights is not None
        directions = None
        if body.posedirs is not None:
            directions = body.posedirs[vertices].astype(np.float64)
        weights = body.weights[vertices]
        weights = np.where(weights > _NEGLIGIBLE_WEIGHT, weights, 0.0)
        return cls(weights, body.vertices[vertices], directions)

    @classmethod
    def of_sites(cls, body: BodyModel, sites: Sequence[Site], frame: str) -> Points:
        """Create them from resolved sites, or from the corners of their triangles, by corner."""
        if frame == "triangle":
            return cls.of_vertices(body, Triangles.corners(body, sites))
        carried = [_carried(body, site, frame) for site in sites]
        weights, rest = (np.stack(x) for x in list(zip(*carried, strict=True))[:2])
        directions = None
        if body.posedirs is not None and any(x[2] is not None for x in carried):
            none = np.zeros(body.posedirs.shape[1:])
            directions = np.stack([none if x[2] is None else x[2] for x in carried])
        return cls(np.where(weights > _NEGLIGIBLE_WEIGHT, weights, 0.0), rest, directions)


class PointPlan(NamedTuple):
    """N bones, ordered from the root outward, and the P points that move with them."""

    moving: Indices  # (N,): joint of the pose that drives each bone
    still: NDArray[np.bool_]  # (N,): bones that the pose does not drive, so that they stay at rest
    parents: Indices  # (N,): position of each bone's parent in this order; -1 for the root
    generations: list[slice]  # bones of equal depth, without the root
    offsets: Array  # (N, 3): rest position relative to the parent's, in m
    rest: Array  # (N, 3): rest position, in m
    weights: Array  # (P, N): skinning weights
    points: Array  # (P, 3): in the rest pose, in m
    # (3 P, 9 K): shift of the points by the entries of R - I of K bones; rows are ordered by axis
    # first, columns by entry first
    posedirs: Array | None
    shaping: slice  # those K bones
    main: Indices  # (P,): bone with the largest weight
    mixed: Indices  # points with more than one bone

    @classmethod
    def of(cls, body: BodyModel, carried: Points, n_joints: int) -> PointPlan:
        """PointPlan the motion of points."""
        shares, points, posedirs = carried
        order = _outwards(body, shares, shaped=posedirs is not None)
        place = np.full(body.n_joints, -1)
        place[order] = np.arange(len(order))
        parents = np.where(body.parents[order] < 0, -1, place[body.parents[order]])
        rest = body.rest_joints[order]
        offsets = np.where(parents[:, None] < 0, rest, rest - rest[parents])
        # 2. Bones of equal depth are computed together
        depth = _depths(body)[order]
        edges = np.searchsorted(depth, np.arange(1, depth[-1] + 2)).tolist()
        # 3. Joints of the pose, weights and blend shapes in the new order
        driver = body.match_pose(n_joints)[order]
        weights = shares[:, order]
        if posedirs is not None:
            columns = posedirs.reshape(len(points), 3, body.n_joints - 1, 9)[:, :, order[1:] - 1]
            posedirs = columns.transpose(1, 0, 3, 2).reshape(3 * len(points), -1)
        return cls(
            moving=np.maximum(driver, 0),
            still=driver < 0,
            parents=parents,
            generations=[slice(a, b) for a, b in pairwise(edges)],
            offsets=offsets,
            rest=rest,
            weights=weights,
            points=points,
            posedirs=None if posedirs is None else np.ascontiguousarray(posedirs),
            shaping=slice(1, None),
            main=np.argmax(weights, axis=1),
            mixed=np.flatnonzero(np.count_nonzero(weights, axis=1) > 1),
        )

    def driven(self) -> tuple[list[int], PointPlan]:
        """Return the needed joints of the pose, increasing, and the plan for these joints only."""
        joints = np.unique(self.moving[~self.still])
        moving = np.where(self.still, 0, np.searchsorted(joints, self.moving))
        return joints.tolist(), self._replace(moving=moving)


def _carried(body: BodyModel, site: Site, frame: str) -> tuple[Array, Array, Array | None]:
    """Return the weights (J,) of a site, its rest point (3,), and its blend shapes or None."""
    assert site.bone is not None and site.offset is not None  # resolved sites have both
    bone = body.joint_index(site.bone)
    point = body.rest_joints[bone] + site.offset
    if frame == "bone" or site.vertices is None or body.weights is None:
        return np.eye(body.n_joints)[bone], point, None
    shares, vertices = np.asarray(site.vertex_weights), list(site.vertices)
    directions = None
    if body.posedirs is not None:
        directions = np.tensordot(shares, body.posedirs[vertices].astype(np.float64), 1)
    return shares @ body.weights[vertices], point, directions


def _depths(body: BodyModel) -> Indices:
    """Return the number of ancestors of each joint."""
    depth = np.zeros(body.n_joints, dtype=np.int64)
    for joint in range(1, body.n_joints):
        depth[joint] = depth[body.parents[joint]] + 1
    return depth


def _outwards(body: BodyModel, shares: Array, shaped: bool) -> Indices:
    """Return the needed joints by depth: all for blend shapes, else the ancestors of the points."""
    needed = np.full(body.n_joints, shaped)
    needed[0] = True
    needed |= shares.any(axis=0)
    for joint in range(body.n_joints - 1, 0, -1):
        needed[body.parents[joint]] |= needed[joint]
    joints = np.flatnonzero(needed)
    return joints[np.argsort(_depths(body)[joints], kind="stable")]


# ---- triangles of the skin


class Triangles(NamedTuple):
    """S sites on triangles."""

    shares: Array  # (S, 3): weights of the three corners
    arms: Array  # (S, 3): from the weighted corners to the sensor, in the triangle's axes, in m
    axes: Array  # (S, 3, 3): rest pose to the triangle's axes at rest; the rows are e, f and n

    @classmethod
    def of(cls, body: BodyModel, sites: Sequence[Site]) -> Triangles:
        """Create them from resolved sites of three vertices each."""
        corners = cls.corners(body, sites)
        assert body.vertices is not None
        rest = body.vertices[corners].reshape(3, -1, 3)
        shares = np.array([site.vertex_weights for site in sites])
        positions = [body.rest_joints[body.joint_index(s.bone)] + s.offset for s in sites]  # type: ignore[arg-type]
        axes, _, area = _axes(*rest.transpose(0, 2, 1))
        small = np.flatnonzero(area < SMALLEST_AREA)
        if len(small):
            raise ValueError(
                f"The vertices {sites[small[0]].vertices} of site {sites[small[0]].name!r} do not "
                "span a triangle. Choose three that are not on a line."
            )
        arms = np.stack(positions) - np.einsum("sk,ksi->si", shares, rest)
        to_triangle = axes.transpose(2, 1, 0)
        return cls(shares, np.einsum("sij,sj->si", to_triangle, arms), to_triangle)

    @staticmethod
    def corners(body: BodyModel, sites: Sequence[Site]) -> NDArray[np.int64]:
        """Return the vertices of the sites' triangles (3 S,), all first corners first."""
        if body.vertices is None or body.weights is None:
            raise ValueError(
                f'frame="triangle" needs a surface, but {body.name} has joints only. Use '
                'frame="bone".'
            )
        for site in sites:
            given = () if site.vertices is None else site.vertices
            if len(given) != 3:
                raise ValueError(
                    f'frame="triangle" needs sites of three vertices, but {site.name!r} has '
                    f'{len(given)}. Pass Site(..., vertices=(a, b, c)), or use frame="skin".'
                )
        return np.array([site.vertices for site in sites]).T.ravel()


def triangle_motion(
    triangles: Triangles, corners: Vectors, names: Sequence[str]
) -> tuple[Array, ...]:
    """Return position, velocity, acceleration, rotation, rate, angular acceleration of sensors."""
    # corners: positions, velocities and accelerations, each (3, 3 S, F); the results are
    # (3, S, F), the rotation (3, 3, S, F) from the rest pose, rates in the rest pose's axes

    # 1. Edges, axes, and the derivatives of a, b and c
    values = [x.reshape(3, 3, -1, x.shape[-1]).swapaxes(0, 1) for x in corners]  # corner first
    (a, da, dda), (b, db, ddb) = ([x[k] - x[0] for x in values] for k in (1, 2))
    axes, length, area = _axes(*values[0])
    flat = np.flatnonzero((area < SMALLEST_AREA).any(axis=-1))
    if len(flat):
        raise collapsed(names[flat[0]])
    e, f, n = axes.swapaxes(0, 1)
    dc = cross(da, b) + cross(a, db)
    ddc = cross(dda, b) + 2 * cross(da, db) + cross(a, ddb)
    # 2. Rate and angular acceleration in the triangle's axes
    x, y, z = -_dot(dc, f) / area, -_dot(da, n) / length, _dot(da, f) / length
    length_growth, area_growth = _dot(da, e) / length, _dot(dc, n) / area
    rate = np.stack([x, y, z])
    angular_acceleration = np.stack(
        [
            y * z - 2 * x * area_growth - _dot(ddc, f) / area,
            x * z - 2 * y * length_growth - _dot(dda, n) / length,
            _dot(dda, f) / length - 2 * z * length_growth - x * y,
        ]
    )
    # 3. The sensor: weighted corners, plus the arm and its derivatives
    arm = triangles.arms.T[..., None]
    swing = cross(rate, arm)
    levers = (arm, swing, cross(angular_acceleration, arm) + cross(rate, swing))
    shares = triangles.shares.T[:, None, :, None]
    moved = [(shares * v).sum(axis=0) + apply(axes, r) for v, r in zip(values, levers, strict=True)]
    # 4. From the triangle's axes to those of the rest pose
    home = triangles.axes.transpose(1, 2, 0)[..., None]
    back = home.swapaxes(0, 1)
    rotation = np.einsum("ijsf,jks->iksf", axes, home[..., 0])
    return *moved, rotation, apply(back, rate), apply(back, angular_acceleration)


def collapsed(name: str) -> ValueError:
    """Return the error for a triangle whose corners fall on a line."""
    return ValueError(f"The triangle of site {name!r} collapses in this motion.")


def _axes(first: Array, second: Array, third: Array) -> tuple[Array, Array, Array]:
    """Return the axes [e f n] of triangles (3, 3, ...), L, and A (twice the area)."""
    edge = second - first
    normal = cross(edge, third - first)
    length, area = (np.sqrt(_dot(v, v)) for v in (edge, normal))
    with np.errstate(invalid="ignore", divide="ignore"):
        e, n = edge / length, normal / area
    return np.stack([e, cross(n, e), n], axis=1), length, area


def _dot(a: Array, b: Array) -> Array:
    """Return the dot product of vectors given by their components."""
    total: Array = a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
    return total
