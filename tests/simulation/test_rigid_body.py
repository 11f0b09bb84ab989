"""The bare rigid body: against measured IMUs, and its checks of input."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy.signal import savgol_filter

from m3n_sklearn.simulation import rigid_body_imu
from m3n_sklearn.skeleton._rotations import hemisphere_align

TRIALS = {
    "01_undisturbed_slow_rotation_A": (0.38, 0.063),
    "10_undisturbed_slow_translation_A": (0.35, 0.055),
    "16_undisturbed_fast_translation_B": (1.22, 0.090),
}


def bridged(values):
    """Gaps of the optical track, bridged by straight lines."""
    frames = np.arange(len(values))
    seen = np.isfinite(values).all(axis=1)
    return np.stack([np.interp(frames, frames[seen], axis[seen]) for axis in values.T], axis=1)


@pytest.mark.parametrize("trial", TRIALS)
def test_measured_readings_of_broad(shared_data, trial):
    with np.load(shared_data("broad_imu_optical") / f"{trial}.npz") as data:
        rate, moving = float(data["rate"]), data["movement"].astype(bool)
        quats, track = data["opt_quat_wxyz"].astype(float), data["opt_pos"].astype(float)
        measured = [data[name].astype(float) for name in ("acc", "gyro")]
    seen = np.isfinite(quats).all(axis=1)
    quats[seen] = hemisphere_align(quats[seen])
    quats = bridged(quats)
    quats /= np.linalg.norm(quats, axis=1, keepdims=True)
    predicted = rigid_body_imu(bridged(track), quats, rate=rate, smoothing="auto")
    for ours, theirs, limit in zip(predicted, measured, TRIALS[trial], strict=True):
        ours, theirs = (savgol_filter(x, 21, 3, axis=0) for x in (ours, theirs))
        # the optical time stamps are one sample early
        error = (ours[:-1] - theirs[1:])[moving[1:]]
        assert np.sqrt(np.mean(np.sum(error**2, axis=1))) <= limit


def test_output_rate_is_independent_of_the_track():
    times = np.arange(61) / 30.0
    quats = np.stack([np.cos(times), 0 * times, 0 * times, np.sin(times)], axis=1)
    acc, gyro = rigid_body_imu(np.zeros((61, 3)), quats, times=times + 5.0, out_rate=100.0)
    assert acc.shape == gyro.shape == (201, 3)
    assert np.abs(gyro - [0, 0, 2]).max() < 1e-5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"position": np.zeros((4, 2))}, r"position must have shape.*\(frames, 3\)"),
        ({"quaternion": np.zeros((3, 4))}, "quaternion must have shape"),
        ({"rate": None}, "either rate="),
        ({"times": np.arange(4.0)}, "either rate="),
        ({"rate": None, "times": np.arange(3.0)}, "times must have shape"),
        ({"rate": 0.0}, "rate must be a positive number of Hz"),
        ({"rate": "50"}, "rate must be a number of Hz"),
        ({"out_rate": np.nan}, "The output rate must be a positive number"),
        ({"mount": np.eye(2)}, r"mount must be a.*\(3, 3\)"),
        ({"mount": np.diag([1.0, 1, -1])}, "mount is not a rotation matrix"),
        ({"lever_arm": [1.0, 2.0]}, "lever_arm must be 3 finite numbers"),
        ({"gravity": [0, 0, np.inf]}, "gravity must be 3 finite numbers"),
        ({"position": np.full((4, 3), np.nan)}, "must be finite"),
    ],
)
def test_bad_input_is_named(change, message):
    still = {"position": np.zeros((4, 3)), "quaternion": [[1.0, 0, 0, 0]] * 4, "rate": 50.0}
    with pytest.raises((TypeError, ValueError), match=message):
        rigid_body_imu(**{**still, **change})


def test_a_track_that_jumps_is_said():
    times = np.arange(200) / 100.0
    track = np.stack([np.sin(times), 0 * times, 0 * times], axis=-1)
    still = np.tile([1.0, 0.0, 0.0, 0.0], (200, 1))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rigid_body_imu(track, still, rate=100.0)
    track[100] += 0.2
    with pytest.warns(UserWarning, match=r"at 1\.00 s; .* Does a marker jump") as caught:
        rigid_body_imu(track, still, rate=100.0)
    assert caught[0].filename == __file__
