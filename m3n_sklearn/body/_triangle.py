"""Kinematics of sensors that lie on a triangle of the skin.

Derivation
----------
A triangle has the edges a and b from its first corner, and ``c = a x b``. With the lengths
``L = |a|`` and ``A = |c|``, its axes ``T = [e f n]`` are ``e = a / L``, ``n = c / A`` and
``f = n x e``. From ``T' = T [w]`` with the angular velocity ``w = (x, y, z)`` in these axes,

    e' = z f - y n      f' = x n - z e      n' = y e - x f

The derivatives of ``a = L e`` and ``c = A n``, multiplied by f and n, give the rate

    x = -c'.f / A       y = -a'.n / L       z = a'.f / L

and their second derivatives the angular acceleration, with ``L' = a'.e`` and ``A' = c'.n``,

    x' = y z - 2 x A'/A - c''.f / A
    y' = x z - 2 y L'/L - a''.n / L
    z' = a''.f / L - 2 z L'/L - x y

The derivatives of a, b and c follow from those of the corners. A sensor at the arm r in these axes
moves with the weighted mean of the corners plus ``T r``, ``T (w x r)`` and
``T (w' x r + w x (w x r))``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._algebra import apply, cross
from ._model import BodyModel
from ._sites import Site

__all__ = ["SMALLEST_AREA", "Triangles", "collapsed", "triangle_motion"]

Array = NDArray[np.float64]
Vectors = tuple[Array, Array, Array]

SMALLEST_AREA = 1e-10
"""Smallest A in m^2, (0.01 mm)^2. Below it, rounding errors determine the normal."""


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
    total: Array = a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
    return total
