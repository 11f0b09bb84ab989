"""Refinement of a sensor's parameters, and which of them the data show at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..._typing import Array
from ._model import GROUPS, SLOPES, Clip, Felt, Parameters, feel, predict

__all__ = ["Bases", "Solution", "all_directions", "refine", "seen_directions", "standard_errors"]

Bases = dict[str, Array]

STAGES = (
    ("acc_scale", "gyro_scale", "lever_arm", "acc_bias", "gyro_bias"),
    ("gravity",),
    ("lag",),
    ("mount",),
)
"""What is given up first, where parameters can't be told apart."""

ENOUGH = 1e-3
"""Share of what matters: smaller steps end the refinement."""

ROUNDS, STEPS = 6, 8
"""Evaluations of the motion at new lags, and Gauss-Newton steps between them."""

LAG_STEP = 0.05
"""Seconds that a lag may move before the motion is evaluated again."""

KNEE = 3.0
"""Standard deviations from which on a residual counts less than its square."""

GONE, LONGEST = 0.05, 1000
"""Autocorrelation that counts as none, and the most samples that it is followed over."""

CHUNK = 4096
"""Samples whose derivatives are held in memory at once."""

CHI3_MEDIAN = 1.538
"""Median length of three independent standard normal numbers."""

FLOORS = (1e-3, 1e-4)
"""m/s² and rad/s. No pair of motion and readings agrees better."""

UNEVEN = 0.5
"""Lowest noise of a clip relative to the others': no clip may rule alone."""


class Solution(NamedTuple):
    """Where the refinement ended.

    Attributes
    ----------
    sensor : Parameters
        The estimate.
    information : ndarray of shape (P, P)
        Of the data, about :attr:`Parameters.vector`.
    """

    sensor: Parameters
    information: Array


class _Samples(NamedTuple):
    """All samples of one kind of sensor, and the motion at their times."""

    felt: Felt
    change: Felt
    read: Array  # (N, 3)
    lags: Array  # (N,), at which the motion was evaluated
    lag: NDArray[np.int64]  # (N,), which of the lags is each sample's
    starts: list[int]  # first sample of each clip

    def at(self, lags: Array) -> Felt:
        """Motion at slightly different lags."""
        later = lags[self.lag] - self.lags
        return Felt(
            *(
                f - later.reshape(-1, *[1] * (f.ndim - 1)) * c
                for f, c in zip(self.felt, self.change, strict=True)
            )
        )


def all_directions(groups: Sequence[str], lags: int) -> Bases:
    """Return, per group, a basis of all its directions; of none if it is not to be fitted."""
    sizes = {name: lags if name == "lag" else _width(name) for name in GROUPS}
    return {name: np.eye(n) if name in groups else np.zeros((n, 0)) for name, n in sizes.items()}


def refine(clips: Sequence[Clip], sensor: Parameters, bases: Bases) -> Solution:
    """Fit a sensor by Gauss-Newton steps to robust maximum a posteriori estimates.

    Parameters
    ----------
    clips : sequence of Clip
        The data.
    sensor : Parameters
        Where to start.
    bases : dict of str to ndarray of shape (K, free)
        Per group the directions in which it may move.

    Returns
    -------
    Solution
        Estimate and information.

    Notes
    -----
    Squared residuals count in full up to 3 standard deviations, then linearly. Each clip has
    its own noise level. Residuals are correlated in time, so that n samples are worth n / tau:
    tau is the residuals' integrated autocorrelation.
    """
    free = _joined(bases, len(sensor.vector))
    prior = _prior(len(sensor.lags))
    tolerance = _spread_out("matters", len(sensor.lags))
    information = np.zeros((len(prior), len(prior)))
    for _ in range(ROUNDS):
        samples = _sample(clips, sensor.lags)
        before = sensor.lags
        for _ in range(STEPS):
            information, gradient = _normal_equations(samples, sensor)
            vector = sensor.vector
            hessian = free.T @ (information + np.diag(prior)) @ free
            step = free @ np.linalg.solve(hessian, free.T @ (gradient - prior * vector))
            step[:3] *= min(1.0, 0.5 / max(float(np.linalg.norm(step[:3])), 1e-12))
            target = sensor.with_vector(vector + step)
            reach = np.clip(target.lags, before - LAG_STEP, before + LAG_STEP)
            sensor = replace(target, lags=reach)
            if np.all(np.abs(step) < ENOUGH * tolerance):
                break
        if np.abs(sensor.lags - before).max() < ENOUGH * GROUPS["lag"].matters:
            break
    return Solution(sensor, information)


