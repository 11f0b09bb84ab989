"""The plan of a computation for some points: the bones that matter, in order, and the weights.

A plan is made once for a body and its points, and then serves any number of poses.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._model import BodyModel
from ._sites import Site
from ._triangle import Triangles

__all__ = ["FRAMES", "PointPlan", "Points"]

Array = NDArray[np.float64]
Indices = NDArray[np.int64]

FRAMES = ("skin", "bone", "triangle")

# Smaller weights have no visible effect, and each bone costs time
_NEGLIGIBLE_WEIGHT = 1e-12


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
