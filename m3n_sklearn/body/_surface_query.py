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
    """Find the last crossing of a ray with the surface within `reach` (Moeller, Trumbore 1997)."""
    # Returns the point, the triangle's vertices and their barycentric shares; None if the ray
    # misses. Of mirror images of a body it chooses mirror images.
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
    # where triangles meet, the same one whatever the rounding
    farthest = distance[met] >= distance[met].max() - _SLACK * reach
    tied = met[farthest]
    face = tied[_order(vertices[faces[tied]].mean(axis=1), reach)[-1]]
    shares = np.clip([1 - u[face] - v[face], u[face], v[face]], 0, None)
    shares /= shares.sum()
    order = _order(vertices[faces[face]], reach)
    corners, shares = faces[face][order], shares[order]
    return (
        shares @ vertices[corners],
        tuple(int(i) for i in corners),
        tuple(float(s) for s in shares),
    )


def _order(points: Array, scale: float) -> NDArray[np.intp]:
    """Order points by place, to a millionth of a scale: alike on both sides of a body."""
    x, y, z = np.round(points.T / scale, 6)
    return np.lexsort((z, y, np.abs(x)))


def nearest_vertex(vertices: Array, point: Array) -> int:
    """Index of the vertex nearest to a point."""
    return int(np.argmin(np.sum((vertices - point) ** 2, axis=1)))
