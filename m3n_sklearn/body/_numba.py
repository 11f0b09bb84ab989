"""Compiled loops of skinning and site kinematics; importing this module needs numba.

The loops run frame by frame, so that all data of a frame stay in the first-level cache. Vectors
are tuples, matrices are rows of nine numbers. The equations are those of `_kinematics`,
`_points` and `_algebra`.
"""
# mypy: disable-error-code="no-untyped-def, no-untyped-call"

from __future__ import annotations

from math import factorial
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .._typing import Array
from ._algebra import SINGULAR
from ._points import SMALLEST_AREA, PointPlan, Triangles

__all__ = ["site_motion", "skin_points"]

POSITION, VELOCITY, ACCELERATION, RATE, ANGULAR_ACCELERATION = 9, 12, 15, 18, 21
"""Offsets of the vectors in the 24 numbers of a bone; the first nine are its rotation."""

# Taylor series of cos(x) and sin(x) / (2 x) in powers of x^2
LARGEST_SQUARE = 2.5
"""Largest x^2 up to which 12 terms are exact to the last bit."""

COSINE = np.array([(-1) ** k / factorial(2 * k) for k in range(12)])
HALF_SINC = np.array([(-1) ** k / factorial(2 * k + 1) / 2 for k in range(12)])

_njit = njit(cache=True, error_model="numpy", fastmath={"contract"})


def site_motion(
    plan: PointPlan, orientation: Array, triangles: Triangles | None, motion: Any, out: Any
) -> int:
    """Compute the motion of sites into `out`; return the site whose triangle collapses, or -1."""
    # motion: fields of `JointMotion`; out: position, velocity, acceleration (F, S, 3), rotation
    # (F, S, 3, 3), rate and angular acceleration (F, S, 3); with triangles, the plan's points are
    # their corners
    none = Triangles(np.empty((0, 3)), np.empty((0, 3)), np.empty((0, 3, 3)))
    return int(
        _site_motion(
            _tables(plan),
            plan.main,
            np.ascontiguousarray(orientation).reshape(-1, 9),
            tuple(np.ascontiguousarray(x) for x in (none if triangles is None else triangles)),
            tuple(np.ascontiguousarray(x) for x in motion),
            tuple(out),
        )
    )


def skin_points(plan: PointPlan, rotations: Array, root: Array) -> Array:
    """Return points (F, P, 3) in poses (F, J, 3 | 4 | 9) with the root joint at `root` (F, 3)."""
    out = np.empty((len(rotations), len(plan.points), 3))
    _skin_points(_tables(plan), np.ascontiguousarray(rotations), np.ascontiguousarray(root), out)
    return out


def _tables(plan: PointPlan) -> tuple[NDArray[Any], ...]:
    """Return the arrays of a plan for the loops: weights by point (CSR), blend shapes by bone."""
    # weights of point p: shares[starts[p]:starts[p + 1]] of bones[starts[p]:starts[p + 1]]
    nonzero = [np.flatnonzero(row) for row in plan.weights]
    starts = np.cumsum([0, *(len(row) for row in nonzero)])
    bones = np.concatenate(nonzero)
    shares = plan.weights[np.repeat(np.arange(len(nonzero)), np.diff(starts)), bones]
    shapes = np.empty((0, 9, 3 * len(nonzero)))
    if plan.posedirs is not None:
        shapes = plan.posedirs.reshape(len(plan.posedirs), 9, -1).transpose(2, 1, 0)
    tables = (plan.moving, plan.still, plan.parents, plan.offsets, plan.rest, plan.points)
    return (*tables, starts, bones, shares, np.ascontiguousarray(shapes))


# ---- vectors and matrices


@_njit
def _get(row, k):
    return row[k], row[k + 1], row[k + 2]


@_njit
def _put(row, k, v):
    row[k], row[k + 1], row[k + 2] = v


@_njit
def _add(a, b):
    return a[0] + b[0], a[1] + b[1], a[2] + b[2]


@_njit
def _sub(a, b):
    return a[0] - b[0], a[1] - b[1], a[2] - b[2]


@_njit
def _scale(s, a):
    return s * a[0], s * a[1], s * a[2]


@_njit
def _dot(a, b):
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


@_njit
def _cross(a, b):
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]


@_njit
def _apply(m, v):
    return (
        m[0] * v[0] + m[1] * v[1] + m[2] * v[2],
        m[3] * v[0] + m[4] * v[1] + m[5] * v[2],
        m[6] * v[0] + m[7] * v[1] + m[8] * v[2],
    )


