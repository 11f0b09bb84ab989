"""IMU windows as plain arrays, for estimators that know no `Windows`."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from m3n_sklearn.recording import resample_windows

SCALE = np.repeat([9.80665, 5.0], 3).astype(np.float32)[:, None]
"""m/s² and rad/s that become 1 where our augmentation acts."""


def readings(X: Any, rate: float | None = None) -> np.ndarray:
    """Return windows (n, C, T), at another rate if one is given."""
    imu = np.asarray(X["imu"], dtype=np.float32)
    own = X.rate("imu")
    return imu if rate is None or rate == own else resample_windows(imu, own, rate)


def by_site(imu: np.ndarray) -> np.ndarray:
    """Return windows (n, 6 S, T) as (n, S, 6, T): acc in g, gyro in units of 5 rad/s."""
    return imu.reshape(len(imu), -1, 6, imu.shape[-1]) / SCALE


def from_sites(x: np.ndarray) -> np.ndarray:
    """Undo `by_site`."""
    return (x * SCALE).reshape(len(x), -1, x.shape[-1])


class Signals(TransformerMixin, BaseEstimator):
    """Windows -> arrays (n, C, T)."""

    def fit(self, X: Any, y: Any = None) -> Signals:
        self.n_channels_ = X["imu"].shape[1]
        return self

    def transform(self, X: Any) -> np.ndarray:
        return readings(X)
