"""The benchmark of pretraining on videos: errors with a measured spectrum, and filmed motions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from benchmarks import video_pays
from benchmarks.video_pays import KINDS, TUNED, Errors, apart, filmed, landmarks, without_pronation
from m3n_sklearn.body import default_body, forward_kinematics
from m3n_sklearn.datasets import make_motions
from m3n_sklearn.motion import SMPL_JOINTS

NO_ERRORS = Errors(np.zeros((90, 33, 3)))


@pytest.fixture(scope="module")
def wave():
    (motion,) = make_motions(1, 1, ["wave"], seconds=3.0, rate=60.0, random_state=0)
    ahead = np.arctan2(1.0, 0.0)  # towards y, as the Kinect's people look
    front = Rotation.from_rotvec(motion.poses[:, 0].copy()).apply([0.0, 0.0, 1.0]).mean(axis=0)
    turn = Rotation.from_rotvec([0, 0, ahead - np.arctan2(front[1], front[0])])
    poses = motion.poses.copy()
    poses[:, 0] = (turn * Rotation.from_rotvec(poses[:, 0])).as_rotvec()
    return motion.replace(poses=poses, trans=turn.apply(motion.trans), name="a1_s1_t1")


def test_drawn_errors_keep_spectra_and_cross_spectra():
    track = np.cumsum(np.random.default_rng(0).standard_normal((90, 33, 3)), axis=0)
    errors = Errors(track - track.mean(axis=0))
    drawn = errors.draw(90, np.random.default_rng(1))
    before, after = (np.fft.rfft(each, axis=0) for each in (errors.track, drawn))
    np.testing.assert_allclose(np.abs(after), np.abs(before), atol=1e-8)
    pairs = [each[:, 15, 0] * each[:, 13, 2].conj() for each in (before, after)]
    np.testing.assert_allclose(pairs[1], pairs[0], atol=1e-7)
    assert np.abs(drawn - errors.track).max() > 1.0
    assert errors.draw(200, np.random.default_rng(1)).shape == (200, 33, 3)


def test_the_error_is_what_no_rotation_and_scale_explains():
    rng = np.random.default_rng(0)
    one = rng.standard_normal((20, 33, 3))
    turn = Rotation.from_rotvec([0.3, -0.5, 0.2]).as_matrix()
    np.testing.assert_allclose(apart(one, 0.9 * one @ turn.T), 0.0, atol=1e-12)
    assert apart(one, 0.9 * one @ turn.T + 0.1 * rng.standard_normal(one.shape)).std() > 0.05


def test_a_filmed_motion_has_the_limbs_of_the_given_one(wave):
    [found] = filmed(wave, NO_ERRORS, np.random.default_rng(0))
    assert (found.name, found.label, found.subject) == ("a1_s1_t1~0", wave.label, wave.subject)
    assert found.rate == pytest.approx(30.0)
    even, directions = wave.resample(30.0), []
    for motion in (even, found):
        body = default_body(stature=motion.stature)
        places = forward_kinematics(body, motion.poses).positions[: found.n_frames]
        bone = places[:, SMPL_JOINTS.index("right_wrist")]
        bone = bone - places[:, SMPL_JOINTS.index("right_elbow")]
        directions.append(bone / np.linalg.norm(bone, axis=1)[:, None])
    # the camera's axes differ from the world by a turn about the vertical
    heights = [each[:, 2] for each in directions]
    np.testing.assert_allclose(heights[1], heights[0], atol=0.1)
    across = [each[:, 0] * s for each, s in zip(directions, (-1, 1), strict=True)]
    np.testing.assert_allclose(across[1], across[0], atol=0.1)


def test_joint_positions_do_not_change_without_pronation(wave):
    bare = without_pronation(wave)
    places = [landmarks(motion, np.eye(3)) for motion in (wave, bare)]
    assert np.abs(places[0] - places[1])[:, 11:17].max() < 0.03
    assert bare.text == wave.text and bare.source == wave.source


def test_every_row_has_its_motions():
    assert set(TUNED) <= set(KINDS) and len({kind.key for kind in KINDS.values()}) == len(KINDS)
    assert {kind.motions for kind in KINDS.values()} == set(video_pays.SOURCES)
    assert not KINDS["CMU mocap"].in_domain and KINDS["video"].in_domain
