"""Compiled loops, pieces of long clips and averaging readouts against the plain computation."""

from __future__ import annotations

import sys
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from m3n_sklearn.body import (
    BodyModel,
    Site,
    default_body,
    list_sites,
    resolve_sites,
    site_kinematics,
    skin,
)
from m3n_sklearn.simulation import fit_trajectory, rigid_body_imu
from m3n_sklearn.simulation._batch import Setup, simulate_batch
from m3n_sklearn.simulation.trajectory import _track
from m3n_sklearn.skeleton._rotations import (
    matrix_from_quat,
    quat_from_rotvec,
    quat_multiply,
    random_rotations,
    rotvec_from_quat,
)

from .clips import random_motion, waves

SEEDS = st.integers(0, 2**31)
BODY = default_body()
SITES = resolve_sites(BODY, ["left_wrist", "right_ankle", "head"])
GRAVITY = np.array([0.0, 0.0, -9.80665])
few = settings(max_examples=6)


@pytest.fixture(scope="module")
def shapely():
    """A body with pose blend shapes."""
    rng = np.random.default_rng(3)
    return BodyModel(
        joint_names=["root", "a", "b", "c", "d"],
        parents=[-1, 0, 1, 1, 3],
        rest_joints=rng.standard_normal((5, 3)) * 0.4,
        vertices=0.5 * rng.standard_normal((30, 3)),
        weights=rng.dirichlet(np.ones(5), 30),
        posedirs=0.01 * rng.standard_normal((30, 3, 36)),
    )


def arguments(seed, frames, joints):
    rng = np.random.default_rng(seed)
    quats = rng.standard_normal((frames, joints, 4))
    quats /= np.linalg.norm(quats, axis=-1, keepdims=True)
    turning = rng.uniform(-5, 5, (2, frames, joints, 3))
    return quats, *turning, *rng.uniform(-5, 5, (3, frames, 3))


def same(one, other, tolerance=1e-10):
    """Equal to the tolerance, relative where numbers are large."""
    np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)


def simulate(setup, motion, wanted):
    return simulate_batch(
        setup,
        motion.poses[None],
        motion.trans[None],
        motion.times,
        wanted,
        np.tile(np.eye(3), (1, len(setup.sites), 1, 1)),
    )[0][0]


# ---- numba


@pytest.fixture
def numba():
    return pytest.importorskip("numba")


@pytest.mark.slow
@few
@given(
    seed=SEEDS,
    frame=st.sampled_from(["skin", "bone", "triangle"]),
    joints=st.sampled_from([22, 24, 55]),
)
def test_kinematics_of_both_engines(seed, frame, joints):
    pytest.importorskip("numba")
    given_ = arguments(seed, 20, joints)
    plain, fast = (
        site_kinematics(BODY, list_sites(), *given_, frame=frame, engine=engine)
        for engine in ("numpy", "numba")
    )
    for name in ("position", "velocity", "acceleration", "rotation", "angular_velocity"):
        same(getattr(fast, name), getattr(plain, name))
    if frame == "skin":
        assert fast.angular_acceleration is plain.angular_acceleration is None
    else:
        scale = np.abs(plain.angular_acceleration).max()
        same(fast.angular_acceleration / scale, plain.angular_acceleration / scale)


@pytest.mark.parametrize("frame", ["skin", "bone", "triangle"])
def test_blend_shapes_of_both_engines(numba, shapely, frame):
    sites = [Site("one", vertices=(1, 2, 3)), Site("two", vertices=(4, 9, 22))]
    given_ = arguments(5, 20, 5)
    plain, fast = (
        site_kinematics(shapely, sites, *given_, frame=frame, engine=engine)
        for engine in ("numpy", "numba")
    )
    for name in ("position", "velocity", "acceleration", "rotation", "angular_velocity"):
        same(getattr(fast, name), getattr(plain, name))


