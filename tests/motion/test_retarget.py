"""Motions of foreign skeletons arrive in SMPL's tree with their bones where they were."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from m3n_sklearn.motion import SKELETONS, SMPL_JOINTS, SkeletonMap, retarget
from m3n_sklearn.skeleton._anthropometry import reference_joints
from m3n_sklearn.skeleton._rotations import (
    matrix_from_rotvec,
    quat_from_rotvec,
    quat_multiply,
    random_rotations,
)
from m3n_sklearn.skeleton._smpl import SMPL_PARENTS, Z_UP_FROM_Y_UP

from .dialects import DIALECTS
from .helpers import as_source, smooth_poses, without

REST = reference_joints(1.7)
CMU = DIALECTS["cmu asf"]
MAPS = {**SKELETONS, **{name: DIALECTS[name] for name in ("cmu asf", "daz", "humanik")}}


def unseen(skeleton):
    """SMPL joints that the source lacks, and wrists, whose twist moves to the forearm."""
    return [j for j in SMPL_JOINTS if j not in skeleton.joints] + ["left_wrist", "right_wrist"]


def y_up(poses):
    """Global rotations without the turn to z up."""
    world = matrix_from_rotvec(poses)
    world[:, 0] = Z_UP_FROM_Y_UP.T @ world[:, 0]
    return world


@pytest.mark.slow
@pytest.mark.parametrize("name", MAPS)
@given(seed=st.integers(0, 10_000))
def test_other_joint_frames_make_no_difference(name, seed):
    skeleton = MAPS[name]
    poses = without(smooth_poses(seed, frames=10), *unseen(skeleton))
    root = np.random.default_rng(seed).normal(0, 1, (10, 3))
    source = as_source(poses, REST, skeleton)
    found, trans, stature = retarget(root_positions=root, skeleton=skeleton, **source)
    np.testing.assert_allclose(y_up(found), matrix_from_rotvec(poses), atol=1e-7)
    np.testing.assert_allclose(trans, root @ Z_UP_FROM_Y_UP.T, atol=1e-7)
    assert stature == pytest.approx(1.7)


def test_a_rest_pose_with_straddled_legs_is_put_straight():
    """Bones keep their directions in the world, whatever the zero pose of the source is."""
    poses = without(smooth_poses(5, frames=10), *unseen(CMU))
    source = as_source(poses, REST, CMU)
    straddle = {"left_hip": 0.35, "right_hip": -0.35}
    quats, offsets = source["local_quats"].copy(), source["offsets"].copy()
    for hip, angle in straddle.items():
        # the leg is drawn straddled, and turned back by every frame's hip rotation
        turn = quat_from_rotvec([0.0, 0.0, angle])
        chain = [SMPL_JOINTS.index(hip.replace("hip", part)) for part in ("hip", "knee", "ankle")]
        inner = [*chain[1:], SMPL_JOINTS.index(hip.replace("hip", "foot"))]
        offsets[inner] = offsets[inner] @ matrix_from_rotvec([0.0, 0.0, angle]).T
        back = quat_from_rotvec([0.0, 0.0, -angle])
        quats[:, chain[0]] = quat_multiply(quats[:, chain[0]], back)
        for joint in chain[1:]:
            quats[:, joint] = quat_multiply(turn, quat_multiply(quats[:, joint], back))
    found, _, _ = retarget(
        **{**source, "local_quats": quats, "offsets": offsets}, root_positions=np.zeros((10, 3))
    )
    np.testing.assert_allclose(y_up(found), matrix_from_rotvec(poses), atol=1e-7)


def test_a_given_tpose_replaces_the_zero_pose():
    poses = without(smooth_poses(6, frames=10), *unseen(CMU))
    frames = random_rotations(24, np.random.default_rng(0))
    source = as_source(poses, REST, CMU, frames)
    tpose = as_source(np.zeros((1, 24, 3)), REST, CMU, frames)["local_quats"][0]
    found, _, _ = retarget(root_positions=np.zeros((10, 3)), tpose=tpose, **source)
    np.testing.assert_allclose(y_up(found), matrix_from_rotvec(poses), atol=1e-7)


@pytest.mark.slow
@given(angle=st.floats(-2.5, 2.5))
def test_the_hands_turn_is_pronation_of_the_forearm(angle):
    poses = np.zeros((4, 24, 3))
    poses[:, SMPL_JOINTS.index("right_wrist"), 0] = angle
    source = as_source(poses, REST, CMU)
    found, _, _ = retarget(root_positions=np.zeros((4, 3)), **source)
    np.testing.assert_allclose(found[:, SMPL_JOINTS.index("right_wrist")], 0, atol=1e-9)
    np.testing.assert_allclose(
        found[:, SMPL_JOINTS.index("right_elbow")], [[angle, 0, 0]] * 4, atol=1e-9
    )


def test_bending_the_hand_stays_in_the_wrist():
    poses = np.zeros((4, 24, 3))
    poses[:, SMPL_JOINTS.index("right_wrist"), 2] = 0.7
    found, _, _ = retarget(root_positions=np.zeros((4, 3)), **as_source(poses, REST, CMU))
    np.testing.assert_allclose(found[:, SMPL_JOINTS.index("right_wrist"), 2], 0.7, atol=1e-9)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"parents": [0] * 24}, "parents must begin with -1"),
        ({"offsets": np.zeros((5, 3))}, "24 joint names need"),
        ({"local_quats": np.ones((2, 24, 4))}, "unit quaternions"),
        ({"offsets": 1000 * (REST - REST[np.maximum(SMPL_PARENTS, 0)])}, "millimeters"),
        ({"joint_names": [f"joint{i}" for i in range(24)]}, "No human skeleton"),
        (
            {"joint_names": [f"joint{i}" for i in range(24)], "skeleton": CMU},
            "The skeleton lacks the joints",
        ),
        (
            {"skeleton": SkeletonMap({**CMU.joints, "left_knee": "rfemur"})},
            "chains",
        ),
        ({"up": "north"}, "up must be one of"),
    ],
)
def test_bad_skeletons_are_explained(change, message):
    source = as_source(np.zeros((2, 24, 3)), REST, CMU)
    with pytest.raises(ValueError, match=message):
        retarget(**{**source, "root_positions": np.zeros((2, 3)), **change})
