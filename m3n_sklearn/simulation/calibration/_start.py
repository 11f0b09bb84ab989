"""Starting values of the refinement: lags, mount and tilt of gravity.

Lag
---
The length of a vector does not depend on the mount. The lag is the maximum of the Pearson
correlation between the lengths of measured and predicted vectors, |w| for the gyroscope and
|a - g| for the accelerometer, over a grid of lags. Correlations of several clips are averaged
with the number of samples times the standard deviation of the lengths as weights.

Mount
-----
Wahba's problem: with pairs of vectors u_k in the site's axes and v_k in the sensor's,

    minimize  sum_k w_k |u_k - M v_k|^2   over rotations M

With the singular value decomposition ``B = sum_k w_k u_k v_k' = U S V'`` the solution is
``M = U diag(1, 1, det U det V) V'``. The weights ``1 / (1 + (|u_k - M v_k| / 2 m)^2)``, m being
the median residual, are updated in a few passes. Candidates are the mounts that rates, forces, or
both give, each with and without a tilt of gravity; the one with the smallest residual starts the
refinement.

References
----------
G. Wahba, "A least squares estimate of satellite attitude", SIAM Review 7, 1965.
F. L. Markley, "Attitude determination using vector observations and the singular value
decomposition", Journal of the Astronautical Sciences 36, 1988.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..._typing import Array
from ..._warn import warn
from ._model import Clip, Parameters, SiteMotion, horizontal_axes, site_motion
from ._sensor_track import SensorTrack, skew

__all__ = ["confirmed", "first_lags", "first_mount", "nearest_mount", "wahba"]

_Pair = tuple[Array, Array]
_Pairing = tuple[SiteMotion, Array]

# ---- lags

MAX_SAMPLES = 4000
"""Samples of a clip in the search for the lag; longer clips are thinned out."""

MIN_GRID_STEP, MAX_GRID_STEP = 0.004, 0.02
"""Seconds between the lags of the grid, which follow the sampling interval."""

DISTANCE_PENALTY = 0.03
"""Correlation that is subtracted at the largest lag, and proportionally before: periodic motion
correlates with itself after every period."""

MIN_CORRELATION = 0.3
"""Lowest correlation of the lengths that determines a lag."""

TYPICAL_FORCE, TYPICAL_RATE = 9.8, 3.0
"""m/s² and rad/s. They make standard deviations of lengths comparable."""

# ---- mount

PASSES = 6
"""Solutions of Wahba's problem, each with the weights of the one before."""

NOMINAL_WEIGHT = 1e-9
"""Relative weight of the nominal mount, which decides only what no vector determines."""

REFLECTION_RATIO = 0.2
"""Share of the largest singular value. A reflection fits better than any rotation if the smallest
one is below its negative; a warning says so."""

MIN_GYRO_GAIN = 0.25
"""Lowest regression coefficient of measured on predicted rates. Below it, the predicted rates
are mostly errors of the motion, as in a tracked body at rest."""

TILT_PENALTY = 0.1
"""Residual per rad of tilt, relative to the readings. Without rotations, any mount fits with some
tilt of gravity."""


