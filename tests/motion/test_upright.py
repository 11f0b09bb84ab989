"""Which way is up follows from how a body stands; where it does not, the convention holds."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from m3n_sklearn.body import default_body, forward_kinematics
from m3n_sklearn.motion import SMPL_JOINTS, motion_from_joints, read_amass
from m3n_sklearn.skeleton._rotations import matrix_from_rotvec, rotvec_from_matrix, to_z_up

INDEX = SMPL_JOINTS.index
AXES = ["x", "y", "z", "-x", "-y", "-z"]
STANDING = [np.pi / 2, 0.0, 0.0]  # in a world with z up
ON_THE_BACK = [0.0, 0.0, 0.0]


def clip(root, frames=60, height=0.95, **joints):
    """Poses and root of somebody whose joints are bent by some vectors, z up."""
    poses = np.zeros((frames, 24, 3))
    poses[:, 0] = root
    for side, sign in (("left", 1), ("right", -1)):
        poses[:, INDEX(f"{side}_shoulder"), 2] = -1.2 * sign
    for joint, vector in joints.items():
        sides = [joint] if joint in SMPL_JOINTS else [f"left_{joint}", f"right_{joint}"]
        for name in sides:
            poses[:, INDEX(name)] = vector
    return poses, np.tile([0.3, 0.2, height], (frames, 1))


def turned_forward(angle):
    """Root of somebody who stands and then falls forward by an angle."""
    return [STANDING[0] + angle, 0.0, 0.0]


def joints_of(poses, trans):
    return forward_kinematics(default_body(stature=1.7), poses, trans).positions


def heard(call):
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        result = call()
    return result, [str(w.message) for w in said]


def up_of(motion):
    return matrix_from_rotvec(motion.poses[:, 0])[:, 2, 1]


ACTIVITIES = {
    "standing": {},
    "sitting": {"hip": [-1.5, 0, 0], "knee": [1.5, 0, 0]},
    "squatting": {"hip": [-1.9, 0, 0], "knee": [2.1, 0, 0], "root": 0.5},
    "leaning": {"spine1": [0.3, 0, 0], "spine2": [0.2, 0, 0]},
}


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("activity", ACTIVITIES)
def test_people_who_stand_or_sit_tell_what_is_up(axis, activity):
    bends = dict(ACTIVITIES[activity])
    root = turned_forward(bends.pop("root", 0.0))
    poses, trans = clip(root, **bends)
    positions = joints_of(poses, trans)
    expected = motion_from_joints(positions, "smpl24", rate=30.0, up="z")
    turned = positions @ to_z_up(axis)
    motion, said = heard(lambda: motion_from_joints(turned, "smpl24", rate=30.0))
    assert [f"up='{axis}' was taken instead of this format's 'z'" in s for s in said] == (
        [] if axis == "z" else [True]
    )
    np.testing.assert_allclose(up_of(motion), up_of(expected), atol=1e-6)
    _, said = heard(lambda: motion_from_joints(turned, "smpl24", rate=30.0, up=axis))
    assert said == []


@pytest.mark.parametrize("axis", [a for a in AXES if a != "z"])
def test_a_given_axis_that_the_body_contradicts_is_said(axis):
    positions = joints_of(*clip(STANDING))
    _, said = heard(lambda: motion_from_joints(positions, "smpl24", rate=30.0, up=axis))
    assert len(said) == 1 and f"up='{axis}' was given" in said[0] and "pass up='z'" in said[0]


def test_a_tilted_direction_is_nobodys_contradiction():
    positions = joints_of(*clip(STANDING))
    _, said = heard(lambda: motion_from_joints(positions, "smpl24", rate=30.0, up=[0.4, 0, 1]))
    assert said == []


@pytest.mark.parametrize("root", [ON_THE_BACK, [np.pi, 0.0, 0.0], [0.0, np.pi / 2, 0.0]])
def test_who_lies_on_the_floor_stays_there(root):
    """On the back, on the belly, on a side: the pelvis is low, and nothing stands on a floor."""
    positions = joints_of(*clip(root, height=0.15))
    motion, said = heard(lambda: motion_from_joints(positions, "smpl24", rate=30.0))
    assert (
        len(said) == 1 and "the person lies" in said[0] and "Took this format's up='z'" in said[0]
    )
    np.testing.assert_allclose(up_of(motion), 0, atol=1e-6)
    given, said = heard(lambda: motion_from_joints(positions, "smpl24", rate=30.0, up="z"))
    assert len(said) == 1 and "Unless the person lies" in said[0]
    np.testing.assert_allclose(given.poses, motion.poses, atol=1e-9)


def test_somebody_who_bends_down_all_the_time_stands():
    """The trunk is level, the legs are not: no word, and no other axis."""
    poses, trans = clip(turned_forward(1.3), hip=[-1.3, 0, 0])
    motion, said = heard(lambda: motion_from_joints(joints_of(poses, trans), "smpl24", rate=30.0))
    assert said == [] and up_of(motion).max() < 0.3


def test_on_all_fours_something_is_said():
    """The same pose as sitting in a world that is turned: taken for that, with a word."""
    bends = {"hip": [-1.4, 0, 0], "knee": [1.5, 0, 0]}
    poses, trans = clip(turned_forward(1.45), **bends, height=0.5)
    _, said = heard(lambda: motion_from_joints(joints_of(poses, trans), "smpl24", rate=30.0))
    assert len(said) == 1 and "or up='z' if the person lies" in said[0]


def test_lying_down_half_way_changes_nothing():
    poses, trans = clip(STANDING, frames=100)
    poses[60:, 0] = ON_THE_BACK
    motion, said = heard(lambda: motion_from_joints(joints_of(poses, trans), "smpl24", rate=30.0))
    assert said == []
    np.testing.assert_allclose(up_of(motion)[:60], 1, atol=1e-6)


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("standing", [10, 50, 90])
def test_who_lies_down_shows_where_up_is(axis, standing):
    """Standing and lying frames at their heights: the higher ones stand, however few they are."""
    poses, trans = clip(STANDING, frames=100)
    poses[standing:, 0] = ON_THE_BACK
    trans[standing:] = [0.3, -0.4, 0.12]
    positions = joints_of(poses, trans)
    motion, said = heard(lambda: motion_from_joints(positions, "smpl24", rate=30.0))
    assert said == []
    np.testing.assert_allclose(up_of(motion)[:standing], 1, atol=1e-6)
    turned = positions @ to_z_up(axis)
    motion, said = heard(lambda: motion_from_joints(turned, "smpl24", rate=30.0, up=axis))
    assert said == []


@pytest.mark.parametrize("axis", AXES)
def test_smpl_files_of_other_worlds(tmp_path, axis):
    poses, trans = clip(STANDING, spine1=[0.1, 0.2, 0.0])
    world = to_z_up(axis).T
    poses[:, 0] = rotvec_from_matrix(world @ matrix_from_rotvec(poses[:, 0]))
    np.savez(tmp_path / "a.npz", poses=poses.reshape(-1, 72), trans=trans @ world.T, fps=30.0)
    motion, said = heard(lambda: read_amass(tmp_path / "a.npz"))
    assert len(said) == (axis != "z") and all(f"up='{axis}' was taken" in s for s in said)
    np.testing.assert_allclose(up_of(motion), 1, atol=1e-6)
    np.testing.assert_allclose(motion.trans[:, 2], 0.95, atol=1e-6)
