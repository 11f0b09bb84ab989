"""Queries to a triangle mesh: the last crossing of a ray, and the nearest vertex.

A ray ``o + t d`` meets the triangle a, b, c where ``o + t d = a + u (b - a) + v (c - a)`` with
u, v and 1 - u - v not negative. Cramer's rule solves this without the triangle's plane [1]_.

References
----------
.. [1] T. Moeller, B. Trumbore, "Fast, minimum storage ray-triangle intersection", Journal of
   Graphics Tools 2(1), 1997.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["nearest_vertex", "outermost_hit"]

Array = NDArray[np.float64]
# A ray along an edge or through a vertex must not pass between the triangles
_SLACK = 1e-9


def outermost_hit(
    vertices: Array, faces: NDArray[np.int64], origin: Array, direction: Array, reach: float
) -> tuple[Array, tuple[int, ...], tuple[float, ...]] | None:
    """Return point, vertices and weights of the last crossing within `reach`, or None."""
    # 1. Barycentric coordinates u, v and the distance t, for all triangles
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
    # 2. The farthest triangle. Where triangles meet, the choice depends on their place only, so
    #    that it does not depend on rounding and is the mirror image on a mirrored body.
    farthest = distance[met] >= distance[met].max() - _SLACK * reach
    tied = met[farthest]
    face = tied[_order(vertices[faces[tied]].mean(axis=1), reach)[-1]]
    # 3. Weights of its vertices, in an order that is also mirrored
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
    """Return an order of points by (|x|, y, z), rounded to a millionth of `scale`."""
    x, y, z = np.round(points.T / scale, 6)
    return np.lexsort((z, y, np.abs(x)))


def nearest_vertex(vertices: Array, point: Array) -> int:
    """Return the index of the vertex nearest to a point."""
    return int(np.argmin(np.sum((vertices - point) ** 2, axis=1)))
