"""Hand-crafted features keep scikit-learn's contract and say what they should."""

from __future__ import annotations

import numpy as np
from sklearn.utils.estimator_checks import parametrize_with_checks

from m3n_sklearn import Windows
from m3n_sklearn.evaluation import WindowFeatures
from m3n_sklearn.skeleton._rotations import random_rotations


@parametrize_with_checks([WindowFeatures()])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


def test_features_of_the_norms_do_not_depend_on_the_mounting():
    rng = np.random.default_rng(0)
    imu = rng.normal(size=(8, 6, 60)) * 5
    turn = random_rotations(1, rng)[0]
    turned = np.einsum("ab,nsbt->nsat", turn, imu.reshape(8, 2, 3, 60)).reshape(8, 6, 60)
    before, after = (WindowFeatures().fit_transform(X) for X in (imu, turned))
    per_channel = before[:, 6:70].reshape(8, 8, 8)  # channels, then the two norms
    assert np.allclose(per_channel[:, 6:], after[:, 6:70].reshape(8, 8, 8)[:, 6:])
    assert not np.allclose(per_channel[:, :6], after[:, 6:70].reshape(8, 8, 8)[:, :6])


def test_windows_and_arrays_give_the_same():
    imu = np.random.default_rng(0).normal(size=(4, 6, 50)).astype("f4")
    array, windows = (WindowFeatures().fit_transform(X) for X in (imu, Windows(imu=imu)))
    assert np.array_equal(array, windows) and array.shape == (4, 102)


def test_a_slow_wave_has_its_power_in_the_first_octave():
    t = np.arange(128) / 128
    waves = np.stack([np.sin(2 * np.pi * f * t) for f in (1, 30)])
    slow, fast = WindowFeatures().fit_transform(waves)[:, -4:]
    assert slow[0] > 0.99 and fast[3] > 0.99
