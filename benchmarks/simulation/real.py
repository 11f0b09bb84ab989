"""Predicted against measured sensors, on public recordings.

M3N_SKLEARN_DATA=path python -m benchmarks.simulation real

Nothing is chosen from the measured signals, except where a table says that a mount was calibrated.
The calibration then uses other clips of the same person.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.interpolate import make_interp_spline
from scipy.signal import butter, filtfilt, savgol_filter
from scipy.spatial.transform import Rotation, Slerp

from m3n_sklearn import SMPLIMUSimulator, rigid_body_imu
from m3n_sklearn.body import BodyModel, default_body, site_kinematics
from m3n_sklearn.datasets import load_utd_mhad, openpack_world_acceleration, read_openpack_atr
from m3n_sklearn.motion import Motion
from m3n_sklearn.recording import UnitsWarning
from m3n_sklearn.simulation import (
    Calibration,
    Measured,
    SensorTrack,
    calibrate,
    compare_imu,
    track_of_rigid_body,
    track_of_site,
)

from .baselines import ACCELERATIONS, central_difference, central_log_gyro
from .motions import GRAVITY, from_w_first, w_first

TRIALS = (
    "01_undisturbed_slow_rotation_A",
    "10_undisturbed_slow_translation_A",
    "16_undisturbed_fast_translation_B",
)
SAVGOL = (21, 3)
FOLDS = 2
EVERY = 6
"""One of six clips of the other people is used; more do not change the result."""
LOUDER = (1.0, 4.0, 16.0, 64.0, 256.0)
"""Factors of the noise of the poses, among which the clips of a calibration choose."""
Readings = tuple[np.ndarray, np.ndarray]


class State(NamedTuple):
    """Values of a `SensorTrack` at some times, in this order."""

    rotation: np.ndarray
    acceleration: np.ndarray
    lever: np.ndarray
    rate: np.ndarray


def main(quick: bool = False) -> None:
    root = os.environ.get("M3N_SKLEARN_DATA")
    if not root:
        print("real: skipped, M3N_SKLEARN_DATA does not name the folder of the real data sets")
        return
    tables = {
        "broad_imu_optical": broad_tables,
        "utd_mhad": utd_tables,
        "openpack_sample": openpack_table,
    }
    for name, table in tables.items():
        folder = Path(root) / name
        if folder.exists():
            table(folder, quick)
        else:
            print(f"{name}: skipped, not found in {root}")
        print()


def verdict(ours: float, baselines: list[float], *, larger: bool = False) -> str:
    best = max(baselines) if larger else min(baselines)
    won = ours > best if larger else ours < best
    return f"{'pass' if won else 'MISS'} ({ours:.4g} against {best:.4g})"


class Trial(NamedTuple):
    """One recording of BROAD."""

    rate: float
    position: np.ndarray
    quaternion: np.ndarray
    measured: Readings
    moving: np.ndarray

    @classmethod
    def read(cls, path: Path) -> Trial:
        with np.load(path) as data:
            quaternion = data["opt_quat_wxyz"].astype(float)
            seen = np.isfinite(quaternion).all(axis=1)
            quaternion[seen] = same_sign(quaternion[seen])
            quaternion = bridged(quaternion)
            return cls(
                float(data["rate"]),
                bridged(data["opt_pos"].astype(float)),
                quaternion / np.linalg.norm(quaternion, axis=1, keepdims=True),
                (data["acc"].astype(float), data["gyro"].astype(float)),
                data["movement"].astype(bool),
            )

    def errors(self, predicted: Readings, smooth: bool) -> tuple[float, float]:
        """RMS errors; the optical track lags by one sample, for everybody."""
        found = []
        for ours, theirs in zip(predicted, self.measured, strict=True):
            if smooth:
                ours, theirs = (savgol_filter(x, *SAVGOL, axis=0) for x in (ours, theirs))
            gap = (ours[:-1] - theirs[1:])[self.moving[1:]]
            found.append(float(np.sqrt(np.mean(np.sum(gap**2, axis=1)))))
        return found[0], found[1]


def same_sign(quaternion: np.ndarray) -> np.ndarray:
    """Quaternions (F, 4) without jumps of sign, so that components can be interpolated."""
    jumps = np.sum(quaternion[1:] * quaternion[:-1], axis=1) < 0
    signs = np.cumprod(np.where(np.append(False, jumps), -1.0, 1.0))
    return signs[:, None] * quaternion


def bridged(track: np.ndarray) -> np.ndarray:
    """Gaps closed by straight lines."""
    frames = np.arange(len(track))
    good = np.isfinite(track).all(axis=1)
    return np.stack([np.interp(frames, frames[good], axis[good]) for axis in track.T], axis=1)


def broad_tables(folder: Path, quick: bool) -> None:
    """RMS errors of a hand-moved rigid body, as read and with both sides smoothed alike."""
    for path in [folder / f"{name}.npz" for name in TRIALS[: 1 if quick else None]]:
        trial = Trial.read(path)
        rows = {name: [trial.errors(p, s) for s in (False, True)] for name, p in broad_rows(trial)}
        print(f"BROAD {path.stem}: RMS error of acc in m/s², gyro in rad/s")
        print(f"{'':<32}{'as they are':>20}{'Savitzky-Golay 21/3 on both sides':>36}")
        for name, ((acc, gyro), (smooth_acc, smooth_gyro)) in rows.items():
            print(f"{name:<32}{acc:>10.4f}{gyro:>10.4f}{smooth_acc:>24.4f}{smooth_gyro:>12.4f}")
        ours = rows.pop("ours (auto)")
        for i, how in enumerate(("as they are", "smoothed on both sides")):
            for j, kind in enumerate(("acc", "gyro")):
                others = [row[i][j] for row in rows.values()]
                print(f"  ahead of every baseline, {kind}, {how}: {verdict(ours[i][j], others)}")
    if not quick:
        broad_calibrated(folder)


def broad_calibrated(folder: Path) -> None:
    """Each trial from a calibration on the other two: lag, lever arm, mount, bias, scale."""
    print("BROAD, calibrated on the other two trials: RMS error of acc in m/s², gyro in rad/s")
    print(f"{'':<40}{'before':>20}{'after':>20}{'lag, ms':>9}  lever arm, mm")
    trials = [Trial.read(folder / f"{name}.npz") for name in TRIALS]
    clocks = [np.arange(len(trial.position)) / trial.rate for trial in trials]
    tracks = [
        track_of_rigid_body(clock, trial.position, trial.quaternion)
        for clock, trial in zip(clocks, trials, strict=True)
    ]
    measured = [
        Measured(clock, *trial.measured) for clock, trial in zip(clocks, trials, strict=True)
    ]
    for i, name in enumerate(TRIALS):
        others = [k for k in range(len(TRIALS)) if k != i]
        found = calibrate([tracks[k] for k in others], [measured[k] for k in others])
        ideal = readings_at(tracks[i], clocks[i] - 1 / trials[i].rate)
        pairs = [(ideal[:, :3], ideal[:, 3:]), found.predict(tracks[i], clocks[i])]
        errors = [
            float(np.sqrt(np.mean(np.sum((ours - theirs)[trials[i].moving] ** 2, axis=1))))
            for pair in pairs
            for ours, theirs in zip(pair, trials[i].measured, strict=True)
        ]
        text = "".join(f"{error:>10.4f}" for error in errors)
        arm = " ".join(f"{1e3 * x:.1f}" for x in found.lever_arm)
        print(f"{name:<40}{text}{1e3 * found.lag:>9.2f}  {arm}")


def broad_rows(trial: Trial) -> Iterator[tuple[str, Readings]]:
    position, quaternion, rate = trial.position, trial.quaternion, trial.rate
    yield "ours (auto)", rigid_body_imu(position, quaternion, rate=rate, smoothing="auto")
    gyro = central_log_gyro(from_w_first(quaternion), rate)
    for name, rule in ACCELERATIONS.items():
        turns, rates = quaternion, gyro
        if "Butterworth" in name:
            low = butter(2, 10.0, fs=rate)
            turns = filtfilt(*low, quaternion, axis=0)
            turns /= np.linalg.norm(turns, axis=1, keepdims=True)
            rates = central_log_gyro(from_w_first(turns), rate)
        if "IMUSim" in name:
            turns, rates = imusim_rotation(quaternion, rate)
        yield name, (force_in(turns, rule(position, rate)), rates)


def imusim_rotation(quaternion: np.ndarray, rate: float) -> Readings:
    """IMUSim: the key frames are the control points of a cubic B-spline."""
    padded = np.concatenate([quaternion[:1], quaternion, quaternion[-1:]])
    turns = (padded[:-2] + 4 * padded[1:-1] + padded[2:]) / 6
    turns /= np.linalg.norm(turns, axis=1, keepdims=True)
    return turns, central_log_gyro(from_w_first(quaternion), rate)


def force_in(quaternion: np.ndarray, acceleration: np.ndarray) -> np.ndarray:
    return from_w_first(quaternion).apply(acceleration - GRAVITY, inverse=True)


def utd_tables(folder: Path, quick: bool) -> None:
    people = [1, 2] if quick else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnitsWarning)  # the baselines' rates are wild
        utd = load_utd_mhad(folder, subjects=people, actions="wrist", seconds=None)
        norm_table(utd.motions, utd.recordings)
        print()
        calibrated_table(utd.motions, utd.recordings)


def norm_table(motions: list, recordings: list) -> None:
    """Median correlation of the lengths of both vectors, which no mount changes."""
    print(f"UTD-MHAD right wrist, {len(motions)} clips: median correlation of |f| and |gyro|")
    print(f"{'':<44}{'as they are':>18}{'below 3 Hz':>18}{'amplitude of |f|':>20}")
    rows = {}
    for name, readings in norm_rows(motions, recordings):
        with np.errstate(invalid="ignore"):
            found = [
                [
                    compare_imu(ours[:n], theirs.data[:n], rate=50.0, bandwidth=band)
                    for ours, theirs in zip(readings, recordings, strict=True)
                    for n in [min(len(ours), theirs.n_samples)]
                ]
                for band in (None, 3.0)
            ]
        r = [np.nanmedian([c.norm_correlation for c in column], axis=0) for column in found]
        ratio = np.nanmedian([c.amplitude_ratio[0] for c in found[0]])
        rows[name] = [*r[0], *r[1]]
        text = "".join(f"{x:>9.3f}" for x in rows[name])
        print(f"{name:<44}{text}{ratio:>20.2f}")
    baselines = [row for name, row in rows.items() if name.startswith("finite")]
    for name in [name for name in rows if name.startswith("ours")]:
        for i, what in enumerate(("|f|", "|gyro|", "|f| below 3 Hz", "|gyro| below 3 Hz")):
            text = verdict(rows[name][i], [row[i] for row in baselines], larger=True)
            print(f"  {name}, ahead of every baseline in {what}: {text}")


def norm_rows(motions: list, recordings: list) -> Iterator[tuple[str, list[np.ndarray]]]:
    simulator = SMPLIMUSimulator(sites=("right_wrist",), rate=50.0)
    yield "ours, each clip for itself", [r.data for r in simulator.simulate(motions)]
    simulator.fit(motions)
    yield "ours, noise learned from the motions", [r.data for r in simulator.simulate(motions)]
    yield "ours, noise from wrists of other people", from_other_people(motions, recordings)
    fixed = SMPLIMUSimulator(sites=("right_wrist",), rate=50.0, smoothing=2.0)
    yield "(ours, 2 Hz: chosen from these data)", [r.data for r in fixed.simulate(motions)]
    for how in ("frames", "cubic to 50 Hz", "linear to 50 Hz"):
        for n in (1, 2, 4):
            tracks = [differenced(motion, n, how) for motion in motions]
            yield (
                f"finite differences n = {n}, {how}",
                [readings_at(t, r.times) for t, r in zip(tracks, recordings, strict=True)],
            )


def from_other_people(motions: list, recordings: list) -> list[np.ndarray]:
    """Readings with the noise of poses learned from measured clips of the others."""
    readings: list = [None] * len(motions)
    people = [motion.subject for motion in motions]
    for person in sorted(set(people)):
        others = [i for i, p in enumerate(people) if p != person][::EVERY]
        simulator = SMPLIMUSimulator(sites=("right_wrist",), rate=50.0)
        simulator.fit([motions[i] for i in others], measured=[recordings[i] for i in others])
        del simulator.calibration_  # the calibration belongs to the other people's mounts
        for i in [i for i, p in enumerate(people) if p == person]:
            readings[i] = simulator.simulate(motions[i]).data
    return readings


def differenced(motion: Motion, n: int, how: str) -> SensorTrack:
    """Finite differences of the site's positions, at the frames or interpolated before."""
    times, position, rotation = frames_of_site(motion)
    rate = motion.rate
    if how != "frames":
        degree = {"cubic to 50 Hz": 3, "linear to 50 Hz": 1}[how]
        wanted = np.arange(times[0], times[-1], 1 / 50.0)
        position = make_interp_spline(times, position, k=degree)(wanted)
        rotation, times, rate = Slerp(times, rotation)(wanted), wanted, 50.0
    acceleration = make_interp_spline(times, central_difference(position, rate, n), k=1)
    turns = Slerp(times, rotation)
    rates = make_interp_spline(times, central_log_gyro(rotation, rate), k=1)

    def evaluate(wanted: np.ndarray) -> State:
        inside = np.clip(wanted, times[0], times[-1])
        none = np.zeros((len(inside), 3, 3))
        return State(turns(inside).as_matrix(), acceleration(inside), none, rates(inside))

    return SensorTrack(evaluate, float(times[0]), float(times[-1]))


