"""Errors of simulated readings against exact motion, next to published formulas.

python -m benchmarks.simulation accuracy
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from scipy.interpolate import make_interp_spline
from scipy.spatial.transform import Rotation

from m3n_sklearn.body import site_kinematics
from m3n_sklearn.simulation import NoiseFloor, fit_trajectory, learn_noise_floor, rigid_body_imu

from .baselines import ACCELERATIONS, GYROS, best_savgol
from .motions import ARM, GRAVITY, KINDS, WRIST, ArmMotion, Truth, tracker_noise, w_first

JITTER = 1e-3  # m, of positions
POSE_JITTER = np.array([np.deg2rad(0.2)] * 5 + [5e-4] * 3)  # rad and m
TRIM = 0.25  # s at both ends, where stencils don't reach
UNIT = np.array([1.0, 0.0, 0.0, 0.0])
TUNED = " (tuned on the truth)"


CLEAN = "ours, smoothing=None"


def main(quick: bool = False) -> bool:
    """Print the tables; True if every row is within its target."""
    seconds, draws = (20.0, 1) if quick else (60.0, 3)
    tables = (
        acceleration_table(seconds, draws, from_poses=False),
        acceleration_table(seconds, draws, from_poses=True),
        gyro_table(seconds, draws),
        clean_table(seconds),
        exactness_table(),
        distance_table(4 if quick else 12, quick),
    )
    return all(tables)


def rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


def verdict(value: float, target: float) -> str:
    return "pass" if value <= target else "miss"


def show(name: str, values: Iterable[float], note: str = "") -> None:
    print(f"  {name:<58}" + "".join(f"{value:>9.3g}" for value in values) + f"  {note}".rstrip())


def inner(values: np.ndarray, rate: float) -> np.ndarray:
    edge = round(TRIM * rate)
    return values[edge : len(values) - edge]


def clip(kind: str, seed: int, seconds: float, rate: float) -> tuple[np.ndarray, ArmMotion, Truth]:
    motion = ArmMotion(kind, seed, seconds)
    times = np.arange(round(seconds * rate)) / rate
    return times, motion, motion.truth(times)


def from_positions(
    times: np.ndarray,
    position: np.ndarray,
    smoothing: str | float | None = "auto",
    floor: NoiseFloor | None = None,
) -> np.ndarray:
    """Acceleration of tracked points (F, ..., 3), by the package."""
    still = np.broadcast_to(UNIT, (*position.shape[:-1], 1, 4))
    track = fit_trajectory(times, still, position, smoothing, noise_floor=floor)
    return track.evaluate(times).linear_acceleration


def from_poses(
    times: np.ndarray,
    pose: Truth,
    smoothing: str | None = "auto",
    wanted: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Specific force and rate at the wrist of the arm, by the package."""
    trajectory = fit_trajectory(times, pose.quats, pose.trans, smoothing)
    state = trajectory.evaluate(times if wanted is None else wanted)
    wrist = site_kinematics(ARM, [WRIST], *state, frame="bone")
    turned = np.swapaxes(wrist.rotation[:, 0], 1, 2)
    force = np.einsum("fij,fj->fi", turned, wrist.acceleration[:, 0] - GRAVITY)
    return force, wrist.angular_velocity[:, 0]


def acceleration_table(seconds: float, draws: int, from_poses: bool) -> bool:
    """Exercise motion at three rates: ours against every baseline."""
    rates, targets = (30.0, 60.0, 100.0), (1.8, 1.3, 1.15) if from_poses else (2.2, 1.8, 1.5)
    noise = "poses, 0.2° and 0.5 mm" if from_poses else "positions, 1 mm"
    print(f"RMSE of acceleration in m/s² from {noise}; exercise motion (B)")
    show("Hz", rates)
    runs = [[_accelerations(r, s, seconds, from_poses) for s in range(draws)] for r in rates]
    mean = {name: [np.mean([run[name] for run in row]) for row in runs] for name in runs[0][0]}
    for name, values in mean.items():
        show(name, values)
    good = [verdict(value, target) for value, target in zip(mean["ours"], targets, strict=True)]
    show("target", targets, " ".join(good))
    baselines = [v for name, v in mean.items() if name != "ours" and not name.endswith(TUNED)]
    ahead = [verdict(mean["ours"][i], min(v[i] for v in baselines)) for i in range(3)]
    show("best baseline", np.min(baselines, axis=0), " ".join(ahead))
    print()
    return {*good, *ahead} == {"pass"}