@pytest.mark.slow
def test_skin_of_both_engines_in_all_representations(numba, shapely):
    quats, *_, trans = arguments(7, 12, 5)
    near = rotvec_from_quat(quats) * 0.3
    for rotations in (quats, -quats, matrix_from_quat(quats), near, near * 9, near * 0):
        for body, chosen in ((shapely, [0, 3, 29]), (shapely, None)):
            plain, fast = (
                skin(body, rotations, trans, chosen, engine=engine) for engine in ("numpy", "numba")
            )
            same(fast, plain, 1e-12)
    batched = skin(shapely, quats.reshape(3, 4, 5, 4), trans.reshape(3, 4, 3), [4], "numba")
    same(batched.reshape(12, 1, 3), skin(shapely, quats, trans, [4]), 1e-12)
    same(skin(shapely, quats[0], vertices=[4], engine="numba"), skin(shapely, quats[0])[[4]])


@pytest.mark.slow
@few
@given(
    seed=SEEDS, readout=st.sampled_from(["point", "mean"]), smoothing=st.sampled_from([None, 8.0])
)
def test_readings_of_both_engines(seed, readout, smoothing):
    pytest.importorskip("numba")
    motion = random_motion(seed)
    setup = Setup(BODY, SITES, smoothing, "skin", GRAVITY, readout=readout)
    wanted = np.arange(0.0, 2.0, 0.01)
    plain, fast = (
        simulate(setup._replace(engine=engine), motion, wanted) for engine in ("numpy", "numba")
    )
    same(fast, plain)


@pytest.mark.parametrize("engine", ["numpy", "numba"])
def test_collapsing_triangles_are_named(engine):
    if engine == "numba":
        pytest.importorskip("numba")
    corners = [[0.5, 0.1, 0.0], [0.5, -0.1, 0.0], [0.5, 0.0, 0.2]]
    weights = [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]
    body = BodyModel(["a", "b"], [-1, 0], [[0, 0, 0], [0.5, 0, 0]], corners, weights)
    quat = np.zeros((3, 2, 4))
    quat[..., 0] = 1.0
    half = np.sqrt(0.5)
    quat[2, 1] = [half, half, 0.0, 0.0]  # the third corner turns onto the first edge
    still = (*np.zeros((2, 3, 2, 3)), *np.zeros((3, 3, 3)))
    site = Site("patch", vertices=(0, 1, 2))
    with pytest.raises(ValueError, match="triangle of site 'patch' collapses"):
        site_kinematics(body, site, quat, *still, frame="triangle", engine=engine)


def test_missing_numba_is_named(monkeypatch):
    for name in ("m3n_sklearn.body._numba", "m3n_sklearn.simulation.trajectory._numba"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, "numba", None)
    with pytest.raises(ImportError, match=r'pip install "m3n-sklearn\[numba\]"'):
        skin(BODY, np.zeros((24, 3)), vertices=[0], engine="numba")


# ---- long clips


def long_motion(frames, rate=60.0, seed=0):
    rng = np.random.default_rng(seed)
    times = np.arange(frames) / rate
    poses = waves(rng, times, (24, 3), 0.3, 2.0, count=2)
    poses += 2e-3 * rng.standard_normal(poses.shape)
    trans = waves(rng, times, (3,), 0.1, 1.0, count=2) + 5e-4 * rng.standard_normal((frames, 3))
    return poses[None], trans[None], times


@pytest.mark.slow
@pytest.mark.parametrize("smoothing", ["auto", 10.0, None])
@pytest.mark.parametrize("jitter", [0.0, 3e-3])
def test_pieces_of_long_clips_leave_no_trace(monkeypatch, smoothing, jitter):
    frames = 1200
    poses, trans, times = long_motion(frames)
    times = times + jitter * np.random.default_rng(1).uniform(-1, 1, frames)
    setup = Setup(BODY, SITES, smoothing, "skin", GRAVITY, readout="mean")
    wanted = np.arange(times[0], times[-1], 1 / 50)
    mounts = np.tile(np.eye(3), (1, len(SITES), 1, 1))
    monkeypatch.setattr(_track, "LONGEST_WHOLE", 600)
    monkeypatch.setattr(_track, "EXCERPT", 512)
    results = []
    for chunk in (150, 400, 1200):
        monkeypatch.setattr(_track, "CHUNK", chunk)
        results.append(simulate_batch(setup, poses, trans, times, wanted, mounts)[0])
    # what a low cut-off loses to rounding is the smoother's own
    tolerance = 1e-10 if smoothing != "auto" else 1e-8
    for other in results[:2]:
        same(other, results[2], tolerance)


