"""Smoothing of sampled curves when it is their acceleration that matters.

A penalised least-squares smoother of order 4 with soft ends, and the choice of its cut-off by an
unbiased estimate of the error of the acceleration. Time is axis 0 throughout.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve_banded, cholesky_banded

__all__ = ["choose_cutoffs", "fallback_cutoff", "smooth"]

Array = NDArray[np.float64]

ORDER = 4
"""The smoother penalises the squared 4th difference: its gain is 1 / (1 + (f / cutoff)^8)."""

END_STIFFNESS = 0.3
"""Weight, relative to the spline's own stiffness, of the pull on the acceleration at both ends.
A free end is unbiased but its acceleration has ten times the noise of the interior's; 0.3 halves
the error at the last sample over motions from 4 to 8 Hz and rates from 20 to 120 Hz."""

LOWEST_CUTOFF = 2.0
"""Hz. Nobody's limbs are so slow that less would help."""

LOWEST_SHARE = 0.008
"""Cycles per sample. The equations of a lower cut-off are too ill-conditioned for 64 bits."""

GRID = 80
"""Number of cut-offs that are tried, evenly spaced on a logarithmic scale."""

CAUTION = 2.0
"""Standard errors. The lowest cut-off is taken whose risk is not clearly above the least one: in
short clips of few channels the least one is now and then far too high by chance."""

NEGLIGIBLE = 1e-5
"""Share of the acceleration's power. A track with less noise than that is left as it is."""

TAPER = 3
"""Exponent of the sine taper: side lobes must fall faster than differentiation lifts them."""

MIN_FRAMES = 24
MIN_SECONDS = 1.0
"""With less, nothing is known about the noise."""

CLEAR_OF_MOTION = 28.5
"""Hz. With a Nyquist frequency above, part of the spectrum is free of motion."""

NO_MOTION_ABOVE = (15.0, 25.0)
"""Hz. Half the Nyquist frequency, but within these: all that is seen above counts as noise."""

STEEPEST = -3.0
"""Exponent of the noise's power law: optical systems were seen to have -1 to -4."""

STEEPEST_WHEN_SLOW = -2.25
"""At low frame rates, where motion may reach up to the Nyquist frequency, a steeper fall than this
is motion, and the noise is taken as white; depth cameras have about -1.5."""

BANDS = 6
TINY = float(np.finfo(float).tiny)


def smooth(values: Array, dt: float, cutoffs: Array) -> Array:
    """Smooth evenly spaced samples, column by column.

    Parameters
    ----------
    values : ndarray of shape (F, N)
        Samples; fewer than 5 are left alone.
    dt : float
        Seconds between samples.
    cutoffs : ndarray of shape (N,)
        Cut-off of each column in Hz; at or above the Nyquist frequency a column is left alone.

    Returns
    -------
    ndarray of shape (F, N)
        Minimisers of |y - z|^2 + lambda |D4 z|^2 + pull at the ends, around the quadratic that
        fits best (so constant acceleration passes unchanged, also at the ends).

    Raises
    ------
    ValueError
        If a cut-off is less than 0.8 % of the rate.

    References
    ----------
    Eilers, P. H. C. (2003). A perfect smoother. Analytical Chemistry 75, 3631-3636.
    """
    result = values.copy()
    if len(values) <= ORDER:
        return result
    if cutoffs.size and cutoffs.min() * dt < LOWEST_SHARE * (1 - 1e-9):
        raise ValueError(
            f"A cut-off of {cutoffs.min():g} Hz is too low for samples at {1 / dt:.4g} Hz: "
            f"resample them to at most {cutoffs.min() / LOWEST_SHARE:.4g} Hz first."
        )
    basis = _polynomials(len(values))
    for cutoff in np.unique(cutoffs[cutoffs * dt < 0.5]):
        columns = np.flatnonzero(cutoffs == cutoff)
        chosen = values[:, columns]
        trend = basis @ (basis.T @ chosen)
        result[:, columns] = trend + cho_solve_banded(
            _system(len(values), cutoff * dt), chosen - trend
        )
    return result


def _system(frames: int, cutoff: float) -> tuple[Array, bool]:
    """Factor I + lambda D4'D4 + the ends' pull, for a cut-off in cycles per sample."""
    corner = 2 * np.sin(np.pi * cutoff)
    stencil = np.array([1.0, -4.0, 6.0, -4.0, 1.0])
    bands = np.zeros((ORDER + 1, frames))  # bands[k, i]: entry (i + k, i)
    for k in range(ORDER + 1):
        for i in range(ORDER + 1 - k):
            bands[k, i : i + frames - ORDER] += stencil[i] * stencil[i + k]
    bands *= corner ** (-2 * ORDER)
    curvature, pull = np.array([1.0, -2.0, 1.0]), END_STIFFNESS * corner ** (1 - 2.0 * ORDER + 2)
    for first in {0, frames - 3}:
        for k in range(3):
            for i in range(3 - k):
                bands[k, first + i] += pull * curvature[i] * curvature[i + k]
    bands[0] += 1.0
    return cholesky_banded(bands, lower=True), True


def _polynomials(frames: int, degree: int = 2) -> Array:
    """Orthonormal polynomials up to a degree on an even grid, shape (F, degree + 1)."""
    return np.linalg.qr(np.vander(np.linspace(-1.0, 1.0, frames), degree + 1))[0]


