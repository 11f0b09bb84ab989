"""What sensors read at rest, in free fall, under steady acceleration and in steady turning."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from m3n_sklearn.body import list_sites, resolve_sites, site_kinematics
from m3n_sklearn.motion import Motion
from m3n_sklearn.simulation import rigid_body_imu
from m3n_sklearn.skeleton._rotations import matrix_from_quat, quat_from_rotvec

from .clips import gap, random_quat
from .laws import Law, checks
from .scenes import SEEDS, G, few, scenes

SMOOTHINGS = st.sampled_from([None, "auto", 4.0, 8.0])
RATES = st.sampled_from([15.0, 30.0, 60.0, 120.0, 300.0])


def held(scene, frames, trans=None):
    """A random pose, held."""
    pose = scene.rng().uniform(-1, 1, (24, 3))
    return Motion(np.tile(pose, (frames, 1, 1)), trans, scene.frames_per_second)


@pytest.mark.slow
@checks(Law.STATIC_POSE)
@few
@given(scenes())
def test_static_pose_reads_gravity_up_and_no_rate(scene):
    force, rate, norm = Law.STATIC_POSE.limits
    readings = scene.read(held(scene, 40), sites=[*list_sites(), *scene.sites[2:]])
    up = scene_up(scene)
    assert gap(readings[:, :, 0], up) < force
    assert np.abs(np.linalg.norm(readings[:, :, 0], axis=-1) / G - 1).max() < norm
    assert np.abs(readings[:, :, 1]).max() < rate


def scene_up(scene):
    """Gravity's reaction in the axes of each sensor, from one posed frame."""
    sites = resolve_sites(scene.body, [*list_sites(), *scene.sites[2:]])
    still = np.zeros((1, 24, 3))
    quats = quat_from_rotvec(held(scene, 1).poses)
    posed = site_kinematics(
        scene.body, sites, quats, still, still, *[np.zeros((1, 3))] * 3, frame=scene.frame
    )
    return G * posed.rotation[:, :, 2]


@checks(Law.STATIC_RIGID_BODY)
@few
@given(SEEDS, RATES, SMOOTHINGS)
def test_static_reading_is_the_up_axis_in_sensor_axes(seed, rate, smoothing):
    force, turning = Law.STATIC_RIGID_BODY.limits
    quat = random_quat(np.random.default_rng(seed))
    facts = {"rate": rate, "smoothing": smoothing}
    acc, gyro = rigid_body_imu(np.zeros((40, 3)), np.tile(quat, (40, 1)), **facts)
    assert gap(acc, matrix_from_quat(quat).T @ [0.0, 0.0, G]) < force
    assert np.abs(gyro).max() < turning


@checks(Law.FREE_FALL)
@few
@given(scenes())
def test_free_fall_reads_nothing_analytically(scene):
    rng = scene.rng()
    quats = np.tile(quat_from_rotvec(rng.uniform(-1, 1, (24, 3))), (5, 1, 1))
    still, place, pace = np.zeros((5, 24, 3)), *rng.normal(size=(2, 5, 3))
    fall = np.tile([0.0, 0.0, -G], (5, 1))
    motion = site_kinematics(
        scene.body, scene.sites, quats, still, still, place, pace, fall, frame=scene.frame
    )
    assert gap(motion.acceleration, fall[:, None]) < Law.FREE_FALL.limit


@pytest.mark.slow
@checks(Law.FREE_FALL_OF_A_CLIP)
@few
@given(scenes())
def test_free_fall_reads_nothing(scene):
    frames = round(2 * scene.frames_per_second) + 1
    times = np.arange(frames)[:, None] / scene.frames_per_second
    place, pace = scene.rng().normal(size=(2, 3))
    fall = place + times * pace + 0.5 * times**2 * [0.0, 0.0, -G]
    assert np.abs(scene.read(held(scene, frames, fall))).max() < Law.FREE_FALL_OF_A_CLIP.limit


@pytest.mark.slow
@checks(Law.STEADY_ACCELERATION)
@few
@given(scenes())
def test_uniform_acceleration_adds_itself(scene):
    motion, push = scene.motion, scene.rng().uniform(-3, 3, 3)
    pushed = motion.replace(trans=motion.trans + 0.5 * motion.times[:, None] ** 2 * push)
    # which is what another gravity does
    expected = scene.read(gravity=np.array([0, 0, -G]) - push)
    assert gap(scene.read(pushed), expected) < Law.STEADY_ACCELERATION.limit


@checks(Law.STEADY_TURNING)
@few
@given(scenes(), st.floats(0.5, 30.0))
def test_steady_turning_of_a_body_analytically(scene, speed):
    rng = scene.rng()
    rate = speed * matrix_from_quat(random_quat(rng))[0]
    quats = np.tile(quat_from_rotvec(rng.uniform(-1, 1, (24, 3))), (7, 1, 1))
    quats[:, 0] = quat_from_rotvec(rng.uniform(0, 1, (7, 1)) * rate)
    rates, still, rest = np.zeros((7, 24, 3)), np.zeros((7, 24, 3)), np.zeros((7, 3))
    rates[:, 0] = rate
    motion = site_kinematics(
        scene.body, scene.sites, quats, rates, still, rest, rest, rest, frame=scene.frame
    )
    arm = motion.position - scene.body.rest_joints[0]
    limit = Law.STEADY_TURNING.limit * (speed**2 + speed)
    assert gap(motion.acceleration, np.cross(rate, np.cross(rate, arm))) < limit
    turned = np.einsum("fsij,fsj->fsi", motion.rotation, motion.angular_velocity)
    assert gap(turned, rate) < limit


@checks(Law.STEADY_TURNING_OF_A_CLIP)
@few
@given(SEEDS, st.floats(0.5, 6.0), st.floats(0.05, 1.0), st.sampled_from([None, "auto"]))
def test_steady_turning_reads_centripetal_force_up_to_the_ends(seed, speed, radius, smoothing):
    axis, arm, _ = matrix_from_quat(random_quat(np.random.default_rng(seed))).T
    times = np.arange(121) / 60.0
    quats = quat_from_rotvec(times[:, None] * speed * axis)
    facts = {"rate": 60.0, "gravity": (0, 0, 0), "smoothing": smoothing}
    limit = Law.STEADY_TURNING_OF_A_CLIP.limit
    acc, gyro = rigid_body_imu(np.zeros((121, 3)), quats, lever_arm=radius * arm, **facts)
    assert gap(gyro, speed * axis) < limit * speed
    assert gap(acc, -(speed**2) * radius * arm) < limit * speed**2 * radius
