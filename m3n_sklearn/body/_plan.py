"""What has to be computed for some sites, worked out once: bones, points and their weights."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._model import BodyModel
from ._sites import Site
from ._triangle import Triangles

__all__ = ["FRAMES", "Plan", "Points"]

Array = NDArray[np.float64]
Indices = NDArray[np.int64]

FRAMES = ("skin", "bone", "triangle")

# weights below have no visible effect, and each bone costs time
_NEGLIGIBLE_WEIGHT = 1e-12


class Points(NamedTuple):
    """Points that hang on a body."""

    weights: Array  # (P, J): shares of the joints
    rest: Array  # (P, 3): in the rest pose, in m
    posedirs: Array | None  # (P, 3, 9 (J - 1) or None: pose blend shapes

    @classmethod
    def of_vertices(cls, body: BodyModel, vertices: Any) -> Points:
        """Take vertices of the surface."""
        assert body.vertices is not None and body.weights is not None
        directions = None
        if body.posedirs is not None:
            directions = body.posedirs[vertices].astype(np.float64)
        weights = body.weights[vertices]
        weights = np.where(weights > _NEGLIGIBLE_WEIGHT, weights, 0.0)
        return cls(weights, body.vertices[vertices], directions)

    @classmethod
    def of_sites(cls, body: BodyModel, sites: Sequence[Site], frame: str) -> Points:
        """Take resolved sites, or the corners of their triangles, all first corners first."""
        if frame == "triangle":
            return cls.of_vertices(body, Triangles.corners(body, sites))
        carried = [_carried(body, site, frame) for site in sites]
        weights, rest = (np.stack(x) for x in list(zip(*carried, strict=True))[:2])
        directions = None
        if body.posedirs is not None and any(x[2] is not None for x in carried):
            none = np.zeros(body.posedirs.shape[1:])
            directions = np.stack([none if x[2] is None else x[2] for x in carried])
        return cls(np.where(weights > _NEGLIGIBLE_WEIGHT, weights, 0.0), rest, directions)


class Plan(NamedTuple):
    """Bones in an order from the root outwards, and the points that hang on them."""

    moving: Indices  # (N,): joint of the pose that drives each bone
    still: NDArray[np.bool_]  # bones that the pose does not drive: they stay at rest
    parents: Indices  # (N,): position of each bone's parent in this order; -1 for the root
    generations: list[slice]  # bones of equal depth, the root left out
    # (N, 3): from the parent's joint in the rest pose, and the joint in the rest pose, in m
    offsets: Array
    # (N, 3): from the parent's joint in the rest pose, and the joint in the rest pose, in m
    rest: Array
    weights: Array  # (P, N): shares of the bones in each point
    points: Array  # (P, 3): in the rest pose, in m
    # (3 P, 9 K) or None: shift of the points by the entries of R - I of K bones; rows and columns
    # are ordered by axis and entry first
    posedirs: Array | None
    shaping: slice  # those K bones
    main: Indices  # (P,): bone of the largest share
    mixed: Indices  # points with more than one bone

    @classmethod
    def of(cls, body: BodyModel, carried: Points, n_joints: int) -> Plan:
        """Plan the motion of points."""
        shares, points, posedirs = carried
        order = _outwards(body, shares, shaped=posedirs is not None)
        place = np.full(body.n_joints, -1)
        place[order] = np.arange(len(order))
        parents = np.where(body.parents[order] < 0, -1, place[body.parents[order]])
        rest = body.rest_joints[order]
        offsets = np.where(parents[:, None] < 0, rest, rest - rest[parents])
        depth = _depths(body)[order]
        edges = np.searchsorted(depth, np.arange(1, depth[-1] + 2)).tolist()
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

    def driven(self) -> tuple[list[int], Plan]:
        """Find the joints of the pose that matter."""
        joints = np.unique(self.moving[~self.still])
        moving = np.where(self.still, 0, np.searchsorted(joints, self.moving))
        return joints.tolist(), self._replace(moving=moving)


def _carried(body: BodyModel, site: Site, frame: str) -> tuple[Array, Array, Array | None]:
    """Return weights of all joints, the rest point that they carry, and its blend shapes."""
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
    """Joints that are needed, by depth: all of them for blend shapes, else those of the points."""
    needed = np.full(body.n_joints, shaped)
    needed[0] = True
    needed |= shares.any(axis=0)
    for joint in range(body.n_joints - 1, 0, -1):
        needed[body.parents[joint]] |= needed[joint]
    joints = np.flatnonzero(needed)
    return joints[np.argsort(_depths(body)[joints], kind="stable")]
