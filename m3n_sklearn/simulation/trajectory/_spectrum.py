"""Spectra of short noisy tracks, and the power law of the noise in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.fft import next_fast_len, rfft

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

Array = NDArray[np.float64]

TAPERS = 3
"""With three sine tapers a spectrum keeps 95 % of what the samples know, at 2 / seconds Hz. Clips
of less than 2 s, and of less than 1 s, get one less each: they need the resolution more."""

SEGMENT = 2048
"""Longer tracks are cut in pieces of that many frames, whose spectra are averaged."""

BANDS = 36
FIT_FROM, FIT_TO = 2.0, 45.0
"""Hz. Slower, all is motion; faster, real trackers have lines that no law describes."""

STEEPEST = -3.0
"""Exponent of the noise's power law: optical systems were seen to have -1 to -4."""

LIKELY = np.array([0.0, -0.4, 0.0, -9.0, -3.0])
"""Before a look at the data: slope of the noise, slope and curvature of the motion."""

PRECISION = np.array([0.0, 0.8, 0.0, 4.0, 3.0])
PRECISION = np.divide(1.0, PRECISION**2, out=np.zeros(5), where=PRECISION > 0)

FEWEST_BANDS = 3
"""Bands above the minimum that make a slope."""

FLATTEST = -5.0
"""Slope of motion where it meets the noise: accelerations are finite."""

MISFIT = 0.7
"""Relative error of a parabola as the log-log spectrum of motion."""

BEND = 0.15
"""Relative error of a power law as the spectrum of noise."""

OUTLYING = 8.0
"""Standard errors by which a clip's noise is off when it counts half."""

