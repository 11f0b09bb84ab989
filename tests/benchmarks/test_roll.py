"""The roll of the forearm: axes from markers, forearms turned to them, and its prediction."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from benchmarks.simulation import roll
from benchmarks.simulation.roll import (
    CUTOFF,
    MARKERS,
    RATE,
    SIDES,
    forearm_frame,
    roll_between,
    site_at_joint,
    turned,
    wrist_of_markers,
)
from benchmarks.simulation.roll_prior import (
    RATES,
    arm_features,
    explained,
    in_site,
    left_out,
    prior_table,
    splits,
)
from benchmarks.simulation.tracks import is_complete
from m3n_sklearn import SMPLIMUSimulator
from m3n_sklearn.body import default_body, forward_kinematics, resolve_sites
from m3n_sklearn.datasets import make_motions
from m3n_sklearn.motion import SMPL_JOINTS

BODY = default_body()


@pytest.fixture(scope="module")
def motion():
    (made,) = make_motions(1, 1, ["stir"], seconds=3.0, rate=RATE, random_state=0)
    return made.replace(stature=None)


def site_axes(motion, side):
    """Axes of the wrist's site, by plain forward kinematics."""
    [site] = resolve_sites(BODY, f"{side}_wrist")
    elbow = SMPL_JOINTS.index(f"{side}_elbow")
    bones = forward_kinematics(BODY, motion.poses).rotations[:, elbow]
    return Rotation.from_matrix(bones @ site.orientation)


def markers_of(motion, side):
    """Markers at the elbow and on both sides of the wrist, as they move with the site."""
    posed = forward_kinematics(BODY, motion.poses, motion.trans).positions
    elbow, wrist = (posed[:, SMPL_JOINTS.index(f"{side}_{j}")] for j in ("elbow", "wrist"))
    little = site_axes(motion, side).apply([0.0, 0.035, 0.0])
    return np.stack([elbow, wrist - little, wrist + little], axis=1)


@pytest.mark.parametrize("side", SIDES)
def test_axes_of_markers_are_those_of_the_site(motion, side):
    found = forearm_frame(*np.moveaxis(markers_of(motion, side), 1, 0), side)
    assert np.max((found.inv() * site_axes(motion, side)).magnitude()) < 0.03


@pytest.mark.parametrize("side", SIDES)
def test_measured_readings_are_the_simulated_ones(motion, side):
    names = [side[0].upper() + name for name in MARKERS]
    found = wrist_of_markers(markers_of(motion, side), names, side, site_axes(motion, side))
    simulator = SMPLIMUSimulator(
        sites=[site_at_joint(side)], rate=RATE, smoothing=CUTOFF, frame="bone"
    )
    data = simulator.simulate(motion).data[20:-20]
    measured = found.readings[20 : 20 + len(data)]
    assert not found.exchanged and np.abs(found.roll).max() < 3
    np.testing.assert_allclose(measured[:, :3], data[:, 3:], atol=0.1)
    gap = measured[:, 3:] - data[:, :3]  # the low-passes differ
    assert np.sqrt(np.mean(gap**2)) < 0.03 * np.std(data[:, :3])


def test_exchanged_markers_are_turned_back(motion):
    names = ["LELB", "LWRB", "LWRA"]
    markers, forearm = markers_of(motion, "left"), site_axes(motion, "left")
    found = wrist_of_markers(markers, names, "left", forearm)
    assert found.exchanged and np.abs(found.roll).max() < 3
    right = wrist_of_markers(markers, ["LELB", "LWRA", "LWRB"], "left", forearm)
    np.testing.assert_allclose(found.readings, right.readings, atol=1e-9)


def test_roll_is_the_angle_about_the_forearm():
    start = Rotation.from_rotvec([0.3, -0.2, 0.9])
    angles = np.linspace(-2.0, 5.0, 80)  # beyond half a turn
    axes = start * Rotation.from_rotvec(angles[:, None] * [1.0, 0, 0])
    found = roll_between(start, axes)
    np.testing.assert_allclose(np.diff(found), np.diff(angles))
    np.testing.assert_allclose(found, angles)