def _correlations(
    track: SensorTrack, times: Array, length: Array, lags: Array, gravity: Array | None
) -> Array:
    """Correlations (K,) of measured lengths (T,) with those predicted at K even lags."""
    # 1. Predicted lengths on a grid with half the step of the lags
    thin = slice(None, None, 1 + len(times) // MAX_SAMPLES)
    times, length = times[thin], length[thin]
    step = float(lags[1] - lags[0])
    grid = np.arange(
        max(track.start, times[0] - lags[-1]), min(track.stop, times[-1] - lags[0]), step / 2
    )
    if len(grid) < 2:
        return np.zeros(len(lags))
    _, acceleration, _, rate = track.evaluate(grid)
    vectors = rate if gravity is None else acceleration - gravity
    expected = np.linalg.norm(vectors, axis=1)
    # 2. Both lengths at every lag, centered over the samples that meet the motion
    shifted = times - lags[:, None]
    meets = (shifted >= grid[0]) & (shifted <= grid[-1])
    values = np.interp(shifted, grid, expected)
    counts = np.maximum(meets.sum(axis=1), 1)
    predicted = _centered(values, meets, counts)
    measured = _centered(np.broadcast_to(length, meets.shape), meets, counts)
    # 3. Pearson correlations; 0 for too few samples, and where a length is constant
    power = np.sqrt(np.sum(predicted**2, axis=1) * np.sum(measured**2, axis=1))
    flat = 1e-9 * counts * np.abs(length).max() * max(float(expected.max()), 1e-300)
    enough = (counts >= 0.5 * meets.sum(axis=1).max()) & (counts > 3) & (power > flat)
    return np.where(
        enough, np.sum(predicted * measured, axis=1) / np.where(enough, power, 1.0), 0.0
    )


def _centered(values: Array, meets: NDArray[np.bool_], counts: NDArray[np.int64]) -> Array:
    """Subtract the mean over the samples that meet the motion; the others become 0."""
    mean = np.sum(values * meets, axis=1) / counts
    return (values - mean[:, None]) * meets


def wahba(predicted: Array, measured: Array, nominal: Array) -> tuple[Array, Array]:
    """Return the rotation that takes measured (N, 3) to predicted vectors, and singular values."""
    weights = np.ones(len(predicted))
    mount, singular = nominal, np.zeros(3)
    for _ in range(PASSES):
        # 1. B, plus a small multiple of the nominal mount
        attitude = (weights[:, None] * predicted).T @ measured
        attitude = attitude + NOMINAL_WEIGHT * max(float(np.abs(attitude).sum()), 1e-12) * nominal
        # 2. The rotation; a negative last singular value tells of a reflection
        left, singular, right = np.linalg.svd(attitude)
        sign = np.sign(np.linalg.det(left) * np.linalg.det(right))
        mount = left @ np.diag([1.0, 1.0, sign]) @ right
        singular = singular * [1.0, 1.0, sign]
        # 3. Cauchy weights of the residuals
        residual = np.linalg.norm(predicted - measured @ mount.T, axis=1)
        weights = 1 / (1 + (residual / max(2 * float(np.median(residual)), 1e-9)) ** 2)
    return mount, singular


def nearest_mount(mount: Array, nominal: Array, free: Array) -> Array:
    """Turn a mount about unit axes (3, K) of the sensor until it is nearest to `nominal`."""
    if free.shape[1] == 3:
        return nominal
    for axis in free.T:
        # the angle that maximizes the trace of nominal' mount exp(angle [axis]x)
        between, cross = nominal.T @ mount, skew(axis[None])[0]
        angle = np.arctan2(np.trace(between @ cross), np.trace(between) - axis @ between @ axis)
        mount = mount @ (np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross)
    return mount


def first_lags(
    clips: list[Clip], start: Parameters, longest: float
) -> tuple[Parameters, dict[str, str]]:
    """Return the best lags by the lengths of the vectors, or the reason why there are none."""
    # 1. A grid of lags about as fine as the samples
    sampling = np.median([np.median(np.diff(c.times)) for c in clips])
    step = float(np.clip(sampling, MIN_GRID_STEP, MAX_GRID_STEP))
    count = int(np.ceil(longest / step))
    lags = np.asarray(np.arange(-count, count + 1) * step, dtype=np.float64)
    # 2. Weighted mean of the correlations of all clips that share a lag
    scores, weights = np.zeros((2, len(start.lags), len(lags)))
    for clip in clips:
        for values, gravity in ((clip.readings[0], start.gravity), (clip.readings[1], None)):
            if values is None:
                continue
            length = np.asarray(np.linalg.norm(values, axis=1), dtype=np.float64)
            found = _correlations(clip.track, clip.times, length, lags, gravity)
            typical = TYPICAL_RATE if gravity is None else TYPICAL_FORCE
            weight = len(length) * float(length.std()) / typical
            scores[clip.lag] += weight * found
            weights[clip.lag] += weight
    scores /= np.where(weights > 0, weights, 1.0)
    # 3. The maximum, where the correlation is high enough
    best = np.argmax(scores - DISTANCE_PENALTY * np.abs(lags) / lags[-1], axis=1)
    reached = np.array([row[i] for row, i in zip(scores, best, strict=True)])
    chosen = np.where(reached >= MIN_CORRELATION, lags[best], 0.0)
    if (reached >= MIN_CORRELATION).any():
        return replace(start, lags=chosen), {}
    note = (
        f"the lengths of measured and predicted vectors do not correlate at any lag up to "
        f"{longest:g} s (highest correlation {reached.max():.2f})"
    )
    return replace(start, lags=chosen), {"lag": note}


def first_mount(clips: list[Clip], start: Parameters, tilted: bool) -> Parameters:
    """Return the best of the mounts that rates, forces, or both suggest."""
    # 1. Pairs of predicted and measured vectors; rates without their means, which hold the bias
    forces, rates, pairings = [], [], []
    for clip in clips:
        for kind, values in enumerate(clip.readings):
            if values is None or not clip.overlap(start.lags[clip.lag]).any():
                continue
            motion, read = _overlapping(clip, start, values)
            if kind == 0:
                forces.append((motion.force(start.gravity, start.lever_arm), read))
                pairings.append((motion, read))
            else:
                rates.append((motion.rate - motion.rate.mean(axis=0), read - read.mean(axis=0)))
    # 2. Candidates
    options = []
    for pairs in ([_scaled(rates)], [_scaled(forces)], [_scaled(rates), _scaled(forces)]):
        flat = [pair for kind in pairs for pair in kind]
        if flat and all(pairs):
            mount, singular = wahba(*_stacked(flat), start.mount)
            if len(pairs) == 1 and singular[2] < -REFLECTION_RATIO * singular[0]:
                warn(
                    "A reflection fits the readings better than any mount: the axes of the "
                    "motion or of the sensor seem to be left-handed. Mirror one of them."
                )
            sensor = replace(start, mount=mount)
            options.append(sensor)
            if tilted and pairings:
                options.append(replace(sensor, tilt=_tilt(sensor, pairings)))
    # 3. The one that fits best
    return min(options, key=lambda sensor: _misfit(sensor, pairings, rates))


def confirmed(clips: Sequence[Clip], sensor: Parameters) -> bool:
    """Return whether gyroscopes follow at least a quarter of the predicted rates."""
    product, power = 0.0, 0.0
    for clip in clips:
        if clip.readings[1] is not None:
            motion, gyro = _overlapping(clip, sensor, clip.readings[1])
            expected = (motion.rate - motion.rate.mean(axis=0)) @ sensor.mount
            product += float(np.sum(expected * gyro))
            power += float(np.sum(expected**2))
    return product > MIN_GYRO_GAIN * power


def _overlapping(clip: Clip, sensor: Parameters, values: Array) -> _Pairing:
    """Motion and readings of the samples that were taken while the motion is known."""
    lag = sensor.lags[clip.lag]
    inside = clip.overlap(lag)
    return site_motion(clip.track, clip.times[inside] - lag), values[inside]


def _stacked(pairs: list[_Pair]) -> _Pair:
    """Concatenate the clips."""
    predicted, measured = zip(*pairs, strict=True)
    return np.concatenate(predicted), np.concatenate(measured)


def _scaled(pairs: list[_Pair]) -> list[_Pair]:
    """Scale pairs of vectors, so that the measured ones have unit root mean square."""
    size = np.sqrt(np.mean(np.concatenate([b for _, b in pairs]) ** 2)) if pairs else 1.0
    return [(a / max(size, 1e-9), b / max(size, 1e-9)) for a, b in pairs]


def _tilt(sensor: Parameters, pairings: list[_Pairing]) -> Array:
    """Tilt (2,) of the gravity that fits best, given the mount: linear least squares."""
    # 1. Gravity in the world, from M' R' g = M' R' a - acc
    rows = np.concatenate([sensor.mount.T @ motion.to_site for motion, _ in pairings])
    target = np.concatenate([motion.acceleration @ sensor.mount - acc for motion, acc in pairings])
    down = np.linalg.lstsq(rows.reshape(-1, 3), target.ravel(), rcond=None)[0]
    # 2. The turn from the nominal gravity, as components about the two horizontal axes
    nominal = sensor.nominal_gravity
    axis = np.cross(nominal, down)
    size = np.linalg.norm(axis)
    if size < 1e-12:
        return np.zeros(2)
    angle = np.arctan2(size, nominal @ down)
    return np.asarray(horizontal_axes(nominal).T @ (axis / size * angle))


def _misfit(sensor: Parameters, pairings: list[_Pairing], rates: list[_Pair]) -> float:
    """Median relative residual of both sensors, plus a penalty on the tilt of gravity."""
    total = 0.0
    if pairings:
        errors = [
            np.linalg.norm(
                motion.force(sensor.gravity, sensor.lever_arm) @ sensor.mount - acc, axis=1
            )
            for motion, acc in pairings
        ]
        total += float(np.median(np.concatenate(errors)) / np.linalg.norm(sensor.nominal_gravity))
    if rates:
        errors = [np.linalg.norm(rate @ sensor.mount - read, axis=1) for rate, read in rates]
        size = np.concatenate([np.linalg.norm(read, axis=1) for _, read in rates])
        total += float(np.median(np.concatenate(errors)) / max(np.sqrt(np.mean(size**2)), 1e-9))
    return total + TILT_PENALTY * float(np.linalg.norm(sensor.tilt))
