"""Smoothing of sampled curves whose acceleration is wanted, and the choice of the cut-off.

Smoother
--------
With samples y, weights W and the fourth difference D, the smooth curve z minimizes

    (y - z)' W (y - z) + lambda |D z|^2 + mu |C (z - q)|^2

so that ``(W + lambda D'D + mu C'C) z = W y + mu C'C q``, a banded system. With
``lambda = (2 sin(pi f_c dt))^-8``, its gain away from the ends is

    H(f) = 1 / (1 + (sin(pi f dt) / sin(pi f_c dt))^8)

This is the gain of a Butterworth filter of order 4, run forward and backward. The last term pulls
the acceleration C z of the three samples at each end to that of q, the parabola through the
nearest samples.

Cut-off
-------
Let P be the spectrum of the samples and N the part of it that is noise (see `_spectrum`). The
expected squared error of the second derivative is, up to a constant,

    R(f_c) = sum_f (2 pi f)^4 [ (1 - H)^2 (P - N) + H^2 N ]

Its first term is motion that is lost, its second is noise that is kept (Mallows' Cp, weighted for
the acceleration). The choice is the lowest cut-off whose risk is within one standard error of the
least risk.

References
----------
P. H. C. Eilers, "A perfect smoother", Analytical Chemistry 75, 2003.
C. L. Mallows, "Some comments on Cp", Technometrics 15, 1973.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve_banded, cholesky_banded
from scipy.ndimage import median_filter

from ..._typing import Array
from ._spectrum import PowerLaw, Spectrum, banded, difference_weight, fit_noise, spectrum

__all__ = [
    "ANY_BAND",
    "HIGHEST_SHARE",
    "LOWEST_SHARE",
    "ROOT",
    "Band",
    "Cutoffs",
    "band_of",
    "choose_cutoffs",
    "fallback_cutoff",
    "local_cutoffs",
    "smooth",
]

# ---- the smoother

ORDER = 4
"""Order of the penalized difference."""

END_STIFFNESS = 0.3
"""Weight of the pull at both ends, relative to the spline's own stiffness. A free end is unbiased,
but its acceleration has ten times the noise of the interior. 0.3 halves the error of the last
sample, over motions from 4 to 8 Hz and rates from 20 to 120 Hz."""

END_CYCLES = 0.75
"""Periods of the cut-off whose samples determine the acceleration at an end. With fewer, it is
noisier. With more, it lags behind, so that a body that turns steadily seems to stop."""

CURVATURE = np.array([[1.0], [-2.0], [1.0]])
"""Second difference of three samples: C of the module's docstring."""

LOWEST_SHARE = 0.008
"""Lowest cut-off in cycles per sample. Below it, the system is too ill-conditioned for 64 bits."""

# ---- the choice of the cut-off

GRID = 80
"""Number of candidate cut-offs, evenly spaced on a logarithmic scale."""

STANDARD_ERRORS = 1.0
"""Standard errors within which a lower cut-off is preferred. In short clips of few channels, the
cut-off of least risk is sometimes far too high by chance."""

MAX_EXTRA_NOISE = 0.1
"""Largest cost of that preference, as a share of the noise that is kept."""

INDEPENDENT_CHANNELS = 6
"""Channels whose errors are independent. The joints of a body share their errors."""

CLEAN_SHARE = 1e-5
"""Share of the acceleration's power below which noise is ignored: such a track is not smoothed."""

MIN_FRAMES, MIN_SECONDS = 24, 1.0
"""Frames and length of the shortest clip whose noise can be estimated."""

FEWEST_FRAMES = 8
"""Frames of the shortest clip whose spectrum is used with a known noise."""

LOCAL_SECONDS, LOCAL_STEP = 2.0, 1 / 49
"""Length in s of a stretch with its own cut-off, and the longest step between its frames in s."""

HIGHEST_SHARE = 0.45
"""Highest local cut-off in cycles per sample."""

HIGHEST_MOTION = 25.0
"""Frequency in Hz above which all power counts as noise."""

ALIASING_NYQUIST = 12.5
"""Nyquist frequency in Hz up to which motion that folds back looks like noise."""

SLOW_NYQUIST, SLOW_NYQUIST_SHARE = 10.0, 0.45
"""Below a Nyquist frequency of 10 Hz, motion folds back into the upper half of the spectrum. Power
above this share of the Nyquist frequency then counts as noise."""


class Band(NamedTuple):
    """Interval of the cut-offs of a kind of source."""

    lowest: float  # Hz
    highest: float  # Hz
    aliased: float  # Hz, the lowest at frame rates up to 25 Hz, where motion folds back
    periods: float = 3.0  # periods of the lowest cut-off in a clip; fewer do not show in a spectrum


