"""Files in the layouts of common logger apps are read without arguments."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from m3n_sklearn import read_table
from m3n_sklearn.recording import STANDARD_GRAVITY

RATE, N = 100, 2000


@pytest.fixture
def motion():
    """Return times, specific force in m/s², its part without gravity, and angular rates."""
    time = np.arange(N) / RATE
    angle = np.sin(time)  # about x
    up = np.stack([0 * angle, np.sin(angle), np.cos(angle)], axis=1)
    free = np.random.default_rng(0).normal(scale=0.5, size=(N, 3))
    rate = np.stack([np.cos(time), 0 * angle, 0 * angle], axis=1)
    return time, STANDARD_GRAVITY * up + free, free, rate


def triad(name, values):
    return dict(zip((name.format(axis) for axis in "XYZ"), values.T, strict=True))


def test_sensorlog(motion, tmp_path):
    time, force, free, rate = motion
    stamps = pd.to_datetime(1.7e9 + time, unit="s", utc=True)
    table = {
        "loggingTime(txt)": stamps.strftime("%Y-%m-%dT%H:%M:%S.%f+00:00"),
        "motionTimestamp_sinceReboot(s)": 5000 + time,
        **triad("motionUserAcceleration{}(G)", -free / STANDARD_GRAVITY),
        **triad("motionGravity{}(G)", (free - force) / STANDARD_GRAVITY),
        **triad("motionRotationRate{}(rad/s)", rate),
        "label(N)": 3,
    }
    pd.DataFrame(table).to_csv(tmp_path / "sensorlog.csv", index=False)
    [found] = read_table(tmp_path / "sensorlog.csv", label="label(N)", verbose=False)
    assert found.rate == RATE
    assert np.allclose(found.data, np.hstack([force, rate]), atol=1e-6)
    assert set(found.labels.tolist()) == {3}


def test_phyphox(motion, tmp_path):
    time, force, _, _ = motion
    table = {f"Acceleration {axis} (m/s^2)": v for axis, v in zip("xyz", force.T, strict=True)}
    table["Absolute acceleration (m/s^2)"] = np.linalg.norm(force, axis=1)
    pd.DataFrame({"Time (s)": time, **table}).to_csv(tmp_path / "Accelerometer.csv", index=False)
    [found] = read_table(tmp_path / "Accelerometer.csv", verbose=False)
    assert found.rate == RATE
    assert np.allclose(found.data, force)


def test_sensor_logger(motion, tmp_path):
    time, force, _, _ = motion
    table = {"time": ((1.7e9 + time) * 1e9).astype(np.int64), "seconds_elapsed": time}
    table |= {axis: values for axis, values in zip("zyx", force.T[::-1], strict=True)}
    path = tmp_path / "TotalAcceleration.csv"
    pd.DataFrame(table).to_csv(path, index=False)
    [found] = read_table(path, verbose=False)
    assert found.rate == RATE
    assert np.allclose(found.data, force)