LONGEST_STEP = np.array([1.5, 1.0, 3.0, 4.0, 3.0])
STEPS = 40
CONVERGED = 1e-3
SPAN = 60.0
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
    """Return what second differences do to the power at frequencies in Hz."""
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
    pieces = -(-frames // SEGMENT)
    size = frames // pieces
    frames = size - 2
    length = next_fast_len(frames, real=True)
    count = min(TAPERS, 1 + int(size * dt))
    order = np.arange(1, count + 1)[:, None]
    tapers = np.sin(np.pi * order * np.arange(1, frames + 1) / (frames + 1))
    tapers *= np.sqrt(2 / (frames + 1) / count / pieces)
    trend = np.linalg.qr(np.vander(np.linspace(-1.0, 1.0, frames), 3))[0]
    power, total = np.zeros((length // 2 + 1, groups)), np.zeros(groups)
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
    edges = np.unique(np.round(np.geomspace(first + 1, last + 1, BANDS + 1)).astype(int)) - 1
    width = np.diff(edges).astype(float)[:, None]
    scale = 2 * dt / channels / difference_weight(frequency, dt)
    density = seen.power * scale[:, None]
    sums = [np.add.reduceat(x[:last], edges[:-1]) for x in (density, np.log(frequency)[:, None])]
    count = np.broadcast_to(width * channels * seen.pieces, sums[0].shape)
    return Bands(np.broadcast_to(sums[1] / width, count.shape), sums[0] / width, count)


def side_by_side(bands: list[Bands]) -> Bands:
    """Pad to as many bands as the longest has; what is added counts nothing."""
    most = max(len(b.height) for b in bands)
    modes: tuple[Literal["edge", "constant"], ...] = ("edge", "edge", "constant")

    def pad(x: Array, mode: Literal["edge", "constant"]) -> Array:
        return np.pad(x, ((0, most - len(x)), (0, 0)), mode=mode)

    columns = zip(zip(*bands, strict=True), modes, strict=True)
    return Bands(*(np.concatenate([pad(x, mode) for x in xs], axis=1) for xs, mode in columns))


def fit_noise(bands: Bands, shared: bool = False) -> PowerLaw:
    """Separate noise from motion by what their spectra look like.

    In the log-log plane noise is a line of slope -3 to 0, motion a parabola that falls
    steeply. Their sum is fitted by Whittle's likelihood, Fisher scoring from above.

    Parameters
    ----------
    bands : Bands
        What was seen in C clips or groups.
    shared : bool, default=False
        Whether the noise is the same in all, while motion is everybody's own.

    Returns
    -------
    PowerLaw
        Of each column; a single one if `shared`.

    References
    ----------
    Whittle, P. (1953). Estimation and information in stationary time series. Arkiv för Matematik
    2, 423-434.
    """
    middle = bands.height.max() - 0.5
    x = (bands.height - middle).T
    scale = np.max(bands.density) + TINY if shared else bands.density.max(axis=0) + TINY
    y = (bands.density / scale).T + TINY
    known, crossing = _start(x, y, bands.members.T, shared)
    u = x - crossing[:, None]
    terms = np.stack([np.ones_like(x), x, np.ones_like(x), u, u * u], axis=1)
    going = np.ones((len(x), 1), dtype=bool)  # what has converged stays, whatever others do
    for _ in range(STEPS):
        step = _score(known, y, bands.members.T, terms, shared)
        known = np.where(going, known + step, known)
        known[:, 1] = np.clip(known[:, 1], STEEPEST, 0.0)
        known[:, 3] = np.minimum(known[:, 3], FLATTEST)
        known[:, 4] = np.minimum(known[:, 4], 0.0)
        small = np.abs(step).max(axis=1, keepdims=True) < CONVERGED
        going &= not small.all() if shared else ~small
        if not going.any():
            break
    slope = known[:, 1]
    level = np.exp(known[:, 0] - slope * middle) * scale
    return PowerLaw(float(level[0]), float(slope[0])) if shared else PowerLaw(level, slope)


def _start(x: Array, y: Array, count: Array, shared: bool) -> tuple[Array, Array]:
    """Split each spectrum where its acceleration is weakest.

    The acceleration of a body falls with frequency, that of noise rises: what lies above the
    minimum of f^4 P is noise at first sight, and motion is steep where the two meet.
    """
    rows, place = np.arange(len(x)), np.arange(x.shape[1])
    real = count > 0
    bands = real.sum(axis=1)
    seen = np.log(y)
    acceleration = np.pad(seen + 4 * x, ((0, 0), (1, 1)), mode="edge")
    acceleration = acceleration[:, :-2] + acceleration[:, 1:-1] + acceleration[:, 2:]
    lowest = np.argmin(np.where(real, acceleration, np.inf), axis=1)
    # above the minimum a straight line
    above = real & (place > lowest[:, None])
    number = np.maximum(above.sum(axis=1), 1)
    middle, height = (np.sum(v * above, axis=1) / number for v in (x, seen))
    apart = (x - middle[:, None]) * above
    steep = np.sum(apart * seen, axis=1) / np.maximum(np.sum(apart**2, axis=1), TINY)
    slope = np.clip(steep, STEEPEST, 0.0)
    level = height - slope * middle
    # where the acceleration falls up to the end, noise is no more than what is seen there
    falling = bands - lowest <= FEWEST_BANDS
    ending = real & (place >= bands[:, None] - FEWEST_BANDS)
    least = np.min(np.where(ending, seen - LIKELY[1] * x, np.inf), axis=1)
    slope, level = np.where(falling, LIKELY[1], slope), np.where(falling, least, level)
    higher = real & (seen > level[:, None] + slope[:, None] * x + np.log(3))
    last = np.where(higher.any(axis=1), x.shape[1] - 1 - np.argmax(higher[:, ::-1], axis=1), 0)
    known = np.tile(LIKELY, (len(x), 1))
    known[:, 0], known[:, 1], known[:, 2], known[:, 4] = level, slope, seen[rows, last], 0.0
    if shared:
        known[:, :2] = np.median(known[:, :2], axis=0)
    return known, x[rows, last]


def _score(known: Array, y: Array, count: Array, terms: Array, shared: bool) -> Array:
    """One step of Fisher scoring: (C, 5)."""
    noise = np.einsum("ci,cik->ck", known[:, :2], terms[:, :2])
    motion = np.einsum("ci,cik->ck", known[:, 2:], terms[:, 2:])
    total = np.logaddexp(noise, np.minimum(motion, noise.max() + SPAN))
    share = np.exp(noise - total)
    rest = 1 - share
    weight = count / (1 + count * ((MISFIT * rest) ** 2 + (BEND * share) ** 2))
    residual = np.clip(y * np.exp(-total) - 1, -1, 8)
    slopes = terms * np.stack([share, share, rest, rest, rest], axis=1)
    weighted = slopes * weight[:, None]
    gradient = np.einsum("cik,ck->ci", weighted, residual) - PRECISION * (known - LIKELY)
    curvature = weighted @ np.swapaxes(slopes, 1, 2) + np.diag(PRECISION + 1e-2)
    if shared:
        off = np.sum(weighted[:, 0] * residual, axis=1) / np.sqrt(curvature[:, 0, 0])
        step = _shared_step(gradient, curvature, 1 / (1 + (off / OUTLYING) ** 2))
        return np.clip(step, -LONGEST_STEP, LONGEST_STEP)
    step = np.linalg.solve(curvature, gradient[..., None])[..., 0]
    return step / np.maximum(1.0, np.max(np.abs(step) / LONGEST_STEP, axis=1, keepdims=True))


def _shared_step(gradient: Array, curvature: Array, trust: Array) -> Array:
    """Solve for two numbers that all share and three of each, eliminating the latter."""
    top, cross, own = curvature[:, :2, :2], curvature[:, :2, 2:], curvature[:, 2:, 2:]
    gain = np.swapaxes(np.linalg.solve(own, np.swapaxes(cross, 1, 2)), 1, 2)
    reduced = np.einsum("c,cij->ij", trust, top - gain @ np.swapaxes(cross, 1, 2))
    pull = trust @ (gradient[:, :2] - (gain @ gradient[:, 2:, None])[..., 0])
    common = np.linalg.solve(reduced, pull)
    rest = gradient[:, 2:] - np.swapaxes(cross, 1, 2) @ common
    each = np.linalg.solve(own, rest[..., None])[..., 0]
    return np.concatenate([np.broadcast_to(common, (len(each), 2)), each], axis=1)
