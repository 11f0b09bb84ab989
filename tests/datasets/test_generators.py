"""Generated motions and wrist windows: keyed draws, people, shapes, messages."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from m3n_sklearn.datasets import (
    WRIST_ACTIVITIES,
    load_mmfit,
    load_openpack,
    load_sp_sw_har,
    load_utd_mhad,
    make_motions,
    make_wrist_har,
)
from m3n_sklearn.datasets._generators import _mount
from m3n_sklearn.procedural import get_activity, list_activities
from m3n_sklearn.simulation import SMPLIMUSimulator

GESTURES = ["wave", "hammer", "walk"]


@pytest.fixture(scope="module")
def wrists():
    return make_wrist_har(3, 2, GESTURES, random_state=0)


def by_name(motions):
    return {motion.name: motion for motion in motions}


@pytest.mark.slow
def test_motions_are_complete():
    motions = make_motions(2, 1, seconds=1.0, random_state=0)
    assert len(motions) == 2 * len(list_activities())
    assert len(by_name(motions)) == len(motions)
    for motion in motions:
        assert motion.n_frames == 60 and motion.rate == 60.0
        assert motion.text == get_activity(motion.label).descriptions
        assert motion.subject in ("person0", "person1")
        assert motion.stature is not None and motion.sex in ("male", "female")


def test_fewer_are_the_same_only_fewer():
    everything = by_name(make_motions(3, 2, GESTURES, seconds=1.5, random_state=7))
    part = by_name(make_motions(2, 1, ["walk", "wave"], seconds=1.5, random_state=7))
    assert set(part) < set(everything)
    for name, motion in part.items():
        np.testing.assert_array_equal(motion.poses, everything[name].poses)
        np.testing.assert_array_equal(motion.trans, everything[name].trans)
        assert motion.stature == everything[name].stature


def test_seeds():
    def first(seed):
        return make_motions(1, 1, ["wave"], seconds=1.5, random_state=seed)[0].poses

    np.testing.assert_array_equal(first(1), first(1))
    np.testing.assert_array_equal(first(np.random.RandomState(1)), first(np.random.RandomState(1)))
    assert np.abs(first(1) - first(2)).max() > 0.01


def test_repetitions_and_people_differ():
    one, two, other, _ = make_motions(2, 2, ["wave"], seconds=2.0, random_state=0)
    assert np.abs(one.poses - two.poses).max() > 0.02
    assert np.abs(one.poses - other.poses).max() > 0.05
    assert one.stature == two.stature != other.stature


@pytest.mark.slow
def test_classes_can_be_kept_from_pretraining():
    labels = {m.label for m in make_motions(1, 1, exclude=["wave"], seconds=0.5, random_state=0)}
    assert labels == set(list_activities()) - {"wave"}


def test_left_handers_can_be_asked_for():
    (right,) = make_motions(1, 1, ["drink"], seconds=1.0, left_handed=0.0, random_state=0)
    (left,) = make_motions(1, 1, ["drink"], seconds=1.0, left_handed=1.0, random_state=0)
    np.testing.assert_allclose(left.poses[:, 1:], right.mirrored().poses[:, 1:], atol=1e-12)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_people": 0}, "n_people must be a whole number.*at least 1"),
        ({"n_repetitions": 1.5}, "n_repetitions must be a whole number"),
        ({"activities": ["wavve"]}, "Did you mean 'wave'"),
        ({"left_handed": 2.0}, "probability"),
        ({"activities": ["wave"], "exclude": ["wave"]}, "No activity is left"),
    ],
)
def test_motions_check_what_they_are_given(arguments, message):
    with pytest.raises(ValueError, match=message):
        make_motions(**{"n_people": 1, "n_repetitions": 1, "random_state": 0, **arguments})


# ---- wrists


def test_wrist_set_has_the_shape_of_a_data_set(wrists):
    n = len(wrists.X)
    assert n == 3 * 2 * len(GESTURES) * 3
    assert wrists.X["imu"].shape == (n, 6, 128)
    assert wrists.X.rate("imu") == 50.0
    assert wrists.X.channels[0] == "right_wrist_acc_x"
    assert wrists.y.shape == wrists.groups.shape == (n,)
    assert set(wrists.y) == set(wrists.target_names) == set(GESTURES)
    assert set(wrists.groups) == {"wearer0", "wearer1", "wearer2"}
    assert len(wrists.recordings) == len(wrists.motions) == 3 * 2 * len(GESTURES)
    assert wrists.descriptions["wave"] == get_activity("wave").descriptions
    assert "3 people" in wrists.DESCR and "right wrist" in wrists.DESCR


def test_nothing_in_x_tells_the_label(wrists):
    assert wrists.X.modalities == ("imu",)
    assert all(recording.text == () for recording in wrists.recordings)


def test_readings_are_those_of_a_watch(wrists):
    imu = wrists.X["imu"]
    acc, gyro = imu[:, :3], imu[:, 3:]
    assert 8.5 < np.median(np.linalg.norm(acc, axis=1)) < 11.5
    assert np.abs(acc).max() <= 8 * 9.80665 and np.abs(gyro).max() <= np.deg2rad(1000)
    assert np.isfinite(imu).all()


def test_people_wear_their_watches_differently(wrists):
    mean = {
        who: wrists.X["imu"][(wrists.groups == who) & (wrists.y == "walk"), :3].mean(axis=(0, 2))
        for who in set(wrists.groups)
    }
    directions = [v / np.linalg.norm(v) for v in mean.values()]
    assert min(a @ b for a in directions for b in directions) < 0.95


def test_wrist_set_is_reproducible_and_keyed(wrists):
    part = make_wrist_har(2, 1, ["walk", "wave"], random_state=0)
    whole = {r.name: r.data for r in wrists.recordings}
    for recording in part.recordings:
        np.testing.assert_array_equal(recording.data, whole[recording.name])


def test_wearers_are_not_the_people_of_make_motions(wrists):
    people = {m.stature for m in make_motions(3, 1, ["wave"], seconds=0.5, random_state=0)}
    assert people.isdisjoint({m.stature for m in wrists.motions})


def test_without_shift_the_watch_is_ideal():
    clean = make_wrist_har(1, 1, ["wave"], shift=0.0, random_state=0)
    simulator = SMPLIMUSimulator(sites=("right_wrist",), smoothing=None)
    (ideal,) = simulator.simulate(clean.motions)
    np.testing.assert_allclose(clean.recordings[0].data, ideal.data, atol=1e-9)


@pytest.mark.parametrize(("seconds", "rate"), [(1.0, 100.0), (2.0, 33.3)])
def test_other_windows(seconds, rate):
    other = make_wrist_har(1, 1, ["stir"], seconds=seconds, rate=rate, random_state=0)
    assert other.X["imu"].shape == (3, 6, round(seconds * rate))


def test_default_classes_are_known_and_fill_their_windows():
    assert 8 <= len(WRIST_ACTIVITIES) <= 24
    assert all(get_activity(name).kind != "once" for name in WRIST_ACTIVITIES)


@settings(derandomize=True, deadline=None, max_examples=20)
@given(st.integers(0, 2**31), st.floats(0, 2))
def test_mounts_are_rotations(seed, shift):
    mount = _mount(np.random.default_rng(seed), shift)
    np.testing.assert_allclose(mount @ mount.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(mount) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"shift": -1.0}, "shift must be a number of at least 0"),
        ({"site": "left_ankle"}, "site must be one of right_wrist, left_wrist"),
        ({"seconds": 0.0}, "seconds must be a positive number"),
        ({"rate": np.inf}, "rate must be a positive number"),
        ({"activities": ["hammr"]}, "Did you mean 'hammer'"),
        ({"n_people": -1}, "n_people"),
    ],
)
def test_wrist_set_checks_what_it_is_given(arguments, message):
    with pytest.raises(ValueError, match=message):
        make_wrist_har(**{"n_people": 1, "n_repetitions": 1, **arguments})


@pytest.mark.parametrize(
    "load", [load_mmfit, load_openpack, load_sp_sw_har, load_utd_mhad, make_motions, make_wrist_har]
)
@pytest.mark.parametrize("rate", [1e9, 1e-9])
def test_rates_beyond_all_reason(load, rate):
    path = () if load in (make_motions, make_wrist_har) else ("nowhere",)
    with pytest.raises(ValueError, match=r"rate must lie between 0\.1 and 100000 Hz"):
        load(*path, rate=rate)
