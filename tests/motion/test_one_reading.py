"""One movement gives one reading, whichever format it comes in."""

from __future__ import annotations

import numpy as np
import pytest

from m3n_sklearn import SMPLIMUSimulator
from m3n_sklearn.body import default_body, forward_kinematics
from m3n_sklearn.motion import SMPL_JOINTS, Motion, retarget
from m3n_sklearn.motion._twist import turn_forearms
from m3n_sklearn.skeleton._anthropometry import reference_joints
from m3n_sklearn.skeleton._rotations import matrix_from_rotvec, quat_from_rotvec, quat_multiply
from m3n_sklearn.skeleton._smpl import SMPL_PARENTS

from .dialects import DIALECTS
from .helpers import as_source, smooth_poses, without
from .test_rest_pose import RATE, READERS

INDEX = SMPL_JOINTS.index
SITES = ["left_wrist", "right_wrist", "left_upper_arm", "chest"]


def moving(seed=3, frames=90):
    """Random motion of somebody upright, y up, with hands that turn about the forearms."""
    poses = without(smooth_poses(seed, frames, 0.4, RATE), "left_hand", "right_hand")
    poses[:, 0] *= 0.2
    return poses


@pytest.fixture(scope="module")
def readings(tmp_path_factory):
    poses = moving()
    simulator = SMPLIMUSimulator(sites=SITES, rate=60.0, smoothing=6.0)
    return {
        read.__name__: simulator.simulate(
            read(tmp_path_factory.mktemp("clip"), poses).replace(stature=1.7, betas=None)
        ).data
        for read in READERS
    }


@pytest.mark.parametrize("first", [read.__name__ for read in READERS])
@pytest.mark.parametrize("second", [read.__name__ for read in READERS])
def test_all_pairs_of_formats(readings, first, second):
    assert np.ptp(readings[first], axis=0).min() > 0.5  # something moves in every channel
    np.testing.assert_allclose(readings[first], readings[second], atol=1e-4)


def test_the_watch_feels_the_whole_turn_of_the_forearm():
    """A hand that turns at 5 rad/s about the forearm: so does what is strapped to its end."""
    poses = np.zeros((90, 24, 3))
    poses[:, 0, 0] = np.pi / 2
    poses[:, INDEX("left_wrist"), 0] = np.sin(5 * np.arange(90) / RATE)
    simulator = SMPLIMUSimulator(sites=["left_wrist"], rate=60.0)
    gyro = simulator.simulate(Motion(turn_forearms(poses), rate=RATE)).data[:, 3:]
    rate = 5 * np.abs(np.cos(5 * np.arange(90) / RATE))
    np.testing.assert_allclose(np.linalg.norm(gyro, axis=1)[5:-5], rate[5:-5], atol=0.1)


def test_hands_and_bones_stay_where_they_are():
    poses, body = moving(8), default_body()
    before, after = (forward_kinematics(body, p) for p in (poses, turn_forearms(poses)))
    np.testing.assert_allclose(after.positions, before.positions, atol=1e-9)
    others = [j for j, name in enumerate(SMPL_JOINTS) if not name.endswith("_elbow")]
    np.testing.assert_allclose(after.rotations[:, others], before.rotations[:, others], atol=1e-9)
    turned = turn_forearms(poses)
    wrists = quat_from_rotvec(turned[:, [INDEX("left_wrist"), INDEX("right_wrist")]])
    np.testing.assert_allclose(wrists[..., 1], 0, atol=1e-12)  # no turn about the forearm is left
    np.testing.assert_allclose(turn_forearms(turned), turned, atol=1e-9)


def test_bones_that_are_split_to_roll():
    """A roll joint in the middle of a bone carries the turn of its lower end."""
    skeleton = DIALECTS["humanik"]
    poses = moving(5, 20)
    rest = reference_joints(1.7)
    plain = as_source(poses, rest, skeleton)
    expected, _, _ = retarget(root_positions=np.zeros((20, 3)), **plain)
    names, parents = list(plain["joint_names"]), list(SMPL_PARENTS)
    offsets, quats = plain["offsets"].copy(), plain["local_quats"].copy()
    above, below = INDEX("left_shoulder"), INDEX("left_elbow")
    # all of a turn about the upper arm moves to a joint half way along it
    turn = quat_from_rotvec(0.8 * np.sin(np.arange(20))[:, None] * np.eye(3)[0])
    quats[:, above] = quat_multiply(quats[:, above], turn * [1, -1, -1, -1])
    names.insert(below, "LeftArmRoll")
    offsets = np.insert(offsets, below, offsets[below] / 2, axis=0)
    offsets[below + 1] /= 2
    quats = np.insert(quats, below, turn, axis=1)
    parents = [parent + (parent >= below) for parent in parents]
    parents.insert(below, above)
    parents[below + 1] = below
    found, _, _ = retarget(quats, np.zeros((20, 3)), names, parents, offsets, skeleton=skeleton)
    np.testing.assert_allclose(matrix_from_rotvec(found), matrix_from_rotvec(expected), atol=1e-7)