def frames_of_site(motion: Motion) -> tuple[np.ndarray, np.ndarray, Rotation]:
    """Time, position and orientation of the wrist, frame by frame."""
    joints = Rotation.from_rotvec(motion.poses.reshape(-1, 3).astype(float))
    quats = w_first(joints).reshape(*motion.poses.shape[:2], 4)
    still = np.zeros(motion.poses.shape)
    rest = np.zeros((motion.n_frames, 3))
    moved = site_kinematics(
        body_of(motion), ["right_wrist"], quats, still, still, motion.trans, rest, rest
    )
    return motion.times, moved.position[:, 0], Rotation.from_matrix(moved.rotation[:, 0])


def body_of(motion: Motion) -> BodyModel:
    return default_body(motion.sex, motion.stature)


def readings_at(track: SensorTrack, times: np.ndarray) -> np.ndarray:
    state = State(*track.evaluate(np.clip(times, track.start, track.stop)))
    force = np.einsum("tji,tj->ti", state.rotation, state.acceleration - GRAVITY)
    return np.hstack([force, state.rate])


def calibrated_table(motions: list, recordings: list) -> None:
    """Per-axis correlation on clips that the calibration has not seen."""
    print(
        "UTD-MHAD right wrist after calibration on half of each person's clips: median "
        "correlation on the others"
    )
    print(f"{'':<44}{'acc x, y, z':>24}{'gyro x, y, z':>24}{'all acc':>9}{'all gyro':>9}")
    measured = [Measured(r.times, r.data[:, :3], r.data[:, 3:]) for r in recordings]
    floor = SMPLIMUSimulator(sites=("right_wrist",), rate=50.0).fit(motions)
    rows = {}
    for name, makers in calibrated_rows(floor):
        options = [[tabulated(make(motion)) for motion in motions] for make in makers]
        found = left_out(options, measured, [motion.subject for motion in motions])
        axes = np.nanmedian(found, axis=0)
        rows[name] = [np.nanmedian(found[:, :3]), np.nanmedian(found[:, 3:])]
        text = "".join(f"{x:>8.3f}" for x in axes) + "".join(f"{x:>9.3f}" for x in rows[name])
        print(f"{name:<44}{text}")
    baselines = [row for name, row in rows.items() if name.startswith("finite")]
    for name in [name for name in rows if name.startswith("ours")]:
        for i, kind in enumerate(("acc", "gyro")):
            text = verdict(rows[name][i], [row[i] for row in baselines], larger=True)
            print(f"  {name}, ahead of every baseline, {kind}: {text}")