def seen_directions(information: Array, bases: Bases) -> Bases:
    """Return the directions about which the data say enough.

    Parameters
    ----------
    information : ndarray of shape (P, P)
        From :func:`refine`.
    bases : dict of str to ndarray
        The directions that were free.

    Returns
    -------
    dict of str to ndarray
        What remains: the eigenvectors of each group's covariance with a standard error that
        is small enough. What is given up no longer makes the next ones uncertain: errors of
        the sensor are given up before gravity, and gravity before lag and mount.
    """
    kept = dict(bases)
    total = information + np.diag(_prior(len(information) - 20))
    for stage in STAGES:
        free = _joined(kept, len(total))
        covariance = free @ np.linalg.inv(free.T @ total @ free) @ free.T
        for name in stage:
            group, basis = GROUPS[name], kept[name]
            block = basis.T @ covariance[group.columns, group.columns] @ basis
            if name == "lag":  # each clip's lag stands for itself
                variance, turn = np.diag(block), np.eye(len(block))
            else:
                variance, turn = np.linalg.eigh(block)
            kept[name] = basis @ turn[:, variance <= group.matters**2]
    return kept


def standard_errors(information: Array, bases: Bases) -> Array:
    """Return the standard error of each parameter, shape (P,).

    Parameters
    ----------
    information : ndarray of shape (P, P)
        From :func:`refine`.
    bases : dict of str to ndarray
        The directions that were free; in others the spread among sensors counts.

    Returns
    -------
    ndarray of shape (P,)
        In the units of the parameters.
    """
    prior = _prior(len(information) - 20)
    free = _joined(bases, len(prior))
    variance = np.zeros(len(prior))
    if free.shape[1]:
        total = free.T @ (information + np.diag(prior)) @ free
        variance = np.einsum("ij,jk,ik->i", free, np.linalg.inv(total), free)
    fixed = 1 - np.sum(free**2, axis=1)
    return np.asarray(np.sqrt(variance + np.maximum(fixed, 0.0) / prior))


def _width(name: str) -> int:
    columns = GROUPS[name].columns
    return int(columns.stop - columns.start)


def _joined(bases: Bases, count: int) -> Array:
    """Block-diagonal basis of all free directions, shape (P, Q)."""
    blocks = []
    for name, group in GROUPS.items():
        block = np.zeros((count, bases[name].shape[1]))
        block[group.columns] = bases[name]
        blocks.append(block)
    return np.concatenate(blocks, axis=1)


def _prior(lags: int) -> Array:
    """Inverse variances among sensors, shape (P,)."""
    return _spread_out("spread", lags) ** -2


def _spread_out(field: str, lags: int) -> Array:
    """One number of each group, for each of its parameters: shape (P,)."""
    values = np.empty(20 + lags)
    for group in GROUPS.values():
        values[group.columns] = getattr(group, field)
    return values


def _sample(clips: Sequence[Clip], lags: Array) -> list[_Samples | None]:
    """Evaluate the motion at all samples of the accelerometer, and of the gyroscope."""
    parts: list[list[tuple[Felt, Felt, Array, int]]] = [[], []]
    for clip in clips:
        meets = clip.meets(lags[clip.lag])
        if meets.any():
            felt, change = feel(clip.track, clip.times[meets] - lags[clip.lag])
            for kind, values in enumerate(clip.readings):
                if values is not None:
                    parts[kind].append((felt, change, values[meets], clip.lag))
    return [_stacked(part, lags) if part else None for part in parts]