def test_turned_forearms_have_the_given_axes(motion):
    swing = Rotation.from_rotvec(np.sin(motion.times)[:, None] * [0.8, 0, 0])
    wanted = {side: site_axes(motion, side) * swing for side in SIDES}
    given = motion.poses.copy()
    found = turned(motion, wanted)
    for side in SIDES:
        assert np.max((site_axes(found, side).inv() * wanted[side]).magnitude()) < 1e-6
    np.testing.assert_array_equal(motion.poses, given)


def test_mirrored_arms_have_the_same_features(motion):
    left = arm_features(motion, "left", RATE, CUTOFF)
    right = arm_features(motion.mirrored(), "right", RATE, CUTOFF)
    assert left.shape == (len(left), 16) and len(left) >= motion.n_frames - 1
    np.testing.assert_allclose(left, right, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(left[:, RATES : RATES + 3], axis=1), 1, atol=1e-6)


def test_tests_exclude_their_people_and_exercises():
    people = np.repeat(np.arange(6), 4)
    exercises = np.tile(["a", "b"], 12)
    for name, parts in splits(people, exercises).items():
        assert (np.sum([test for _, test in parts], axis=0) == 1).all()
        for train, test in parts:
            assert train.any() and not set(people[train]) & set(people[test])
            if "exercises" in name:
                assert not set(exercises[train]) & set(exercises[test])


def test_explained_share():
    truth = np.array([1.0, -1.0, 2.0])
    assert explained(truth, truth) == 1 and explained(truth, np.zeros(3)) == 0
    assert explained(truth, -truth) == -3


def test_linear_relation_is_found_in_other_people(capsys):
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(4000, 16)) for _ in range(4)]
    y = [0.5 * x[:, 0] - 0.3 * x[:, 4] for x in X]
    models = prior_table(X, y, [1, 1, 2, 2], ["a", "b", "a", "b"])
    assert explained(y[0], models["linear in the rates"].predict(X[0])) > 0.99
    row = next(r for r in capsys.readouterr().out.splitlines() if r.startswith("linear"))
    assert float(row.split()[4]) > 0.95


def test_predictions_come_from_models_of_other_rows():
    class Mean:
        def fit(self, X, y):
            self.mean = y.mean()
            return self

        def predict(self, X):
            return np.full(len(X), self.mean)

    first = np.array([True, True, False, False])
    y = np.array([1.0, 3.0, 10.0, 20.0])
    found = left_out(Mean, np.zeros((4, 1)), y, [(~first, first), (first, ~first)])
    np.testing.assert_array_equal(found, [15, 15, 2, 2])


def test_mount_comes_from_other_clips():
    rng = np.random.default_rng(1)
    mount = Rotation.from_rotvec([1.0, 2.0, -0.5])
    clips = [rng.normal(size=(50, 3)) for _ in range(4)]
    pairs = [(clip, mount.apply(clip)) for clip in clips]
    for ours, found in zip(clips, in_site(pairs, [1, 1, 2, 2]), strict=True):
        np.testing.assert_allclose(found, ours, atol=1e-9)


def test_lost_markers_are_at_the_origin():
    clip = np.ones((5, 3, 3))
    assert is_complete(clip)
    clip[:, 1] = 0
    assert not is_complete(clip)


@pytest.mark.parametrize("there", [True, False])
def test_absent_data_are_said(tmp_path, monkeypatch, capsys, there):
    if there:
        monkeypatch.setenv("M3N_SKLEARN_DATA", str(tmp_path))
    else:
        monkeypatch.delenv("M3N_SKLEARN_DATA", raising=False)
    roll.main()
    assert capsys.readouterr().out.startswith("roll: skipped")


def test_measured_wrists_on_real_markers(shared_data):
    path = shared_data("ui_prmd_vicon") / "ui_prmd_vicon_100hz.npz"
    wrists = roll.wrists_of(path, quick=True)
    for _ in range(4):
        wrist = next(wrists)
        turned_back = wrist.simulated[roll.TURNED][:, :3]
        assert np.sqrt(np.mean((turned_back - wrist.measured[:, :3]) ** 2)) < 0.05
