"""Closed tubes of elliptic rings around a chain of bones, with smooth skinning weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

__all__ = ["Mesh", "Ring", "Tube", "blend_along", "build_tube", "mirrored", "smoothstep", "stack"]

Array = NDArray[np.float64]
Ring = tuple[float, float, float, float, float]


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
