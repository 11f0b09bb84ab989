"""Refinement of a sensor's parameters, and which of them the data determine.

Estimate
--------
Let r be the residuals of the readings (see `_model`), J their predictions' derivatives by theta,
and sigma the noise of one axis in a clip. The estimate maximizes the posterior density under a
Gaussian prior on theta with standard deviations S. Its Gauss-Newton step is

    step = (I + S^-2)^-1 (J' W r - S^-2 theta)         with the information I = J' W J

The weight of a sample is ``w_k / (sigma^2 tau)``:

- ``w_k = min(1, 3 sigma / |r_k|)``, where |r_k| is the root mean square over the three axes. This
  is Huber's loss: linear beyond 3 standard deviations.
- ``sigma`` is the median length of r in the clip over the median length of three standard normal
  numbers.
- ``tau = 1 + 2 sum_k rho_k`` with the autocorrelation rho of the residuals. Residuals are
  correlated in time, so that n samples are worth n / tau independent ones.

The motion is evaluated on the sensor's clock. Between two evaluations a change of the lag is
followed to first order, by the motion's derivative in time.

Identifiability
---------------
``(I + S^-2)^-1`` is the covariance of the estimate. In the block of each group, eigenvectors with
a standard error above the group's limit are given up: these directions stay at their defaults.
Groups are given up in stages, so that an error of the sensor that the data do not show does not
make gravity, the lag or the mount uncertain.

References
----------
P. J. Huber, "Robust estimation of a location parameter", Annals of Mathematical Statistics 35,
1964.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..._typing import Array
from ._model import (
    DERIVATIVES,
    GROUPS,
    MOUNT,
    N_SHARED,
    Clip,
    Parameters,
    SiteMotion,
    predict,
    site_motion_with_change,
)

__all__ = [
    "Bases",
    "Solution",
    "all_directions",
    "determined_directions",
    "refine",
    "standard_errors",
]

Bases = dict[str, Array]
"""Per group, an orthonormal basis (K, free) of the directions in which it may move."""

# ---- iterations

MAX_EVALUATIONS, MAX_STEPS = 6, 8
"""Evaluations of the motion at new lags, and Gauss-Newton steps between them."""

TOLERANCE = 1e-3
"""Share of a group's largest standard error: smaller steps end the refinement."""

MAX_LAG_STEP = 0.05
"""Seconds that a lag may move before the motion is evaluated again."""

MAX_TURN = 0.5
"""Rad that the mount may turn in one step."""

CHUNK = 4096
"""Samples whose derivatives are in memory at once."""

# ---- weights of the residuals

HUBER = 3.0
"""Standard deviations beyond which the loss is linear."""

MEDIAN_NORM_3 = 1.538
"""Median length of three independent standard normal numbers."""

MIN_NOISE = (1e-3, 1e-4)
"""m/s² and rad/s. Lowest noise of the residuals of acc and gyro."""

MIN_RELATIVE_NOISE = 0.5
"""Lowest noise of a clip relative to the median clip, which bounds the weight of one clip."""

MIN_CORRELATION, MAX_CORRELATION_LAG = 0.05, 1000
"""The autocorrelation is summed up to the first lag below this value, in at most that many
samples."""

# ---- what is given up

STAGES = (
    ("acc_scale", "gyro_scale", "lever_arm", "acc_bias", "gyro_bias"),
    ("gravity",),
    ("lag",),
    ("mount",),
)
"""Order in which groups give up directions that the data do not determine."""


class Solution(NamedTuple):
    """Where the refinement ended: the estimate, and the information (P, P) of the data."""

    sensor: Parameters
    information: Array


class _Samples(NamedTuple):
    """All samples of one kind of sensor, and the motion at their times."""

    motion: SiteMotion
    change: SiteMotion
    readings: Array  # (N, 3)
    lags: Array  # (N,), at which the motion was evaluated
    lag: NDArray[np.int64]  # (N,), index of the lag of each sample
    starts: list[int]  # first sample of each clip

    def at(self, lags: Array) -> SiteMotion:
        """Return the motion at slightly different lags, to first order."""
        later = lags[self.lag] - self.lags
        return SiteMotion(
            *(
                x - later.reshape(-1, *[1] * (x.ndim - 1)) * change
                for x, change in zip(self.motion, self.change, strict=True)
            )
        )


def all_directions(groups: Sequence[str], lags: int) -> Bases:
    """Return, per group, a basis of all its directions; of none if it is not to be fitted."""
    sizes = {name: lags if name == "lag" else _width(name) for name in GROUPS}
    return {name: np.eye(n) if name in groups else np.zeros((n, 0)) for name, n in sizes.items()}