def test_fitting_a_long_clip_equals_its_pieces(monkeypatch):
    poses, trans, times = long_motion(1200)
    monkeypatch.setattr(_track, "LONGEST_WHOLE", 600)
    monkeypatch.setattr(_track, "EXCERPT", 512)
    monkeypatch.setattr(_track, "CHUNK", 200)
    trajectory = fit_trajectory(times, quat_from_rotvec(poses[0]), trans[0], 10.0)
    state = trajectory.evaluate(times)
    track = site_kinematics(BODY, SITES, *state)
    setup = Setup(BODY, SITES, 10.0, "skin", np.zeros(3))
    mounts = np.tile(np.eye(3), (1, len(SITES), 1, 1))
    readings = simulate_batch(setup, poses, trans, times, times, mounts)[0][0]
    force = np.einsum("fsji,fsj->fsi", track.rotation, track.acceleration)
    same(readings[..., :3], force)
    same(readings[..., 3:], track.angular_velocity)


@pytest.mark.slow
def test_working_memory_does_not_grow_with_the_clip():
    setup = Setup(BODY, SITES[:1], 10.0, "skin", GRAVITY)
    mounts = np.eye(3)[None, None]
    peaks = []
    for frames in (20_000, 60_000):
        poses, trans = np.zeros((1, frames, 24, 3), np.float32), np.zeros((1, frames, 3))
        times = np.arange(frames) / 60.0
        tracemalloc.start()
        out, *_ = simulate_batch(setup, poses, trans, times, times[::10], mounts)
        peaks.append(tracemalloc.get_traced_memory()[1] - out.nbytes)
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]


# ---- readouts


@few
@given(seed=SEEDS, rate=st.sampled_from([25.0, 50.0, 100.0]))
def test_mean_rates_integrate_to_the_orientation(seed, rate):
    rng = np.random.default_rng(seed)
    times = np.arange(300) / 60.0
    quats = quat_from_rotvec(waves(rng, times, (3,), 1.0))
    mount = random_rotations(1, rng)[0]
    _, gyro = rigid_body_imu(
        np.zeros((300, 3)), quats, rate=60.0, out_rate=rate, mount=mount, readout="mean"
    )
    state = fit_trajectory(times, quats[:, None], np.zeros((300, 3)), None)
    known = state.evaluate(np.arange(len(gyro)) / rate).quaternion[:, 0]
    turned = known[0]
    for step in quat_from_rotvec(gyro[1:] @ mount.T / rate):
        turned = quat_multiply(turned, step)
    gap = 2 * np.linalg.norm(turned - np.sign(turned @ known[-1]) * known[-1])
    assert np.degrees(gap) < 1e-9


def test_mean_forces_are_averages_of_point_forces():
    motion = random_motion(3)
    fine, rate = 64, 20.0
    setup = Setup(BODY, SITES, None, "skin", GRAVITY)
    wanted = np.arange(40) / rate
    mean = simulate(setup._replace(readout="mean"), motion, wanted)
    middles = (np.arange(39 * fine) + 0.5) / (rate * fine)
    point = simulate(setup, motion, middles)[..., :3]
    average = point.reshape(39, fine, *point.shape[1:]).mean(axis=1)
    assert np.abs(mean[1:, :, :3] - average).max() < 2e-3
    assert np.abs(average).max() > 9


def test_samples_without_an_interval_are_points():
    motion = random_motion(4)
    setup = Setup(BODY, SITES, None, "skin", GRAVITY)
    wanted = np.array([0.0, 0.02, 0.04, 1.99, 2.01, 2.03])
    mean = simulate(setup._replace(readout="mean"), motion, wanted)
    point = simulate(setup, motion, wanted)
    same(mean[[0, -1]], point[[0, -1]])
    assert np.isfinite(mean).all()
    assert np.abs(mean[1:4] - point[1:4]).max() > 1e-6
    same(simulate(setup._replace(readout="mean"), motion, wanted[2:3]), point[2:3])


def test_unknown_readouts_are_refused():
    with pytest.raises(ValueError, match='readout must be "point" or "mean"'):
        simulate(
            Setup(BODY, SITES, None, "skin", GRAVITY, readout="median"),
            random_motion(0),
            np.arange(3) / 50,
        )
