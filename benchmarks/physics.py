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
from m3n_sklearn.datasets import load_utd_mhad, openpack_world_acceleration, read_openpack_atr
from m3n_sklearn.motion.rotations import hemisphere_align
from m3n_sklearn.simulation import compare_imu

BANDWIDTHS = (2.0, 3.0, 5.0)
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
    openpack_table(Path(root) / "openpack_sample")


def broad_table(folder: Path) -> None:
    """RMS error of the public rigid-body function on a hand-moved body."""
    print("BROAD, Savitzky-Golay 21/3 on both sides, optical track advanced by one sample")
    print(f"{'trial':<36}{'acc m/s²':>10}{'of':>8}{'gyro rad/s':>12}{'of':>8}")
    for trial in TRIALS:
        row = broad_errors(folder / f"{trial}.npz")
        print(f"{trial:<36}{row[0]:>10.3f}{row[1]:>8.2f}{row[2]:>12.4f}{row[3]:>8.2f}")


def broad_errors(path: Path) -> tuple[float, float, float, float]:
    with np.load(path) as trial:
        rate, moving = float(trial["rate"]), trial["movement"].astype(bool)
        position, quaternion = trial["opt_pos"], trial["opt_quat_wxyz"].astype(float)
        measured = trial["acc"], trial["gyro"]
    seen = np.isfinite(quaternion).all(axis=1)
    quaternion[seen] = hemisphere_align(quaternion[seen])
    quaternion = _bridged(quaternion)
    quaternion /= np.linalg.norm(quaternion, axis=1, keepdims=True)
    predicted = rigid_body_imu(_bridged(position), quaternion, rate=rate, smoothing="auto")
    numbers = []
    for ours, theirs in zip(predicted, measured, strict=True):
        ours, theirs = (savgol_filter(x, 21, 3, axis=0) for x in (ours, theirs))
        # the optical track lags by one sample
        numbers += [_rms((ours[:-1] - theirs[1:])[moving[1:]]), _rms(theirs[1:][moving[1:]])]
    return tuple(numbers)


def _rms(vectors: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.sum(vectors**2, axis=1))))


def _bridged(track: np.ndarray) -> np.ndarray:
    frames = np.arange(len(track))
    good = np.isfinite(track).all(axis=1)
    return np.stack([np.interp(frames, frames[good], axis[good]) for axis in track.T], axis=1)


def utd_table(folder: Path) -> None:
    """Norms at the wrist, both sides at equal bandwidth."""
    utd = load_utd_mhad(folder, actions="wrist", seconds=None)
    simulator = SMPLIMUSimulator(sites=("right_wrist",), rate=50.0)
    simulated = simulator.simulate(utd.motions)
    print(
        f"\nUTD-MHAD right wrist, {len(simulated)} clips, simulated against measured, no lag search"
    )
    print(f"{'bandwidth':>12}{'|f| median r':>14}{'|f| amplitude':>18}{'|gyro| median r':>18}")
    for bandwidth in BANDWIDTHS:
        rows = [
            compare_imu(s.data[:n], m.data[:n], rate=50.0, bandwidth=bandwidth)
            for s, m in zip(simulated, utd.recordings, strict=True)
            for n in [min(len(s.data), len(m.data))]
        ]
        correlation = np.median([row.norm_correlation[0] for row in rows])
        ratio = np.median([row.amplitude_ratio[0] for row in rows])
        turning = np.median([row.norm_correlation[1] for row in rows])
        print(f"{bandwidth:>9.1f} Hz{correlation:>14.3f}{ratio:>18.2f}{turning:>18.3f}")


def openpack_table(folder: Path) -> None:
    """Mean specific force in the world frame: what is left is gravity."""
    print("\nOpenPack U0209/S0500, mean world acceleration in m/s²")
    for device, side in (("atr01", "right wrist"), ("atr02", "left wrist")):
        atr = read_openpack_atr(next(folder.rglob(f"{device}/S0500.csv")))
        mean = openpack_world_acceleration(atr.acc, atr.quaternion).mean(axis=0)
        print(f"{side:<12}" + "".join(f"{value:>8.2f}" for value in mean))


if __name__ == "__main__":
    main()