def refine(clips: Sequence[Clip], sensor: Parameters, bases: Bases) -> Solution:
    """Fit a sensor by Gauss-Newton steps to robust maximum a posteriori estimates."""
    free = _joined(bases, len(sensor.vector))
    prior = _prior_precision(len(sensor.lags))
    max_error = _per_parameter("max_error", len(sensor.lags))
    information = np.zeros((len(prior), len(prior)))
    for _ in range(MAX_EVALUATIONS):
        # 1. The motion at the current lags
        samples = _sample(clips, sensor.lags)
        before = sensor.lags
        for _ in range(MAX_STEPS):
            # 2. A Gauss-Newton step in the free directions
            information, gradient = _normal_equations(samples, sensor)
            vector = sensor.vector
            hessian = free.T @ (information + np.diag(prior)) @ free
            step = free @ np.linalg.solve(hessian, free.T @ (gradient - prior * vector))
            # 3. No further than the linearization holds
            step[MOUNT] *= min(1.0, MAX_TURN / max(float(np.linalg.norm(step[MOUNT])), 1e-12))
            target = sensor.with_vector(vector + step)
            reach = np.clip(target.lags, before - MAX_LAG_STEP, before + MAX_LAG_STEP)
            sensor = replace(target, lags=reach)
            if np.all(np.abs(step) < TOLERANCE * max_error):
                break
        if np.abs(sensor.lags - before).max() < TOLERANCE * GROUPS["lag"].max_error:
            break
    return Solution(sensor, information)


def determined_directions(information: Array, bases: Bases) -> Bases:
    """Return the directions whose standard error is within the limit of their group."""
    kept = dict(bases)
    total = information + np.diag(_prior_precision(len(information) - N_SHARED))
    for stage in STAGES:
        # 1. Covariance, given what the stages before have given up
        free = _joined(kept, len(total))
        covariance = free @ np.linalg.inv(free.T @ total @ free) @ free.T
        # 2. Principal directions of each group, and those that are certain enough
        for name in stage:
            group, basis = GROUPS[name], kept[name]
            block = basis.T @ covariance[group.columns, group.columns] @ basis
            if name == "lag":  # lags of different clips are not combined
                variance, turn = np.diag(block), np.eye(len(block))
            else:
                variance, turn = np.linalg.eigh(block)
            kept[name] = basis @ turn[:, variance <= group.max_error**2]
    return kept


def standard_errors(information: Array, bases: Bases) -> Array:
    """Return the standard error (P,) of each parameter; fixed directions have the prior's."""
    prior = _prior_precision(len(information) - N_SHARED)
    free = _joined(bases, len(prior))
    variance = np.zeros(len(prior))
    if free.shape[1]:
        total = free.T @ (information + np.diag(prior)) @ free
        variance = np.einsum("ij,jk,ik->i", free, np.linalg.inv(total), free)
    fixed = 1 - np.sum(free**2, axis=1)
    return np.asarray(np.sqrt(variance + np.maximum(fixed, 0.0) / prior))


def _width(name: str) -> int:
    """Return the number of parameters of a group."""
    columns = GROUPS[name].columns
    return int(columns.stop - columns.start)


def _joined(bases: Bases, count: int) -> Array:
    """Block-diagonal basis (P, Q) of all free directions."""
    blocks = []
    for name, group in GROUPS.items():
        block = np.zeros((count, bases[name].shape[1]))
        block[group.columns] = bases[name]
        blocks.append(block)
    return np.concatenate(blocks, axis=1)


def _prior_precision(lags: int) -> Array:
    """Inverse variances (P,) of the prior."""
    return _per_parameter("prior_sd", lags) ** -2


def _per_parameter(field: str, lags: int) -> Array:
    """One number of each group, repeated for its parameters: shape (P,)."""
    values = np.empty(N_SHARED + lags)
    for group in GROUPS.values():
        values[group.columns] = getattr(group, field)
    return values


def _sample(clips: Sequence[Clip], lags: Array) -> list[_Samples | None]:
    """Evaluate the motion at all samples of the accelerometer, and of the gyroscope."""
    parts: list[list[tuple[SiteMotion, SiteMotion, Array, int]]] = [[], []]
    for clip in clips:
        inside = clip.overlap(lags[clip.lag])
        if inside.any():
            motion, change = site_motion_with_change(
                clip.track, clip.times[inside] - lags[clip.lag]
            )
            for kind, values in enumerate(clip.readings):
                if values is not None:
                    parts[kind].append((motion, change, values[inside], clip.lag))
    return [_stacked(part, lags) if part else None for part in parts]