def calibrated_rows(
    fitted: SMPLIMUSimulator,
) -> Iterator[tuple[str, list[Callable[[Motion], SensorTrack]]]]:
    """Names, and ways to make a track of which the clips of the calibration choose one."""

    def learned(motion: Motion) -> SensorTrack:
        noise = fitted.body_noise_[motion.source]
        return track_of_site(body_of(motion), "right_wrist", motion, noise=noise)

    def louder(factor: float) -> Callable[[Motion], SensorTrack]:
        return lambda motion: track_of_site(
            body_of(motion),
            "right_wrist",
            motion,
            noise=fitted.body_noise_[motion.source].scaled(factor),
        )

    yield "ours, noise learned from the motions", [learned]
    yield "ours, noise learned from measured clips", [louder(factor) for factor in LOUDER]
    for n in (1, 2, 4):
        yield (
            f"finite differences n = {n}, frames",
            [lambda motion, n=n: differenced(motion, n, "frames")],
        )


def tabulated(track: SensorTrack, rate: float = 200.0) -> SensorTrack:
    """The same track from a table, to be read quickly many times."""
    times = np.linspace(track.start, track.stop, int(rate * (track.stop - track.start)) + 2)
    state = State(*track.evaluate(times))
    shapes = [x.shape[1:] for x in state]
    flat = np.concatenate([x.reshape(len(times), -1) for x in state], axis=1)
    curve = make_interp_spline(times, flat, k=3)
    cuts = np.cumsum([int(np.prod(shape)) for shape in shapes])[:-1]

    def evaluate(wanted: np.ndarray) -> State:
        parts = np.split(curve(np.clip(wanted, track.start, track.stop)), cuts, axis=1)
        return State(*(p.reshape(-1, *s) for p, s in zip(parts, shapes, strict=True)))

    return SensorTrack(evaluate, track.start, track.stop)


