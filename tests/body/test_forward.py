from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from m3n_sklearn.body import BodyModel, default_body, forward_kinematics, skin
from m3n_sklearn.skeleton._rotations import matrix_from_rotvec, quat_from_rotvec

BODY = default_body()
seeds = st.integers(0, 10_000)


def draw(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-1.5, 1.5, (*shape, 3))


@pytest.mark.slow
@given(seed=seeds)
def test_agrees_with_homogeneous_transforms(seed):
    pose, trans = draw(seed, 24), draw(seed + 1)
    posed = forward_kinematics(BODY, pose, trans)
    world: list[np.ndarray] = []
    for j, parent in enumerate(BODY.parents):
        local = np.eye(4)
        local[:3, :3] = matrix_from_rotvec(pose[j])
        local[:3, 3] = BODY.rest_joints[j] - (BODY.rest_joints[parent] if j else 0)
        world.append(world[parent] @ local if j else local)
    expected = np.array(world)
    np.testing.assert_allclose(posed.positions, expected[:, :3, 3] + trans, atol=1e-12)
    np.testing.assert_allclose(posed.rotations, expected[:, :3, :3], atol=1e-12)


@given(seed=seeds, turns=st.integers(-2, 2))
def test_representations_agree(seed, turns):
    pose = draw(seed, 3, 24)
    quat = quat_from_rotvec(pose)
    angle = np.linalg.norm(pose, axis=-1, keepdims=True)
    more_turns = pose * (1 + 2 * np.pi * turns / angle)
    expected = forward_kinematics(BODY, pose)
    for same in (quat, -quat, matrix_from_rotvec(pose), more_turns):
        got = forward_kinematics(BODY, same)
        np.testing.assert_allclose(got.positions, expected.positions, atol=1e-9)
        np.testing.assert_allclose(got.rotations, expected.rotations, atol=1e-9)


@given(seed=seeds)
def test_lengths_of_bones_are_kept(seed):
    posed = forward_kinematics(BODY, draw(seed, 4, 24), draw(seed, 4))
    children = np.arange(1, 24)
    parents = BODY.parents[children]
    lengths = np.linalg.norm(posed.positions[:, children] - posed.positions[:, parents], axis=-1)
    rest = np.linalg.norm(BODY.rest_joints[children] - BODY.rest_joints[parents], axis=-1)
    np.testing.assert_allclose(lengths, np.broadcast_to(rest, lengths.shape), atol=1e-12)


@pytest.mark.parametrize("n_joints", [22, 52, 55])
def test_other_layouts(n_joints):
    pose = draw(0, 2, n_joints)
    full = np.zeros((2, 24, 3))
    full[:, :22] = pose[:, :22]
    expected = forward_kinematics(BODY, full)
    got = forward_kinematics(BODY, pose)
    np.testing.assert_array_equal(got.positions, expected.positions)


def test_rest_pose_of_the_skin():
    np.testing.assert_allclose(skin(BODY, np.zeros((24, 3))), BODY.vertices, atol=1e-14)
    moved = skin(BODY, np.zeros((2, 24, 3)), [[0.0, 0, 0], [1.0, 2.0, 3.0]], vertices=[4, 9])
    np.testing.assert_allclose(moved[1] - moved[0], [[1.0, 2, 3]] * 2, atol=1e-14)


def test_root_turns_about_the_pelvis():
    pose = np.zeros((24, 3))
    pose[0] = [0.0, 0.0, 1.0]
    body = BodyModel(["a", "b"], [-1, 0], [[1.0, 2, 3], [1.0, 2.5, 3]])
    posed = forward_kinematics(body, pose[:2], [10.0, 0, 0])
    np.testing.assert_allclose(posed.positions[0], [11.0, 2, 3])


@pytest.mark.parametrize(
    ("rotations", "trans", "message"),
    [
        (np.zeros((5, 23, 3)), None, r"23 joints does not fit .* SMPL's joint order"),
        (np.zeros((5, 24, 2)), None, "rotation vectors"),
        (np.zeros(3), None, "rotation vectors"),
        (np.full((5, 24, 3), np.nan), None, "must be finite"),
        (np.ones((5, 24, 4)), None, "must have length 1"),
        (np.zeros((5, 24, 3)), np.zeros((4, 3)), r"trans must have shape \(5, 3\)"),
        (np.zeros((5, 24, 3)), [np.inf, 0, 0], "trans must be finite"),
    ],
)
def test_messages(rotations, trans, message):
    with pytest.raises(ValueError, match=message):
        forward_kinematics(BODY, rotations, trans)


def test_body_without_smpl_joints_takes_its_own_count_only():
    bones = BodyModel(["a", "b"], [-1, 0], [[0.0, 0, 0], [0.0, 0.5, 0]])
    with pytest.raises(ValueError, match=r"Give one rotation for each of \['a', 'b'\]\.$"):
        forward_kinematics(bones, np.zeros((1, 24, 3)))
    with pytest.raises(ValueError, match="no surface"):
        skin(bones, np.zeros((2, 3)))