@_njit
def _apply_transposed(m, v):
    return (
        m[0] * v[0] + m[3] * v[1] + m[6] * v[2],
        m[1] * v[0] + m[4] * v[1] + m[7] * v[2],
        m[2] * v[0] + m[5] * v[1] + m[8] * v[2],
    )


@_njit
def _compose(left, right, out):
    for i in range(0, 9, 3):
        a, b, c = left[i], left[i + 1], left[i + 2]
        for j in range(3):
            out[i + j] = a * right[j] + b * right[j + 3] + c * right[j + 6]


@_njit
def _column(m, j):
    return m[j], m[j + 3], m[j + 6]


@_njit
def _cofactors(m, out):
    a, b, c = _get(m, 0), _get(m, 3), _get(m, 6)
    _put(out, 0, _cross(b, c))
    _put(out, 3, _cross(c, a))
    _put(out, 6, _cross(a, b))
    return _dot(a, _get(out, 0))


# ---- rotations


@_njit
def _matrix(q, still, out):
    """Write the rotation matrix of a quaternion of any length; the identity if `still`."""
    w, x, y, z = q[0], q[1], q[2], q[3]
    if still:
        w, x, y, z = 1.0, 0.0, 0.0, 0.0
    s = 2.0 / (w * w + x * x + y * y + z * z)
    xs, ys, zs = s * x, s * y, s * z
    out[0], out[1], out[2] = 1.0 - y * ys - z * zs, x * ys - w * zs, x * zs + w * ys
    out[3], out[4], out[5] = x * ys + w * zs, 1.0 - x * xs - z * zs, y * zs - w * xs
    out[6], out[7], out[8] = x * zs - w * ys, y * zs + w * xs, 1.0 - x * xs - y * ys


@_njit
def _quaternions(rotvec, moving, quat, square):
    """Write the quaternions (4, N) of rotation vectors, without branches in the long loops."""
    # 1. x^2 with x half the angle
    bones = len(moving)
    for n in range(bones):
        x, y, z = _get(rotvec[moving[n]], 0)
        quat[1, n], quat[2, n], quat[3, n] = x, y, z
        square[0, n] = 0.25 * (x * x + y * y + z * z)
        quat[0, n], square[1, n] = COSINE[-1], HALF_SINC[-1]
    # 2. Horner's scheme for all bones at once
    for k in range(len(COSINE) - 2, -1, -1):
        cosine, sinc = COSINE[k], HALF_SINC[k]
        for n in range(bones):
            quat[0, n] = quat[0, n] * square[0, n] + cosine
            square[1, n] = square[1, n] * square[0, n] + sinc
    # 3. Large angles exactly; vector part = sin(x) / (2 x) times the rotation vector
    for n in range(bones):
        if square[0, n] > LARGEST_SQUARE:
            half = np.sqrt(square[0, n])
            quat[0, n], square[1, n] = np.cos(half), 0.5 * np.sin(half) / half
        for i in range(1, 4):
            quat[i, n] *= square[1, n]


@_njit
def _polar(m, cofactors):
    """Replace a matrix by its nearest rotation; see `polar_rotation`."""
    for _ in range(30):
        det = _cofactors(m, cofactors)
        scale = 1.0 if det > 0.5 else np.cbrt(1.0 / det)
        change = 0.0
        for k in range(9):
            value = 0.5 * (scale * m[k] + cofactors[k] / (det * scale))
            change = max(change, abs(value - m[k]))
            m[k] = value
        if change < 1e-9:
            return


# ---- one frame


@_njit
def _propagate(parents, offsets, turns, still, rates, accelerations, root, links):
    """Propagate the motion of the root to all bones, as `_kinematics._propagate` does."""
    for n in range(len(parents)):
        link, rate, acceleration = links[n], (0.0, 0.0, 0.0), (0.0, 0.0, 0.0)
        if not still[n]:
            rate, acceleration = _get(rates[n], 0), _get(accelerations[n], 0)
        offset = _get(offsets[n], 0)
        if n == 0:
            link[:9] = turns[0]
            _put(link, POSITION, _add(root[0], offset))
            _put(link, VELOCITY, root[1])
            _put(link, ACCELERATION, root[2])
            _put(link, RATE, _apply(link, rate))
            _put(link, ANGULAR_ACCELERATION, _apply(link, acceleration))
            continue
        # d, w_u x d, G_j w of the equations in `_kinematics`
        up = links[parents[n]]
        w, angular_acceleration = _get(up, RATE), _get(up, ANGULAR_ACCELERATION)
        offset = _apply(up, offset)
        swing = _cross(w, offset)
        _compose(up, turns[n], link)
        twist = _apply(link, rate)
        surge = _add(_cross(angular_acceleration, offset), _cross(w, swing))
        _put(link, POSITION, _add(_get(up, POSITION), offset))
        _put(link, VELOCITY, _add(_get(up, VELOCITY), swing))
        _put(link, ACCELERATION, _add(_get(up, ACCELERATION), surge))
        _put(link, RATE, _add(w, twist))
        angular_acceleration = _add(angular_acceleration, _apply(link, acceleration))
        _put(link, ANGULAR_ACCELERATION, _add(angular_acceleration, _cross(w, twist)))