def fallback_cutoff(dt: float) -> float:
    """Return the cut-off for clips too short to say anything about their noise.

    Parameters
    ----------
    dt : float
        Seconds between samples.

    Returns
    -------
    float
        8 Hz, or a quarter of the frame rate where that is less.
    """
    return max(min(8.0, 0.25 / dt), LOWEST_SHARE / dt)


def choose_cutoffs(values: Array, dt: float) -> Array:
    """Choose, per group of channels, the cut-off that serves the acceleration best.

    Parameters
    ----------
    values : ndarray of shape (F, B, D)
        Evenly spaced samples of B groups; the D channels of a group share noise floor and cut-off.
    dt : float
        Seconds between samples.

    Returns
    -------
    ndarray of shape (B,)
        Cut-offs in Hz; infinity where smoothing would only do harm. With fewer than 24 frames
        or less than a second, :func:`fallback_cutoff`.

    Notes
    -----
    For a cut-off with gain H the expected squared error of the acceleration is the sum over
    frequencies of w^4 [(1 - H)^2 (P - N) + H^2 N], where P is the spectrum that is seen and N
    the noise in it (Mallows' Cp, weighted for the second derivative). Above 15 to 25 Hz
    all counts as noise; below, N is the power law that continues it. Frame rates under 57 Hz
    have no band that is surely free of motion: there the law is fitted to the upper 60 % of the
    spectrum, and replaced by white noise at the level of the uppermost third where it falls too
    steeply.
    """
    frames, groups = values.shape[:2]
    if frames < MIN_FRAMES or frames * dt < MIN_SECONDS:
        return np.full(groups, fallback_cutoff(dt))
    frequency, power = _spectrum(values, dt)
    noise = _noise_floor(frequency, power, values.shape[2])
    nyquist = 0.5 / dt
    lowest = max(min(LOWEST_CUTOFF, nyquist / 2), LOWEST_SHARE / dt)
    grid = np.geomspace(lowest, nyquist, GRID)
    sine = np.sin(np.pi * frequency * dt)[None, :]
    gain = 1 / (1 + (sine / np.sin(np.pi * np.minimum(grid * dt, 0.5))[:, None]) ** (2 * ORDER))
    gain[-1] = 1.0
    weight = frequency**4
    lost = (1 - gain) ** 2 * weight
    risk = lost @ (power - noise) + (gain**2 * weight) @ noise
    best = np.argmin(risk, axis=0)
    excess = risk - np.take_along_axis(risk, best[None], axis=0)
    # what the periodogram's own scatter makes of the difference between two cut-offs
    variance = noise**2 / values.shape[2]
    scatter = (
        lost**2 @ variance
        - 2 * lost @ (variance * lost[best].T)
        + np.sum(variance * lost[best].T ** 2, axis=0)
    )
    grid[-1] = np.inf
    chosen = grid[np.argmax(excess <= CAUTION * np.sqrt(np.maximum(scatter, 0.0)), axis=0)]
    clean = weight @ noise <= NEGLIGIBLE * (weight @ power)
    return np.where(clean, np.inf, chosen)


def _spectrum(values: Array, dt: float) -> tuple[Array, Array]:
    """Periodogram of the detrended, tapered channels, summed over each group: (M,), (M, B)."""
    frames = len(values)
    basis = _polynomials(frames)
    flat = values.reshape(frames, -1)
    rest = flat - basis @ (basis.T @ flat)
    taper = np.sin(np.pi * (np.arange(frames) + 0.5) / frames) ** TAPER
    power = np.abs(np.fft.rfft(rest * taper[:, None], axis=0)) ** 2
    summed: Array = power.reshape(len(power), *values.shape[1:]).sum(axis=2)
    return np.asarray(np.fft.rfftfreq(frames, dt)), summed


def _noise_floor(frequency: Array, power: Array, channels: int) -> Array:
    """Noise part of the spectra (M, B), from what is seen above the band of motion."""
    nyquist = frequency[-1]
    # the median of a chi-squared variable with 2 D degrees of freedom, relative to its mean
    median = (1 - 1 / (9 * channels)) ** 3
    fast = nyquist >= CLEAR_OF_MOTION
    low = np.clip(0.5 * nyquist, *NO_MOTION_ABOVE) if fast else 0.4 * nyquist
    edges = np.geomspace(low, min(nyquist * 1.0001, 3.5 * low), BANDS + 1)
    bands = [np.flatnonzero((frequency >= a) & (frequency < b)) for a, b in pairwise(edges)]
    bands = [band for band in bands if len(band)]
    x = np.array([np.log(frequency[band]).mean() for band in bands])
    y = np.array([np.log(np.median(power[band], axis=0) / median + TINY) for band in bands])
    slope = (x - x.mean()) @ (y - y.mean(axis=0)) / np.sum((x - x.mean()) ** 2)
    height = np.log(np.maximum(frequency, 1.0))[:, None] - x.mean()
    law = np.exp(y.mean(axis=0) + np.clip(slope, STEEPEST, 0.0) * height)
    if fast:
        return np.where(frequency[:, None] < low, law, power)
    white = np.median(power[frequency > 0.7 * nyquist], axis=0) / median
    return np.where(slope < STEEPEST_WHEN_SLOW, white, law)
