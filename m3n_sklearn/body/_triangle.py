"""Sensors that lie on a triangle of the skin."""

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

# below this area (m²), rounding decides where the triangle looks; 0.01 mm squared
SMALLEST_AREA = 1e-10


class Triangles(NamedTuple):
    """Sites on triangles."""

    shares: Array  # (S, 3): weights of the three corners in each sensor's position
    arms: Array  # (S, 3): from there to the sensor, in the triangle's axes, in m
    # (S, 3, 3): rest pose to the triangle's axes at rest: its rows are first edge, in-plane
    # normal of that, and outward normal
    axes: Array

    @classmethod
    def of(cls, body: BodyModel, sites: Sequence[Site]) -> Triangles:
        """Lay sites onto the triangles of their vertices."""
        corners = cls.corners(body, sites)
        assert body.vertices is not None
        resting = body.vertices[corners].reshape(3, -1, 3)
        shares = np.array([site.vertex_weights for site in sites])
        spots = [body.rest_joints[body.joint_index(s.bone)] + s.offset for s in sites]  # type: ignore[arg-type]
        axes, _, area = _axes(*resting.transpose(0, 2, 1))
        small = np.flatnonzero(area < SMALLEST_AREA)
        if len(small):
            raise ValueError(
                f"The vertices {sites[small[0]].vertices} of site {sites[small[0]].name!r} span "
                "no triangle: choose three that are not on a line."
            )
        arms = np.stack(spots) - np.einsum("sk,ksi->si", shares, resting)
        turned = axes.transpose(2, 1, 0)
        return cls(shares, np.einsum("sij,sj->si", turned, arms), turned)

    @staticmethod
    def corners(body: BodyModel, sites: Sequence[Site]) -> NDArray[np.int64]:
        """Vertices of the sites' triangles, all first corners first: shape (3 S,)."""
        if body.vertices is None or body.weights is None:
            raise ValueError(
                f'frame="triangle" needs a surface, but {body.name} has joints only: take '
                'frame="bone".'
            )
        for site in sites:
            given = () if site.vertices is None else site.vertices
            if len(given) != 3:
                raise ValueError(
                    f'frame="triangle" needs sites of three vertices, but {site.name!r} has '
                    f'{len(given)}: give Site(..., vertices=(a, b, c)), or take frame="skin".'
                )
        return np.array([site.vertices for site in sites]).T.ravel()


def triangle_motion(
    triangles: Triangles, corners: Vectors, names: Sequence[str]
) -> tuple[Array, ...]:
    """Carry sensors along with triangles."""
    # The axes are the direction e of the first edge a, the normal n of the plane, along c = a x b
    # with the second edge b, and f = n x e. From T' = T [w] follows, in these axes, ``w = (-c'.f
    # / |c|, -a'.n / |a|, a'.f / |a|)``, and by differentiating once more the angular
    # acceleration.
    values = [x.reshape(3, 3, -1, x.shape[-1]).swapaxes(0, 1) for x in corners]  # corner first
    (a, da, dda), (b, db, ddb) = ([x[k] - x[0] for x in values] for k in (1, 2))
    axes, length, area = _axes(*values[0])
    flat = np.flatnonzero((area < SMALLEST_AREA).any(axis=-1))
    if len(flat):
        raise collapsed(names[flat[0]])
    e, f, n = axes.swapaxes(0, 1)
    dc = cross(da, b) + cross(a, db)
    ddc = cross(dda, b) + 2 * cross(da, db) + cross(a, ddb)
    x, y, z = -_dot(dc, f) / area, -_dot(da, n) / length, _dot(da, f) / length
    stretch, growth = _dot(da, e) / length, _dot(dc, n) / area
    rate = np.stack([x, y, z])
    bend = np.stack(
        [
            y * z - 2 * x * growth - _dot(ddc, f) / area,
            x * z - 2 * y * stretch - _dot(dda, n) / length,
            _dot(dda, f) / length - 2 * z * stretch - x * y,
        ]
    )
    arm = triangles.arms.T[..., None]
    swing = cross(rate, arm)
    levers = (arm, swing, cross(bend, arm) + cross(rate, swing))
    shares = triangles.shares.T[:, None, :, None]
    moved = [(shares * v).sum(axis=0) + apply(axes, r) for v, r in zip(values, levers, strict=True)]
    home = triangles.axes.transpose(1, 2, 0)[..., None]  # rest pose to triangle
    back = home.swapaxes(0, 1)
    rotation = np.einsum("ijsf,jks->iksf", axes, home[..., 0])
    return *moved, rotation, apply(back, rate), apply(back, bend)


def collapsed(name: str) -> ValueError:
    """Error for a triangle that has no plane any more."""
    return ValueError(f"The triangle under site {name!r} collapses in this motion.")


def _axes(first: Array, second: Array, third: Array) -> tuple[Array, Array, Array]:
    """Columns e, f, n of triangles (3, 3, ...), the first edge's length, twice the area."""
    edge = second - first
    normal = cross(edge, third - first)
    length, area = (np.sqrt(_dot(v, v)) for v in (edge, normal))
    with np.errstate(invalid="ignore", divide="ignore"):
        e, n = edge / length, normal / area
    return np.stack([e, cross(n, e), n], axis=1), length, area


def _dot(a: Array, b: Array) -> Array:
    total: Array = a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
    return total