ANY_BAND = Band(1.0, float("inf"), 2.5)
"""Optical markers, inertial suits, animation and unknown sources: from the spectrum alone."""

VIDEO = Band(1.5, 2.0, 1.5)
"""One camera. Its errors grow with the motion and reach down to 1 Hz. Cut-offs of 1.5 to 2 Hz agree
best with a second view, another network and a measured wrist. At 3 Hz the error is 50 % larger."""

DEPTH = Band(2.0, 2.4, 2.0)
"""A depth camera. On 335 clips with measured wrists, cut-offs of 2 to 2.5 Hz have the smallest
error. It is 20 % larger at 4 Hz and 75 % larger at 6 Hz."""

ROOT = Band(0.4, float("inf"), 0.4, periods=1.0)
"""The root, where it has more noise than the limbs. The depth of a single camera is wrong by a
decimeter from 0.5 Hz on, so that only a smooth path remains."""

KINDS = {
    VIDEO: (
        "video monocular mediapipe mediapipe33 blazepose openpose alphapose h36m17 coco17 halpe26 "
        "body25 mhr70 "
        "gvhmr wham tram vibe romp hybrik 4dhumans phalp prompthmr"
    ),
    DEPTH: "markerless depth kinect kinect20 kinect25 azure32 realsense orbbec",
}
"""Words in the name of a source, by kind of source."""

_BANDS = {word: band for band, words in KINDS.items() for word in words.split()}


def band_of(source: str | None) -> Band:
    """Return the band of the first word in a source's name that is a kind, else `ANY_BAND`."""
    words = re.findall(r"[a-z0-9]+", (source or "").lower())
    return next((_BANDS[word] for word in words if word in _BANDS), ANY_BAND)


class Cutoffs(NamedTuple):
    """Cut-offs of B clips, and weights of their frames.

    Attributes
    ----------
    hertz : ndarray of shape (B, 2)
        Cut-offs of rotations and translations; infinite where nothing is smoothed.
    frame_weights : ndarray of shape (F, B, 2) or None
        Weights of the frames, where cut-offs change along a clip: ``hertz`` is the highest.
    """

    hertz: Array
    frame_weights: Array | None = None

    @classmethod
    def of(cls, *chosen: Array) -> Cutoffs:
        """Combine the cut-offs of rotations and translations.

        Parameters
        ----------
        *chosen : ndarray of shape (B,) or (F, B)
            Cut-offs in Hz, constant or changing.
        """
        hertz = np.stack([np.atleast_2d(each).max(axis=0) for each in chosen], axis=-1)
        if all(each.ndim == 1 for each in chosen):
            return cls(hertz)
        frames = max(len(each) for each in chosen if each.ndim == 2)
        frame_weights = np.ones((frames, *hertz.shape))
        for kind, each in enumerate(chosen):
            if each.ndim == 2:
                finite = np.isfinite(hertz[:, kind])
                share = each[:, finite] / hertz[finite, kind]
                frame_weights[:, finite, kind] = share ** (2 * ORDER)
        return cls(hertz, frame_weights)


def smooth(values: Array, dt: float, cutoffs: Array, weights: Array | None = None) -> Array:
    """Smooth evenly spaced samples, column by column.

    Parameters
    ----------
    values : ndarray of shape (F, N)
        Samples; fewer than 5 are left alone.
    dt : float
        Seconds between samples.
    cutoffs : ndarray of shape (N,)
        Cut-off of each column in Hz; at or above the Nyquist frequency a column is left alone.
    weights : ndarray of shape (F,), optional
        Trust in each sample, from more than 0 to 1. A stretch of weight w is smoothed with
        w^(1/8) of the cut-off, but not less than 0.8 % of the rate.

    Returns
    -------
    ndarray of shape (F, N)
        Minimizers of sum w (y - z)^2 + lambda |D4 z|^2 + pull at the ends. The pull is towards the
        acceleration of the quadratic that fits the nearest samples best, so that constant
        acceleration passes unchanged, and what is far away does not matter.

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
        trend = basis @ (basis.T @ chosen)  # taken away for the sake of rounding only
        result[:, columns] = trend + _solve(chosen - trend, cutoff * dt, weights)
    return result


def _solve(rest: Array, cutoff: float, weights: Array | None) -> Array:
    """Smooth with a cut-off in cycles per sample."""
    frames = len(rest)
    # 1. Lambda, mu and the weights from the cut-off
    corner = 2 * np.sin(np.pi * cutoff)
    weight: float | Array = 1.0
    if weights is not None:
        lowest = 2 * np.sin(np.pi * min(LOWEST_SHARE, cutoff))
        weight = np.maximum(weights, (lowest / corner) ** (2 * ORDER))[:, None]
    stiffness, pull = corner ** (-2 * ORDER), END_STIFFNESS * corner ** (3 - 2 * ORDER)
    system = _system(frames, weight, stiffness, pull)
    # 2. The right-hand side: W y, and at each end the acceleration of the local parabola
    wanted = weight * rest
    near = min(frames, max(2 * ORDER, round(END_CYCLES / cutoff)))
    local = _polynomials(near)
    for first, nearest in _ends(frames, near):
        quadratic = local @ (local.T @ rest[nearest])
        at = slice(first - nearest.start, first - nearest.start + 3)
        wanted[first : first + 3] += pull * CURVATURE * (CURVATURE.T @ quadratic[at])
    # 3. Solve, with one step of iterative refinement: the system is ill-conditioned, but its
    #    residual, computed by differences, is exact
    found: Array = cho_solve_banded(system, wanted)
    return found + cho_solve_banded(system, wanted - _apply(found, weight, stiffness, pull))


def _apply(values: Array, weight: float | Array, stiffness: float, pull: float) -> Array:
    """Multiply by W + lambda D'D + mu C'C, the matrix of the module's docstring."""
    bent = np.zeros((len(values) + ORDER, values.shape[1]))
    bent[ORDER:-ORDER] = stiffness * np.diff(values, ORDER, axis=0)
    result: Array = np.diff(bent, ORDER, axis=0)
    result += values if np.ndim(weight) == 0 else weight * values
    for first, _ in _ends(len(values), 3):
        part = slice(first, first + 3)
        result[part] += pull * CURVATURE * (CURVATURE.T @ values[part])
    return result