def _stacked(parts: list[tuple[SiteMotion, SiteMotion, Array, int]], lags: Array) -> _Samples:
    """Concatenate the clips."""
    motions, changes, readings, which = zip(*parts, strict=True)
    sizes = [len(values) for values in readings]
    lag = np.repeat(which, sizes)
    return _Samples(
        SiteMotion(*(np.concatenate(x) for x in zip(*motions, strict=True))),
        SiteMotion(*(np.concatenate(x) for x in zip(*changes, strict=True))),
        np.concatenate(readings),
        lags[lag],
        lag,
        np.cumsum([0, *sizes[:-1]]).tolist(),
    )


def _normal_equations(
    samples: Sequence[_Samples | None], sensor: Parameters
) -> tuple[Array, Array]:
    """Return the information J' W J (P, P) and the gradient J' W r (P,) of the data."""
    count = len(sensor.vector)
    information, gradient = np.zeros((count, count)), np.zeros(count)
    for kind, of_kind in enumerate(samples):
        if of_kind is None:
            continue
        # 1. Residuals and their weights
        motion = of_kind.at(sensor.lags)
        residual = of_kind.readings - predict(sensor, motion)[kind]
        noise = _noise(residual, of_kind.starts, MIN_NOISE[kind])
        tau = _correlation_time(residual / noise[:, None], of_kind.starts)
        weight = _huber(residual, noise) / (noise**2 * tau)
        # 2. Sums over chunks of samples
        for start in range(0, len(residual), CHUNK):
            chunk = slice(start, start + CHUNK)
            derivative = DERIVATIVES[kind](
                sensor,
                SiteMotion(*(x[chunk] for x in motion)),
                SiteMotion(*(x[chunk] for x in of_kind.change)),
                of_kind.lag[chunk],
            )
            rows = derivative.reshape(-1, count)
            weighted = (derivative * weight[chunk, None, None]).reshape(-1, count)
            information += weighted.T @ rows
            gradient += weighted.T @ residual[chunk].ravel()
    return information, gradient


def _huber(residual: Array, noise: Array) -> Array:
    """Weights (N,) of Huber's loss on the vectors' lengths."""
    length = np.linalg.norm(residual, axis=1) / np.sqrt(3)
    return np.asarray(1 / np.maximum(1.0, length / (HUBER * noise)))


def _noise(residual: Array, starts: list[int], lowest: float) -> Array:
    """Noise of one axis in the clip of each sample, shape (N,)."""
    clips = np.split(np.linalg.norm(residual, axis=1), starts[1:])
    sizes = np.array([len(clip) for clip in clips])
    own = np.array([np.median(clip) for clip in clips]) / MEDIAN_NORM_3
    lowest = max(MIN_RELATIVE_NOISE * _weighted_median(own, sizes), lowest)
    return np.repeat(np.maximum(own, lowest), sizes)


def _weighted_median(values: Array, weights: NDArray[np.int64]) -> float:
    """Return the value at which half of the weight is reached."""
    order = np.argsort(values)
    share = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(share, 0.5 * share[-1])])


def _correlation_time(residual: Array, starts: list[int]) -> float:
    """Integrated autocorrelation, in samples, of scaled residuals (N, 3): 1 for white noise."""
    # 1. Outliers are shortened to the limit of the Huber loss
    length = np.linalg.norm(residual, axis=1, keepdims=True) / np.sqrt(3)
    bounded = residual / np.maximum(1.0, length / HUBER)
    # 2. Autocovariance, summed over clips and axes, from zero-padded power spectra
    clips = np.split(bounded, starts[1:])
    longest = min(max(len(clip) for clip in clips), MAX_CORRELATION_LAG)
    covariance = np.zeros(longest)
    for clip in clips:
        size = 1 << (len(clip) + longest).bit_length()
        spectrum = np.sum(np.abs(np.fft.rfft(clip, size, axis=0)) ** 2, axis=1)
        reach = min(len(clip), longest)
        covariance[:reach] += np.fft.irfft(spectrum, size)[:reach]
    if covariance[0] <= 0:
        return 1.0
    # 3. Sum up to the first lag without correlation
    rho = covariance / covariance[0]
    end = int(np.argmax(rho < MIN_CORRELATION)) if (rho < MIN_CORRELATION).any() else longest
    return float(1 + 2 * rho[1:end].sum())
