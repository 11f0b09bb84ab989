"""Where the refinement starts: lag from the lengths of the readings, mount in closed form."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..._typing import Array
from ._model import Clip, Felt, Parameters, across, in_site
from ._sensor_track import SensorTrack, skew

__all__ = ["confirmed", "first_lags", "first_mount", "nearest_mount", "wahba"]

_Pair = tuple[Array, Array]
_Turn = tuple[Felt, Array]

FEW = 4000
"""Samples of a clip that the search for the lag looks at."""

PREFER_NEAR = 0.03
"""Correlation that the farthest lag must have more than none: repeated motion fits itself after
every period."""

ALIKE = 0.3
"""Least correlation between the lengths of measured and predicted vectors that dates them."""

CONFIRMED = 0.25
"""Least share of the expected rates that a gyroscope must follow."""

AT_EASE = 0.1
"""Share of the readings per rad that a tilt of gravity must explain: while nothing turns, any mount
fits with some tilt."""


def _correlations(
    track: SensorTrack, times: Array, length: Array, lags: Array, gravity: Array | None
) -> Array:
    """Correlate the length of measured with that of predicted vectors, lag by lag.

    Parameters
    ----------
    track : SensorTrack
        The motion.
    times : ndarray of shape (T,)
        In s, on the sensor's clock.
    length : ndarray of shape (T,)
        Of the measured vectors.
    lags : ndarray of shape (K,)
        Evenly spaced, in s.
    gravity : ndarray of shape (3,) or None
        With it the specific force is compared, else the angular rate.

    Returns
    -------
    ndarray of shape (K,)
        Pearson correlations; 0 where less than half of the samples that lag 0 would allow meet
        the motion, or nothing varies.
    """
    thin = slice(None, None, 1 + len(times) // FEW)
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
    shifted = times - lags[:, None]
    meets = (shifted >= grid[0]) & (shifted <= grid[-1])
    values = np.interp(shifted, grid, expected)
    counts = np.maximum(meets.sum(axis=1), 1)
    ours = _centred(values, meets, counts)
    theirs = _centred(np.broadcast_to(length, meets.shape), meets, counts)
    power = np.sqrt(np.sum(ours**2, axis=1) * np.sum(theirs**2, axis=1))
    flat = 1e-9 * counts * np.abs(length).max() * max(float(expected.max()), 1e-300)
    enough = (counts >= 0.5 * meets.sum(axis=1).max()) & (counts > 3) & (power > flat)
    return np.where(enough, np.sum(ours * theirs, axis=1) / np.where(enough, power, 1.0), 0.0)


def _centred(values: Array, meets: NDArray[np.bool_], counts: NDArray[np.int64]) -> Array:
    mean = np.sum(values * meets, axis=1) / counts
    return (values - mean[:, None]) * meets


def wahba(seen: Array, measured: Array, nominal: Array) -> tuple[Array, Array]:
    """Find the rotation between two sets of vectors.

    It minimises sum w |seen - M measured|² by singular value decomposition [2]_ of
    B = sum w seen measured^T, where the weights of several passes hold outliers back. Where the
    vectors leave a rotation open, the one nearest to `nominal` is taken.

    Parameters
    ----------
    seen, measured : ndarray of shape (N, 3)
        In the site's and in the sensor's axes, of comparable scale.
    nominal : ndarray of shape (3, 3)
        What to expect.

    Returns
    -------
    mount : ndarray of shape (3, 3)
        Columns are the sensor's axes in the site's frame (Wahba's problem [1]_).
    strengths : ndarray of shape (3,)
        Singular values of B, the last one negative if a reflection would fit better.

    References
    ----------
    .. [1] G. Wahba, "A least squares estimate of satellite attitude", SIAM Review 7, 1965.
    .. [2] F. L. Markley, "Attitude determination using vector observations and the singular
       value decomposition", Journal of the Astronautical Sciences 36, 1988.
    """
    weights = np.ones(len(seen))
    mount, strengths = nominal, np.zeros(3)
    for _ in range(6):
        pull = (weights[:, None] * seen).T @ measured
        # too weak to matter, but where nothing else speaks
        pull = pull + 1e-9 * max(float(np.abs(pull).sum()), 1e-12) * nominal
        left, strengths, right = np.linalg.svd(pull)
        sign = np.sign(np.linalg.det(left) * np.linalg.det(right))
        mount = left @ np.diag([1.0, 1.0, sign]) @ right
        strengths = strengths * [1.0, 1.0, sign]
        rest = np.linalg.norm(seen - measured @ mount.T, axis=1)
        weights = 1 / (1 + (rest / max(2 * float(np.median(rest)), 1e-9)) ** 2)
    return mount, strengths


def nearest_mount(mount: Array, nominal: Array, free: Array) -> Array:
    """Turn a mount about the axes that nothing fixes until it is nearest to the nominal one.

    Parameters
    ----------
    mount, nominal : ndarray of shape (3, 3)
        Columns are the sensor's axes.
    free : ndarray of shape (3, K)
        Unit axes in the sensor's frame.

    Returns
    -------
    ndarray of shape (3, 3)
        The turned mount; `nominal` itself where all axes are free.
    """
    if free.shape[1] == 3:
        return nominal
    for axis in free.T:
        seen, cross = nominal.T @ mount, skew(axis[None])[0]
        angle = np.arctan2(np.trace(seen @ cross), np.trace(seen) - axis @ seen @ axis)
        mount = mount @ (np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross)
    return mount


def first_lags(
    clips: list[Clip], start: Parameters, longest: float
) -> tuple[Parameters, dict[str, str]]:
    """Find the lags by the lengths of the vectors; or say why they can't be found."""
    step = float(np.clip(np.median([np.median(np.diff(c.times)) for c in clips]), 0.004, 0.02))
    count = int(np.ceil(longest / step))
    lags = np.asarray(np.arange(-count, count + 1) * step, dtype=np.float64)
    scores, weights = np.zeros((2, len(start.lags), len(lags)))
    for clip in clips:
        for values, gravity in ((clip.readings[0], start.gravity), (clip.readings[1], None)):
            if values is None:
                continue
            length = np.asarray(np.linalg.norm(values, axis=1), dtype=np.float64)
            found = _correlations(clip.track, clip.times, length, lags, gravity)
            weight = len(length) * float(length.std()) / (9.8 if gravity is not None else 3.0)
            scores[clip.lag] += weight * found
            weights[clip.lag] += weight
    scores /= np.where(weights > 0, weights, 1.0)
    best = np.argmax(scores - PREFER_NEAR * np.abs(lags) / lags[-1], axis=1)
    reached = np.array([row[i] for row, i in zip(scores, best, strict=True)])
    chosen = np.where(reached >= ALIKE, lags[best], 0.0)
    if (reached >= ALIKE).any():
        return replace(start, lags=chosen), {}
    told = (
        f"the lengths of measured and predicted vectors are not alike at any lag up to "
        f"{longest:g} s (correlation {reached.max():.2f})"
    )
    return replace(start, lags=chosen), {"lag": told}


def first_mount(clips: list[Clip], start: Parameters, tilted: bool) -> Parameters:
    """Return the best of the mounts that rates, forces, or both suggest."""
    forces, rates, turns = [], [], []
    for clip in clips:
        for kind, values in enumerate(clip.readings):
            if values is None or not clip.meets(start.lags[clip.lag]).any():
                continue
            felt, read = _meeting(clip, start, values)
            if kind == 0:
                forces.append((felt.force(start.gravity, start.lever_arm), read))
                turns.append((felt, read))
            else:
                rates.append((felt.rate - felt.rate.mean(axis=0), read - read.mean(axis=0)))
    options = []
    for pairs in ([_even(rates)], [_even(forces)], [_even(rates), _even(forces)]):
        flat = [pair for kind in pairs for pair in kind]
        if flat and all(pairs):
            mount, strengths = wahba(*_stacked(flat), start.mount)
            if len(pairs) == 1 and strengths[2] < -0.2 * strengths[0]:
                warnings.warn(
                    "A reflection fits the readings better than any mount: the axes of the "
                    "motion or of the sensor seem to be left-handed. Mirror one of them.",
                    UserWarning,
                    stacklevel=3,
                )
            sensor = replace(start, mount=mount)
            options.append(sensor)
            if tilted and turns:
                options.append(replace(sensor, tilt=_tilt(sensor, turns)))
    return min(options, key=lambda sensor: _misfit(sensor, turns, rates))


def confirmed(clips: Sequence[Clip], sensor: Parameters) -> bool:
    """Tell whether gyroscopes read the rates that the motion lets expect.

    Parameters
    ----------
    clips : sequence of Clip
        The data.
    sensor : Parameters
        From :func:`first_mount`.

    Returns
    -------
    bool
        False if the readings follow less than a quarter of the expected rates: these are then
        mostly errors of the motion, as in a tracked body at rest.
    """
    together, alone = 0.0, 0.0
    for clip in clips:
        if clip.readings[1] is not None:
            felt, gyro = _meeting(clip, sensor, clip.readings[1])
            expected = (felt.rate - felt.rate.mean(axis=0)) @ sensor.mount
            together += float(np.sum(expected * gyro))
            alone += float(np.sum(expected**2))
    return together > CONFIRMED * alone


def _meeting(clip: Clip, sensor: Parameters, values: Array) -> _Turn:
    """Motion and readings while the motion is known."""
    late = sensor.lags[clip.lag]
    meets = clip.meets(late)
    return in_site(clip.track, clip.times[meets] - late), values[meets]


def _stacked(pairs: list[_Pair]) -> _Pair:
    ours, theirs = zip(*pairs, strict=True)
    return np.concatenate(ours), np.concatenate(theirs)


def _even(pairs: list[_Pair]) -> list[_Pair]:
    """Bring vectors of any unit to unit size."""
    size = np.sqrt(np.mean(np.concatenate([b for _, b in pairs]) ** 2)) if pairs else 1.0
    return [(a / max(size, 1e-9), b / max(size, 1e-9)) for a, b in pairs]


def _tilt(sensor: Parameters, turns: list[_Turn]) -> Array:
    """Tilt (2,) of the gravity that fits best, given the mount: linear least squares."""
    rows = np.concatenate([sensor.mount.T @ felt.turn for felt, _ in turns]).reshape(-1, 3)
    wanted = np.concatenate([felt.linear @ sensor.mount - acc for felt, acc in turns]).ravel()
    down = np.linalg.lstsq(rows, wanted, rcond=None)[0]
    nominal = sensor.nominal_gravity
    axis = np.cross(nominal, down)
    size = np.linalg.norm(axis)
    if size < 1e-12:
        return np.zeros(2)
    angle = np.arctan2(size, nominal @ down)
    return np.asarray(across(nominal).T @ (axis / size * angle))


def _misfit(sensor: Parameters, turns: list[_Turn], rates: list[_Pair]) -> float:
    """Median error of both sensors, each relative to its readings, and a price for tilts."""
    total = 0.0
    if turns:
        errors = [
            np.linalg.norm(
                felt.force(sensor.gravity, sensor.lever_arm) @ sensor.mount - acc, axis=1
            )
            for felt, acc in turns
        ]
        total += float(np.median(np.concatenate(errors)) / np.linalg.norm(sensor.nominal_gravity))
    if rates:
        errors = [np.linalg.norm(ours @ sensor.mount - read, axis=1) for ours, read in rates]
        size = np.concatenate([np.linalg.norm(read, axis=1) for _, read in rates])
        total += float(np.median(np.concatenate(errors)) / max(np.sqrt(np.mean(size**2)), 1e-9))
    return total + AT_EASE * float(np.linalg.norm(sensor.tilt))
