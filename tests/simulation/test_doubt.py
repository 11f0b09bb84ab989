"""Frames that no body produces are found and bridged; what bodies do is left alone."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from m3n_sklearn import Motion, SMPLIMUSimulator
from m3n_sklearn.body import default_body, forward_kinematics
from m3n_sklearn.motion import SMPL_JOINTS, motion_from_joints
from m3n_sklearn.procedural import get_activity, list_activities, perform
from m3n_sklearn.simulation.trajectory._plausibility import bridged, plausible_frames
from m3n_sklearn.skeleton._rotations import quat_from_rotvec, quat_multiply, rotvec_from_quat

RATE = 30.0
INDEX = SMPL_JOINTS.index
ARM = [INDEX(f"left_{joint}") for joint in ("collar", "shoulder", "elbow", "wrist", "hand")]
HALF_TURN = quat_from_rotvec(np.array([0.0, np.pi, 0.0]))


def waving(rate=RATE, seconds=4.0, seed=0):
    """An upright body whose arms swing by half a radian once a second."""
    times = np.arange(round(rate * seconds)) / rate
    poses = np.zeros((len(times), 24, 3))
    poses[:, 0, 0] = np.pi / 2
    swing = 0.5 * np.sin(2 * np.pi * times)
    poses[:, INDEX("left_shoulder"), 2] = -1.2 + swing
    poses[:, INDEX("right_shoulder"), 2] = 1.2 - swing
    trans = np.stack([0.5 * times, 0 * times, 0.9 + 0 * times], axis=-1)
    return Motion(poses, trans, rate=rate)


def seen(motion):
    found = plausible_frames(
        motion.times, quat_from_rotvec(motion.poses)[:, None], motion.trans[:, None]
    )
    return np.ones(motion.poses.shape[:2], bool) if found is None else found[:, 0]


def turned_about(motion, frames, joint=0, by=HALF_TURN):
    poses = motion.poses.copy()
    quats = quat_multiply(quat_from_rotvec(poses[frames, joint]), by)
    poses[frames, joint] = rotvec_from_quat(quats)
    return motion.replace(poses=poses)


def test_nothing_is_doubted_without_a_reason():
    assert seen(waving()).all()
    assert seen(waving(rate=15.0)).all() and seen(waving(rate=240.0)).all()


@pytest.mark.parametrize("name", list_activities())
def test_performed_activities_are_believed(name):
    assert seen(perform(get_activity(name), random_state=1)).all()


@settings(max_examples=30, deadline=None)
@given(
    rate=st.sampled_from([15.0, 25.0, 30.0, 60.0, 120.0]),
    speed=st.floats(0.0, 13.0),
    limb=st.floats(0.0, 38.0),
)
def test_fast_bodies_are_believed(rate, speed, limb):
    """A trunk that spins twice a second, and an arm that turns at 2000 degrees/s."""
    motion = waving(rate)
    poses = motion.poses.copy()
    spin = np.zeros((len(poses), 3))
    spin[:, 1] = speed * motion.times
    poses[:, 0] = rotvec_from_quat(
        quat_multiply(quat_from_rotvec(poses[:, 0]), quat_from_rotvec(spin))
    )
    reach = limb / (2 * np.pi * 3)
    poses[:, INDEX("left_shoulder"), 0] = min(reach, 1.5) * np.sin(
        2 * np.pi * limb / (2 * np.pi * max(min(reach, 1.5), 1e-9)) * motion.times
    )
    assert seen(motion.replace(poses=poses)).all()


def test_a_fall_and_a_ride_are_believed():
    motion = waving()
    fall = np.zeros((len(motion.times), 3))
    fall[:, 2] = -4.9 * motion.times**2
    assert seen(motion.replace(trans=fall)).all()
    assert seen(motion.replace(trans=np.outer(motion.times, [40.0, 0, 0]))).all()


@pytest.mark.parametrize("rate", [15.0, 30.0, 60.0, 120.0])
@pytest.mark.parametrize("frames", [1, 3, 6])
def test_a_body_that_faces_the_other_way_for_a_moment(rate, frames):
    first = round(rate)
    doubted = ~seen(turned_about(waving(rate), slice(first, first + frames)))
    assert doubted[first : first + frames].all()  # all joints: sides are exchanged
    near = round(0.15 * rate) + 1
    assert not doubted[: first - near].any() and not doubted[first + frames + near :].any()


def test_a_limb_that_is_elsewhere_concerns_that_limb_only():
    motion = turned_about(waving(), slice(40, 43), INDEX("left_shoulder"))
    doubted = ~seen(motion)
    assert doubted[40:43][:, ARM].all()
    assert not np.delete(doubted, ARM, axis=1).any()


def test_a_flip_that_was_smoothed_over_three_frames():
    motion, poses = waving(), waving().poses.copy()
    for share, frame in zip((0.25, 0.5, 0.75), (50, 51, 52), strict=True):
        part = quat_from_rotvec(np.array([0.0, share * np.pi, 0.0]))
        poses[frame, 0] = rotvec_from_quat(quat_multiply(quat_from_rotvec(poses[frame, 0]), part))
    motion = turned_about(motion.replace(poses=poses), slice(53, None))
    assert not seen(motion)[51].any()
    assert seen(motion)[:45].all() and seen(motion)[60:].all()  # both sides are long: both stay


def test_a_root_that_leaps_is_doubted_and_one_that_jitters_is_not():
    motion = waving()
    trans = motion.trans.copy()
    trans[50] += [0.0, 1.5, 0.0]
    assert not seen(motion.replace(trans=trans))[50].any()
    jitter = 0.3 * np.random.default_rng(0).standard_normal(trans.shape)
    assert seen(motion.replace(trans=motion.trans + jitter)).mean() > 0.95


def test_bridged_frames_lie_between_their_neighbors():
    motion = turned_about(waving(), slice(30, 33))
    quats, trans = quat_from_rotvec(motion.poses)[:, None], motion.trans[:, None]
    good = seen(motion)[:, None]
    turned, moved = bridged(motion.times, quats, trans, good)
    truth = quat_from_rotvec(waving().poses)[:, None]
    gap = 2 * np.arccos(np.clip(np.abs((turned * truth).sum(-1)), 0, 1))
    assert np.rad2deg(gap).max() < 8  # a line instead of a sine over a sixth of its period
    assert np.allclose(moved[:, 0], waving().trans)
    assert np.array_equal(turned[good], quats[good])


@pytest.mark.parametrize("smoothing", ["auto", 6.0])
def test_readings_beside_a_burst_are_those_without_it(smoothing):
    simulator = SMPLIMUSimulator(rate=50.0, smoothing=smoothing)
    clean = simulator.simulate(waving()).data
    with pytest.warns(UserWarning, match=r"1 of 1 clips have frames that no body produces"):
        recording = simulator.simulate(turned_about(waving(), slice(60, 63)))
    kept = recording.observed.all(axis=-1) if recording.observed.ndim == 2 else recording.observed
    assert 0.75 < kept.mean() < 1
    inner = kept & (recording.times > 0.3) & (recording.times < 3.7)
    assert np.abs(recording.data - clean)[inner].max() < 0.1
    highest = np.linalg.norm(clean[:, :3], axis=1).max()
    assert np.linalg.norm(recording.data[:, :3], axis=1).max() < highest + 1.0  # lines in between


def test_a_joint_that_was_not_measured_marks_the_sensors_on_it():
    motion = waving()
    observed = np.ones(motion.poses.shape[:2], dtype=bool)
    observed[60:66, INDEX("left_elbow")] = False
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # the motion knows: no word
        recording = SMPLIMUSimulator(rate=50.0).simulate(motion.replace(observed=observed))
    seen_at = np.atleast_2d(recording.observed.T).T
    times = recording.times
    inside = (times > 60 / RATE) & (times < 65 / RATE)
    assert not seen_at[inside][:, 0].any()
    assert seen_at[times < 1.0].all() and seen_at[times > 3.2].all()


def test_a_clip_of_which_nothing_is_believable():
    motion = waving()
    for frame in range(0, motion.n_frames, 2):
        motion = turned_about(motion, slice(frame, frame + 1))
    with pytest.warns(UserWarning, match="100%"):
        recording = SMPLIMUSimulator().simulate(motion)
    assert not recording.observed.any()
    assert np.isnan(recording.data).all()


def test_without_smoothing_poses_are_taken_as_they_are():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        plain = SMPLIMUSimulator(smoothing=None).simulate(turned_about(waving(), slice(60, 63)))
    assert plain.observed.all()
    assert np.linalg.norm(plain.data[:, :3], axis=1).max() > 157


def test_what_one_arm_lost_is_no_concern_of_the_other():
    motion = waving(rate=60.0)
    observed = np.ones(motion.poses.shape[:2], dtype=bool)
    observed[100:130, INDEX("left_elbow")] = False
    lossy = motion.replace(observed=observed)
    for smoothing in ("auto", 8.0, 2.0, None):
        facts = {"smoothing": smoothing, "rate": 50.0}
        both = SMPLIMUSimulator(sites=["left_wrist", "right_wrist"], **facts).simulate(lossy)
        right = SMPLIMUSimulator(sites=["right_wrist"], **facts).simulate(lossy)
        assert both.observed[:, 6:].all() and not both.observed[:, :6].all()
        assert np.abs(both.data[:, 6:] - right.data).max() < 1e-9


def test_fingers_and_toes_say_nothing_about_limbs():
    motion = turned_about(waving(), slice(40, 42), INDEX("left_hand"))
    assert seen(turned_about(motion, slice(60, 62), INDEX("right_foot"))).all()


@pytest.mark.parametrize("rate", [30.0, 60.0])
def test_steady_jitter_is_a_matter_of_smoothing(rate):
    """Positions that jitter by a centimeter turn the short bones of a trunk all the time."""
    motion = waving(rate, seconds=6.0)
    joints = forward_kinematics(default_body(), motion.poses, motion.trans).positions
    joints = joints + 0.01 * np.random.default_rng(0).standard_normal(joints.shape)
    assert seen(motion_from_joints(joints, "smpl24", rate=rate)).mean() > 0.97


@pytest.mark.parametrize(("rate", "seconds", "smoothing"), [(240.0, 2.0, 2.0), (1000.0, 0.5, 8.0)])
def test_long_gaps_at_high_rates_are_bridged(rate, seconds, smoothing):
    motion = waving(rate, seconds=6.0)
    observed = np.ones(motion.poses.shape[:2], dtype=bool)
    observed[round(2 * rate) : round((2 + seconds) * rate)] = False
    recording = SMPLIMUSimulator(smoothing=smoothing).simulate(motion.replace(observed=observed))
    assert np.isfinite(recording.data).all()
    assert 0 < recording.observed.mean() < 1


def test_known_gaps_need_no_word_and_hide_no_burst():
    motion = waving()
    observed = np.ones(motion.poses.shape[:2], dtype=bool)
    observed[40:43, INDEX("left_elbow")] = False
    observed[:, INDEX("left_foot")] = False
    gaps = motion.replace(observed=observed, source="video")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        SMPLIMUSimulator().simulate(gaps)
    with pytest.warns(UserWarning, match="frames that no body produces"):
        SMPLIMUSimulator().simulate(turned_about(gaps, slice(60, 63)))


def test_a_limb_that_flips_about_itself_is_not_lost():
    """Joint positions do not show how far a straight arm is turned about itself."""
    twist = quat_from_rotvec(np.array([np.pi, 0.0, 0.0]))  # about the bone
    motion = turned_about(waving(), slice(60, 70), INDEX("left_shoulder"), twist)
    doubted = ~seen(motion)
    assert doubted[59:61][:, ARM].all() and doubted[69:71][:, ARM].all()
    assert not doubted[64:66].any()
    lifted = turned_about(waving(), slice(60, 70), INDEX("left_shoulder"))
    assert (~seen(lifted))[60:70][:, ARM].all()  # elsewhere, and briefly: lost throughout
