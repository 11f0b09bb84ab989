"""Laws that readings obey whatever the motion; numbers as in the list of invariants."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from m3n_sklearn.body import Site, default_body, list_sites
from m3n_sklearn.motion import Motion
from m3n_sklearn.motion.rotations import (
    matrix_from_quat,
    quat_from_rotvec,
    quat_rotate,
    random_rotations,
    rotvec_from_quat,
)
from m3n_sklearn.simulation import SMPLIMUSimulator, fit_trajectory, rigid_body_imu

from .clips import random_motion, triads, turned

G = 9.80665
SEEDS = st.integers(0, 2**31)
SMOOTHINGS = st.sampled_from([None, "auto"])
FRAMES = st.sampled_from(["skin", "bone"])
few = settings(max_examples=8)


def simulate(motion, **params):
    params = {"sites": ["left_wrist", "head"], "smoothing": None, **params}
    return triads(SMPLIMUSimulator(**params).simulate(motion))


def random_quat(seed):
    quat = np.random.default_rng(seed).standard_normal(4)
    return quat / np.linalg.norm(quat)


@few
@given(SEEDS, SMOOTHINGS, FRAMES)
def test_01_static_pose_reads_gravity_up_and_no_rate(seed, smoothing, frame):
    pose = np.random.default_rng(seed).uniform(-1.0, 1.0, (24, 3))
    motion = Motion(np.repeat(pose[None], 40, axis=0), rate=30.0)
    readings = simulate(motion, sites=list_sites(), smoothing=smoothing, frame=frame)
    assert np.abs(np.linalg.norm(readings[..., 0, :], axis=-1) / G - 1).max() < 1e-12
    assert np.abs(readings - readings[:1]).max() < 1e-9
    assert np.abs(readings[..., 1, :]).max() < 1e-12


@few
@given(SEEDS)
def test_01_static_reading_is_the_up_axis_in_sensor_axes(seed):
    quat = random_quat(seed)
    acc, gyro = rigid_body_imu(np.zeros((20, 3)), np.tile(quat, (20, 1)), rate=20.0)
    assert np.abs(acc - matrix_from_quat(quat).T @ [0.0, 0.0, G]).max() < 1e-9
    assert np.abs(gyro).max() < 1e-12


@few
@given(SEEDS, SMOOTHINGS)
def test_02_free_fall_reads_nothing(seed, smoothing):
    rng = np.random.default_rng(seed)
    times = np.arange(61) / 30.0
    trans = rng.normal(size=3) + times[:, None] * rng.normal(size=3)
    trans[:, 2] -= 0.5 * G * times**2
    pose = rng.uniform(-1, 1, (24, 3))
    motion = Motion(np.repeat(pose[None], 61, axis=0), trans, rate=30.0)
    assert np.abs(simulate(motion, smoothing=smoothing)).max() < 1e-6


@few
@given(SEEDS, st.floats(-np.pi, np.pi), SMOOTHINGS)
def test_03_turning_the_scene_about_gravity_changes_nothing(seed, angle, smoothing):
    motion = random_motion(seed)
    again = turned(motion, quat_from_rotvec([0.0, 0.0, angle]))
    expected = simulate(motion, smoothing=smoothing)
    assert np.abs(simulate(again, smoothing=smoothing) - expected).max() < 1e-9


@few
@given(SEEDS, SMOOTHINGS)
def test_04_turning_scene_and_gravity_changes_nothing(seed, smoothing):
    motion, quat = random_motion(seed), random_quat(seed)
    gravity = quat_rotate(quat, [0.0, 0.0, -G])
    expected = simulate(motion, smoothing=smoothing)
    found = simulate(turned(motion, quat), gravity=gravity, smoothing=smoothing)
    assert np.abs(found - expected).max() < 1e-9


@few
@given(SEEDS, SMOOTHINGS, st.sampled_from([0.0, 1e4]))
def test_05_steady_drift_changes_nothing(seed, smoothing, far):
    motion = random_motion(seed)
    rng = np.random.default_rng(seed)
    drift = far * rng.uniform(-1, 1, 3) + motion.times[:, None] * rng.normal(size=3)
    again = motion.replace(trans=motion.trans + drift)
    gap = np.abs(simulate(again, smoothing=smoothing) - simulate(motion, smoothing=smoothing))
    assert gap[5:-5].max() < 1e-7
    assert gap.max() < 1e-6  # the rounding of positions of 1e4 m, where the curve ends


@few
@given(SEEDS, SMOOTHINGS)
def test_06_uniform_acceleration_adds_itself(seed, smoothing):
    motion = random_motion(seed)
    push = np.random.default_rng(seed).uniform(-3, 3, 3)
    again = motion.replace(trans=motion.trans + 0.5 * motion.times[:, None] ** 2 * push)
    found = simulate(again, smoothing=smoothing)
    # the same thing as another gravity
    expected = simulate(motion, smoothing=smoothing, gravity=np.array([0, 0, -G]) - push)
    assert np.abs(found - expected).max() < 1e-7


@few
@given(SEEDS, st.floats(0.5, 6.0), st.floats(0.05, 1.0), SMOOTHINGS)
def test_07_steady_turning_reads_centripetal_force_up_to_the_ends(seed, speed, radius, smoothing):
    axis = random_quat(seed)[1:]
    axis /= np.linalg.norm(axis)
    arm = np.cross(axis, [0.3, -0.5, 0.8])
    arm *= radius / np.linalg.norm(arm)
    times = np.arange(121) / 60.0
    quats = quat_from_rotvec(times[:, None] * speed * axis)
    acc, gyro = rigid_body_imu(
        np.zeros((121, 3)), quats, rate=60.0, lever_arm=arm, gravity=(0, 0, 0), smoothing=smoothing
    )
    assert np.abs(gyro - speed * axis).max() < 1e-4 * speed
    assert np.abs(acc + speed**2 * arm).max() < 1e-4 * speed**2 * radius


@few
@given(SEEDS)
def test_08_lever_arms_on_one_bone(seed):
    points = {"o": (0, 0, 0), "x": (0.1, 0, 0), "y": (0, 0.1, 0), "z": (0, 0, 0.1)}
    sites = [Site(name, bone="left_elbow", offset=at) for name, at in points.items()]
    readings = simulate(random_motion(seed), sites=sites, frame="bone")
    gyro = readings[:, 0, 1]
    assert np.abs(readings[:, :, 1] - gyro[:, None]).max() < 1e-9
    # columns: alpha x e + w x (w x e), whose symmetric part is w w^T - |w|^2
    law = np.moveaxis(readings[:, 1:, 0] - readings[:, :1, 0], 1, 2) / 0.1
    square = np.einsum("ti,ti->t", gyro, gyro)[:, None, None] * np.eye(3)
    expected = np.einsum("ti,tj->tij", gyro, gyro) - square
    assert np.abs((law + np.swapaxes(law, 1, 2)) / 2 - expected).max() < 1e-9


@few
@given(SEEDS)
def test_08_lever_arm_of_a_rigid_body(seed):
    motion = random_motion(seed)
    quats = quat_from_rotvec(motion.poses[:, 16])
    arm = np.random.default_rng(seed).uniform(-0.3, 0.3, 3)
    near, gyro = rigid_body_imu(motion.trans, quats, rate=60.0)
    far, same = rigid_body_imu(motion.trans, quats, rate=60.0, lever_arm=arm)
    state = fit_trajectory(motion.times, quats[:, None], motion.trans, None).evaluate(motion.times)
    turn = np.cross(state.acceleration[:, 0], arm) + np.cross(gyro, np.cross(gyro, arm))
    assert np.abs(far - near - turn).max() < 1e-9
    assert np.array_equal(gyro, same)


@few
@given(SEEDS)
def test_09_mount_rotation_turns_the_readings(seed):
    motion = random_motion(seed)
    mount = random_rotations(1, np.random.default_rng(seed))[0]
    plain, found = simulate(motion), simulate(motion, mount=mount)
    assert np.abs(found - plain @ mount).max() < 1e-12 * np.abs(plain).max()
    one = simulate(motion, mount={"head": mount})
    assert np.array_equal(one[:, 0], plain[:, 0])
    assert np.array_equal(one[:, 1], found[:, 1])


@few
@given(SEEDS, SMOOTHINGS)
def test_10_time_reversal_reverses_the_rate_only(seed, smoothing):
    motion = random_motion(seed)
    back = motion.replace(poses=motion.poses[::-1], trans=motion.trans[::-1])
    forth = simulate(motion, rate=60.0, smoothing=smoothing)
    found = simulate(back, rate=60.0, smoothing=smoothing)[::-1] * np.array([[1.0], [-1.0]])
    assert np.abs(found - forth).max() < 1e-6
    assert np.abs(found - forth)[10:-10].max() < 1e-9


@few
@given(SEEDS, st.floats(0.5, 3.0))
def test_11_faster_play_scales_rate_and_acceleration(seed, factor):
    motion = random_motion(seed)
    fast = motion.replace(rate=60.0 * factor)
    still = (0.0, 0.0, 0.0)
    slow_linear = simulate(motion, rate=60.0, gravity=still)
    fast_linear = simulate(fast, rate=60.0 * factor, gravity=still)
    scaled = slow_linear * np.array([[factor**2], [factor]])
    assert np.abs(fast_linear - scaled).max() < 1e-9 * np.abs(scaled).max()
    gravity = simulate(motion, rate=60.0) - slow_linear
    found = simulate(fast, rate=60.0 * factor) - fast_linear
    assert np.abs(found - gravity).max() < 1e-9 * G


@few
@given(SEEDS, SMOOTHINGS, FRAMES)
def test_13_a_mirror_exchanges_the_sides(seed, smoothing, frame):
    motion = random_motion(seed)
    facts = {"smoothing": smoothing, "frame": frame}
    sides = [
        f"{side}_{spot}" for spot in ("wrist", "ankle", "pocket") for side in ("left", "right")
    ]
    plain = simulate(motion, sites=sides, **facts)
    seen = simulate(motion.mirrored(), sites=sides, **facts)
    swapped = plain.reshape(len(plain), 3, 2, 2, 3)[:, :, ::-1].reshape(plain.shape)
    mirror = np.array([[-1.0, 1.0, 1.0], [1.0, -1.0, -1.0]])  # the rate is a pseudo-vector
    assert np.abs(seen - swapped * mirror).max() < 1e-9


@few
@given(SEEDS, SMOOTHINGS)
def test_16_double_rate_contains_the_single_one(seed, smoothing):
    motion = random_motion(seed)
    double = simulate(motion, rate=200.0, smoothing=smoothing)
    assert np.abs(simulate(motion, rate=100.0, smoothing=smoothing) - double[::2]).max() < 1e-12


@few
@given(SEEDS, SMOOTHINGS)
def test_19_signs_and_full_turns_do_not_matter(seed, smoothing):
    motion = random_motion(seed)
    rng = np.random.default_rng(seed)
    angle = np.linalg.norm(motion.poses, axis=-1, keepdims=True)
    turns = rng.integers(-1, 2, angle.shape)
    again = motion.replace(poses=motion.poses * (1 + 2 * np.pi * turns / angle))
    expected = simulate(motion, smoothing=smoothing)
    assert np.abs(simulate(again, smoothing=smoothing) - expected).max() < 1e-9
    quats = quat_from_rotvec(motion.poses)
    flipped = quats * rng.choice([-1.0, 1.0], (*quats.shape[:2], 1))
    states = [
        fit_trajectory(motion.times, q, motion.trans, smoothing).evaluate(motion.times)
        for q in (quats, flipped, quat_from_rotvec(rotvec_from_quat(quats)))
    ]
    for state in states[1:]:
        assert np.abs(state.rate - states[0].rate).max() < 1e-9
        assert np.abs(state.acceleration - states[0].acceleration).max() < 1e-9


@pytest.mark.parametrize("frame", ["skin", "bone"])
@pytest.mark.parametrize("smoothing", [None, "auto"])
def test_20_other_sensors_do_not_matter(frame, smoothing):
    motion = random_motion(5)
    rng = np.random.default_rng(5)
    motion = motion.replace(poses=motion.poses + 0.01 * rng.standard_normal(motion.poses.shape))
    every = simulate(motion, sites=list_sites(), frame=frame, smoothing=smoothing)
    for site in ("right_wrist", "left_ankle", "head"):
        alone = simulate(motion, sites=[site], frame=frame, smoothing=smoothing)
        assert np.abs(alone[:, 0] - every[:, list_sites().index(site)]).max() < 1e-10


def test_21_readings_are_derivatives_of_the_sensor_track():
    from m3n_sklearn.body import resolve_sites, site_kinematics

    motion, body = random_motion(11), default_body()
    trajectory = fit_trajectory(motion.times, quat_from_rotvec(motion.poses), motion.trans, None)
    step = 2e-3
    times = 0.5 + np.arange(400) * step
    track = site_kinematics(
        body, resolve_sites(body, ["left_wrist"]), *trajectory.evaluate(times), frame="skin"
    )
    taps = np.array([-1 / 560, 8 / 315, -1 / 5, 8 / 5, -205 / 72, 8 / 5, -1 / 5, 8 / 315, -1 / 560])
    numeric = sum(w * track.position[i : i - 8 or None, 0] for i, w in enumerate(taps)) / step**2
    analytic = track.acceleration[4:-4, 0]
    # a quintic spline has kinks in its fifth derivative
    assert np.abs(numeric - analytic).max() < 1e-5 * np.abs(analytic).max()
