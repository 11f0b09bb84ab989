"""Rest poses that files put before and after a motion are left out, human motion is not."""

from __future__ import annotations

import warnings

import joblib
import numpy as np
import pytest
import torch

from m3n_sklearn import SMPLIMUSimulator
from m3n_sklearn.motion import (
    SMPL_JOINTS,
    Motion,
    SkeletonMap,
    read_4dhumans,
    read_amass,
    read_bvh,
    read_gvhmr,
    read_wham,
)
from m3n_sklearn.motion._rest_pose import cut_rest_poses, warn_about_rest_poses
from m3n_sklearn.skeleton._anthropometry import reference_joints
from m3n_sklearn.skeleton._rotations import matrix_from_rotvec, rotvec_from_matrix

from .helpers import as_source
from .test_bvh import bvh_text

RATE = 60.0
INDEX = SMPL_JOINTS.index
OWN = SkeletonMap({joint: joint for joint in SMPL_JOINTS})
WORLDS = {  # rotations from y up to the worlds of the formats
    "y": np.eye(3),
    "z": np.array([[1.0, 0, 0], [0, 0, -1.0], [0, 1.0, 0]]),
    "-y": np.diag([1.0, -1.0, -1.0]),
}


def walking(frames=180, rate=RATE):
    """Somebody who walks on the spot, arms hanging, y up: axis-angle vectors (F, 24, 3)."""
    poses = np.zeros((frames, 24, 3))
    swing = np.sin(2 * np.pi * 0.9 * np.arange(frames) / rate + 0.4)
    poses[:, 0, 1] = 0.7
    for side, sign in (("left", 1), ("right", -1)):
        poses[:, INDEX(f"{side}_shoulder"), 2] = -sign * 1.3
        poses[:, INDEX(f"{side}_shoulder"), 0] = 0.3 * sign * swing
        poses[:, INDEX(f"{side}_elbow"), 1] = -sign * 0.35
        poses[:, INDEX(f"{side}_hip"), 0] = -0.4 * sign * swing
        poses[:, INDEX(f"{side}_knee"), 0] = 0.2 + 0.15 * sign * swing
    return poses


def blended(poses, seconds, shape=lambda u: u, held=0.0, rate=RATE):
    """Begin in a T-pose, hold it, and go over to the motion within some seconds."""
    times = np.arange(len(poses)) / rate
    part = shape(np.clip((times - held) / seconds, 0, 1)) if seconds else (times > held) * 1.0
    mixed = part[:, None, None] * poses
    mixed[:, 0] = poses[:, 0]
    return mixed


def with_tpose(poses, before=1, after=0):
    """Hold a T-pose before and after a motion."""
    still = np.zeros((1, 24, 3))
    first, last = still.copy(), still.copy()
    first[0, 0], last[0, 0] = poses[0, 0], poses[-1, 0]
    return np.concatenate([np.repeat(first, before, 0), poses, np.repeat(last, after, 0)])


def in_world(poses, axis):
    turned = poses.copy()
    turned[:, 0] = rotvec_from_matrix(WORLDS[axis] @ matrix_from_rotvec(poses[:, 0]))
    return turned


def as_bvh(folder, poses, **options):
    source = as_source(poses, reference_joints(1.7), OWN)
    path = folder / "clip.bvh"
    text = bvh_text(source, np.zeros((len(poses), 3)), frame_time=f"{1 / RATE:.9f}")
    path.write_text(text)
    return read_bvh(path, skeleton=OWN, **options)


def as_amass(folder, poses, **options):
    path = folder / "clip.npz"
    np.savez(path, poses=in_world(poses, "z").reshape(-1, 72), mocap_framerate=RATE)
    return read_amass(path, **options)


def as_wham(folder, poses, **options):
    path, count = folder / "wham_output.pkl", len(poses)
    person = {
        "pose_world": poses.reshape(count, 72),
        "trans_world": np.zeros((count, 3)),
        "betas": np.zeros((count, 10)),
        "frame_ids": np.arange(count),
    }
    joblib.dump({0: person}, path)
    return read_wham(path, rate=RATE, **options)[0]


