"""Rigid bodies, skinned points and their exact derivatives."""

from __future__ import annotations

import numpy as np
from hypothesis import given

from m3n_sklearn.body import Site, site_kinematics, skin
from m3n_sklearn.simulation import fit_trajectory, rigid_body_imu
from m3n_sklearn.skeleton._rotations import quat_from_rotvec, rotvec_from_matrix

from .bodies import random_body
from .clips import gap
from .laws import invariant
from .scenes import SEEDS, G, few, scenes

# 8th-order central differences, offsets -4..4
FIRST = np.array([1 / 280, -4 / 105, 1 / 5, -4 / 5, 0, 4 / 5, -1 / 5, 4 / 105, -1 / 280])
SECOND = np.array([-1 / 560, 8 / 315, -1 / 5, 8 / 5, -205 / 72, 8 / 5, -1 / 5, 8 / 315, -1 / 560])


@few
@given(scenes(frames=["bone"]))
@invariant(8, "lever arms on one bone: al x r + w x (w x r), same rate", tolerance="1e-9")
def test_08_lever_arms_on_one_bone(scene):
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
    size = 1 + np.abs(lever).max()
    assert gap(readings[:, 1, 0] - readings[:, 0, 0], lever) < 1e-9 * size
    assert gap(readings[:, 1, 1], w) < 1e-9


@few
@given(SEEDS, scenes(kinds=["neutral"]))
@invariant(8, "lever arm of a tracked rigid body", tolerance="1e-9")
def test_08_lever_arm_of_a_rigid_body(seed, scene):
    motion = scene.motion
    quats = quat_from_rotvec(motion.poses[:, 16])
    arm = np.random.default_rng(seed).uniform(-0.3, 0.3, 3)
    facts = {"rate": scene.frames_per_second, "smoothing": scene.smoothing}
    near, gyro = rigid_body_imu(motion.trans, quats, **facts)
    far, same = rigid_body_imu(motion.trans, quats, lever_arm=arm, **facts)
    curve = fit_trajectory(motion.times, quats[:, None], motion.trans, scene.smoothing)
    alpha = curve.evaluate(motion.times).acceleration[:, 0]
    lever = np.cross(alpha, arm) + np.cross(gyro, np.cross(gyro, arm))
    assert gap(far - near, lever) < 1e-9 * (1 + np.abs(lever).max())
    assert np.array_equal(gyro, same)


@few
@given(scenes())
@invariant(20, "sparse skinning is dense skinning", tolerance="1e-12 m; 5e-7 m in single precision")
def test_20_sparse_is_dense_skinning(scene):
    body, rng = random_body("blended", scene.seed), scene.rng()
    chosen = rng.choice(body.n_vertices, 12, replace=False)
    quats = quat_from_rotvec(rng.uniform(-1, 1, (5, 24, 3)))
    place, still = rng.uniform(-0.5, 0.5, (5, 3)), [np.zeros((5, 24, 3))] * 2
    sites = [Site(f"v{v}", vertices=[v]) for v in chosen]
    rest = [np.zeros((5, 3))] * 2
    sparse = site_kinematics(body, sites, quats, *still, place, *rest).position
    for dtype, limit in ((np.float64, 1e-12), (np.float32, 5e-7)):
        assert gap(sparse, dense_skinning(body, quats, place, dtype)[:, chosen]) < limit
    assert gap(sparse, skin(body, quats, place, chosen)) < 1e-12


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


@few
@given(scenes(frames=["skin", "bone"]))
@invariant(20, "six of 72 sites read what they read among the 72", tolerance="1e-12 of it")
def test_20_other_sensors_do_not_matter(scene):
    rng = scene.rng()
    every = [
        Site(f"s{i}", bone=int(rng.integers(24)), offset=rng.uniform(-0.1, 0.1, 3))
        for i in range(72)
    ]
    chosen = np.sort(rng.choice(72, 6, replace=False))
    among = scene.read(sites=every)[:, chosen]
    alone = scene.read(sites=[every[i] for i in chosen])
    assert gap(alone, among) < 1e-12 * np.abs(among).max()


@few
@given(scenes(samplings=[(15.0, None), (30.0, None), (30.0, 6.0), (25.0, "auto")]))
@invariant(
    21,
    "readings are derivatives of where the sensor is",
    tolerance="1e-7 m/s², rad/s, or 1e-8 of it",
)
def test_21_readings_are_derivatives_of_the_sensors_place(scene):
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
    relative = rotvec_from_matrix(turn.swapaxes(-1, -2) @ track.rotation)
    rate = np.tensordot(FIRST, relative, 1) / step
    for found, expected in zip((readings[:, 0], readings[:, 1]), (force, rate), strict=True):
        assert gap(found, expected) < max(1e-7, 1e-8 * np.abs(expected).max())
