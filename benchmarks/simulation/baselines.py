"""Published formulas of other projects. Positions (F, 3) are in m, rotations are SciPy's."""

from __future__ import annotations

import numpy as np
from scipy.interpolate import make_interp_spline, splev, splrep
from scipy.linalg import solveh_banded
from scipy.signal import butter, filtfilt, savgol_filter
from scipy.spatial.transform import Rotation


def central_difference(position: np.ndarray, rate: float, n: int = 1) -> np.ndarray:
    """DIP-IMU and GlobalPose: n = 1; WIMUSim: n = 2; TransPose, PIP, MobilePoser: n = 4."""
    result = np.empty_like(position)
    result[n:-n] = position[2 * n :] - 2 * position[n:-n] + position[: -2 * n]
    result[:n], result[-n:] = result[n], result[-n - 1]
    return result * (rate / n) ** 2


def imusim_spline(position: np.ndarray, rate: float, sd: float = 1e-3) -> np.ndarray:
    """IMUSim (Young et al. 2011): quintic smoothing spline with weights 1 / sd, for a given sd."""
    times = np.arange(len(position)) / rate
    weights = np.full(len(times), 1 / sd)
    curves = [splrep(times, axis, w=weights, k=5) for axis in position.T]
    return np.stack([splev(times, curve, der=2) for curve in curves], axis=1)


def gcv_spline(position: np.ndarray, rate: float) -> np.ndarray:
    """Woltring's GCVSPL (1986): order-3 smoothing, generalized cross-validation of position."""
    frames = len(position)
    decay = (2 * np.sin(np.pi * np.arange(frames) / (2 * frames))) ** 6
    best, smooth = np.inf, position
    for cutoff in np.geomspace(0.02, 0.49, 50):
        penalty = (2 * np.sin(np.pi * cutoff)) ** -6
        candidate = _order_three(position, penalty)
        freedom = frames - np.sum(1 / (1 + penalty * decay))
        score = np.sum((position - candidate) ** 2) / freedom**2
        if score < best:
            best, smooth = score, candidate
    times = np.arange(frames) / rate
    return make_interp_spline(times, smooth, k=5)(times, nu=2)


def _order_three(values: np.ndarray, penalty: float) -> np.ndarray:
    stencil, frames = np.array([1.0, -3.0, 3.0, -1.0]), len(values)
    bands = np.zeros((4, frames))
    for k in range(4):
        for i in range(4 - k):
            bands[k, i : i + frames - 3] += penalty * stencil[i] * stencil[i + k]
    bands[0] += 1
    return solveh_banded(bands, values, lower=True)


def butterworth(position: np.ndarray, rate: float, cutoff: float = 10.0) -> np.ndarray:
    """Common in biomechanics: zero-lag 10 Hz Butterworth filter, then differences."""
    b, a = butter(2, min(cutoff, 0.49 * rate), fs=rate)
    return central_difference(filtfilt(b, a, position, axis=0), rate)


def double_savgol(position: np.ndarray, rate: float) -> np.ndarray:
    """First derivative by Savitzky-Golay, twice: degree 2, 0.06 s but at least 5 samples."""
    window = max(5, 2 * round(0.03 * rate) + 1)
    result = position
    for _ in range(2):
        result = savgol_filter(result, window, 2, deriv=1, delta=1 / rate, axis=0)
    return result


def best_savgol(position: np.ndarray, rate: float, truth: np.ndarray) -> np.ndarray:
    """Savitzky-Golay whose window and degree are picked by the true acceleration."""
    options = [
        savgol_filter(position, window, degree, deriv=2, delta=1 / rate, axis=0)
        for degree in (2, 4, 6)
        for window in range(degree + 1 + degree % 2, min(61, len(position)), 2)
    ]
    return min(options, key=lambda option: np.mean((option - truth) ** 2))


ACCELERATIONS = {
    "CD-1 (DIP, GlobalPose)": lambda p, rate: central_difference(p, rate, 1),
    "CD-2 (WIMUSim)": lambda p, rate: central_difference(p, rate, 2),
    "CD-4 (TransPose, PIP)": lambda p, rate: central_difference(p, rate, 4),
    "IMUSim smoothing spline": imusim_spline,
    "GCV quintic spline": gcv_spline,
    "Butterworth 10 Hz + CD-1": butterworth,
    "double Savitzky-Golay": double_savgol,
}


def _padded(rates: np.ndarray) -> np.ndarray:
    return np.concatenate([rates[:1], rates, rates[-1:]])


def central_log_gyro(rotation: Rotation, rate: float) -> np.ndarray:
    """Half the rotation vector across two samples."""
    turn = rotation[:-2].inv() * rotation[2:]
    return _padded(turn.as_rotvec() * rate / 2)


def skew_gyro(rotation: Rotation, rate: float) -> np.ndarray:
    """GlobalPose: the skew part of R' dR/dt by central differences."""
    matrix = rotation.as_matrix()
    slope = np.swapaxes(matrix[1:-1], 1, 2) @ (matrix[2:] - matrix[:-2]) * (rate / 2)
    rates = np.stack([slope[:, i, j] - slope[:, j, i] for i, j in ((2, 1), (0, 2), (1, 0))], 1)
    return _padded(rates / 2)


def euler_gyro(rotation: Rotation, rate: float) -> np.ndarray:
    """WIMUSim: XYZ Euler angles across two samples, read as a rotation vector."""
    matrix = rotation.as_matrix()
    m = np.swapaxes(matrix[:-2], 1, 2) @ matrix[2:]
    angles = np.stack(
        [
            np.arctan2(-m[:, 1, 2], m[:, 2, 2]),
            np.arcsin(np.clip(m[:, 0, 2], -1, 1)),
            np.arctan2(-m[:, 0, 1], m[:, 0, 0]),
        ],
        axis=1,
    )
    return _padded(angles * rate / 2)


GYROS = {
    "Euler angles (WIMUSim)": euler_gyro,
    "skew (GlobalPose)": skew_gyro,
    "central log": central_log_gyro,
}
