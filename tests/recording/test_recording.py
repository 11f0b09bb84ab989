"""The recording of one IMU stretch."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from m3n_sklearn import Recording
from m3n_sklearn.recording import channel_names

NAMES = [f"{site}_acc_{axis}" for site in ("left_wrist", "right_wrist") for axis in "xyz"]


def make(**kwargs: object) -> Recording:
    data = np.arange(60.0).reshape(10, 6)
    return Recording(data, **{"rate": 5.0, "channels": NAMES, **kwargs})


def test_a_recording_knows_its_clock():
    recording = make(start=2.0, labels="wave", text="a person waves")
    assert recording.n_samples == 10 and recording.duration == pytest.approx(1.8)
    assert recording.times[[0, -1]] == pytest.approx([2.0, 3.8])
    assert recording.labels.tolist() == ["wave"] * 10
    assert recording.observed.all() and recording.text == ("a person waves",)
    assert "10 samples x 6 channels" in repr(recording)


def test_channels_are_selected_by_site_or_name():
    recording = make()
    right = recording.select("right_wrist")
    assert right.channels == tuple(NAMES[3:])
    assert np.array_equal(right.data, recording.data[:, 3:])
    assert recording.select(["left_wrist_acc_z", "left_wrist_acc_x"]).data.shape == (10, 2)
    with pytest.raises(ValueError, match="No channel has the name or prefix 'ankle'"):
        recording.select("ankle")
    with pytest.raises(ValueError, match="no channel names"):
        make(channels=None).select("left_wrist")


def test_lost_samples_may_hold_anything():
    data = np.zeros((4, 3))
    data[2] = np.nan
    observed = [True, True, False, True]
    assert Recording(data, 10.0, observed=observed).observed.all(axis=1).tolist() == observed
    with pytest.raises(ValueError, match=r"not finite.*observed=False"):
        Recording(data, 10.0)


def test_channels_have_their_own_mask():
    observed = np.ones((10, 6), dtype=bool)
    observed[3, 1] = observed[:, 5] = False
    data = np.where(observed, 0.5, np.nan)
    recording = Recording(data, 5.0, channel_names("left_wrist"), observed=observed)
    np.testing.assert_array_equal(recording.observed, observed)
    assert np.argwhere(~recording.select("left_wrist_acc").observed).tolist() == [[3, 1]]
    assert recording.replace(name="a").observed[3].tolist() == observed[3].tolist()
    with pytest.raises(ValueError, match=r"booleans.*shape \(10, 6\), or \(10,\) for all"):
        Recording(np.zeros((10, 6)), 5.0, observed=observed[:, :5])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"data": np.zeros(5)}, r"must have shape.*\(samples, channels\).*at least one of each"),
        ({"data": np.zeros((0, 6))}, "at least one"),
        ({"rate": -1}, "positive number of Hz"),
        ({"channels": ["a"]}, "6 different names"),
        ({"labels": [1, 2]}, "to match data"),
        ({"labels": np.array([1] * 5 + ["walk"] * 5, dtype=object)}, "mix number, str: give all"),
        ({"observed": [True]}, "to match data"),
    ],
)
def test_bad_input_is_refused_on_construction(arguments, message):
    with pytest.raises(ValueError, match=message):
        Recording(**{"data": np.zeros((10, 6)), "rate": 5.0, **arguments})


def test_rate_must_be_a_number():
    with pytest.raises(TypeError, match="rate must be a number of Hz"):
        Recording(np.zeros((4, 3)), None)


def test_arrays_of_its_own_that_scipy_takes():
    given = np.zeros((50, 6)), np.ones((50, 6), dtype=bool), np.arange(50)
    recording = Recording(given[0], 50.0, observed=given[1], labels=given[2])
    for array in given:
        array[:] = 0
    assert recording.observed.all() and recording.labels[-1] == 49
    turned = Rotation.from_euler("z", 90, degrees=True).apply(recording.data[:, :3])
    np.testing.assert_array_equal(turned, 0)
    recording.resample(25.0).data[:] = 1
    np.testing.assert_array_equal(recording.data, 0)