def _system(
    frames: int, weight: float | Array, stiffness: float, pull: float
) -> tuple[Array, bool]:
    """Factor W + lambda D'D + mu C'C, the matrix of the module's docstring."""
    stencil = np.array([1.0, -4.0, 6.0, -4.0, 1.0])
    bands = np.zeros((ORDER + 1, frames))  # bands[k, i]: entry (i + k, i)
    for k in range(ORDER + 1):
        for i in range(ORDER + 1 - k):
            bands[k, i : i + frames - ORDER] += stencil[i] * stencil[i + k]
    bands *= stiffness  # D'D in the interior and at the ends
    for first, _ in _ends(frames, 3):
        for k in range(3):
            for i in range(3 - k):
                bands[k, first + i] += pull * CURVATURE[i, 0] * CURVATURE[i + k, 0]
    bands[0] += np.ravel(weight)
    return cholesky_banded(bands, lower=True), True


def _ends(frames: int, near: int) -> list[tuple[int, slice]]:
    """Return the first of the three samples at each end, and the `near` samples there."""
    return [(0, slice(0, near)), (frames - 3, slice(frames - near, frames))]


def _polynomials(frames: int, degree: int = 2) -> Array:
    """Return orthonormal polynomials up to a degree on an even grid, shape (F, degree + 1)."""
    return np.linalg.qr(np.vander(np.linspace(-1.0, 1.0, frames), degree + 1))[0]