def _accelerations(rate: float, seed: int, seconds: float, poses: bool) -> dict[str, float]:
    times, motion, truth = clip("B", seed, seconds, rate)
    rng = np.random.default_rng(seed)
    if poses:
        seen = motion.truth(times, POSE_JITTER * rng.standard_normal((len(times), 8)))
        position, target, force = seen.position, truth.force, from_poses(times, seen)[0]
    else:
        position = truth.position + JITTER * rng.standard_normal((len(times), 3))
        target, force = truth.acceleration, from_positions(times, position)

    def error(acceleration: np.ndarray) -> float:
        if poses:
            acceleration = seen.rotation.apply(acceleration - GRAVITY, inverse=True)
        return rms(inner(acceleration - target, rate))

    tuned = best_savgol(position, rate, truth.acceleration)
    grid = np.geomspace(4.0, 0.49 * rate, 30)
    same = [rms(inner(from_positions(times, position, f) - truth.acceleration, rate)) for f in grid]
    return {
        **{name: error(baseline(position, rate)) for name, baseline in ACCELERATIONS.items()},
        "best Savitzky-Golay" + TUNED: error(tuned),
        "our smoother, best cut-off" + TUNED: float(np.min(same)),
        "ours": rms(inner(force - target, rate)),
    }


def gyro_table(seconds: float, draws: int) -> bool:
    """Rates from noisy poses, and of a fast spin."""
    rate, rows = 60.0, []
    for seed in range(draws):
        times, motion, truth = clip("B", seed, seconds, rate)
        noise = np.random.default_rng(seed).standard_normal((len(times), 8))
        seen = motion.truth(times, POSE_JITTER * noise)
        found = {name: baseline(seen.rotation, rate) for name, baseline in GYROS.items()}
        found["ours"] = from_poses(times, seen)[1]
        rows.append([rms(inner(x - truth.gyro, rate)) for x in found.values()])
    spin = np.deg2rad(2000.0)
    turned = Rotation.from_rotvec(np.arange(120)[:, None] / rate * np.array([0.0, 0.0, spin]))
    turning = [baseline(turned, rate) for baseline in GYROS.values()]
    still = np.zeros((120, 3))
    turning.append(rigid_body_imu(still, w_first(turned), rate=rate, smoothing="auto")[1])
    scale = [abs(np.mean(inner(x, rate)[:, 2]) / spin - 1) for x in turning]
    print("Gyro at 60 Hz: RMSE in rad/s with 0.2° (B), scale error at 2000 °/s")
    values = np.mean(rows, axis=0)
    for name, *row in zip(found, values, scale, strict=True):
        show(name, row)
    good = [verdict(values[-1], 0.09), verdict(scale[-1], 1e-6)]
    show("target", (0.09, 1e-6), " ".join(good))
    print()
    return set(good) == {"pass"}


def clean_table(seconds: float) -> bool:
    """30 Hz motion without noise, read at 100 Hz: differences have to be interpolated."""
    print("Clean exercise motion (B) 30 -> 100 Hz: RMSE in m/s² and rad/s, mean of four motions")
    drawn = [clean_errors(seed, seconds) for seed in range(4)]
    for name in drawn[0]:
        show(name, np.mean([errors[name] for errors in drawn], axis=0))
    ours = np.array([errors[CLEAN] for errors in drawn])
    show("  from, to", [*ours.min(axis=0), *ours.max(axis=0)])
    good = [verdict(v, target) for v, target in zip(ours.mean(axis=0), (0.02, 0.002), strict=True)]
    show("target", (0.02, 0.002), " ".join(good))
    print()
    return set(good) == {"pass"}


def clean_errors(seed: int, seconds: float) -> dict[str, list[float]]:
    """Errors of acceleration and rate, by method."""
    times, motion, truth = clip("B", seed, seconds, 30.0)
    wanted = np.arange(round(times[-1] * 100.0)) / 100.0
    fine = motion.truth(wanted)
    force, gyro = from_poses(times, truth, None, wanted)
    baselines = [ACCELERATIONS[name](truth.position, 30.0) for name in list(ACCELERATIONS)[:3]]
    rates = [baseline(truth.rotation, 30.0) for baseline in GYROS.values()]
    found = {
        f"{name.split(' (')[0]} | {other}": [
            rms(inner(make_interp_spline(times, x, k=3)(wanted) - y, 100.0))
            for x, y in ((acc, fine.acceleration), (rate, fine.gyro))
        ]
        for name, other, acc, rate in zip(ACCELERATIONS, GYROS, baselines, rates, strict=False)
    }
    gaps = ((force, fine.force), (gyro, fine.gyro))
    return found | {CLEAN: [rms(inner(x - y, 100.0)) for x, y in gaps]}


