"""Physics on real recordings: predicted against measured, in one run.

M3N_SKLEARN_DATA=path python benchmarks/physics.py
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
from scipy.signal import savgol_filter

from m3n_sklearn import SMPLIMUSimulator, rigid_body_imu
from m3n_sklearn.datasets import load_utd_mhad
from m3n_sklearn.recording import STANDARD_GRAVITY

TRIALS = (
    "01_undisturbed_slow_rotation_A",
    "10_undisturbed_slow_translation_A",
    "16_undisturbed_fast_translation_B",
)


def main() -> None:
    root = os.environ.get("M3N_SKLEARN_DATA")
    if not root:
        sys.exit("Set M3N_SKLEARN_DATA to the folder of the real data sets (make bench DATA=path).")
    broad_table(Path(root) / "broad_imu_optical")
    utd_table(Path(root) / "utd_mhad")


def broad_table(folder: Path) -> None:
    """RMS error of the public rigid-body function on a hand-moved body."""
    print("BROAD, Savitzky-Golay 21/3 on both sides, optical track advanced by one sample")
    print(f"{'trial':<36}{'acc m/s²':>10}{'of':>8}{'gyro rad/s':>12}{'of':>8}")
    for trial in TRIALS:
        row = broad_errors(folder / f"{trial}.npz")
        print(f"{trial:<36}{row[0]:>10.3f}{row[1]:>8.2f}{row[2]:>12.4f}{row[3]:>8.2f}")


def broad_errors(path: Path) -> tuple[float, float, float, float]:
    with np.load(path) as trial:
        data = {name: trial[name] for name in trial.files}
    rate = float(data["rate"])
    position = _filled(data["opt_pos"])
    quaternion = _filled(_aligned(data["opt_quat_wxyz"]))
    smooth = [savgol_filter(track, 21, 3, axis=0) for track in (position, quaternion)]
    acc, gyro = rigid_body_imu(*smooth, rate=rate, smoothing=None)
    predicted = np.concatenate([acc, gyro], axis=1)[1:]  # the track lags by one sample
    measured = savgol_filter(np.concatenate([data["acc"], data["gyro"]], axis=1), 21, 3, axis=0)
    moving = data["movement"].astype(bool)[:-1]
    error = (predicted - measured[:-1])[moving]
    dynamic = measured[:-1][moving]
    return (
        _rms(error[:, :3]),
        _rms(np.linalg.norm(dynamic[:, :3], axis=1) - STANDARD_GRAVITY),
        _rms(error[:, 3:]),
        _rms(dynamic[:, 3:]),
    )


def _rms(values: np.ndarray) -> float:
    """Root of the mean squared length (vectors) or value (scalars)."""
    return float(np.sqrt(np.mean(values**2)))


def _aligned(quaternion: np.ndarray) -> np.ndarray:
    steps = np.nansum(quaternion[1:] * quaternion[:-1], axis=1)
    signs = np.cumprod(np.where(steps < 0, -1.0, 1.0))
    return np.concatenate([quaternion[:1], quaternion[1:] * signs[:, None]])


def _filled(track: np.ndarray) -> np.ndarray:
    frames = np.arange(len(track))
    good = np.isfinite(track).all(axis=1)
    return np.stack([np.interp(frames, frames[good], axis[good]) for axis in track.T], axis=1)


def utd_table(folder: Path) -> None:
    """Norm of the specific force at the wrist, both sides at equal bandwidth, no lag search."""
    utd = load_utd_mhad(folder, actions="wrist", seconds=None)
    simulator = SMPLIMUSimulator(sites=("right_wrist",), rate=50.0)
    simulated = simulator.simulate(utd.motions)
    rows = [
        norm_agreement(s.data[:, :3], m.data[:, :3])
        for s, m in zip(simulated, utd.recordings, strict=True)
    ]
    correlation, ratio = np.median(rows, axis=0)
    print("\nUTD-MHAD right wrist, norm of the specific force, simulated against measured")
    print(f"{len(rows)} clips: median correlation {correlation:.3f}, amplitude ratio {ratio:.2f}")


def norm_agreement(simulated: np.ndarray, measured: np.ndarray) -> tuple[float, float]:
    count = min(len(simulated), len(measured))
    norms = [np.linalg.norm(x[:count], axis=1) for x in (simulated, measured)]
    a, b = (savgol_filter(norm, 11, 3) for norm in norms)
    return float(np.corrcoef(a, b)[0, 1]), float(a.std() / b.std())


if __name__ == "__main__":
    main()
