"""The motion clip and SMPL's tree."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from m3n_sklearn import Motion
from m3n_sklearn.motion import SMPL_JOINTS
from m3n_sklearn.skeleton import _rotations as rot
from m3n_sklearn.skeleton._smpl import MIRROR_JOINTS, SMPL_PARENTS


def clip(frames: int = 31, **kwargs: object) -> Motion:
    rng = np.random.default_rng(0)
    walk = np.cumsum(rng.normal(size=(frames, 24, 3)) / 50, axis=0)
    return Motion(
        walk, np.cumsum(rng.normal(size=(frames, 3)) / 50, axis=0), **{"rate": 30.0, **kwargs}
    )


def test_the_tree_is_smpls():
    assert len(SMPL_JOINTS) == 24 and SMPL_PARENTS[0] == -1
    assert all(SMPL_PARENTS[j] < j for j in range(1, 24))
    assert SMPL_JOINTS[SMPL_PARENTS[SMPL_JOINTS.index("left_elbow")]] == "left_shoulder"
    assert np.array_equal(MIRROR_JOINTS[MIRROR_JOINTS], np.arange(24))
    assert np.array_equal(SMPL_PARENTS[MIRROR_JOINTS][1:], MIRROR_JOINTS[SMPL_PARENTS][1:])


def test_a_clip_knows_its_clock():
    motion = clip(text=("a person waves", " "), label="wave", subject=3, name="c1")
    assert (motion.n_frames, motion.n_joints) == (31, 24)
    assert motion.duration == pytest.approx(1.0) and motion.is_uniform
    assert motion.text == ("a person waves",)
    uneven = clip(rate=None, times=np.arange(31) ** 1.1)
    assert not uneven.is_uniform and uneven.rate == pytest.approx(30 / 30**1.1)
    assert clip(rate=60.0).replace(rate=30.0).duration == pytest.approx(1.0)


def test_flat_poses_are_folded():
    assert Motion(np.zeros((4, 72)), rate=30.0).poses.shape == (4, 24, 3)


def test_attributes_of_a_clip_cannot_be_set():
    with pytest.raises(AttributeError):
        clip().rate = 3.0


@pytest.mark.parametrize(
    ("word", "sex"), [("f", "female"), ("Male", "male"), ("NEUTRAL", "neutral"), (b"m", "male")]
)
def test_words_for_the_sex(word, sex):
    assert clip(sex=word).sex == sex
    with pytest.raises(ValueError, match="sex must be one of neutral, male, female, got 1"):
        clip(sex=1)


def test_a_clip_has_arrays_of_its_own():
    given = {
        "poses": np.zeros((4, 24, 3)),
        "trans": np.zeros((4, 3)),
        "times": np.arange(4) / 30,
        "betas": np.zeros(10),
        "observed": np.ones((4, 24), dtype=bool),
        "confidence": np.ones((4, 24)),
    }
    motion = Motion(**given)
    others = [motion.replace(text="x"), motion.slice(0, 1), motion.resample(30.0)]
    for name, array in given.items():
        before = getattr(motion, name).copy()
        array[:] = 1 - array
        for other in others:
            getattr(other, name)[:] = 1 - getattr(other, name)
        np.testing.assert_array_equal(getattr(motion, name), before)


def test_scipy_takes_the_arrays_of_a_clip():
    motion = clip()
    turns = Rotation.from_rotvec(motion.poses[:, 0])
    turned = np.einsum("fij,fj->fi", turns.as_matrix(), motion.trans)
    np.testing.assert_allclose(turns.apply(motion.trans), turned)


def test_slicing_in_seconds():
    part = clip().slice(0.2, 0.5)
    assert part.n_frames == 9 and part.times[0] == pytest.approx(0.2)
    with pytest.raises(ValueError, match=r"No frame lies in.*lasts"):
        clip().slice(5.0, 6.0)


def test_resampling_keeps_the_curve():
    motion = clip(61)
    dense = motion.resample(120.0)
    assert dense.n_frames == 241 and dense.rate == pytest.approx(120.0)
    assert np.allclose(
        rot.matrix_from_rotvec(dense.poses[::4]), rot.matrix_from_rotvec(motion.poses), atol=1e-9
    )
    assert np.allclose(dense.trans[::4], motion.trans)
    with pytest.raises(ValueError, match="positive number of Hz"):
        motion.resample(0)


def test_mirroring_twice_is_nothing():
    motion = clip()
    assert np.allclose(motion.mirrored().mirrored().poses, motion.poses)
    assert np.allclose(motion.mirrored().trans[:, 0], -motion.trans[:, 0])
    with pytest.raises(ValueError, match="22 or 24"):
        Motion(np.zeros((2, 52, 3)), rate=30.0).mirrored()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"poses": np.zeros((4, 70))}, "must have shape"),
        ({"poses": np.zeros((0, 24, 3))}, "no frame"),
        ({"poses": np.zeros((4, 20, 3))}, "at least 22.*retarget"),
        ({"poses": np.full((4, 24, 3), np.nan)}, "not finite.*first in frame 0"),
        ({"poses": np.full((4, 24, 3), 45.0)}, "degrees.*deg2rad"),
        ({"trans": np.zeros((3, 3))}, "to match poses"),
        ({"trans": np.full((4, 3), np.inf)}, "not finite"),
        ({"trans": np.full((4, 3), 1e6)}, "millimeters"),
        ({"rate": None}, "neither"),
        ({"times": np.arange(4.0)}, "both"),
        ({"rate": 0}, "positive number of Hz"),
        ({"rate": None, "times": np.zeros(4)}, "strictly increasing"),
        ({"rate": None, "times": np.zeros(3)}, "to match poses"),
        ({"betas": np.zeros((2, 2))}, "finite vector"),
        ({"stature": 175}, "centimeters"),
        ({"sex": "x"}, "one of neutral, male, female"),
    ],
)
def test_bad_input_is_refused_on_construction(arguments, message):
    with pytest.raises(ValueError, match=message):
        Motion(**{"poses": np.zeros((4, 24, 3)), "rate": 30.0, **arguments})


def test_wrong_types_are_refused():
    with pytest.raises(TypeError, match="rate must be a number of Hz"):
        Motion(np.zeros((4, 24, 3)), rate="30")
    with pytest.raises(TypeError, match="string or a sequence"):
        Motion(np.zeros((4, 24, 3)), rate=30.0, text=(1, 2))
    with pytest.raises(ValueError, match="two frames"):
        Motion(np.zeros((1, 24, 3)), times=[0.0])
