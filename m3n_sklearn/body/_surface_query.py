"""Questions to a triangle mesh: what a ray hits last, which vertex is nearest."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["nearest_vertex", "outermost_hit"]

Array = NDArray[np.float64]
# a ray along an edge or through a vertex must not slip between the triangles
_SLACK = 1e-9


def outermost_hit(
    vertices: Array, faces: NDArray[np.int64], origin: Array, direction: Array, reach: float
) -> tuple[Array, tuple[int, ...], tuple[float, ...]] | None:
    """Find the last crossing of a ray with the surface within `reach` (Moeller, Trumbore 1997).

    Returns the point, the triangle's vertices and their barycentric shares; None if the ray
    misses.
    """
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    edge1, edge2 = b - a, c - a
    normal = np.cross(direction, edge2)
    det = np.sum(edge1 * normal, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):  # triangles parallel to the ray
        to_origin = origin - a
        u = np.sum(to_origin * normal, axis=1) / det
        q = np.cross(to_origin, edge1)
        v = q @ direction / det
        distance = np.sum(edge2 * q, axis=1) / det
        inside = (u >= -_SLACK) & (v >= -_SLACK) & (u + v <= 1 + _SLACK)
    met = np.flatnonzero(inside & (distance > 0) & (distance <= reach))
    if len(met) == 0:
        return None
    face = met[np.argmax(distance[met])]
    shares = np.clip([1 - u[face] - v[face], u[face], v[face]], 0, None)
    shares /= shares.sum()
    corners = faces[face]
    return (
        shares @ vertices[corners],
        tuple(int(i) for i in corners),
        tuple(float(s) for s in shares),
    )


def nearest_vertex(vertices: Array, point: Array) -> int:
    """Index of the vertex nearest to a point."""
    return int(np.argmin(np.sum((vertices - point) ** 2, axis=1)))
