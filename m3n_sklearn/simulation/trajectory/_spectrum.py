"""The spectrum of a short noisy track, and the power law of its noise.

Model
-----
A track is motion plus noise. Its one-sided power spectral density P(f) is fitted in the log-log
plane. With ``x = log f - x0`` and ``u = log f - log f_c``, where f_c is the frequency at which
motion and noise meet,

    log noise(f)  = theta_0 + theta_1 x                    a power law
    log motion(f) = theta_2 + theta_3 u + theta_4 u^2      a falling parabola
    P(f)          = noise(f) + motion(f)

Fit
---
The periodogram ordinates of a stationary process are independent and exponentially distributed
around P(f), so the log-likelihood of the mean y_k of n_k ordinates is Whittle's,

    L(theta) = - sum_k n_k (log P_k + y_k / P_k)

Fisher scoring maximizes it: ``theta += I^-1 g`` with the score ``g = J' W r`` and the expected
information ``I = J' W J``, where ``r_k = y_k / P_k - 1``, ``W = diag(n_k)`` and J holds the
derivatives of log P_k. A Gaussian prior on theta adds ``-Lambda (theta - theta_prior)`` to g and
Lambda to I.

References
----------
P. Whittle, "Estimation and information in stationary time series", Arkiv foer Matematik 2, 1953.
K. S. Riedel, A. Sidorenko, "Minimum bias multiple taper spectral estimation", IEEE Transactions on
Signal Processing 43, 1995.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from scipy.fft import next_fast_len, rfft

from ..._typing import Array

__all__ = [
    "Bands",
    "PowerLaw",
    "Spectrum",
    "banded",
    "difference_weight",
    "fit_noise",
    "side_by_side",
    "spectrum",
]

# ---- the spectrum

TAPERS = 3
"""Sine tapers of a spectrum. Three keep 95 % of the information in the samples and resolve
2 / seconds Hz. Clips of less than 2 s, and of less than 1 s, use one less each: they need the
resolution more."""

SEGMENT = 2048
"""Frames of a piece. The spectra of the pieces of a longer track are averaged."""

N_BANDS = 36
FIT_FROM, FIT_TO = 2.0, 45.0
"""Band of the fit in Hz. Below, all power is motion; above, real trackers have spectral lines."""

# ---- the fit: columns of theta, prior, limits

LOG_NOISE, NOISE_SLOPE, LOG_MOTION, MOTION_SLOPE, MOTION_CURVATURE = range(5)

PRIOR_MEAN = np.array([0.0, -0.4, 0.0, -9.0, -3.0])
PRIOR_SD = np.array([np.inf, 0.8, np.inf, 4.0, 3.0])
PRIOR_PRECISION = 1.0 / PRIOR_SD**2
"""Prior of theta. The two levels have none."""

STEEPEST_NOISE = -3.0
"""Steepest slope of noise in the fit. Optical systems have slopes from -1 to -4 (measured)."""

STEEPEST_LINE = -3.25
"""Slope below which the line above the minimum of the acceleration is motion and not noise: fast
motion that is sampled slowly leaves no band to the noise."""

FLATTEST_MOTION = -5.0
"""Flattest slope of motion where it meets the noise: accelerations are finite, so motion falls
faster than f^-5."""

MOTION_MODEL_ERROR, NOISE_MODEL_ERROR = 0.7, 0.15
"""Relative errors of the two models themselves. They bound the weight of bands with many
ordinates."""

OUTLIER_SCALE = 8.0
"""Standard errors by which the noise of a clip deviates from the shared noise when its weight
is one half."""

FEWEST_BANDS = 3
"""Bands above the minimum of the acceleration that are needed for a slope."""

MAX_STEP = np.array([1.5, 1.0, 3.0, 4.0, 3.0])
"""Largest change of theta in one iteration."""

MAX_ITERATIONS = 40
TOLERANCE = 1e-3
RIDGE = 1e-2
"""Added to the information, so that it can be inverted where a column has no influence."""

MAX_LOG_RATIO = 60.0
"""Largest logarithm of motion over noise, which keeps the exponentials finite."""

TINY = float(np.finfo(float).tiny)


class Spectrum(NamedTuple):
    """Power of second differences.

    Attributes
    ----------
    frequency : ndarray of shape (M,)
        In Hz, without zero.
    power : ndarray of shape (M, B)
        Mean over tapers and pieces, summed over the channels of each group. White noise of
        standard deviation s in D channels gives ``D s^2 weight(f)``.
    total : ndarray of shape (B,)
        What `power` would sum to if steady acceleration were in it.
    pieces : int
        Over how many pieces was averaged.
    """

    frequency: Array
    power: Array
    total: Array
    pieces: int


@dataclass(frozen=True)
class PowerLaw:
    """Noise whose power spectral density is level · f^slope, f in Hz and at least 1.

    Attributes
    ----------
    level : float or ndarray
        One-sided density per channel at 1 Hz, in the square of the channel's unit per Hz.
    slope : float or ndarray
        Exponent, from -3 to 0; 0 is white noise.
    """

    level: float | Array
    slope: float | Array

    def density(self, frequency: Array) -> Array:
        """Return the density at some frequencies.

        Parameters
        ----------
        frequency : ndarray of shape (M,)
            In Hz.

        Returns
        -------
        ndarray of shape (M,) or (M, B)
            In the square of the channel's unit per Hz; B columns for laws of B groups.
        """
        height = np.log(np.maximum(frequency, 1.0))
        if np.ndim(self.level):
            height = height[:, None]
        result: Array = self.level * np.exp(self.slope * height)
        return result


class Bands(NamedTuple):
    """Spectral densities averaged in bands, for C clips or groups.

    Attributes
    ----------
    height : ndarray of shape (N, C)
        Logarithm of the frequency in Hz.
    density : ndarray of shape (N, C)
        Mean one-sided density per channel.
    members : ndarray of shape (N, C)
        Independent values that were averaged; 0 where there is no band.
    """

    height: Array
    density: Array
    members: Array


def difference_weight(frequency: Array, dt: float) -> Array:
    """Return the squared gain of second differences at frequencies in Hz."""
    return (2 * np.sin(np.pi * frequency * dt)) ** 4


def spectrum(values: Array, dt: float) -> Spectrum:
    """Multitaper spectrum of the second differences of evenly spaced samples.

    Parameters
    ----------
    values : ndarray of shape (F, B, D)
        Samples of B groups of D channels.
    dt : float
        Seconds between samples.

    Returns
    -------
    Spectrum
        Motion and noise then differ by a few powers of ten at most, so that the side lobes of
        simple tapers do no harm; constant acceleration leaves nothing.

    References
    ----------
    Riedel, K. S., & Sidorenko, A. (1995). Minimum bias multiple taper spectral estimation. IEEE
    Transactions on Signal Processing 43, 188-195.
    """
    frames, groups, channels = values.shape
    # 1. Pieces of equal length, and sine tapers for them
    pieces = -(-frames // SEGMENT)
    size = frames // pieces
    frames = size - 2
    length = next_fast_len(frames, real=True)
    count = min(TAPERS, 1 + int(size * dt))
    order = np.arange(1, count + 1)[:, None]
    tapers = np.sin(np.pi * order * np.arange(1, frames + 1) / (frames + 1))
    tapers *= np.sqrt(2 / (frames + 1) / count / pieces)
    # 2. Orthonormal polynomials up to degree 2: a trend in the acceleration is motion
    trend = np.linalg.qr(np.vander(np.linspace(-1.0, 1.0, frames), 3))[0]
    power, total = np.zeros((length // 2 + 1, groups)), np.zeros(groups)
    # 3. Mean power of the tapered second differences, over pieces, tapers and channels
    for piece in range(pieces):
        part = values[piece * size : (piece + 1) * size].reshape(size, -1)
        rest = np.diff(part, 2, axis=0).T
        total += np.sum(rest**2, axis=1).reshape(groups, channels).sum(axis=1)
        rest = rest - (rest @ trend) @ trend.T
        for taper in tapers:
            seen = rfft(rest * taper, length, axis=1)
            seen = seen.real**2 + seen.imag**2
            power += seen.reshape(groups, channels, -1).sum(axis=1).T
    frequency = np.arange(1, length // 2 + 1) / (length * dt)
    return Spectrum(frequency, power[1:], total * length / (2 * frames * pieces), pieces)


def banded(seen: Spectrum, dt: float, channels: int) -> Bands:
    """Average a spectrum in bands of even logarithmic width, from 2 to 45 Hz.

    Parameters
    ----------
    seen : Spectrum
        Of groups of `channels` channels.
    dt : float
        Seconds between samples.
    channels : int
        Channels of a group.

    Returns
    -------
    Bands
        One column a group.
    """
    frequency = seen.frequency
    first = int(np.searchsorted(frequency, min(FIT_FROM, 0.1 / dt)))
    first = min(max(first, 2), len(frequency) - 2)
    last = np.searchsorted(frequency, FIT_TO, side="right")
    edges = np.unique(np.round(np.geomspace(first + 1, last + 1, N_BANDS + 1)).astype(int)) - 1
    width = np.diff(edges).astype(float)[:, None]
    scale = 2 * dt / channels / difference_weight(frequency, dt)
    density = seen.power * scale[:, None]
    sums = [np.add.reduceat(x[:last], edges[:-1]) for x in (density, np.log(frequency)[:, None])]
    count = np.broadcast_to(width * channels * seen.pieces, sums[0].shape)
    return Bands(np.broadcast_to(sums[1] / width, count.shape), sums[0] / width, count)


def side_by_side(bands: list[Bands]) -> Bands:
    """Combine clips, padded to the same number of bands; padded bands have no weight."""
    most = max(len(b.height) for b in bands)
    modes: tuple[Literal["edge", "constant"], ...] = ("edge", "edge", "constant")

    def pad(x: Array, mode: Literal["edge", "constant"]) -> Array:
        return np.pad(x, ((0, most - len(x)), (0, 0)), mode=mode)

    columns = zip(zip(*bands, strict=True), modes, strict=True)
    return Bands(*(np.concatenate([pad(x, mode) for x in xs], axis=1) for xs, mode in columns))


def fit_noise(bands: Bands, shared: bool = False) -> PowerLaw:
    """Separate noise from motion by the shapes of their spectra.

    In the log-log plane noise is a line of slope -3 to 0, motion a parabola that falls
    steeply. Their sum is fitted by Fisher scoring of Whittle's likelihood.

    Parameters
    ----------
    bands : Bands
        Spectra of C clips or groups.
    shared : bool, default=False
        Whether all have the same noise; the motion always differs.

    Returns
    -------
    PowerLaw
        Of each column; a single one if `shared`.

    References
    ----------
    Whittle, P. (1953). Estimation and information in stationary time series. Arkiv för Matematik
    2, 423-434.
    """
    # 1. Center and scale, so that theta is of order one. Rows are clips, columns bands.
    middle = bands.height.max() - 0.5
    x = (bands.height - middle).T
    scale = np.max(bands.density) + TINY if shared else bands.density.max(axis=0) + TINY
    y = (bands.density / scale).T + TINY
    count = bands.members.T

    # 2. Start where motion and noise meet
    theta, crossing = _start(x, y, count, shared)
    u = x - crossing[:, None]
    design = np.stack([np.ones_like(x), x, np.ones_like(x), u, u * u], axis=1)

    # 3. Fisher scoring within the limits. A clip that has converged stays, whatever others do.
    going = np.ones((len(x), 1), dtype=bool)
    for _ in range(MAX_ITERATIONS):
        step = _scoring_step(theta, y, count, design, shared)
        theta = np.where(going, theta + step, theta)
        theta[:, NOISE_SLOPE] = np.clip(theta[:, NOISE_SLOPE], STEEPEST_NOISE, 0.0)
        theta[:, MOTION_SLOPE] = np.minimum(theta[:, MOTION_SLOPE], FLATTEST_MOTION)
        theta[:, MOTION_CURVATURE] = np.minimum(theta[:, MOTION_CURVATURE], 0.0)
        small = np.abs(step).max(axis=1, keepdims=True) < TOLERANCE
        going &= not small.all() if shared else ~small
        if not going.any():
            break

    # 4. Undo centering and scaling
    slope = theta[:, NOISE_SLOPE]
    level = np.exp(theta[:, LOG_NOISE] - slope * middle) * scale
    return PowerLaw(float(level[0]), float(slope[0])) if shared else PowerLaw(level, slope)


def _start(x: Array, y: Array, count: Array, shared: bool) -> tuple[Array, Array]:
    """Return a first theta (C, 5) and the place where motion and noise meet (C,).

    The acceleration of a body falls with frequency, that of noise rises: what lies above the
    minimum of f^4 P is noise at first sight, and motion is steep where the two meet.
    """
    rows, place = np.arange(len(x)), np.arange(x.shape[1])
    real = count > 0
    bands = real.sum(axis=1)
    log_power = np.log(y)

    # 1. The minimum of f^4 P, over sums of three neighboring bands
    acceleration = np.pad(log_power + 4 * x, ((0, 0), (1, 1)), mode="edge")
    acceleration = acceleration[:, :-2] + acceleration[:, 1:-1] + acceleration[:, 2:]
    lowest = np.argmin(np.where(real, acceleration, np.inf), axis=1)

    # 2. Above it, a straight line by least squares
    above = real & (place > lowest[:, None])
    number = np.maximum(above.sum(axis=1), 1)
    mean_x, mean_y = (np.sum(v * above, axis=1) / number for v in (x, log_power))
    apart = (x - mean_x[:, None]) * above
    slope = np.sum(apart * log_power, axis=1) / np.maximum(np.sum(apart**2, axis=1), TINY)
    falls_like_motion = slope < STEEPEST_LINE
    slope = np.clip(slope, STEEPEST_NOISE, 0.0)
    level = mean_y - slope * mean_x

    # 3. Where the acceleration falls up to the end, or where the line is as steep as motion, noise
    #    is at most what the last bands show
    falling = (bands - lowest <= FEWEST_BANDS) | falls_like_motion
    ending = real & (place >= bands[:, None] - FEWEST_BANDS)
    prior_slope = PRIOR_MEAN[NOISE_SLOPE]
    least = np.min(np.where(ending, log_power - prior_slope * x, np.inf), axis=1)
    slope, level = np.where(falling, prior_slope, slope), np.where(falling, least, level)

    # 4. They meet in the last band that is three times higher than the line
    higher = real & (log_power > level[:, None] + slope[:, None] * x + np.log(3))
    last = np.where(higher.any(axis=1), x.shape[1] - 1 - np.argmax(higher[:, ::-1], axis=1), 0)
    theta = np.tile(PRIOR_MEAN, (len(x), 1))
    theta[:, LOG_NOISE], theta[:, NOISE_SLOPE] = level, slope
    theta[:, LOG_MOTION], theta[:, MOTION_CURVATURE] = log_power[rows, last], 0.0
    if shared:
        theta[:, :LOG_MOTION] = np.median(theta[:, :LOG_MOTION], axis=0)
    return theta, x[rows, last]


def _scoring_step(theta: Array, y: Array, count: Array, design: Array, shared: bool) -> Array:
    """Return one step of Fisher scoring: (C, 5)."""
    # 1. Log P and the share of the noise in P
    log_noise = np.einsum("ci,cik->ck", theta[:, :2], design[:, :2])
    log_motion = np.einsum("ci,cik->ck", theta[:, 2:], design[:, 2:])
    log_total = np.logaddexp(log_noise, np.minimum(log_motion, log_noise.max() + MAX_LOG_RATIO))
    noise_share = np.exp(log_noise - log_total)
    motion_share = 1 - noise_share

    # 2. Weights: the number of ordinates, bounded by the error of the model itself
    model_error = np.hypot(MOTION_MODEL_ERROR * motion_share, NOISE_MODEL_ERROR * noise_share)
    weight = count / (1 + count * model_error**2)

    # 3. Score and expected information; the residual is clipped against single lines
    residual = np.clip(y * np.exp(-log_total) - 1, -1, 8)
    shares = [noise_share, noise_share, motion_share, motion_share, motion_share]
    jacobian = design * np.stack(shares, axis=1)
    weighted = jacobian * weight[:, None]
    score = np.einsum("cik,ck->ci", weighted, residual) - PRIOR_PRECISION * (theta - PRIOR_MEAN)
    information = weighted @ np.swapaxes(jacobian, 1, 2) + np.diag(PRIOR_PRECISION + RIDGE)

    # 4. Solve, and limit the step
    if shared:
        deviation = np.sum(weighted[:, 0] * residual, axis=1) / np.sqrt(information[:, 0, 0])
        clip_weight = 1 / (1 + (deviation / OUTLIER_SCALE) ** 2)
        step = _shared_step(score, information, clip_weight)
        return np.clip(step, -MAX_STEP, MAX_STEP)
    step = np.linalg.solve(information, score[..., None])[..., 0]
    return step / np.maximum(1.0, np.max(np.abs(step) / MAX_STEP, axis=1, keepdims=True))


def _shared_step(score: Array, information: Array, weight: Array) -> Array:
    """Solve for two shared parameters and three per clip, by block elimination.

    With the blocks A (shared), B (cross) and D (own) of the information, the Schur complement
    ``S = sum_c w_c (A - B D^-1 B')`` gives the shared step; the own steps follow by substitution.
    """
    shared, cross, own = information[:, :2, :2], information[:, :2, 2:], information[:, 2:, 2:]
    cross_t = np.swapaxes(cross, 1, 2)
    gain = np.swapaxes(np.linalg.solve(own, cross_t), 1, 2)  # B D^-1
    complement = np.einsum("c,cij->ij", weight, shared - gain @ cross_t)
    reduced = weight @ (score[:, :2] - (gain @ score[:, 2:, None])[..., 0])
    common = np.linalg.solve(complement, reduced)
    remaining = score[:, 2:] - cross_t @ common
    each = np.linalg.solve(own, remaining[..., None])[..., 0]
    return np.concatenate([np.broadcast_to(common, (len(each), 2)), each], axis=1)
