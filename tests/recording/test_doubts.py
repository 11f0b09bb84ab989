"""Readings that are not m/s² with gravity and rad/s: one warning, right cause, right cure."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from m3n_sklearn import Recording, Windows, cut
from m3n_sklearn.recording import STANDARD_GRAVITY, channel_names
from m3n_sklearn.recording._units import find_doubts, segments

RATE, NAMES = 50.0, channel_names("right_wrist")


def wrist(seconds=60, seed=0):
    """Return acc and gyro of a forearm that swings, with noise."""
    rng = np.random.default_rng(seed)
    t = np.arange(int(seconds * RATE)) / RATE
    angle = 0.8 * np.sin(2 * np.pi * 0.1 * t) + 0.3 * np.sin(2 * np.pi * 0.9 * t)
    acc = STANDARD_GRAVITY * np.stack([np.sin(angle), 0 * t + 0.1, np.cos(angle)], axis=1)
    acc[:, 1] += 2.0 * np.sin(2 * np.pi * 1.7 * t)
    gyro = np.stack([0 * t, np.gradient(angle, 1 / RATE), 0 * t], axis=1)
    return acc + rng.normal(0, 0.2, acc.shape), gyro + rng.normal(0, 0.02, gyro.shape)


def said(call):
    """Return what a call returns, and its warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = call()
    return result, [(str(w.message), w.filename) for w in caught]


def recorded(acc, gyro, **facts):
    return said(lambda: Recording(np.hstack([acc, gyro]), RATE, NAMES, **facts))[1]


ACC, GYRO = wrist()
LINEAR = ACC - pd.DataFrame(ACC).rolling(100, center=True, min_periods=1).mean().to_numpy()
SPREAD = (ACC - ACC.mean(axis=0)) / ACC.std(axis=0)
ZEROS, HELD = ACC.copy(), ACC.copy()
ZEROS[500:600] = 0.0
HELD[500:600] = HELD[499]
LEVEL = (ACC - ACC.min(axis=0)) / np.ptp(ACC, axis=0)


def test_si_units_pass_in_silence():
    assert recorded(ACC, GYRO) == []


@pytest.mark.parametrize(
    ("acc", "gyro", "words"),
    [
        (ACC / STANDARD_GRAVITY, GYRO, ["look like g: multiply by 9.80665", "-9.80665", "iOS"]),
        (-ACC / STANDARD_GRAVITY, GYRO, ["-9.80665 if they come from iOS", "+9.81"]),
        (ACC / STANDARD_GRAVITY * 1000, GYRO, ["look like mg: multiply by 0.00980665", "1024"]),
        (ACC * 1000, GYRO, ["look like mm/s²: multiply by 0.001"]),
        (ACC / STANDARD_GRAVITY * 16384, GYRO, ["raw counts (16384 per g)", "0.00059855"]),
        (ACC / STANDARD_GRAVITY * 64, GYRO, ["raw counts (64 per g)", "0.153229"]),
        (LINEAR, GYRO, ["Gravity looks removed", "-9.80665 * (gravity + userAcceleration)"]),
        (LINEAR / STANDARD_GRAVITY, GYRO, ["Gravity looks removed"]),
        (SPREAD, GYRO, ["looks standardized", "before any scaler"]),
        (LEVEL, GYRO, ["looks scaled"]),
        (ACC / 90, GYRO, ["another scale", "factor of about"]),
        (ACC, np.rad2deg(GYRO) * 4, ["look like deg/s: multiply by pi/180"]),
        (ACC, np.rad2deg(GYRO) * 131, ["raw counts, or thousandths of deg/s", "0.00106423"]),
        (GYRO, ACC, ["look exchanged"]),
        (ACC, ACC / np.linalg.norm(ACC, axis=1, keepdims=True), ["gravity that a phone computes"]),
        (ZEROS, GYRO, ["3% of the samples", "exactly (0, 0, 0)", "observed="]),
        (HELD, np.where(HELD[499] == HELD, 0.0, GYRO), ["no value changes", "observed="]),
    ],
)
def test_one_warning_with_the_cause_and_the_cure(acc, gyro, words):
    ((message, file),) = recorded(acc, gyro)
    assert file == __file__
    for word in words:
        assert word in message


def test_lost_samples_are_not_looked_at():
    observed = (ZEROS != 0).any(axis=1)
    assert recorded(ZEROS, GYRO, observed=observed) == []


def test_coarse_sensors_repeat_themselves():
    coarse = np.round(np.tile([0.0, 3.0, 9.0], (3000, 1)) + 0.3 * ACC, 0)
    assert find_doubts(segments(coarse, RATE), None, RATE) == ()


def test_a_unit_in_a_name_and_in_the_values_is_said_once():
    table = pd.DataFrame(ACC / STANDARD_GRAVITY, columns=["ax (g)", "ay (g)", "az (g)"])
    _, ((message, _),) = said(lambda: Recording(table, RATE))
    assert "gives the unit g" in message
    converted = table * STANDARD_GRAVITY  # under the old names
    assert said(lambda: Recording(converted, RATE))[1] == []


def test_a_doubt_is_told_once_on_the_way_to_windows():
    grams = np.hstack([ACC / STANDARD_GRAVITY, GYRO])
    recording, first = said(lambda: Recording(grams, RATE, NAMES, labels="swing", name="anna"))
    assert len(first) == 1
    changes = [
        lambda: recording.replace(name="b"),
        lambda: recording.select("right_wrist_acc"),
        lambda: recording.resample(25.0),
        lambda: cut(recording, seconds=2.0),
    ]
    assert [said(change)[1] for change in changes] == [[], [], [], []]


def test_recordings_in_other_units_than_the_rest_are_named():
    def make(factor, name):
        scale = np.repeat([factor, 1.0], 3)
        return Recording(np.hstack([ACC, GYRO]) * scale, RATE, NAMES, name=name)

    recordings, _ = said(lambda: [make(1 / 9.8, "anna"), make(1, "ben"), make(1, "cleo")])
    _, ((message, file),) = said(lambda: cut(recordings, seconds=2.0))
    assert "The acc of 1 of 3 recordings is doubtful (g)" in message and "anna" in message
    assert file == __file__


def test_only_sites_in_doubt_are_named():
    both = np.hstack([ACC, ACC / STANDARD_GRAVITY])
    names = channel_names(["left_wrist", "right_wrist"], "acc")
    _, ((message, _),) = said(lambda: Recording(both, RATE, names))
    assert message.endswith("This concerns right_wrist.")


def test_windows_say_what_their_names_say():
    names = ["ax [g]", "ay [g]", "az [g]"]
    X, ((message, file),) = said(lambda: Windows(imu=ACC[:100].T[None], channels=names))
    assert "gives the unit g" in message and file == __file__
    assert X.channels == ("acc_x", "acc_y", "acc_z")
    assert said(lambda: (X[:1], X.assign(text=["a"]), Windows.concatenate([X, X])))[1] == []


def test_recordings_are_cut_in_the_order_of_the_first():
    data = np.hstack([ACC, GYRO])
    first = Recording(data, RATE, ["ax", "ay", "az", "gx", "gy", "gz"])
    other = Recording(data[:, [3, 4, 5, 0, 1, 2]], RATE, ["wx", "wy", "wz", "accX", "accY", "accZ"])
    X = cut([first, other], seconds=2.0).X
    half = len(X) // 2
    np.testing.assert_array_equal(X["imu"][:half], X["imu"][half:])
    assert X.channels == first.channels
