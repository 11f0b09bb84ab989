"""
Why not finite differences
==========================

Simulating an accelerometer requires the second derivative of a position. The usual way is to take
the track of one vertex of a mesh and to compute finite differences. This example compares finite
differences, a smoothing spline and this library, on a motion whose derivatives are known exactly.
"""

# %%
# A motion with exact derivatives
# -------------------------------
# Four joints of the left arm rotate about fixed axes, by angles that are sums of sines up to 5
# Hz. :func:`~m3n_sklearn.body.site_kinematics` computes the acceleration of the wrist from the
# rates and accelerations of the joints. These are known in closed form, so the result is exact.
from typing import NamedTuple

import numpy as np
from scipy.spatial.transform import Rotation

from m3n_sklearn.body import default_body, site_kinematics

BODY, SITE = default_body(), "left_wrist"
AXES = {
    "spine3": [0.0, 1.0, 0.0],
    "left_shoulder": [0.2, 0.5, 0.84],
    "left_elbow": [0.0, 1.0, 0.0],
    "left_wrist": [1.0, 0.0, 0.0],
}
SECONDS = 12.0


class Poses(NamedTuple):
    """Joint rotations (w, x, y, z), rates and accelerations (F, J, ...), and the root (F, 3)."""

    quats: np.ndarray
    rates: np.ndarray
    accelerations: np.ndarray
    trans: np.ndarray


def turned(quats, vectors):
    """Rotate further by rotation vectors; SciPy's quaternions are (x, y, z, w)."""
    first = Rotation.from_quat(np.roll(quats, -1, axis=-1).reshape(-1, 4))
    product = first * Rotation.from_rotvec(vectors.reshape(-1, 3))
    return np.roll(product.as_quat(), 1, axis=-1).reshape(quats.shape)


def perform(rate, seed):
    """Sample the motion of one seed."""
    rng = np.random.default_rng(seed)
    times = np.arange(int(SECONDS * rate) + 1) / rate
    turns = np.zeros((3, len(times), BODY.n_joints, 3))
    for joint, axis in AXES.items():
        omega = 2 * np.pi * rng.uniform(0.3, 5.0, 20)
        height = rng.normal(size=20) * 0.6 / omega
        argument = omega * times[:, None] + rng.uniform(0, 2 * np.pi, 20)
        waves = [np.sin(argument), omega * np.cos(argument), -(omega**2) * np.sin(argument)]
        angles = np.stack([wave @ height for wave in waves])
        turns[:, :, BODY.joint_index(joint)] = angles[:, :, None] * np.asarray(axis)
    identity = np.tile([1.0, 0.0, 0.0, 0.0], (len(times), BODY.n_joints, 1))
    return times, Poses(turned(identity, turns[0]), *turns[1:], np.zeros((len(times), 3)))


def shaken(poses, seed, degrees=0.04, meters=0.0002):
    """Add the noise of a good tracker, about a millimeter at the wrist."""
    rng = np.random.default_rng(seed)
    noise = np.deg2rad(degrees) * rng.normal(size=(*poses.quats.shape[:2], 3))
    trans = poses.trans + meters * rng.normal(size=poses.trans.shape)
    return poses._replace(quats=turned(poses.quats, noise), trans=trans)


def wrist(poses, velocity=None, acceleration=None):
    """Kinematics of the wrist; the root does not move by default."""
    still = np.zeros_like(poses.trans)
    return site_kinematics(
        BODY,
        SITE,
        poses.quats,
        poses.rates,
        poses.accelerations,
        poses.trans,
        still if velocity is None else velocity,
        still if acceleration is None else acceleration,
    )


# %%
# Four methods
# ------------
# The first two are central differences over one frame and over four frames, as most generators of
# data for inertial pose estimation use them. The third is a quintic spline that assumes 1 mm of
# noise, similar to IMUSim. The last is this library: rotations and the root are smoothed with a
# cut-off chosen from the data, and kinematics computes exact derivatives.
from scipy.interpolate import splev, splrep

from m3n_sklearn.simulation import fit_trajectory


def central_difference(times, poses, n):
    track, step = wrist(poses).position[:, 0], n * (times[1] - times[0])
    result = np.full_like(track, np.nan)
    result[n:-n] = (track[2 * n :] - 2 * track[n:-n] + track[: -2 * n]) / step**2
    return result