def as_gvhmr(folder, poses, **options):
    path, count = folder / "hmr4d_results.pt", len(poses)
    params = {
        "global_orient": poses[:, 0],
        "body_pose": poses[:, 1:22].reshape(count, 63),
        "transl": np.zeros((count, 3)),
        "betas": np.zeros((count, 10)),
    }
    tensors = {key: torch.from_numpy(values.copy()) for key, values in params.items()}
    torch.save({"smpl_params_global": tensors}, path)
    return read_gvhmr(path, rate=RATE, **options)


def as_4dhumans(folder, poses, **options):
    path = folder / "demo.pkl"
    frames = {}
    for n, pose in enumerate(matrix_from_rotvec(in_world(poses, "-y"))):
        smpl = {"global_orient": pose[:1], "body_pose": pose[1:], "betas": np.zeros(10)}
        frames[f"{n:06d}.jpg"] = {
            "time": n,
            "tid": [1],
            "tracked_time": [0],
            "smpl": [smpl],
            "camera": [np.zeros(3)],
            "size": [[720, 1280]],
        }
    joblib.dump(frames, path)
    return read_4dhumans(path, rate=RATE, **options)[0]


READERS = [as_bvh, as_amass, as_wham, as_gvhmr, as_4dhumans]


@pytest.mark.slow
@pytest.mark.parametrize("read", READERS)
def test_every_reader_leaves_tposes_out(tmp_path, read):
    poses = walking()
    with pytest.warns(UserWarning, match=r"5 frame\(s\), 2 at the start and 3 at the end") as said:
        motion = read(tmp_path, with_tpose(poses, 2, 3))
    assert len(said) == 1 and "trim_tpose=False" in str(said[0].message)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plain = read(tmp_path, poses)
        kept = read(tmp_path, with_tpose(poses, 2, 3), trim_tpose=False)
    assert (motion.n_frames, plain.n_frames, kept.n_frames) == (180, 180, 185)
    np.testing.assert_allclose(motion.poses, plain.poses, atol=1e-6)
    np.testing.assert_allclose(motion.times, np.arange(2, 182) / RATE)  # as in the file


