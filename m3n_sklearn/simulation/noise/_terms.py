"""The terms of a sensor's error, each a function of N sensors at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline
from scipy.signal import butter, lfilter, sosfiltfilt

__all__ = [
    "Streams",
    "Unit",
    "clock_times",
    "cross_axis",
    "digitise",
    "gauss_markov",
    "hold",
    "low_pass",
    "random_walk",
    "read_at",
]

Array = NDArray[np.float64]
Generators = Sequence[np.random.Generator]

FILTER_ORDER = 2
"""Of the Butterworth low-pass, which runs forwards and backwards."""


class Unit(NamedTuple):
    """What is constant in each of N sensors, as standard normal numbers.

    Attributes
    ----------
    bias, scale : ndarray of shape (N, 2, 3)
        For accelerometer and gyroscope.
    cross : ndarray of shape (N, 2, 3, 3)
        Off-diagonal entries; the diagonal is zero.
    g_sensitivity : ndarray of shape (N, 3, 3)
        Rate per specific force.
    clock : ndarray of shape (N,)
        Error of the rate.
    """

    bias: Array
    scale: Array
    cross: Array
    g_sensitivity: Array
    clock: Array

    @classmethod
    def draw(cls, devices: Generators) -> Unit:
        """Draw everything, used or not: what is switched on leaves the rest alone."""
        values = np.array([device.standard_normal(34) for device in devices]).reshape(-1, 34)
        count = len(values)
        triads = values[:, :12].reshape(count, 2, 2, 3)
        cross = np.zeros((count, 2, 9))
        cross[:, :, [1, 2, 3, 5, 6, 7]] = values[:, 12:24].reshape(count, 2, 6)
        return cls(
            triads[:, :, 0],
            triads[:, :, 1],
            cross.reshape(count, 2, 3, 3),
            values[:, 24:33].reshape(count, 3, 3),
            values[:, 33],
        )


class Streams(NamedTuple):
    """Independent sources of what varies from sample to sample, in each of N sensors.

    Attributes
    ----------
    white : ndarray of shape (N, 2, T, 3)
        Standard normal numbers.
    seeds : ndarray of shape (N, 6)
        Of instability and random walk, each of accelerometer and gyroscope, of the clock's
        jitter and of lost samples.
    """

    white: Array
    seeds: NDArray[np.int64]

    @classmethod
    def draw(cls, rngs: Generators, samples: int) -> Streams:
        """Draw white noise and the seeds of everything else."""
        white = np.empty((len(rngs), 2, samples, 3))
        seeds = np.empty((len(rngs), 6), dtype=np.int64)
        for i, rng in enumerate(rngs):
            rng.standard_normal(out=white[i])
            seeds[i] = rng.integers(2**63, size=6)
        return cls(white, seeds)

    def instability(self, sensor: int) -> Array:
        """Draw standard normal numbers of shape (N, T, 3)."""
        return self._normals(sensor)

    def walk(self, sensor: int) -> Array:
        """Draw standard normal numbers of shape (N, T, 3)."""
        return self._normals(2 + sensor)

    def jitter(self) -> Array:
        """Draw standard normal numbers of shape (N, T)."""
        rngs = map(np.random.default_rng, self.seeds[:, 4])
        return np.array([rng.standard_normal(self.white.shape[2]) for rng in rngs])

    def lost(self, probability: float) -> NDArray[np.bool_]:
        """Draw which samples never arrive, of shape (N, T); the first always does."""
        rngs = map(np.random.default_rng, self.seeds[:, 5])
        lost = np.array([rng.random(self.white.shape[2]) for rng in rngs]) < probability
        lost[:, :1] = False
        return lost

    def _normals(self, term: int) -> Array:
        normals = np.empty_like(self.white[:, 0])
        for row, seed in zip(normals, self.seeds[:, term], strict=True):
            np.random.default_rng(seed).standard_normal(out=row)
        return normals


def gauss_markov(normals: Array, sd: float, time: float, rate: float) -> Array:
    """Return a first-order Gauss-Markov process that is stationary from its first sample.

    Parameters
    ----------
    normals : ndarray of shape (N, T, 3)
        Standard normal numbers.
    sd : float
        Standard deviation.
    time : float
        Seconds after which the autocorrelation has fallen to 1/e.
    rate : float
        Samples per second.

    Returns
    -------
    ndarray of shape (N, T, 3)
        The process.
    """
    step = 1 / (time * rate)
    drive = normals * (sd * np.sqrt(-np.expm1(-2 * step)))
    drive[:, 0] = sd * normals[:, 0]
    return np.asarray(lfilter([1.0], [1.0, -np.exp(-step)], drive, axis=1))


def random_walk(normals: Array, coefficient: float, rate: float) -> Array:
    """Return a random walk that starts at zero; its Allan deviation at 3 s is the coefficient."""
    steps = normals * (coefficient / np.sqrt(rate))
    steps[:, 0] = 0.0
    return np.cumsum(steps, axis=1)


def cross_axis(values: Array, cross: Array) -> Array:
    """Return what each axis picks up from the others: (N, T, 3) by (N, 3, 3)."""
    return np.asarray(values @ cross.swapaxes(1, 2))


def low_pass(values: Array, cutoff: float, rate: float) -> Array:
    """Filter without delay, 3 dB down at the cut-off; from half the rate up do nothing."""
    samples = values.shape[1]
    if cutoff >= rate / 2 or samples < 2:
        return values
    # twice the filter is twice the attenuation: design for half of it at the cut-off
    widen = (np.sqrt(2) - 1) ** (1 / (2 * FILTER_ORDER))
    design = np.arctan(np.tan(np.pi * cutoff / rate) / widen) / np.pi
    sections = butter(FILTER_ORDER, 2 * design, output="sos")
    padding = min(samples - 1, int(np.ceil(2 / design)))
    return np.asarray(sosfiltfilt(sections, values, axis=1, padlen=padding))


def digitise(values: Array, limit: float, step: float) -> Array:
    """Round to multiples of a step and saturate, never beyond the largest multiple in range."""
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
    """Tell when samples are really taken, in samples after the first; shape (N, T)."""
    times = np.arange(samples) * (1 + skew[:, None])
    if jitter is not None:
        times = times + jitter * rate
    return np.clip(times, 0, samples - 1)


def read_at(values: Array, times: Array) -> Array:
    """Interpolate each sensor's signal (N, T, k) at its own times (N, T) in samples."""
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
