"""Cut-offs of the chains that carry sensors: what is known of a source, of a clip, of others."""

from __future__ import annotations

import numpy as np
import pytest

from m3n_sklearn import Motion, SMPLIMUSimulator
from m3n_sklearn.body import default_body, forward_kinematics, resolve_sites
from m3n_sklearn.body._kinematics import BoneEnd
from m3n_sklearn.motion import SMPL_JOINTS, motion_from_joints
from m3n_sklearn.simulation import fit_trajectory
from m3n_sklearn.simulation._batch import Setup, simulate_batch
from m3n_sklearn.simulation.calibration._sensor_track import curve_of_site
from m3n_sklearn.simulation.trajectory._smoothing import (
    Cutoffs,
    band_of,
    choose_cutoffs,
    local_cutoffs,
    smooth,
)
from m3n_sklearn.skeleton._rotations import quat_from_rotvec, random_rotations

from .clips import random_motion

BODY = default_body()


def limbs(seed, rate, seconds, fastest=2.0):
    """Joint positions (F, 24, 3) in m, z up, of somebody who moves; and the motion itself."""
    motion = random_motion(seed, rate=rate, seconds=seconds, fastest=fastest)
    joints = forward_kinematics(BODY, motion.poses, motion.trans).positions
    return joints, motion


def cutoffs_of(motion, site="left_wrist", noise=None):
    [placed] = resolve_sites(BODY, site)
    return curve_of_site(BODY, placed, motion, "auto", noise).cutoffs


# ---- bands


@pytest.mark.parametrize(
    ("source", "highest"),
    [
        (None, np.inf),
        ("cmu_asf", np.inf),
        ("mediapipe", 2.0),
        ("Video, kitchen", 2.0),
        ("gvhmr", 2.0),
        ("kinect20", 2.4),
        ("my-depth-camera", 2.4),
        ("markerless", 2.4),
        ("videotape", np.inf),  # words, not parts of words
    ],
)
def test_sources_are_known_by_the_words_of_their_names(source, highest):
    assert band_of(source).highest == highest


@pytest.mark.parametrize(("source", "highest"), [("video", 2.0), ("kinect", 2.4)])
def test_cameras_never_get_more_than_their_band(source, highest):
    _, motion = limbs(1, 30.0, 6.0, fastest=3.0)
    assert cutoffs_of(motion).max() > 4
    assert cutoffs_of(motion.replace(source=source)).max() <= highest


def test_joints_of_cameras_are_known_by_their_bones():
    positions, _ = limbs(2, 30.0, 4.0)
    rng = np.random.default_rng(0)
    for jitter, source in ((0.0, None), (5e-5, None), (2e-3, "markerless"), (1e-2, "markerless")):
        noisy = positions + jitter * rng.standard_normal(positions.shape)
        assert motion_from_joints(noisy, "smpl24", rate=30.0).source in (source, "smpl24")
        layout = {joint: i for i, joint in enumerate(SMPL_JOINTS)}
        assert motion_from_joints(noisy, layout, rate=30.0).source == source
        told = motion_from_joints(noisy, layout, rate=30.0, noise=0.01)
        assert told.source is None  # markers: the spectrum decides


# ---- where bones end


def test_ends_of_bones_are_where_forward_kinematics_puts_them():
    rng = np.random.default_rng(0)
    quats = random_rotations(50 * 2 * 24, rng).reshape(50, 2, 24, 3, 3)
    trans = rng.standard_normal((50, 2, 3))
    known = forward_kinematics(BODY, quats, trans)
    from m3n_sklearn.skeleton._rotations import quat_from_matrix

    turns = quat_from_matrix(quats)
    for bone, end in (("left_elbow", "left_wrist"), ("right_knee", "right_ankle")):
        found = BoneEnd(BODY, BODY.joint_index(bone), 24).positions(turns, trans)
        assert np.abs(found - known.positions[:, :, BODY.joint_index(end)]).max() < 1e-12
    head = BODY.joint_index("head")  # a leaf is as long as the bone before it
    found = BoneEnd(BODY, head, 24).positions(turns, trans)
    length = np.linalg.norm(found - known.positions[:, :, head], axis=-1)
    rest = BODY.rest_joints
    assert np.allclose(length, np.linalg.norm(rest[head] - rest[BODY.joint_index("neck")]))