def fallback_cutoff(dt: float) -> float:
    """Return the cut-off for clips that are too short to estimate their noise.

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


def choose_cutoffs(
    values: Array, dt: float, floor: PowerLaw | None = None, band: Band = ANY_BAND
) -> Array:
    """Choose the cut-off with the smallest error of the acceleration, for each group of channels.

    Parameters
    ----------
    values : ndarray of shape (F, B, D)
        Evenly spaced samples of B groups; the D channels of a group share noise and cut-off.
    dt : float
        Seconds between samples.
    floor : PowerLaw, optional
        The noise in these channels, where it is known; else each group's own is estimated.
    band : Band, default=ANY_BAND
        Where cut-offs of this kind of source lie.

    Returns
    -------
    ndarray of shape (B,)
        Cut-offs in Hz; infinity where smoothing would only do harm. Without a `floor` and with
        fewer than 24 frames or less than a second, :func:`fallback_cutoff`.

    Notes
    -----
    For a cut-off with gain H the expected squared error of the acceleration is the sum over
    frequencies of w^4 [(1 - H)^2 (P - N) + H^2 N], where P is the spectrum that is seen and N
    the noise in it (Mallows' Cp, weighted for the second derivative). Above 25 Hz all that is
    seen counts as noise.

    References
    ----------
    Mallows, C. L. (1973). Some comments on Cp. Technometrics 15, 661-675.
    """
    frames, groups, channels = values.shape
    known = frames >= MIN_FRAMES and frames * dt >= MIN_SECONDS
    if frames < FEWEST_FRAMES or not (known or floor is not None):
        chosen = np.full(groups, fallback_cutoff(dt))
    else:
        seen = spectrum(values, dt)
        law = fit_noise(banded(seen, dt, channels)) if floor is None else floor
        chosen = _least_risk(seen, law, dt, values.shape, band)
    return np.minimum(chosen, max(band.highest, LOWEST_SHARE / dt))


def local_cutoffs(values: Array, dt: float, chosen: Array) -> Array | None:
    """Return cut-offs that change along clips whose noise or motion changes.

    Parameters
    ----------
    values : ndarray of shape (F, B, D)
        As in :func:`choose_cutoffs`.
    dt : float
        Seconds between samples.
    chosen : ndarray of shape (B,)
        Cut-offs of the whole groups, for groups without a change.

    Returns
    -------
    ndarray of shape (F, B) or None
        Cut-offs in Hz over time; None if no group changes by an octave, or for rates below 50 Hz
        and clips below 4 s, where a stretch of 2 s is too short to estimate its noise.
    """
    frames, groups, _ = values.shape
    size = round(LOCAL_SECONDS / dt)
    if dt > LOCAL_STEP or frames < 2 * size:
        return None
    highest = HIGHEST_SHARE / dt
    starts = np.arange(0, frames - size + 1, size)
    pieces = np.concatenate([values[first : first + size] for first in starts], axis=1)
    each = choose_cutoffs(pieces, dt).reshape(len(starts), groups)
    octaves = median_filter(np.log2(np.minimum(each, highest)), size=(3, 1), mode="nearest")
    changing = np.ptp(octaves, axis=0) > 1
    if not changing.any():
        return None
    result = np.tile(chosen, (frames, 1))
    for group in np.flatnonzero(changing).tolist():
        line = np.interp(np.arange(frames), starts + size / 2, octaves[:, group])
        result[:, group] = np.exp2(line)
    return result


def _least_risk(
    seen: Spectrum, law: PowerLaw, dt: float, shape: tuple[int, ...], band: Band
) -> Array:
    """Return the cut-offs (B,) of least risk for the acceleration, given its noise."""
    frames, _, channels = shape
    power, noise = _accelerations(seen, law, dt, channels)
    nyquist, seconds = 0.5 / dt, frames * dt
    slowest = band.lowest if nyquist > ALIASING_NYQUIST else band.aliased
    lowest = max(min(slowest, nyquist / 2), LOWEST_SHARE / dt, band.periods / seconds)
    grid = np.geomspace(min(lowest, nyquist), nyquist, GRID)
    sine = np.sin(np.pi * seen.frequency * dt)[None, :]
    gain = 1 / (1 + (sine / np.sin(np.pi * np.minimum(grid * dt, 0.5))[:, None]) ** (2 * ORDER))
    gain[-1], grid[-1] = 1.0, np.inf
    chosen = grid[
        _one_standard_error(gain, power, noise, min(channels, INDEPENDENT_CHANNELS) * seen.pieces)
    ]
    clean = noise.sum(axis=0) <= CLEAN_SHARE * seen.total
    return np.where(clean, np.inf, chosen)


def _accelerations(seen: Spectrum, law: PowerLaw, dt: float, channels: int) -> tuple[Array, Array]:
    """Return the power of the acceleration, and the part of it that is noise, each (M, B)."""
    frequency, nyquist = seen.frequency, 0.5 / dt
    differentiated = (2 * np.pi * frequency * dt)[:, None] ** 4
    power = seen.power * (differentiated / difference_weight(frequency, dt)[:, None])
    noise = law.density(frequency).reshape(len(frequency), -1)
    noise = noise * (channels / (2 * dt) * differentiated)
    highest = HIGHEST_MOTION if nyquist >= SLOW_NYQUIST else SLOW_NYQUIST_SHARE * nyquist
    return power, np.where(frequency[:, None] < highest, noise, power)


def _one_standard_error(
    gain: Array, power: Array, noise: Array, independent: int
) -> NDArray[np.intp]:
    """Return the index of the lowest cut-off whose risk is within a standard error of the least."""
    # 1. The risk of every cut-off, and the best one
    lost = (1 - gain) ** 2
    risk = lost @ (power - noise) + gain**2 @ noise
    best = np.argmin(risk, axis=0)
    excess = risk - np.take_along_axis(risk, best[None], axis=0)
    # 2. The variance of the difference in risk: ordinates P of noise have the variance N^2
    variance = noise**2 / independent
    scatter = (
        lost**2 @ variance
        - 2 * lost @ (variance * lost[best].T)
        + np.sum(variance * lost[best].T ** 2, axis=0)
    )
    # 3. The lowest cut-off within the tolerance
    kept = np.sum(gain[best].T ** 2 * noise, axis=0)
    bearable = np.minimum(
        STANDARD_ERRORS * np.sqrt(np.maximum(scatter, 0.0)), MAX_EXTRA_NOISE * kept
    )
    return np.argmax(excess <= bearable, axis=0)
