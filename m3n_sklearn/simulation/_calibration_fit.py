"""Refinement of a sensor's parameters, and which of them the data show at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._calibration_model import GROUPS, Clip, Felt, Parameters, feel, jacobians, predict

__all__ = [
    "Bases",
    "Solution",
    "all_directions",
    "refine",
    "seen_directions",
    "standard_errors",
]

Array = NDArray[np.float64]
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


class _Sampled(NamedTuple):
    """A clip at the lags where its motion was last evaluated."""

    felt: Felt
    change: Felt
    readings: tuple[Array | None, Array | None]
    sampled_at: float
    lag: int

    def at(self, lag: float) -> Felt:
        """Motion at a slightly different lag."""
        later = lag - self.sampled_at
        return Felt(*(f - later * c for f, c in zip(self.felt, self.change, strict=True)))


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
        sampled = [_sample(clip, sensor.lags[clip.lag]) for clip in clips]
        before = sensor.lags
        for _ in range(STEPS):
            information, gradient = _normal_equations(sampled, sensor)
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


def _sample(clip: Clip, lag: float) -> _Sampled:
    meets = clip.meets(lag)
    felt, change = feel(clip.track, clip.times[meets] - lag)
    acc, gyro = (None if x is None else x[meets] for x in clip.readings)
    return _Sampled(felt, change, (acc, gyro), lag, clip.lag)


def _normal_equations(sampled: Sequence[_Sampled], sensor: Parameters) -> tuple[Array, Array]:
    """Information of the data and gradient, by the entries of the vector."""
    count = len(sensor.vector)
    information, gradient = np.zeros((count, count)), np.zeros(count)
    felts = [clip.at(sensor.lags[clip.lag]) for clip in sampled]
    predicted = [predict(sensor, felt) for felt in felts]
    errors = [
        [None if read is None else read - said for read, said in zip(c.readings, p, strict=True)]
        for c, p in zip(sampled, predicted, strict=True)
    ]
    noise = [_noise([e[k] for e in errors], FLOORS[k]) for k in range(2)]
    for i, (clip, felt) in enumerate(zip(sampled, felts, strict=True)):
        slopes = jacobians(sensor, felt, clip.change, clip.lag)
        for k, slope in enumerate(slopes):
            error = errors[i][k]
            if error is None or not len(error):
                continue
            weight = _robust(error, noise[k].levels[i])
            weight = weight / (noise[k].levels[i] ** 2 * noise[k].inflation)
            rows = slope.reshape(-1, count)
            weighted = (slope * weight[:, None, None]).reshape(-1, count)
            information += weighted.T @ rows
            gradient += weighted.T @ error.ravel()
    return information, gradient


def _robust(error: Array, level: float) -> Array:
    """Weights (T,) of the Huber loss on the vectors' lengths."""
    length = np.linalg.norm(error, axis=1) / np.sqrt(3)
    return 1 / np.maximum(1.0, length / (KNEE * level))


class _Noise(NamedTuple):
    levels: Array  # per clip, of one axis
    inflation: float


def _noise(errors: Sequence[Array | None], floor: float) -> _Noise:
    """Noise level of each clip, and how many samples are worth one."""
    there = [e for e in errors if e is not None and len(e)]
    if not there:
        return _Noise(np.full(len(errors), floor), 1.0)
    own = [np.median(np.linalg.norm(e, axis=1)) / CHI3_MEDIAN for e in there]
    typical = _weighted_median(np.array(own), np.array([len(e) for e in there]))
    lowest = max(UNEVEN * typical, floor)
    levels = [
        lowest
        if e is None or not len(e)
        else max(float(np.median(np.linalg.norm(e, axis=1))) / CHI3_MEDIAN, lowest)
        for e in errors
    ]
    return _Noise(np.array(levels), _inflation(there))


def _weighted_median(values: Array, weights: NDArray[np.int64]) -> float:
    order = np.argsort(values)
    share = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(share, 0.5 * share[-1])])


def _inflation(errors: Sequence[Array]) -> float:
    """Integrated autocorrelation of the residuals: 1 for white noise."""
    longest = max(len(e) for e in errors)
    size = 1 << (2 * longest - 1).bit_length()
    total = np.zeros(size // 2)
    for error in errors:
        level = max(float(np.median(np.linalg.norm(error, axis=1))), 1e-300)
        length = np.linalg.norm(error, axis=1, keepdims=True)
        bounded = error / np.maximum(length, KNEE * level)  # outliers have no say
        spectrum = np.abs(np.fft.rfft(bounded, size, axis=0)) ** 2
        total += np.fft.irfft(spectrum.sum(axis=1), size)[: size // 2]
    if total[0] <= 0:
        return 1.0
    rho = total / total[0]
    gone = int(np.argmax(rho < 0.05)) if (rho < 0.05).any() else len(rho)
    return float(1 + 2 * rho[1:gone].sum())