def test_one_movement_has_one_cutoff_however_it_is_written():
    """The same noisy places of the joints, as rotations on two bodies and with other splits."""
    positions, _ = limbs(3, 60.0, 8.0)
    noisy = positions + 2e-3 * np.random.default_rng(0).standard_normal(positions.shape)
    layout = {joint: i for i, joint in enumerate(SMPL_JOINTS)}
    own = motion_from_joints(noisy, layout, rate=60.0, noise=0.01)
    # the turn of the elbow, half of it given to the shoulder about the upper arm's axis
    few = {j: i for j, i in layout.items() if "spine" not in j and "collar" not in j}
    other = motion_from_joints(noisy, few, rate=60.0, noise=0.01)
    assert np.abs(own.poses - other.poses).max() > 0.1
    for site in ("left_wrist", "right_ankle"):
        one, two = (cutoffs_of(m, site)[0] for m in (own, other))
        assert max(one, two) / min(one, two) < 1.2


# ---- clips that change along the way


def test_cutoffs_follow_noise_that_sets_in():
    rate, rng = 100.0, np.random.default_rng(0)
    times = np.arange(1200) / rate
    path = np.stack([0.2 * np.sin(2 * np.pi * f * times + f) for f in (0.7, 1.1, 1.6)], axis=-1)
    quiet = path + 1e-5 * rng.standard_normal(path.shape)
    loud = quiet.copy()
    loud[600:] += 2e-2 * rng.standard_normal((600, 3))
    constant = choose_cutoffs(loud[:, None], 1 / rate)
    found = local_cutoffs(loud[:, None], 1 / rate, constant)
    assert found is not None
    assert found[100, 0] > 2 * found[1000, 0]
    assert local_cutoffs(quiet[:, None], 1 / rate, constant) is None  # nothing changes
    still = np.tile([1.0, 0, 0, 0], (1200, 1, 1))
    truth = -np.stack(
        [0.2 * (2 * np.pi * f) ** 2 * np.sin(2 * np.pi * f * times + f) for f in (0.7, 1.1, 1.6)],
        axis=-1,
    )
    errors = {}
    for name, smoothing in (("auto", "auto"), ("constant", float(constant[0]))):
        state = fit_trajectory(times, still, loud, smoothing).evaluate(times)
        gap = (state.linear_acceleration - truth)[50:550]
        errors[name] = np.sqrt(np.mean(gap**2))
    assert errors["auto"] < 0.8 * errors["constant"]