def exactness_table() -> bool:
    """Derivatives of the fitted curve against differences of its own positions, 8th order."""
    times, _, truth = clip("B", 0, 4.0, 60.0)
    trajectory = fit_trajectory(times, truth.quats, truth.trans, None)
    stencil = np.array([-1 / 560, 8 / 315, -1 / 5, 8 / 5, -205 / 72])
    stencil = np.concatenate([stencil, stencil[-2::-1]])
    step, knots = 1 / 2400, times[20:-20:7]
    # away from the knots, where higher derivatives jump
    offsets = 0.5 / 60 + step * np.arange(-4, 5)
    wanted = np.sort((knots[:, None] + offsets).ravel())
    wrist = site_kinematics(ARM, [WRIST], *trajectory.evaluate(wanted), frame="bone")
    moved = wrist.position[:, 0].reshape(-1, 9, 3)
    exact = wrist.acceleration[:, 0].reshape(-1, 9, 3)[:, 4]
    worst = float(np.abs(np.einsum("k,fkc->fc", stencil, moved) / step**2 - exact).max())
    print("Analytic acceleration against 8th-order differences of position")
    show("largest gap, m/s²", [worst])
    show("target", [1e-8], verdict(worst, 1e-8))
    print()
    return worst <= 1e-8


def distance_table(draws: int, quick: bool) -> bool:
    """RMSE with the automatic cut-off over that with the best one, minus 1."""
    rates = (30.0, 100.0) if quick else (30.0, 60.0, 100.0, 256.0)
    print("RMSE of the acceleration in % above that of the best fixed cut-off. Positions have 1 mm")
    print(f"of noise; median of {draws} draws for each kind of motion. The noise is estimated from")
    print("each clip alone, or learned from all clips of the row. The power of colored noise falls")
    print(
        "as f^-1.2. With colored noise below 60 Hz, the target is for 'learned', else for 'alone'."
    )
    print(f"  {'noise':<11}{'Hz':>4}{'clip':>6}   alone" + 29 * " " + "learned")
    good = []
    for seconds, target in ((10.0, 5.0), (5.0, 15.0), (2.0, 25.0)):
        worst = {"alone": (-np.inf, ""), "learned": (-np.inf, "")}
        judged = -np.inf
        for slope in (0.0, -1.2):
            for rate in rates:
                cells = [_noisy(kind, rate, seconds, slope, draws) for kind in KINDS]
                floor = _learned([cell[0] for cell in cells], rate)
                medians = np.median([_excess(*cell, rate, floor) for cell in cells], axis=2)
                color = "colored" if slope else "white"
                row = f"  {color:<11}{rate:>4.0f}{seconds:>4.0f} s"
                for column, (name, most) in zip(medians.T, worst.items(), strict=True):
                    row += "   " + "".join(
                        f"{kind}{value:>5.1f} " for kind, value in zip(KINDS, column, strict=True)
                    )
                    worst[name] = max(most, (column.max(), f"{color} {rate:.0f} Hz"))
                judged = max(judged, medians[:, int(slope < 0 and rate < 60)].max())
                print(row)
        ends = ", ".join(f"{name} {most:.1f} ({where})" for name, (most, where) in worst.items())
        print(
            f"  {seconds:.0f} s, worst: {ends}; judged {judged:.1f}, target {target:.0f}: ", end=""
        )
        good.append(verdict(judged, target))
        print(good[-1])
    print()
    return set(good) == {"pass"}


def _noisy(
    kind: str, rate: float, seconds: float, slope: float, draws: int
) -> tuple[np.ndarray, np.ndarray]:
    """Noisy positions and true accelerations, each (F, draws, 3)."""
    truths = [clip(kind, 100 + seed, seconds, rate)[2] for seed in range(draws)]
    noise = tracker_noise(
        np.random.default_rng(len(truths)), (len(truths[0].trans), draws, 3), rate, slope
    )
    position, target = (
        np.stack([getattr(t, name) for t in truths], axis=1)
        for name in ("position", "acceleration")
    )
    return position + JITTER * noise, target


def _learned(tracks: list[np.ndarray], rate: float) -> NoiseFloor:
    """The noise of one source from clips of all kinds of motion."""
    times = np.arange(len(tracks[0])) / rate
    still = np.tile(UNIT, (len(times), 1, 1))
    clips = [(times, still, track[:, i]) for track in tracks for i in range(track.shape[1])]
    return learn_noise_floor(clips)


def _excess(seen: np.ndarray, target: np.ndarray, rate: float, floor: NoiseFloor) -> np.ndarray:
    """Percent above the best cut-off, without and with a known floor: (2, draws)."""
    times = np.arange(len(seen)) / rate

    def errors(smoothing: str | float | None, known: NoiseFloor | None = None) -> np.ndarray:
        """RMSE of the acceleration of each draw."""
        found = from_positions(times, seen, smoothing, known)
        return np.sqrt(np.mean(inner(found - target, rate) ** 2, axis=(0, 2)))

    grid = np.geomspace(max(2.0, 0.01 * rate), min(60.0, 0.499 * rate), 40)
    fixed = [errors(cutoff) for cutoff in (*grid, None)]
    ours = np.array([errors("auto"), errors("auto", floor)])
    return 100 * (ours / np.minimum(np.min(fixed, axis=0), ours.min(axis=0)) - 1)
