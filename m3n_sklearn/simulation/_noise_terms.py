"""The terms of the sensor error model, each for N sensors at once.

Symbols: fs is the sampling rate in Hz, T the number of samples, u the unit of the readings (m/s²
or rad/s). Densities and random walks are those of IEEE Std 952-1997, annex C.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline
from scipy.signal import butter, lfilter, sosfiltfilt

from .._typing import Array

__all__ = [
    "DeviceDraws",
    "SampleDraws",
    "clock_times",
    "cross_axis",
    "gauss_markov",
    "hold",
    "low_pass",
    "quantize",
    "random_walk",
    "resample_at",
    "white_noise",
]

Generators = Sequence[np.random.Generator]

FILTER_ORDER = 2
"""Order of one pass of the Butterworth low-pass, which runs forwards and backwards."""

OFF_DIAGONAL = [1, 2, 3, 5, 6, 7]
"""Off-diagonal entries of a flattened 3 x 3 matrix."""

DEVICE_DRAWS = 12 + 12 + 9 + 1
"""Normal numbers of one device: bias and scale, cross-axis terms, g-sensitivity, clock."""

SEED_INSTABILITY, SEED_RANDOM_WALK, SEED_JITTER, SEED_DROPOUT, SEEDS = 0, 2, 4, 5, 6
"""Columns of `SampleDraws.seeds`: two triads of instability and of random walk, then the clock's
jitter and lost samples; and their number."""


class DeviceDraws(NamedTuple):
    """Standard normal numbers for what is constant in each of N sensors.

    Attributes
    ----------
    bias, scale : ndarray of shape (N, 2, 3)
        One number for each axis of accelerometer and gyroscope.
    cross_axis : ndarray of shape (N, 2, 3, 3)
        Off-diagonal entries of the misalignment; the diagonal is zero.
    g_sensitivity : ndarray of shape (N, 3, 3)
        Response of each gyroscope axis to each axis of specific force.
    clock : ndarray of shape (N,)
        Relative error of the clock's rate.
    """

    bias: Array
    scale: Array
    cross_axis: Array
    g_sensitivity: Array
    clock: Array

    @classmethod
    def draw(cls, devices: Generators) -> DeviceDraws:
        """Draw the numbers of all terms, so that switching on one term leaves the others alone."""
        values = np.array([device.standard_normal(DEVICE_DRAWS) for device in devices])
        values = values.reshape(-1, DEVICE_DRAWS)
        count = len(values)
        # columns 0:12 are (triad, bias or scale, axis), 12:24 cross-axis terms of both triads,
        # 24:33 the g-sensitivity, 33 the clock
        triads = values[:, :12].reshape(count, 2, 2, 3)
        cross = np.zeros((count, 2, 9))
        cross[:, :, OFF_DIAGONAL] = values[:, 12:24].reshape(count, 2, 6)
        return cls(
            triads[:, :, 0],
            triads[:, :, 1],
            cross.reshape(count, 2, 3, 3),
            values[:, 24:33].reshape(count, 3, 3),
            values[:, 33],
        )


class SampleDraws(NamedTuple):
    """Independent random streams for what changes from sample to sample, in each of N sensors.

    Attributes
    ----------
    white : ndarray of shape (N, 2, T, 3)
        Standard normal numbers of the white noise of accelerometer and gyroscope.
    seeds : ndarray of shape (N, 6)
        Seeds of the other terms, drawn only where these are on; see `SEED_INSTABILITY`.
    """

    white: Array
    seeds: NDArray[np.int64]

    @classmethod
    def draw(cls, rngs: Generators, samples: int) -> SampleDraws:
        """Draw the white noise and the seeds of all other terms."""
        white = np.empty((len(rngs), 2, samples, 3))
        seeds = np.empty((len(rngs), SEEDS), dtype=np.int64)
        for i, rng in enumerate(rngs):
            rng.standard_normal(out=white[i])
            seeds[i] = rng.integers(2**63, size=SEEDS)
        return cls(white, seeds)

    def instability(self, triad: int) -> Array:
        """Draw standard normal numbers of shape (N, T, 3) for the Gauss-Markov bias."""
        return self._normals(SEED_INSTABILITY + triad)

    def random_walk(self, triad: int) -> Array:
        """Draw standard normal numbers of shape (N, T, 3) for the random walk."""
        return self._normals(SEED_RANDOM_WALK + triad)

    def jitter(self) -> Array:
        """Draw standard normal numbers of shape (N, T) for the sampling times."""
        rngs = map(np.random.default_rng, self.seeds[:, SEED_JITTER])
        return np.array([rng.standard_normal(self.white.shape[2]) for rng in rngs])

    def lost(self, probability: float) -> NDArray[np.bool_]:
        """Draw which samples are lost, shape (N, T); the first sample never is."""
        rngs = map(np.random.default_rng, self.seeds[:, SEED_DROPOUT])
        lost = np.array([rng.random(self.white.shape[2]) for rng in rngs]) < probability
        lost[:, :1] = False
        return lost

    def _normals(self, column: int) -> Array:
        """Return normal numbers for each row, from one seed per row."""
        normals = np.empty_like(self.white[:, 0])
        for row, seed in zip(normals, self.seeds[:, column], strict=True):
            np.random.default_rng(seed).standard_normal(out=row)
        return normals


def white_noise(normals: Array, density: float, rate: float, *, one_sided: bool) -> Array:
    """Return white noise of a density in u/√Hz."""
    # A sampled signal has power only between -fs/2 and fs/2. Its variance is the integral of its
    # power spectral density: N² over the width fs for a two-sided density N, hence σ = N √fs,
    # and N² over the width fs/2 (from 0 to fs/2) for a one-sided one, hence σ = N √(fs/2). The
    # Allan deviation of the first is N/√τ.
    width = 0.5 * rate if one_sided else rate
    return density * np.sqrt(width) * normals


def gauss_markov(normals: Array, sd: float, correlation_time: float, rate: float) -> Array:
    """Return a first-order Gauss-Markov process, stationary from its first sample on."""
    # Continuous time: db/dt = -b/τ + w, with autocovariance σ² exp(-|t|/τ).
    # Sampled at steps of 1/fs, exactly: b[k] = φ b[k-1] + σ √(1 - φ²) n[k], φ = exp(-1/(τ fs)).
    # b[0] = σ n[0] has the stationary variance at once: nothing has to settle.
    step = 1 / (correlation_time * rate)
    drive = normals * (sd * np.sqrt(-np.expm1(-2 * step)))  # 1 - φ² without cancellation
    drive[:, 0] = sd * normals[:, 0]
    return np.asarray(lfilter([1.0], [1.0, -np.exp(-step)], drive, axis=1))


def random_walk(normals: Array, coefficient: float, rate: float) -> Array:
    """Return a random walk of the bias that starts at zero."""
    # db/dt = K w with white w of two-sided density 1: var b(t) = K² t. One step of 1/fs seconds
    # adds the variance K²/fs. The Allan deviation is K √(τ/3), that is K at τ = 3 s.
    steps = normals * (coefficient / np.sqrt(rate))
    steps[:, 0] = 0.0
    return np.cumsum(steps, axis=1)


def cross_axis(values: Array, matrix: Array) -> Array:
    """Return what each axis picks up from the others: (N, T, 3) by (N, 3, 3)."""
    return np.asarray(values @ matrix.swapaxes(1, 2))


def low_pass(values: Array, cutoff: float, rate: float) -> Array:
    """Filter without delay, 3 dB down at the cut-off; do nothing from half the rate on."""
    samples = values.shape[1]
    if cutoff >= rate / 2 or samples < 2:
        return values
    # One pass of order n has the power gain 1/(1 + (Ω/Ωc)^2n), Ω = tan(π f/fs) after the bilinear
    # transform. Two passes have this as their amplitude gain, which is 1/√2 (3 dB) where
    # (Ω/Ωc)^2n = √2 - 1: the filter is designed for Ωc = Ω / (√2 - 1)^(1/2n).
    narrowing = (np.sqrt(2) - 1) ** (1 / (2 * FILTER_ORDER))
    design = np.arctan(np.tan(np.pi * cutoff / rate) / narrowing) / np.pi
    sections = butter(FILTER_ORDER, 2 * design, output="sos")
    padding = min(samples - 1, int(np.ceil(2 / design)))
    return np.asarray(sosfiltfilt(sections, values, axis=1, padlen=padding))


def quantize(values: Array, limit: float, step: float) -> Array:
    """Round to multiples of a step and saturate at the largest multiple within the range."""
    if step > 0:
        counts = values / step
        np.rint(counts, out=counts)
        if np.isfinite(limit):
            top = np.floor(limit / step)
            np.clip(counts, -top, top, out=counts)
        counts *= step
        return counts
    return np.clip(values, -limit, limit) if np.isfinite(limit) else values


def clock_times(samples: int, rate: float, skew: Array, jitter: Array | None) -> Array:
    """Return the true sampling times in samples after the first, shape (N, T)."""
    # sample k has the time stamp k/fs and is taken at k (1 + skew)/fs + jitter[k]
    times = np.arange(samples) * (1 + skew[:, None])
    if jitter is not None:
        times = times + jitter * rate
    return np.clip(times, 0, samples - 1)


def resample_at(values: Array, times: Array) -> Array:
    """Interpolate the signal (N, T, k) of each sensor at its own times (N, T) in samples."""
    samples = values.shape[1]
    if samples < 2:
        return values
    grid = np.arange(samples)
    rows = zip(values, times, strict=True)
    return np.stack([CubicSpline(grid, row, axis=0)(at) for row, at in rows])


def hold(values: Array, lost: NDArray[np.bool_]) -> Array:
    """Repeat the last sample that arrived."""
    last = np.maximum.accumulate(np.where(lost, 0, np.arange(lost.shape[1])), axis=1)
    return np.take_along_axis(values, last[:, :, None], axis=1)
