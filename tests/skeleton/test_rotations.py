"""Rotation formulas against scipy and against their own laws; swings, twists and frames."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation, Slerp

from m3n_sklearn.skeleton import _rotations as rot

seeds = st.integers(0, 10_000)


def random_rotvecs(seed, n=20, largest=np.pi):
    rng = np.random.default_rng(seed)
    axis = rng.normal(size=(n, 3))
    axis /= np.linalg.norm(axis, axis=1, keepdims=True)
    angle = rng.uniform(0, largest, (n, 1)) * rng.choice([1e-9, 1e-3, 1.0], (n, 1))
    return axis * angle


@given(seeds)
def test_conversions_agree_with_scipy(seed):
    v = random_rotvecs(seed)
    R = Rotation.from_rotvec(v)
    assert np.allclose(rot.matrix_from_rotvec(v), R.as_matrix(), atol=1e-12)
    q = rot.quat_from_rotvec(v)
    assert np.allclose(np.abs(np.sum(q * R.as_quat(scalar_first=True), axis=1)), 1, atol=1e-12)
    assert np.allclose(rot.rotvec_from_quat(q), v, atol=1e-9)
    assert np.allclose(rot.rotvec_from_quat(-q), v, atol=1e-9)
    assert np.allclose(rot.rotvec_from_matrix(R.as_matrix()), v, atol=1e-7)


@given(seeds)
def test_round_trips(seed):
    m = rot.random_rotations(20, np.random.default_rng(seed))
    assert np.allclose(rot.matrix_from_quat(rot.quat_from_matrix(m)), m, atol=1e-12)
    assert np.allclose(rot.matrix_from_sixd(rot.sixd_from_matrix(m)), m, atol=1e-12)
    assert np.allclose(np.linalg.det(m), 1)


@given(seeds)
def test_products_compose_and_conjugates_invert(seed):
    a, b = (
        rot.quat_from_rotvec(random_rotvecs(seed)),
        rot.quat_from_rotvec(random_rotvecs(seed + 1)),
    )
    v = np.random.default_rng(seed).normal(size=(20, 3))
    assert np.allclose(
        rot.quat_rotate(rot.quat_multiply(a, b), v), rot.quat_rotate(a, rot.quat_rotate(b, v))
    )
    assert np.allclose(rot.quat_rotate(rot.quat_conjugate(a), rot.quat_rotate(a, v)), v)


def test_half_turns_have_a_quaternion():
    for axis in np.eye(3):
        m = rot.matrix_from_rotvec(np.pi * axis)
        assert np.allclose(rot.matrix_from_quat(rot.quat_from_matrix(m)), m)


def test_hemisphere_alignment_removes_sign_jumps():
    q = rot.quat_from_rotvec(np.linspace([0, 0, 0], [0, 0, 6], 50))
    flipped = q * np.where(np.arange(50) % 3 == 0, -1.0, 1.0)[:, None]
    aligned = rot.hemisphere_align(flipped)
    assert np.all(np.sum(aligned[1:] * aligned[:-1], axis=1) > 0)
    assert np.array_equal(rot.hemisphere_align(q[:1]), q[:1])


def test_slerp_agrees_with_scipy_and_holds_the_ends():
    rng = np.random.default_rng(0)
    times = np.sort(rng.uniform(0, 2, 8))
    turns = Rotation.random(8, rng=rng)
    wanted = np.linspace(times[0], times[-1], 40)
    out = rot.slerp_resample(turns.as_quat(scalar_first=True), times, wanted)
    expected = Slerp(times, turns)(wanted).as_matrix()
    assert np.allclose(rot.matrix_from_quat(out), expected, atol=1e-9)
    ends = rot.slerp_resample(turns.as_quat(scalar_first=True), times, [-5.0, 9.0])
    assert np.allclose(rot.matrix_from_quat(ends), turns[[0, 7]].as_matrix())
    one = rot.slerp_resample(np.array([[1.0, 0, 0, 0]]), [0.0], [0.0, 1.0])
    assert one.shape == (2, 4)


def test_random_rotations_stay_in_the_cone():
    rng = np.random.default_rng(0)
    cone = rot.random_rotations(500, rng, max_angle=0.5)
    angles = np.linalg.norm(rot.rotvec_from_matrix(cone), axis=1)
    assert angles.max() <= 0.5 + 1e-9 and angles.mean() == pytest.approx(0.25, abs=0.03)
    uniform = rot.random_rotations(4000, rng)
    assert np.abs(uniform.mean(axis=0)).max() < 0.05  # no preferred orientation


def test_wrong_shapes_are_named():
    with pytest.raises(ValueError, match="axis of length 4"):
        rot.rotvec_from_quat(np.zeros((2, 3)))
    with pytest.raises(ValueError, match=r"shape \(3, 3\)"):
        rot.quat_from_matrix(np.zeros(3))
    with pytest.raises(ValueError, match="at least 0"):
        rot.random_rotations(1, np.random.default_rng(0), -1)


# ---- swings, twists and frames


def unit_vectors(seed, count):
    return rot.normalize(np.random.default_rng(seed).standard_normal((count, 3)))


@given(seed=st.integers(0, 10_000))
def test_swing_meets_the_direction_without_twist(seed):
    start, end = unit_vectors(seed, 2)
    swing = rot.swing_between(start, end)
    np.testing.assert_allclose(rot.quat_rotate(swing, start), end, atol=1e-12)
    assert abs(swing[1:] @ start) < 1e-12


def test_swing_to_the_opposite_direction_is_a_half_turn():
    for start in np.concatenate([np.eye(3), unit_vectors(0, 5)]):
        np.testing.assert_allclose(
            rot.quat_rotate(rot.swing_between(start, -start), start), -start, atol=1e-9
        )


@given(seed=st.integers(0, 10_000), angle=st.floats(-3.0, 3.0))
def test_twist_is_what_a_swing_leaves(seed, angle):
    axis, end = unit_vectors(seed, 2)
    twist = rot.quat_from_rotvec(angle * axis)
    found = rot.twist_about(rot.quat_multiply(rot.swing_between(axis, end), twist), axis)
    np.testing.assert_allclose(np.abs(found @ twist), 1, atol=1e-9)


def test_twist_of_a_half_turn_across_the_axis_is_none():
    np.testing.assert_array_equal(rot.twist_about([0, 1.0, 0, 0], [0, 0, 1.0]), [1, 0, 0, 0])


@given(seed=st.integers(0, 10_000))
def test_frames_are_aligned(seed):
    first, second = unit_vectors(seed, 2)
    turn = rot.quat_from_rotvec(2 * unit_vectors(seed + 1, 1)[0])
    found = rot.align_frames(
        (first, second), (3 * rot.quat_rotate(turn, first), 0.1 * rot.quat_rotate(turn, second))
    )
    np.testing.assert_allclose(np.abs(found @ turn), 1, atol=1e-9)


@given(seed=st.integers(0, 10_000), frames=st.integers(1, 70))
def test_transport_follows_and_never_turns_about_the_direction(seed, frames):
    rng = np.random.default_rng(seed)
    path = rot.normalize(np.cumsum(rng.normal(0, 0.1, (frames, 3)), axis=0) + rng.normal(0, 1, 3))
    start = rot.swing_between([1.0, 0, 0], path[0])
    carried = rot.transport_along(path, start)
    np.testing.assert_allclose(
        rot.quat_rotate(carried, np.broadcast_to([1.0, 0, 0], path.shape)), path, atol=1e-9
    )
    steps = rot.quat_multiply(carried[1:], rot.quat_conjugate(carried[:-1]))
    np.testing.assert_allclose(np.sum(steps[:, 1:] * path[:-1], axis=1), 0, atol=1e-9)
