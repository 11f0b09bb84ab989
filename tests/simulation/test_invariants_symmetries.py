"""Changes of the scene that change the readings in a known way, or not at all."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from m3n_sklearn.simulation import fit_trajectory
from m3n_sklearn.skeleton._rotations import (
    matrix_from_quat,
    matrix_from_sixd,
    quat_from_matrix,
    quat_from_rotvec,
    quat_rotate,
    random_rotations,
    rotvec_from_quat,
    sixd_from_matrix,
)

from .bodies import MIRROR
from .clips import gap, random_quat, turned
from .laws import Law, checks
from .scenes import G, few, scenes

NO_GRAVITY = (0.0, 0.0, 0.0)


@pytest.mark.slow
@checks(Law.TURN_ABOUT_GRAVITY)
@few
@given(scenes(), st.floats(-np.pi, np.pi))
def test_turning_the_scene_about_gravity_changes_nothing(scene, angle):
    again = turned(scene.motion, quat_from_rotvec([0.0, 0.0, angle]))
    assert gap(scene.read(again), scene.read()) < Law.TURN_ABOUT_GRAVITY.limit


@pytest.mark.slow
@checks(Law.TURN_WITH_GRAVITY)
@few
@given(scenes())
def test_turning_scene_and_gravity_changes_nothing(scene):
    limit = Law.TURN_WITH_GRAVITY.limit
    quat = random_quat(scene.rng())
    gravity = quat_rotate(quat, [0.0, 0.0, -G])
    assert gap(scene.read(turned(scene.motion, quat), gravity=gravity), scene.read()) < limit


@pytest.mark.slow
@checks(Law.DRIFT)
@few
@given(
    scenes(samplings=[(16.0, None), (64.0, None), (256.0, None), (64.0, "auto"), (256.0, 6.0)]),
    st.sampled_from([0, 1, 10_000]),
)
def test_steady_drift_changes_nothing(scene, far):
    # on a grid that numbers of 1e4 can carry: the sums below are exact
    grid = 2.0**-36
    motion = scene.motion.replace(trans=np.rint(scene.motion.trans / grid) * grid)
    start, pace = np.rint(scene.rng().uniform(-1, 1, (2, 3)) * 256) / 256
    away = motion.replace(trans=motion.trans + far * start + motion.times[:, None] * pace)
    assert gap(scene.read(away), scene.read(motion)) < Law.DRIFT.limit


@pytest.mark.slow
@checks(Law.MOUNT)
@few
@given(scenes())
def test_mount_rotation_turns_the_readings(scene):
    mount = random_rotations(1, scene.rng())[0]
    plain, found = scene.read(), scene.read(mount=mount)
    limit = Law.MOUNT.limit * np.abs(plain).max()
    assert gap(found, plain @ mount) < limit
    assert gap(np.linalg.norm(found, axis=-1), np.linalg.norm(plain, axis=-1)) < limit
    one = scene.read(mount={scene.sites[1]: mount})
    assert np.array_equal(one[:, 0], plain[:, 0])
    assert np.array_equal(one[:, 1], found[:, 1])


@pytest.mark.slow
@checks(Law.TIME_REVERSAL)
@few
@given(scenes())
def test_time_reversal_reverses_the_rate_only(scene):
    motion, rate = scene.motion, scene.frames_per_second
    back = motion.replace(poses=motion.poses[::-1], trans=motion.trans[::-1])
    found = scene.read(back, rate=rate)[::-1] * np.array([[1.0], [-1.0]])
    forth = scene.read(rate=rate)
    inside, ends = Law.TIME_REVERSAL.limits
    assert gap(found, forth) < ends
    assert gap(found[10:-10], forth[10:-10]) < inside


@pytest.mark.slow
@checks(Law.TEMPO)
@few
@given(scenes(samplings=[(15.0, None), (60.0, None), (120.0, None)]), st.floats(0.25, 4.0))
def test_faster_play_scales_rate_and_acceleration(scene, factor):
    slow = {"rate": scene.rate}
    fast = {"rate": scene.rate * factor}
    motion = scene.motion.replace(rate=scene.frames_per_second * factor)
    plain = scene.read(gravity=NO_GRAVITY, **slow)
    quick = scene.read(motion, gravity=NO_GRAVITY, **fast)
    scaled = plain * np.array([[factor**2], [factor]])
    limit = Law.TEMPO.limit * np.abs(scaled).max()
    assert gap(quick, scaled) < limit
    pull = scene.read(**slow) - plain
    assert gap(scene.read(motion, **fast) - quick, pull) < limit


@pytest.mark.slow
@checks(Law.SIZE)
@few
@given(scenes(), st.floats(0.4, 2.0))
def test_size_scales_linear_acceleration(scene, factor):
    small = scene.read(gravity=NO_GRAVITY, sites=scene.sites[:2])
    large_body = scene.body.shaped(stature=factor * scene.body.stature)
    grown = scene.motion.replace(trans=factor * scene.motion.trans)
    large = scene.read(grown, body=large_body, gravity=NO_GRAVITY, sites=scene.sites[:2])
    scaled = small * np.array([[factor], [1.0]])
    for sensor in (0, 1):
        size = np.abs(scaled[:, :, sensor]).max()
        assert gap(large[:, :, sensor], scaled[:, :, sensor]) < Law.SIZE.limit * size


@pytest.mark.slow
@checks(Law.MIRROR)
@few
@given(scenes())
def test_a_mirror_exchanges_the_sides(scene):
    spots = ("wrist", "ankle", "pocket", "upper_arm", "foot")
    sites = [f"{side}_{spot}" for spot in spots for side in ("left", "right")]
    plain = scene.read(sites=sites)
    swapped = plain.reshape(len(plain), len(spots), 2, 2, 3)[:, :, ::-1].reshape(plain.shape)
    seen = scene.read(scene.motion.mirrored(), sites=sites)
    assert gap(seen, swapped * np.stack([MIRROR, -MIRROR])) < Law.MIRROR.limit


@pytest.mark.slow
@checks(Law.FULL_TURNS)
@few
@given(scenes())
def test_full_turns_do_not_matter(scene):
    poses = scene.motion.poses
    angle = np.linalg.norm(poses, axis=-1, keepdims=True)
    turns = scene.rng().integers(-1, 2, angle.shape)
    again = scene.motion.replace(poses=poses * (1 + 2 * np.pi * turns / angle))
    assert gap(scene.read(again), scene.read()) < Law.FULL_TURNS.limit


@pytest.mark.slow
@checks(Law.REPRESENTATIONS)
@few
@given(scenes())
def test_representations_do_not_matter(scene):
    motion = scene.motion
    quats = quat_from_rotvec(motion.poses)
    matrices = matrix_from_quat(quats)
    others = (
        quats * scene.rng().choice([-1.0, 1.0], (*quats.shape[:2], 1)),
        quat_from_rotvec(rotvec_from_quat(quats)),
        quat_from_matrix(matrices),
        quat_from_matrix(matrix_from_sixd(sixd_from_matrix(matrices))),
    )
    first, *rest = (
        fit_trajectory(motion.times, q, motion.trans, scene.smoothing).evaluate(motion.times)
        for q in (quats, *others)
    )
    size = 1 + np.abs(first.acceleration).max()
    limit = Law.REPRESENTATIONS.limit
    for state in rest:
        assert gap(state.rate, first.rate) < limit
        assert gap(state.acceleration, first.acceleration) < limit * size
