"""Rigid bodies, skinned points and their exact derivatives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from m3n_sklearn.body import Site, site_kinematics, skin
from m3n_sklearn.simulation import fit_trajectory, rigid_body_imu
from m3n_sklearn.skeleton._rotations import quat_from_rotvec, rotvec_from_matrix

from .bodies import random_body
from .clips import gap
from .laws import Law, checks
from .scenes import SEEDS, G, few, scenes

# 8th-order central differences, offsets -4..4
FIRST = np.array([1 / 280, -4 / 105, 1 / 5, -4 / 5, 0, 4 / 5, -1 / 5, 4 / 105, -1 / 280])
SECOND = np.array([-1 / 560, 8 / 315, -1 / 5, 8 / 5, -205 / 72, 8 / 5, -1 / 5, 8 / 315, -1 / 560])


@pytest.mark.slow
@checks(Law.LEVER_ARMS)
@few
@given(scenes(frames=["bone"]))
def test_lever_arms_on_one_bone(scene):
    rng = scene.rng()
    bone, arm = int(rng.integers(24)), rng.uniform(-0.3, 0.3, 3)
    axes = np.linalg.qr(rng.standard_normal((3, 3)))[0]
    axes *= np.linalg.det(axes)
    start = rng.uniform(-0.2, 0.2, 3)
    sites = [
        Site(name, bone=bone, offset=offset, orientation=axes)
        for name, offset in (("near", start), ("far", start + arm))
    ]
    readings = scene.read(sites=sites)
    times = np.arange(len(readings)) / scene.rate
    state = scene.sensors(times, sites)
    w, alpha = readings[:, 0, 1], state.angular_acceleration[:, 0]
    lever = np.cross(alpha, arm @ axes) + np.cross(w, np.cross(w, arm @ axes))
    limit, size = Law.LEVER_ARMS.limit, 1 + np.abs(lever).max()
    assert gap(readings[:, 1, 0] - readings[:, 0, 0], lever) < limit * size
    assert gap(readings[:, 1, 1], w) < limit


@pytest.mark.slow
@checks(Law.LEVER_ARM_OF_A_RIGID_BODY)
@few
@given(SEEDS, scenes(kinds=["neutral"]))
def test_lever_arm_of_a_rigid_body(seed, scene):
    motion = scene.motion
    quats = quat_from_rotvec(motion.poses[:, 16])
    arm = np.random.default_rng(seed).uniform(-0.3, 0.3, 3)
    facts = {"rate": scene.frames_per_second, "smoothing": scene.smoothing}
    near, gyro = rigid_body_imu(motion.trans, quats, **facts)
    far, same = rigid_body_imu(motion.trans, quats, lever_arm=arm, **facts)
    curve = fit_trajectory(motion.times, quats[:, None], motion.trans, scene.smoothing)
    alpha = curve.evaluate(motion.times).acceleration[:, 0]
    lever = np.cross(alpha, arm) + np.cross(gyro, np.cross(gyro, arm))
    limit = Law.LEVER_ARM_OF_A_RIGID_BODY.limit * (1 + np.abs(lever).max())
    assert gap(far - near, lever) < limit
    assert np.array_equal(gyro, same)


@pytest.mark.slow
@checks(Law.SKINNING)
@few
@given(scenes())
def test_sparse_is_dense_skinning(scene):
    body, rng = random_body("blended", scene.seed), scene.rng()
    chosen = rng.choice(body.n_vertices, 12, replace=False)
    quats = quat_from_rotvec(rng.uniform(-1, 1, (5, 24, 3)))
    place, still = rng.uniform(-0.5, 0.5, (5, 3)), [np.zeros((5, 24, 3))] * 2
    sites = [Site(f"v{v}", vertices=[v]) for v in chosen]
    rest = [np.zeros((5, 3))] * 2
    sparse = site_kinematics(body, sites, quats, *still, place, *rest).position
    double, single = Law.SKINNING.limits
    for dtype, limit in ((np.float64, double), (np.float32, single)):
        assert gap(sparse, dense_skinning(body, quats, place, dtype)[:, chosen]) < limit
    assert gap(sparse, skin(body, quats, place, chosen)) < double


def dense_skinning(body, quats, place, dtype):
    """All vertices, straight from the equations of SMPL (Loper et al. 2015, eqs. 2-9)."""
    w, x, y, z = np.moveaxis(quats.astype(dtype), -1, 0)
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    local = np.moveaxis(np.array(rows), (0, 1), (-2, -1))
    joints, vertices, weights, posedirs = (
        np.asarray(x, dtype) for x in (body.rest_joints, body.vertices, body.weights, body.posedirs)
    )
    feature = (local[:, 1:] - np.eye(3, dtype=dtype)).reshape(len(quats), -1)
    posed = vertices + np.einsum("vck,fk->fvc", posedirs, feature)
    turns, places = [local[:, 0]], [place.astype(dtype) + joints[0]]
    for j in range(1, len(joints)):
        parent = body.parents[j]
        turns.append(turns[parent] @ local[:, j])
        places.append(places[parent] + turns[parent] @ (joints[j] - joints[parent]))
    carried = [
        weights[:, j, None] * (p[:, None] + (posed - joints[j]) @ r.swapaxes(1, 2))
        for j, (r, p) in enumerate(zip(turns, places, strict=True))
    ]
    return np.sum(carried, axis=0)


@pytest.mark.slow
@checks(Law.OTHER_SITES)
@few
@given(scenes(frames=["skin", "bone"]))
def test_other_sensors_do_not_matter(scene):
    rng = scene.rng()
    every = [
        Site(f"s{i}", bone=int(rng.integers(24)), offset=rng.uniform(-0.1, 0.1, 3))
        for i in range(72)
    ]
    chosen = np.sort(rng.choice(72, 6, replace=False))
    among = scene.read(sites=every)[:, chosen]
    alone = scene.read(sites=[every[i] for i in chosen])
    assert gap(alone, among) < Law.OTHER_SITES.limit * np.abs(among).max()


@pytest.mark.slow
@checks(Law.DERIVATIVES)
@few
@given(scenes(samplings=[(15.0, None), (30.0, None), (30.0, 6.0), (25.0, "auto")]))
def test_readings_are_derivatives_of_the_sensors_place(scene):
    # nine samples between two neighboring frames, where the curve has no knot
    step = 1 / (10 * scene.frames_per_second)
    frame = round(scene.seconds * scene.frames_per_second / 2)
    first = 10 * frame + 1
    times = (first + np.arange(9)) * step
    readings = scene.read(rate=1 / step)[first + 4]
    track = scene.sensors(times)
    turn = track.rotation[4]
    force = np.einsum(
        "sji,sj->si", turn, np.tensordot(SECOND, track.position, 1) / step**2 + [0, 0, G]
    )
    turned = rotvec_from_matrix(turn.swapaxes(-1, -2) @ track.rotation)
    rate = np.tensordot(FIRST, turned, 1) / step
    absolute, relative = Law.DERIVATIVES.limits
    for found, expected in zip((readings[:, 0], readings[:, 1]), (force, rate), strict=True):
        assert gap(found, expected) < max(absolute, relative * np.abs(expected).max())
