from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from m3n_sklearn.body import default_body, forward_kinematics
from m3n_sklearn.pretraining._modalities import N_POSE_FEATURES, pose_features
from m3n_sklearn.skeleton._rotations import matrix_from_rotvec, rotvec_from_matrix

POSITIONS = slice(132, 132 + 63)


def random_poses(n: int, frames: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    pose = 0.5 * rng.standard_normal((n, frames, 24, 3))
    pose[:, :, 0] = rotvec_from_matrix(
        matrix_from_rotvec([np.pi / 2, 0, 0]) @ matrix_from_rotvec(0.3 * pose[:, :, 0])
    )
    return pose, rng.standard_normal((n, frames, 3))


@given(st.floats(-3.1, 3.1), st.integers(0, 99))
def test_heading_and_place_do_not_matter(angle: float, seed: int) -> None:
    pose, trans = random_poses(2, 12, seed)
    turn = matrix_from_rotvec([0, 0, angle])
    turned = pose.copy()
    turned[:, :, 0] = rotvec_from_matrix(turn @ matrix_from_rotvec(pose[:, :, 0]))
    moved = trans @ turn.T + [3.0, -2.0, 1.0]
    expected = pose_features(pose, trans, rate=25.0)
    assert np.allclose(pose_features(turned, moved, rate=25.0), expected, atol=2e-4)


def test_positions_are_those_of_the_default_body() -> None:
    pose, _ = random_poses(2, 6)
    features = pose_features(pose, rate=25.0)
    joints = forward_kinematics(default_body(), matrix_from_rotvec(pose), np.zeros((2, 6, 3)))[0]
    expected = np.linalg.norm(joints - joints[:, :, :1], axis=-1)[:, :, 1:22]
    found = np.linalg.norm(features[:, POSITIONS].reshape(2, 21, 3, 6), axis=2)
    assert np.allclose(found.transpose(0, 2, 1), expected, atol=1e-5)


def test_frames_are_thinned_and_margins_cut() -> None:
    pose, trans = random_poses(3, 180)
    features = pose_features(pose, trans, rate=60.0, margin=0.5)
    assert features.shape == (3, N_POSE_FEATURES, 60)
    assert features.dtype == np.float32
    assert pose_features(pose[:, :1]).shape == (3, N_POSE_FEATURES, 1)


def test_velocity_of_the_root() -> None:
    pose, _ = random_poses(1, 40)
    pose[:] = pose[:, :1]
    trans = np.arange(40)[None, :, None] / 25.0 * np.array([0.0, 0.0, 2.0])
    features = pose_features(pose, trans, rate=25.0)
    assert np.allclose(features[0, -1], 1.0, atol=1e-4)  # 2 m/s, halved
    assert np.allclose(features[0, 132 + 63 : -3], 0.0, atol=1e-4)


def test_messages() -> None:
    pose, _ = random_poses(1, 20)
    with pytest.raises(ValueError, match="17 joints"):
        pose_features(pose[:, :, :17])
    with pytest.raises(ValueError, match="leave none"):
        pose_features(pose, rate=20.0, margin=0.5)