def _stacked(parts: list[tuple[Felt, Felt, Array, int]], lags: Array) -> _Samples:
    felts, changes, reads, which = zip(*parts, strict=True)
    sizes = [len(read) for read in reads]
    lag = np.repeat(which, sizes)
    return _Samples(
        Felt(*(np.concatenate(x) for x in zip(*felts, strict=True))),
        Felt(*(np.concatenate(x) for x in zip(*changes, strict=True))),
        np.concatenate(reads),
        lags[lag],
        lag,
        np.cumsum([0, *sizes[:-1]]).tolist(),
    )


def _normal_equations(
    samples: Sequence[_Samples | None], sensor: Parameters
) -> tuple[Array, Array]:
    """Information of the data and gradient, by the entries of the vector."""
    count = len(sensor.vector)
    information, gradient = np.zeros((count, count)), np.zeros(count)
    for kind, those in enumerate(samples):
        if those is None:
            continue
        felt = those.at(sensor.lags)
        error = those.read - predict(sensor, felt)[kind]
        level = _levels(error, those.starts, FLOORS[kind])
        weight = _robust(error, level) / (level**2 * _inflation(error / level[:, None], those))
        for start in range(0, len(error), CHUNK):
            chunk = slice(start, start + CHUNK)
            slope = SLOPES[kind](
                sensor,
                Felt(*(x[chunk] for x in felt)),
                Felt(*(x[chunk] for x in those.change)),
                those.lag[chunk],
            )
            rows = slope.reshape(-1, count)
            weighted = (slope * weight[chunk, None, None]).reshape(-1, count)
            information += weighted.T @ rows
            gradient += weighted.T @ error[chunk].ravel()
    return information, gradient


def _robust(error: Array, level: Array) -> Array:
    """Weights (N,) of the Huber loss on the vectors' lengths."""
    length = np.linalg.norm(error, axis=1) / np.sqrt(3)
    return np.asarray(1 / np.maximum(1.0, length / (KNEE * level)))


def _levels(error: Array, starts: list[int], floor: float) -> Array:
    """Noise of one axis in the clip of each sample, shape (N,)."""
    clips = np.split(np.linalg.norm(error, axis=1), starts[1:])
    sizes = np.array([len(clip) for clip in clips])
    own = np.array([np.median(clip) for clip in clips]) / CHI3_MEDIAN
    lowest = max(UNEVEN * _weighted_median(own, sizes), floor)
    return np.repeat(np.maximum(own, lowest), sizes)


def _weighted_median(values: Array, weights: NDArray[np.int64]) -> float:
    order = np.argsort(values)
    share = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(share, 0.5 * share[-1])])


def _inflation(error: Array, samples: _Samples) -> float:
    """Integrated autocorrelation of the scaled residuals: 1 for white noise."""
    length = np.linalg.norm(error, axis=1, keepdims=True) / np.sqrt(3)
    bounded = error / np.maximum(1.0, length / KNEE)  # outliers have no say
    clips = np.split(bounded, samples.starts[1:])
    longest = min(max(len(clip) for clip in clips), LONGEST)
    total = np.zeros(longest)
    for clip in clips:
        size = 1 << (len(clip) + longest).bit_length()
        spectrum = np.sum(np.abs(np.fft.rfft(clip, size, axis=0)) ** 2, axis=1)
        reach = min(len(clip), longest)
        total[:reach] += np.fft.irfft(spectrum, size)[:reach]
    if total[0] <= 0:
        return 1.0
    rho = total / total[0]
    gone = int(np.argmax(rho < GONE)) if (rho < GONE).any() else longest
    return float(1 + 2 * rho[1:gone].sum())