@_njit
def _accumulate(feature, shapes, shift):
    """Add the shifts of the points due to the nine entries of R - I of one bone."""
    f0, f1, f2 = _get(feature, 0)
    f3, f4, f5 = _get(feature, 3)
    f6, f7, f8 = _get(feature, 6)
    # one pass over the points: a loop over the entries would store each shift nine times
    for k in range(len(shift)):
        first = f0 * shapes[0, k] + f1 * shapes[1, k] + f2 * shapes[2, k]
        second = f3 * shapes[3, k] + f4 * shapes[4, k] + f5 * shapes[5, k]
        third = f6 * shapes[6, k] + f7 * shapes[7, k] + f8 * shapes[8, k]
        shift[k] += first + second + third


@_njit
def _shift_points(shapes, turns, still, rates, accelerations, feature, shifts):
    """Write the shifts of the rest points by blend shapes, and their two derivatives."""
    shifts[:] = 0.0
    for n in range(1, len(shapes) + 1):
        if still[n]:
            continue
        rate, acceleration = _get(rates[n], 0), _get(accelerations[n], 0)
        # rows of R - I, R [w] and R ([w]^2 + [al]): r [w] = r x w
        for i in range(0, 9, 3):
            row = _get(turns[n], i)
            turning = _cross(row, rate)
            _put(feature[0], i, row)
            _put(feature[1], i, turning)
            _put(feature[2], i, _add(_cross(turning, rate), _cross(row, acceleration)))
            feature[0, i + i // 3] -= 1.0
        for order in range(3):
            _accumulate(feature[order], shapes[n - 1], shifts[order])


@_njit
def _carry(links, rest, point, shifts, shaped, start, stop, bones, shares):
    """Return position, velocity and acceleration of a skinned point."""
    position, velocity, acceleration = (0.0, 0.0, 0.0), (0.0, 0.0, 0.0), (0.0, 0.0, 0.0)
    point = _add(point, shifts[0])
    for k in range(start, stop):
        # G r, w x G r and its derivative for one bone, r relative to the bone's rest position
        link, share = links[bones[k]], shares[k]
        w = _get(link, RATE)
        arm = _apply(link, _sub(point, _get(rest[bones[k]], 0)))
        swing = _cross(w, arm)
        surge = _add(_cross(_get(link, ANGULAR_ACCELERATION), arm), _cross(w, swing))
        if shaped:  # the rest point moves: G r', and 2 w x G r' + G r''
            drift = _apply(link, shifts[1])
            swing = _add(swing, drift)
            surge = _add(surge, _add(_scale(2.0, _cross(w, drift)), _apply(link, shifts[2])))
        position = _add(position, _scale(share, _add(_get(link, POSITION), arm)))
        velocity = _add(velocity, _scale(share, _add(_get(link, VELOCITY), swing)))
        acceleration = _add(acceleration, _scale(share, _add(_get(link, ACCELERATION), surge)))
    return position, velocity, acceleration


@_njit
def _patch(links, main, start, stop, bones, shares, blend, turning, scratch):
    """Return rate and angular acceleration of a patch of skin; write its rotation to `blend`."""
    # 1. The main bone
    link = links[main]
    rate = _apply_transposed(link, _get(link, RATE))
    acceleration = _apply_transposed(link, _get(link, ANGULAR_ACCELERATION))
    blend[:] = link[:9]
    if stop - start == 1:
        return rate, acceleration
    # 2. M and M' of several bones
    blend[:], turning[:] = 0.0, 0.0
    for k in range(start, stop):
        bone, share = links[bones[k]], shares[k]
        w = _get(bone, RATE)
        for j in range(3):
            column = _column(bone, j)
            moved = _cross(w, column)
            for i in range(3):
                blend[3 * i + j] += share * column[i]
                turning[3 * i + j] += share * moved[i]
    if _cofactors(blend, scratch[0]) < SINGULAR:
        blend[:] = link[:9]
        return rate, acceleration
    # 3. M = Q S, then (tr(S) I - S) w = vex(Q^T M' - M'^T Q)
    scratch[1, :] = blend
    _polar(blend, scratch[0])
    stretch, skewed = scratch[0], scratch[2]
    for i in range(3):
        for j in range(3):
            stretch[3 * i + j] = _dot(_column(blend, i), _column(scratch[1], j))
            skewed[3 * i + j] = _dot(_column(blend, i), _column(turning, j))
    twist = (skewed[7] - skewed[5], skewed[2] - skewed[6], skewed[3] - skewed[1])
    trace = stretch[0] + stretch[4] + stretch[8]
    system = scratch[1]
    for i in range(3):
        for j in range(3):
            system[3 * i + j] = -0.5 * (stretch[3 * i + j] + stretch[3 * j + i])
        system[4 * i] += trace
    det = _cofactors(system, scratch[0])
    return _scale(1.0 / det, _apply(scratch[0], twist)), acceleration


@_njit
def _triangle(triangles, site, corners, rotation, scratch):
    """Return the motion of a sensor on a triangle and A; see `triangle_motion`."""
    # 1. Edges a, b, their product c, and derivatives
    count = len(triangles[0])
    shares, arm = triangles[0][site], _get(triangles[1][site], 0)
    home = triangles[2][site]
    first, second, third = corners[site], corners[count + site], corners[2 * count + site]
    a, b = _sub(_get(second, 0), _get(first, 0)), _sub(_get(third, 0), _get(first, 0))
    da, db = _sub(_get(second, 3), _get(first, 3)), _sub(_get(third, 3), _get(first, 3))
    dda, ddb = _sub(_get(second, 6), _get(first, 6)), _sub(_get(third, 6), _get(first, 6))
    c = _cross(a, b)
    dc = _add(_cross(da, b), _cross(a, db))
    ddc = _add(_add(_cross(dda, b), _cross(a, ddb)), _scale(2.0, _cross(da, db)))
    length, area = np.sqrt(_dot(a, a)), np.sqrt(_dot(c, c))
    e, n = _scale(1.0 / length, a), _scale(1.0 / area, c)
    f = _cross(n, e)
    # 2. Rate and angular acceleration
    rate = (-_dot(dc, f) / area, -_dot(da, n) / length, _dot(da, f) / length)
    x, y, z = rate
    length_growth, area_growth = _dot(da, e) / length, _dot(dc, n) / area
    angular_acceleration = (
        y * z - 2.0 * x * area_growth - _dot(ddc, f) / area,
        x * z - 2.0 * y * length_growth - _dot(dda, n) / length,
        _dot(dda, f) / length - 2.0 * z * length_growth - x * y,
    )
    # 3. The sensor on its arm
    axes = scratch[0]
    for i in range(3):
        axes[3 * i], axes[3 * i + 1], axes[3 * i + 2] = e[i], f[i], n[i]
    swing = _cross(rate, arm)
    lever = _add(_cross(angular_acceleration, arm), _cross(rate, swing))
    position, velocity, acceleration = _apply(axes, arm), _apply(axes, swing), _apply(axes, lever)
    for k in range(3):
        corner, share = corners[k * count + site], shares[k]
        position = _add(position, _scale(share, _get(corner, 0)))
        velocity = _add(velocity, _scale(share, _get(corner, 3)))
        acceleration = _add(acceleration, _scale(share, _get(corner, 6)))
    # 4. Into the axes of the rest pose
    flat = scratch[1]
    for i in range(3):
        _put(flat, 3 * i, _get(home[i], 0))
    _compose(axes, flat, rotation)
    turned = _apply_transposed(flat, rate), _apply_transposed(flat, angular_acceleration)
    return position, velocity, acceleration, turned[0], turned[1], area


# ---- all frames


@_njit
def _site_motion(tables, main, orientation, triangles, motion, out):
    moving, still, parents, offsets, rest, points, starts, bones, shares, shapes = tables
    quats, all_rates, all_accelerations = motion[0], motion[1], motion[2]
    n_bones, n_points, n_sites = len(moving), len(points), len(orientation)
    links, turns = np.empty((n_bones, 24)), np.empty((n_bones, 9))
    rates, accelerations = np.empty((n_bones, 3)), np.empty((n_bones, 3))
    shifts, feature = np.zeros((3, 3 * n_points)), np.empty((3, 9))
    corners, rotation, turning = np.empty((n_points, 9)), np.empty(9), np.empty(9)
    scratch, here = np.empty((3, 9)), np.empty(9)
    shaped = len(shapes) > 0
    for frame in range(len(quats)):
        # 1. Local rotations of the bones
        for n in range(n_bones):
            joint = moving[n]
            _matrix(quats[frame, joint], still[n], turns[n])
            _put(rates[n], 0, _get(all_rates[frame, joint], 0))
            _put(accelerations[n], 0, _get(all_accelerations[frame, joint], 0))
        # 2. Bones in the world, and blend shapes
        root = (_get(motion[3][frame], 0), _get(motion[4][frame], 0), _get(motion[5][frame], 0))
        _propagate(parents, offsets, turns, still, rates, accelerations, root, links)
        if shaped:
            _shift_points(shapes, turns, still, rates, accelerations, feature, shifts)
        # 3. Skinned points
        for p in range(n_points):
            moved = (
                (shifts[0, p], shifts[0, n_points + p], shifts[0, 2 * n_points + p]),
                (shifts[1, p], shifts[1, n_points + p], shifts[1, 2 * n_points + p]),
                (shifts[2, p], shifts[2, n_points + p], shifts[2, 2 * n_points + p]),
            )
            states = _carry(
                links,
                rest,
                _get(points[p], 0),
                moved,
                shaped,
                starts[p],
                starts[p + 1],
                bones,
                shares,
            )
            for k in range(3):
                _put(corners[p], 3 * k, states[k])
        # 4. Sensors: on triangles, or on patches of skin
        for s in range(n_sites):
            if len(triangles[0]):
                x, v, a, rate, angular_acceleration, area = _triangle(
                    triangles, s, corners, rotation, scratch
                )
                if not area > SMALLEST_AREA:
                    return s
            else:
                x, v, a = _get(corners[s], 0), _get(corners[s], 3), _get(corners[s], 6)
                rate, angular_acceleration = _patch(
                    links,
                    main[s],
                    starts[s],
                    starts[s + 1],
                    bones,
                    shares,
                    rotation,
                    turning,
                    scratch,
                )
            _put(out[0][frame, s], 0, x)
            _put(out[1][frame, s], 0, v)
            _put(out[2][frame, s], 0, a)
            _compose(rotation, orientation[s], here)
            for i in range(3):
                _put(out[3][frame, s, i], 0, _get(here, 3 * i))
            _put(out[4][frame, s], 0, _apply_transposed(orientation[s], rate))
            _put(out[5][frame, s], 0, _apply_transposed(orientation[s], angular_acceleration))
    return -1


@_njit
def _skin_points(tables, rotations, root, out):
    moving, still, parents, offsets, rest, points, starts, bones, shares, shapes = tables
    n_bones, n_points, kind = len(moving), len(points), rotations.shape[2]
    links, turns, quats = np.empty((n_bones, 12)), np.empty((n_bones, 9)), np.empty((4, n_bones))
    shift, quat, square = np.zeros(3 * n_points), np.empty(4), np.empty((2, n_bones))
    for frame in range(len(rotations)):
        # 1. Local rotations of the bones, from vectors, quaternions or matrices
        pose = rotations[frame]
        if kind == 3:
            _quaternions(pose, moving, quats, square)
        for n in range(n_bones):
            if kind == 9 and not still[n]:
                turns[n, :] = pose[moving[n]]
                continue
            for i in range(4):
                quat[i] = quats[i, n] if kind == 3 else pose[moving[n], i]
            _matrix(quat, still[n], turns[n])
        # 2. Bones in the world
        links[0, :9] = turns[0]
        _put(links[0], POSITION, _get(root[frame], 0))
        for n in range(1, n_bones):
            up = links[parents[n]]
            _compose(up, turns[n], links[n])
            bone = _apply(up, _get(offsets[n], 0))
            _put(links[n], POSITION, _add(_get(up, POSITION), bone))
        # 3. Blend shapes; R - I overwrites R, which is not needed any more
        shift[:] = 0.0
        for n in range(len(shapes)):
            turn = turns[n + 1]
            for i in range(0, 9, 4):
                turn[i] -= 1.0
            _accumulate(turn, shapes[n], shift)
        # 4. Linear blend skinning
        for p in range(n_points):
            point = (
                points[p, 0] + shift[p],
                points[p, 1] + shift[n_points + p],
                points[p, 2] + shift[2 * n_points + p],
            )
            total = (0.0, 0.0, 0.0)
            for k in range(starts[p], starts[p + 1]):
                link = links[bones[k]]
                arm = _apply(link, _sub(point, _get(rest[bones[k]], 0)))
                total = _add(total, _scale(shares[k], _add(_get(link, POSITION), arm)))
            _put(out[frame, p], 0, total)