def test_clips_of_a_batch_do_not_matter_to_each_other():
    """One is clean, one jitters, noise sets in in one, and the root of one leaps about."""
    rng, facts = np.random.default_rng(3), {"rate": 60.0, "seconds": 8.0}
    poses, trans = [], []
    for i in range(4):
        motion = random_motion(20 + i, **facts)
        turns, moves = motion.poses.copy(), motion.trans.copy()
        level = np.zeros(len(turns)) + (2e-3 if i == 1 else 0.0)
        level[len(turns) // 2 :] += 5e-2 if i == 2 else 0.0
        turns += level[:, None, None] * rng.standard_normal(turns.shape)
        moves += (0.1 if i == 3 else 0.0) * rng.standard_normal(moves.shape)
        poses.append(turns)
        trans.append(moves)
    poses, trans, times = np.stack(poses), np.stack(trans), motion.times
    sites = resolve_sites(BODY, ["left_wrist", "right_ankle"])
    setup = Setup(BODY, sites, "auto", "skin", np.array([0, 0, -9.8]))
    mounts = np.tile(np.eye(3), (4, 2, 1, 1))
    together = simulate_batch(setup, poses, trans, times, times, mounts)
    for i in range(4):
        one = slice(i, i + 1)
        alone = simulate_batch(setup, poses[one], trans[one], times, times, mounts[one])
        np.testing.assert_allclose(together.readings[one], alone.readings, rtol=1e-9, atol=1e-9)
        assert np.array_equal(together.seen[one], alone.seen)


def test_slow_tracks_and_short_clips_keep_one_cutoff():
    rng = np.random.default_rng(1)
    values = np.cumsum(np.cumsum(rng.standard_normal((400, 1, 3)), axis=0), axis=0)
    values[200:] += 50 * rng.standard_normal((200, 1, 3))
    chosen = np.array([5.0])
    assert local_cutoffs(values, 1 / 30, chosen) is None
    assert local_cutoffs(values[:300], 1 / 100, chosen) is None


def test_weights_lower_the_cutoff_where_they_are_small():
    rate, rng = 100.0, np.random.default_rng(2)
    noise = rng.standard_normal((4000, 1))
    weights = np.where(np.arange(4000) < 2000, 1.0, 0.5**8)
    mixed = smooth(noise, 1 / rate, np.array([10.0]), weights)
    half = rate / np.pi * np.arcsin(np.sin(np.pi * 10.0 / rate) / 2)  # 4.94 Hz
    for part, cutoff in ((slice(200, 1800), 10.0), (slice(2200, 3800), half)):
        alone = smooth(noise, 1 / rate, np.array([cutoff]))
        assert np.abs(mixed - alone)[part].max() < 1e-3
    assert np.array_equal(
        smooth(noise, 1 / rate, np.array([10.0]), np.ones(4000)),
        smooth(noise, 1 / rate, np.array([10.0])),
    )


def test_cutoffs_of_two_kinds():
    both = Cutoffs.of(np.array([4.0, 8.0]), np.array([[2.0, 2.0], [1.0, 2.0]]))
    assert both.hertz.tolist() == [[4.0, 2.0], [8.0, 2.0]]
    assert np.allclose(both.frame_weights[:, 0], [[1.0, 1.0], [1.0, 0.5**8]])
    assert Cutoffs.of(np.array([4.0]), np.array([2.0])).frame_weights is None


# ---- a root that jitters


def test_a_root_that_jitters_leaves_the_limbs_alone():
    _, motion = limbs(4, 30.0, 8.0)
    depth = np.zeros((motion.n_frames, 3))
    depth[:, 1] = 0.1 * np.random.default_rng(0).standard_normal(motion.n_frames)
    rotations, translations = cutoffs_of(motion.replace(trans=motion.trans + depth))
    assert translations < 3 and rotations > 2 * translations
    clean, shaken = (
        SMPLIMUSimulator(sites=["left_wrist"]).simulate(m).data[50:-50]
        for m in (motion, motion.replace(trans=motion.trans + depth))
    )
    # at one cut-off for both, of 2 Hz, the limbs would lose most of what they do
    assert np.sqrt(np.mean((shaken - clean)[:, :3] ** 2)) < 0.15 * np.std(clean[:, :3])
    assert np.abs(shaken - clean)[:, 3:].max() < 1e-9


# ---- what other clips say


@pytest.mark.parametrize("seed", range(4))
def test_other_clips_never_raise_a_cutoff(seed):
    """A quiet source must not let the jitter of another clip of its through."""
    rng = np.random.default_rng(seed)
    clips = []
    for i, jitter in enumerate((1e-4, 1e-3, 5e-3, 2e-2)):
        _, motion = limbs(10 * seed + i, 30.0, 5.0)
        poses = motion.poses + jitter * rng.standard_normal(motion.poses.shape)
        clips.append(motion.replace(poses=poses, source="one"))
    noise = SMPLIMUSimulator().fit(clips).body_noise_["one"]
    for clip in clips:
        alone, known = cutoffs_of(clip), cutoffs_of(clip, noise=noise)
        assert (known <= alone).all()


def test_rotations_of_a_clip_that_is_clean_stay():
    motion = random_motion(5, rate=120.0, seconds=4.0)
    found = SMPLIMUSimulator(rate=120.0).simulate(motion).data
    exact = SMPLIMUSimulator(rate=120.0, smoothing=None).simulate(motion).data
    inner = slice(60, -60)
    error = np.sqrt(np.mean((found - exact)[inner] ** 2)) / np.std(exact[inner])
    assert error < 0.005
    assert isinstance(motion, Motion) and len(quat_from_rotvec(motion.poses)) == motion.n_frames
