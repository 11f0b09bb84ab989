"""Bad recordings, items to cut, series and channels are refused with words that help."""

from __future__ import annotations

import numpy as np
import pytest

from m3n_sklearn import Recording, cut
from m3n_sklearn.recording import (
    UnitsWarning,
    channel_names,
    parse_channels,
    resample_timestamps,
    resample_windows,
)
from m3n_sklearn.recording._resampling import resample_signal

from ..refusals import IMU, MOTION, NAN, RECORDING, STILL, WORN, cases, refuses


@cases(
    (lambda: Recording([["a", "b"]], 50), ValueError, "data", "real numbers"),
    (lambda: Recording(None, 50), ValueError, "data", "NoneType"),
    (lambda: Recording(STILL, 50, "abcdef"), TypeError, "6 names", "one string"),
    (lambda: Recording(STILL, 50, 6), TypeError, "channels must be", "int"),
    (lambda: Recording(STILL, 50, range(6)), TypeError, "must be strings"),
    (lambda: Recording(STILL, 50, labels=["a"] * 3), ValueError, "labels", "(200,)"),
    (lambda: Recording(STILL, 50, labels=np.full(200, NAN)), ValueError, "NaN", "unlabeled"),
    (lambda: Recording(STILL, 50, labels=[None] * 200), ValueError, "None", "ignore="),
    (lambda: Recording(STILL, 50, start="noon"), ValueError, "start", "'noon'"),
    (lambda: Recording(STILL, 50, start=NAN), ValueError, "start", "finite"),
    (lambda: Recording(STILL, 50, text=3), TypeError, "text", "caption"),
    (lambda: Recording(STILL, 50, subject=["anna"]), TypeError, "subject", "single value"),
    (lambda: RECORDING.select("ankle"), ValueError, "No channel", "wrist_acc_x"),
    (lambda: RECORDING.select([]), ValueError, "at least one channel", "wrist_acc_x"),
    (lambda: RECORDING.select(3), TypeError, "names must be channel names"),
    (lambda: RECORDING.resample("25"), TypeError, "rate must be a number"),
    (lambda: RECORDING.resample(-25), ValueError, "positive number of Hz"),
)
def test_recording(call, error, words):
    refuses(call, error, *words)


def test_a_recording_with_time_last_warns():
    with pytest.warns(UserWarning, match="6 samples of 1000 channels.*transpose"):
        Recording(np.zeros((6, 1000)), 50.0)


@cases(
    (lambda: cut(RECORDING, seconds="1"), TypeError, "seconds must be a number"),
    (lambda: cut(None, seconds=1), TypeError, "items must be Motion, Recording", "NoneType"),
    (
        lambda: cut([(RECORDING, MOTION)], seconds=1),
        TypeError,
        "(Motion, Recording), in this order",
    ),
    (lambda: cut(RECORDING, seconds=1, label="middle"), ValueError, "'majority', 'center'"),
    (lambda: cut(RECORDING, seconds=1, imu_rate="50"), TypeError, "imu_rate must be a number"),
    (lambda: cut(RECORDING, seconds=1, dtype="foo"), TypeError, "floating point", "'foo'"),
    (lambda: cut([RECORDING, RECORDING.resample(25)], seconds=1), ValueError, "imu_rate= (Hz)"),
    (lambda: cut([RECORDING, Recording(STILL, 50)], seconds=1), ValueError, "Recording.select"),
)
def test_cut(call, error, words):
    refuses(call, error, *words)


STAMPS = np.arange(100) / 50


@cases(
    (lambda: resample_timestamps(STAMPS * 1e3, STILL[:100], 50), ValueError, "milliseconds"),
    (lambda: resample_windows(IMU[:, :, :0], 50, 25), ValueError, "has no sample along axis"),
    (lambda: resample_windows("abc", 50, 25), ValueError, "values", "str"),
    (lambda: resample_windows(IMU * 1j, 50, 25), ValueError, "real numbers", "complex"),
    (lambda: resample_windows(IMU * NAN, 50, 25), ValueError, "NaN", "interpolate"),
    (lambda: resample_windows(IMU, "50", 25), TypeError, "rate_in must be a number of Hz"),
    (lambda: resample_windows(IMU, 50, None), TypeError, "rate_out must be a number of Hz"),
    (lambda: resample_windows(IMU, 0, 25), ValueError, "rate_in must be a positive"),
    (lambda: resample_signal(IMU, 50, 25, axis=5), ValueError, "along axis 5"),
    (
        lambda: resample_timestamps(STAMPS.astype("datetime64[s]"), STILL[:100], 50),
        TypeError,
        "times must be seconds",
        "dates",
    ),
    (lambda: resample_timestamps(STAMPS, STILL[:100], "50"), TypeError, "number of Hz"),
    (
        lambda: resample_timestamps(STAMPS, STILL[:100], 50, n_samples=-1),
        ValueError,
        "n_samples must be a whole number",
    ),
    (
        lambda: resample_timestamps(STAMPS, STILL[:100], 50, max_gap=NAN),
        ValueError,
        "max_gap must be a positive number of seconds",
    ),
    (
        lambda: resample_timestamps(STAMPS, STILL[:100], 50, start=NAN),
        ValueError,
        "start must be a finite time",
    ),
    (lambda: channel_names([]), ValueError, "one or more different names"),
    (lambda: channel_names(3), TypeError, "sites must be names", "int"),
    (lambda: parse_channels([1, 2]), ValueError, "<site>_acc_<x|y|z>"),
    (lambda: parse_channels(["acc_x"]), ValueError, "only the axes x"),
)
def test_resampling_channels_and_units(call, error, words):
    refuses(call, error, *words)


@pytest.mark.parametrize(
    ("scale", "factor"),
    [
        ((1 / 9.80665, 1.0), "look like g: multiply by 9.80665"),
        ((1000 / 9.80665, 1.0), "look like mg: multiply by 0.00980665"),
        ((1000.0, 1.0), "look like mm/s²: multiply by 0.001"),
        ((1.0, 180 / np.pi), "look like deg/s: multiply by pi/180 = 0.0174533"),
    ],
)
def test_recordings_in_other_units_warn_with_the_factor(scale, factor):
    turning = STILL + np.array([0, 0, 0, 2.0, 0, 0])
    with pytest.warns(UnitsWarning, match=factor):
        Recording(turning * np.repeat(scale, 3), 50.0, WORN)