def smoothing_spline(times, poses):
    track, weights = wrist(poses).position[:, 0], np.full(len(times), 1 / 0.001)
    return np.stack([splev(times, splrep(times, x, weights, k=5), der=2) for x in track.T], axis=1)


def ours(times, poses):
    state = fit_trajectory(times, poses.quats, poses.trans).evaluate(times)
    smooth = Poses(state.quaternion, state.rate, state.acceleration, state.position)
    return wrist(smooth, state.velocity, state.linear_acceleration).acceleration[:, 0]


METHODS = {
    "central difference, 1 frame": lambda t, p: central_difference(t, p, 1),
    "central difference, 4 frames": lambda t, p: central_difference(t, p, 4),
    "smoothing spline, 1 mm": smoothing_spline,
    "m3n_sklearn": ours,
}

# %%
# Errors
# ------
# The error is the root mean square length of the difference from the exact acceleration, over two
# motions per rate. Half a second at both ends is left out.
RATES = (30.0, 60.0, 100.0)


def error(method, rate, noisy):
    squares = []
    for seed in range(2):
        times, exact = perform(rate, seed)
        poses = shaken(exact, seed + 100) if noisy else exact
        gap = METHODS[method](times, poses) - wrist(exact).acceleration[:, 0]
        inside = (times > 0.5) & (times < SECONDS - 0.5)
        squares.append(np.sum(gap[inside] ** 2, axis=1).mean())
    return np.sqrt(np.mean(squares))


errors = {
    noisy: {method: [error(method, rate, noisy) for rate in RATES] for method in METHODS}
    for noisy in (False, True)
}
exact = perform(100.0, 0)[1]
size = np.sqrt(np.mean(np.sum(wrist(exact).acceleration ** 2, axis=-1)))
jitter = (wrist(shaken(exact, 100)).position - wrist(exact).position).std() * 1000
print(f"acceleration of the wrist {size:.1f} m/s² (rms), noise of its track {jitter:.2f} mm")
for noisy, table in errors.items():
    title = "poses with noise" if noisy else "exact poses"
    print(f"\n{title:<30}" + "".join(f"{rate:>8.0f} Hz" for rate in RATES))
    for method, row in table.items():
        print(f"{method:<30}" + "".join(f"{value:>11.3g}" for value in row))

# %%
# Every step size is a compromise. A short step multiplies the noise by the square of the rate, so
# a faster camera gives a worse accelerometer. A long step removes fast motion. The left panel
# shows the error of the differences themselves, on exact poses.
import matplotlib.pyplot as plt

fig, axes = plt.subplots(1, 2, sharey=True, figsize=(9, 4.2), layout="constrained")
for ax, (noisy, table) in zip(axes, errors.items(), strict=True):
    for method, row in table.items():
        ax.plot(RATES, row, "o-", lw=3 if method == "m3n_sklearn" else 1.5, label=method)
    ax.axhline(size, color="0.6", ls=":", label="zero acceleration")
    ax.set(xscale="log", yscale="log", xlabel="frames per second")
    ax.set_title("noise of 1 mm at the wrist" if noisy else "exact poses")
    ax.set_xticks(RATES, [f"{rate:g}" for rate in RATES])
    ax.minorticks_off()
    ax.grid(alpha=0.25)
axes[0].set_ylabel("error of the acceleration (m/s²)")
axes[1].legend(fontsize="small", loc="lower right")

# %%
# One second of the signals at 60 frames per second:
times, exact = perform(60.0, 0)
poses, true = shaken(exact, 100), wrist(exact).acceleration[:, 0]
shown = (times > 5.0) & (times < 6.0)
fig, axes = plt.subplots(2, 2, sharex=True, sharey=True, figsize=(9, 4.8), layout="constrained")
for i, (ax, method) in enumerate(zip(axes.flat, METHODS, strict=True)):
    ax.plot(times[shown], true[shown, 2], color="0.8", lw=5)
    ax.plot(times[shown], METHODS[method](times, poses)[shown, 2], ".-", color=f"C{i}")
    ax.set_title(method, loc="left", fontsize="medium")
    ax.grid(alpha=0.25)
fig.supxlabel("time (s)", fontsize="medium")
fig.supylabel("acceleration along one axis (m/s²), gray: exact", fontsize="medium")
plt.show()