SHAPES = {
    "line": lambda u: u,
    "cosine": lambda u: (1 - np.cos(np.pi * u)) / 2,
    "minimum jerk": lambda u: 10 * u**3 - 15 * u**4 + 6 * u**5,
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("seconds", [0.05, 0.1, 0.25])
@pytest.mark.parametrize("rate", [30.0, 60.0, 120.0])
@pytest.mark.parametrize("at_end", [False, True])
def test_short_blends_are_left_out_as_well(shape, seconds, rate, at_end):
    poses = walking(int(3 * rate), rate)
    mixed = blended(poses[::-1] if at_end else poses, seconds, SHAPES[shape], 0.5, rate)
    mixed = mixed[::-1] if at_end else mixed
    cut = cut_rest_poses(mixed, np.zeros((len(poses), 3)), np.arange(len(poses)) / rate)
    expected = (0.5 + seconds) * rate
    assert abs(cut.left_out - expected) <= max(2, 0.1 * seconds * rate)
    assert (cut.start == 0) == at_end
    # nothing implausible is left near the cut
    readings = SMPLIMUSimulator(sites=["left_wrist", "right_wrist"], rate=60.0, smoothing=None)
    turned = in_world(mixed, "z")
    acc = readings.simulate(Motion(turned[cut.kept], rate=rate)).data[:, [0, 1, 2, 6, 7, 8]]
    whole = readings.simulate(Motion(turned, rate=rate)).data[:, [0, 1, 2, 6, 7, 8]]
    assert np.abs(acc).max() < 20 < np.abs(whole).max()


def test_a_toe_that_flips_later_hides_nothing(tmp_path):
    poses = with_tpose(walking())
    poses[90:, INDEX("left_foot"), 0] = 2.5
    with pytest.warns(UserWarning, match="1 at the start"):
        assert as_bvh(tmp_path, poses).n_frames == 180


@pytest.mark.parametrize(("degrees", "rate"), [(8, 30.0), (20, 30.0), (4, 120.0), (8, 120.0)])
def test_a_motion_that_begins_near_a_tpose(degrees, rate):
    """A small jump is as wrong: 4 degrees in 1/120 s are 600 m/s^2 at the wrist."""
    times = np.arange(int(2 * rate)) / rate
    poses = np.zeros((len(times), 24, 3))
    for side, sign in (("left", 1), ("right", -1)):
        poses[1:, INDEX(f"{side}_shoulder"), 2] = -sign * np.deg2rad(degrees)
        poses[1:, INDEX(f"{side}_elbow"), 1] = -sign * (1 - np.cos(2 * times[1:]))
    assert cut_rest_poses(poses, np.zeros((len(times), 3)), times).start == 1


def test_a_tpose_elsewhere_in_space():
    poses = np.zeros((100, 24, 3))
    poses[:, INDEX("left_elbow"), 1] = np.linspace(0, -1, 100)  # the motion begins in a T-pose too
    path = np.full((100, 3), 2.0)
    path[0] = 0
    assert cut_rest_poses(poses, path, np.arange(100) / RATE).start == 1


@pytest.mark.parametrize("seconds", [0.5, 0.8, 1.5])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("read", READERS[:3])
def test_leaving_a_tpose_at_human_speed_stays(tmp_path, seconds, shape, read):
    poses = blended(walking(), seconds, SHAPES[shape], held=0.3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read(tmp_path, poses).n_frames == len(poses)


def jumping_jacks(hertz):
    poses = np.zeros((180, 24, 3))
    up = (1 - np.cos(2 * np.pi * hertz * np.arange(180) / RATE)) / 2
    for side, sign in (("left", 1), ("right", -1)):
        poses[:, INDEX(f"{side}_shoulder"), 2] = sign * (2.5 * up - 1.4)
        poses[:, INDEX(f"{side}_hip"), 2] = sign * 0.4 * up
    return poses


@pytest.mark.parametrize("hertz", [0.5, 1.0, 1.5])
def test_quick_exercises_from_a_straight_stance_stay(hertz):
    poses = jumping_jacks(hertz)
    cut = cut_rest_poses(poses, np.zeros((180, 3)), np.arange(180) / RATE)
    assert (cut.start, cut.stop, cut.jumps) == (0, 180, ())


def test_other_poses_that_jump_are_said_and_kept(tmp_path):
    poses = walking()
    poses[0, INDEX("left_shoulder")] = [0, 0, 1.2]  # one arm up
    with pytest.warns(UserWarning, match=r"jumps by up to 1\d\d degrees .* first or last frame"):
        assert as_bvh(tmp_path, poses).n_frames == 180


def test_clips_too_short_to_judge_stay():
    for count in (1, 2, 3):
        poses = np.zeros((count, 24, 3))
        poses[1:, INDEX("left_shoulder"), 2] = -1.3
        assert cut_rest_poses(poses, np.zeros((count, 3)), np.arange(count) / RATE).left_out == 0
    still = cut_rest_poses(np.zeros((50, 24, 3)), np.zeros((50, 3)), np.arange(50) / RATE)
    assert still.left_out == 0  # nothing but a T-pose


def test_a_file_of_many_clips_warns_once():
    clips = [with_tpose(walking()), walking(), with_tpose(walking(), 0, 2)]
    cuts = [
        cut_rest_poses(poses, np.zeros((len(poses), 3)), np.arange(len(poses)) / RATE)
        for poses in clips
    ]
    with pytest.warns(UserWarning, match=r"3 frame\(s\) of 2 of 3 clips") as said:
        warn_about_rest_poses(cuts)
    assert len(said) == 1 and [cut.stop - cut.start for cut in cuts] == [180] * 3


def test_a_real_conversion_with_a_tpose_first(shared_data):
    with pytest.warns(UserWarning, match="1 at the start"):
        motion = read_bvh(shared_data("cmu_twin") / "01_01.bvh")
    assert motion.n_frames == 2751 and motion.times[0] == pytest.approx(1 / 120)
    simulator = SMPLIMUSimulator(sites=["left_wrist"], rate=60.0)
    assert np.linalg.norm(simulator.simulate(motion).data[:, :3], axis=1).max() < 100