def left_out(options: list[list[SensorTrack]], measured: list, people: list) -> np.ndarray:
    """Correlations of six axes, for each clip from a calibration on others of its wearer."""
    rows = []
    for person in sorted(set(people)):
        own = [i for i, p in enumerate(people) if p == person]
        for fold in range(FOLDS):
            train = [i for k, i in enumerate(own) if k % FOLDS != fold]
            found, tracks = best_calibration(options, measured, train)
            for i in own[fold::FOLDS]:
                predicted = np.hstack(found.predict(tracks[i], measured[i].times))
                read = np.hstack([measured[i].acc, measured[i].gyro])
                rows.append(compare_imu(predicted, read).correlation)
    return np.array(rows)


def best_calibration(
    options: list[list[SensorTrack]], measured: list, train: list[int]
) -> tuple[Calibration, list[SensorTrack]]:
    """The calibration with the least error, of both sensors relative to the first option's."""
    found = [
        calibrate([tracks[i] for i in train], [measured[i] for i in train], max_lag=0.2)
        for tracks in options
    ]
    errors = np.array([each.rmse_after for each in found])
    best = int(np.argmin((errors / errors[0]).sum(axis=1)))
    return found[best], options[best]


def openpack_table(folder: Path, quick: bool) -> None:
    """Mean specific force in the world frame, which must be gravity."""
    print("OpenPack U0209/S0500, mean world acceleration in m/s²")
    for device, side in (("atr01", "right wrist"), ("atr02", "left wrist")):
        atr = read_openpack_atr(next(folder.rglob(f"{device}/S0500.csv")))
        mean = openpack_world_acceleration(atr.acc, atr.quaternion).mean(axis=0)
        print(f"{side:<12}" + "".join(f"{value:>8.2f}" for value in mean))
    print("  to compare with: 0, 0, 9.81")


if __name__ == "__main__":
    main()
