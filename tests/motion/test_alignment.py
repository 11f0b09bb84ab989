"""Swings, twists and frames."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from m3n_sklearn.skeleton._rotations import (
    align_frames,
    normalize,
    quat_conjugate,
    quat_from_rotvec,
    quat_multiply,
    quat_rotate,
    swing_between,
    transport_along,
    twist_about,
)


def unit_vectors(seed, count):
    return normalize(np.random.default_rng(seed).standard_normal((count, 3)))


@given(seed=st.integers(0, 10_000))
def test_swing_meets_the_direction_without_twist(seed):
    start, end = unit_vectors(seed, 2)
    swing = swing_between(start, end)
    np.testing.assert_allclose(quat_rotate(swing, start), end, atol=1e-12)
    assert abs(swing[1:] @ start) < 1e-12


def test_swing_to_the_opposite_direction_is_a_half_turn():
    for start in np.concatenate([np.eye(3), unit_vectors(0, 5)]):
        np.testing.assert_allclose(
            quat_rotate(swing_between(start, -start), start), -start, atol=1e-9
        )


@given(seed=st.integers(0, 10_000), angle=st.floats(-3.0, 3.0))
def test_twist_is_what_a_swing_leaves(seed, angle):
    axis, end = unit_vectors(seed, 2)
    twist = quat_from_rotvec(angle * axis)
    found = twist_about(quat_multiply(swing_between(axis, end), twist), axis)
    np.testing.assert_allclose(np.abs(found @ twist), 1, atol=1e-9)


def test_twist_of_a_half_turn_across_the_axis_is_none():
    np.testing.assert_array_equal(twist_about([0, 1.0, 0, 0], [0, 0, 1.0]), [1, 0, 0, 0])


@given(seed=st.integers(0, 10_000))
def test_frames_are_aligned(seed):
    first, second = unit_vectors(seed, 2)
    turn = quat_from_rotvec(2 * unit_vectors(seed + 1, 1)[0])
    found = align_frames(
        (first, second), (3 * quat_rotate(turn, first), 0.1 * quat_rotate(turn, second))
    )
    np.testing.assert_allclose(np.abs(found @ turn), 1, atol=1e-9)


@given(seed=st.integers(0, 10_000), frames=st.integers(1, 70))
def test_transport_follows_and_never_turns_about_the_direction(seed, frames):
    rng = np.random.default_rng(seed)
    path = normalize(np.cumsum(rng.normal(0, 0.1, (frames, 3)), axis=0) + rng.normal(0, 1, 3))
    start = swing_between([1.0, 0, 0], path[0])
    carried = transport_along(path, start)
    np.testing.assert_allclose(
        quat_rotate(carried, np.broadcast_to([1.0, 0, 0], path.shape)), path, atol=1e-9
    )
    steps = quat_multiply(carried[1:], quat_conjugate(carried[:-1]))
    np.testing.assert_allclose(np.sum(steps[:, 1:] * path[:-1], axis=1), 0, atol=1e-9)
