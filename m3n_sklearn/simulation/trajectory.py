"""A continuous trajectory through sampled rotations and translations, with exact derivatives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import BSpline, make_interp_spline

from .._checks import real_array
from ..motion.rotations import hemisphere_align, quat_conjugate, quat_multiply
from ._checks import check_rate, is_number
from ._smoothing import choose_cutoffs, smooth

__all__ = ["Trajectory", "TrajectoryState", "fit_trajectory"]

Array = NDArray[np.float64]

DEGREE = 5
"""Of the interpolating spline: its second derivative is continuous, with two more to spare."""


class TrajectoryState(NamedTuple):
    """Rotations, translations and their derivatives at given times.

    Attributes
    ----------
    quaternion : ndarray of shape (T, ..., J, 4)
        Unit quaternions (w, x, y, z).
    rate, acceleration : ndarray of shape (T, ..., J, 3)
        Angular velocity in rad/s and its time derivative in rad/s², in the axes of the
        rotating frame.
    position, velocity, linear_acceleration : ndarray of shape (T, ..., 3)
        Translation in m and its derivatives in m/s and m/s².
    """

    quaternion: Array
    rate: Array
    acceleration: Array
    position: Array
    velocity: Array
    linear_acceleration: Array


@dataclass(frozen=True, eq=False)
class Trajectory:
    """Curves through sampled quaternions and translations; made by :func:`fit_trajectory`.

    Parameters
    ----------
    start, stop : float
        Times of the first and the last sample, in s.
    curve : BSpline or None
        Spline of all channels over the time since `start`; None for a single sample.
    origin : ndarray of shape (K,)
        Values that were subtracted from the channels to keep their rounding small.
    shape : tuple of int
        Shape of the rotations at one time, without the last axis: (..., J).
    cutoffs : ndarray
        Cut-offs of the smoother in Hz, shape (..., 2): for rotations and for the translation;
        infinite where nothing was smoothed.
    """

    start: float
    stop: float
    curve: BSpline | None
    origin: Array
    shape: tuple[int, ...]
    cutoffs: Array

    def evaluate(self, times: ArrayLike) -> TrajectoryState:
        """Return rotations, translations and their exact derivatives.

        Parameters
        ----------
        times : array-like of shape (T,)
            Times in s. Before the first and after the last sample the state is held.

        Returns
        -------
        TrajectoryState
            Rotations in their own frames, translations in the world.
        """
        inside = np.clip(np.asarray(times, dtype=np.float64), self.start, self.stop) - self.start
        if inside.ndim != 1:
            raise ValueError(f"times must be one-dimensional, got shape {inside.shape}.")
        values = [self._derivative(inside, order) for order in range(3)]
        values[0] = values[0] + self.origin
        split = 4 * int(np.prod(self.shape))
        quats = [v[:, :split].reshape(-1, *self.shape, 4) for v in values]
        moves = [v[:, split:].reshape(-1, *self.shape[:-1], 3) for v in values]
        return TrajectoryState(*_body_rates(*quats), *moves)

    def _derivative(self, since: Array, order: int) -> Array:
        if self.curve is None:
            return np.zeros((len(since), len(self.origin)))
        return self.curve(since, nu=order)


def fit_trajectory(
    times: ArrayLike,
    quats: ArrayLike,
    trans: ArrayLike,
    smoothing: str | float | None = "auto",
    *,
    joints: Sequence[int] | None = None,
) -> Trajectory:
    """Fit a smooth curve to sampled rotations and translations.

    Quaternion components (their signs aligned) and translations are smoothed, then
    interpolated by a quintic spline. Differentiating pose space rather than the positions of
    sensors keeps the noise of one joint from being amplified by all of the chain.

    Parameters
    ----------
    times : array-like of shape (F,)
        Strictly increasing times in s; they may be unevenly spaced.
    quats : array-like of shape (F, ..., J, 4)
        Unit quaternions (w, x, y, z), for example of J joints, with any axes of independent
        clips in between.
    trans : array-like of shape (F, ..., 3)
        Translations in m.
    smoothing : {"auto"}, float or None, default="auto"
        With ``"auto"`` each clip gets two cut-offs, one shared by all its rotations and one for
        its translation, that minimise an unbiased estimate of the error of the acceleration;
        clean tracks stay as they are. Clips of fewer than 24 frames or less than one second say
        too little about their noise and get min(8 Hz, a quarter of the frame rate). A number is
        a cut-off in Hz for everything. None interpolates the samples.
    joints : sequence of int, optional
        Keep only the rotations of these. The cut-off is chosen from all, so the choice of
        sensors can't change it.

    Returns
    -------
    Trajectory
        Its :meth:`~Trajectory.evaluate` gives the state at any time.

    Raises
    ------
    ValueError
        For wrong shapes, values that are not finite, or a cut-off that is not positive.

    Notes
    -----
    The smoother is of order 4: gain 1 / (1 + (f / cutoff)^8). It leaves constant accelerations
    unchanged up to the ends, where a weak pull replaces the wild curvature of a free end.
    Fewer than six samples are interpolated by the polynomial through all of them.

    Examples
    --------
    >>> import numpy as np
    >>> t = np.arange(60) / 60.0
    >>> turning = np.stack([np.cos(t), 0 * t, 0 * t, np.sin(t)], axis=-1)[:, None]
    >>> fall = np.stack([0 * t, 0 * t, -4.9 * t**2], axis=-1)
    >>> state = fit_trajectory(t, turning, fall).evaluate([0.5])
    >>> state.rate.round(5) + 0.0, state.linear_acceleration.round(5) + 0.0
    (array([[[0., 0., 2.]]]), array([[ 0. ,  0. , -9.8]]))
    """
    clock = _check_times(times)
    rotations, moves = _check_tracks(len(clock), quats, trans)
    _check_smoothing(smoothing)
    frames, batch = len(clock), rotations.shape[1:-2]
    count = int(np.prod(batch))
    turns = hemisphere_align(rotations).reshape(frames, count, -1)
    tracks = moves.reshape(frames, count, 3)
    since = clock - clock[0]
    if smoothing is not None and frames > 1 and not _is_even(since):
        since, turns, tracks = _even_out(since, turns, tracks)
    cutoffs = np.stack([_cutoffs(since, track, smoothing) for track in (turns, tracks)], axis=-1)
    kept = turns.reshape(frames, count, -1, 4)
    kept = kept if joints is None else kept[:, :, list(joints)]
    channels = np.concatenate([kept.reshape(frames, -1), tracks.reshape(frames, -1)], axis=1)
    origin = channels[0].copy()
    channels -= origin
    if frames > 1:
        widths = (4 * kept.shape[2], 3)
        each = np.concatenate([np.repeat(cutoffs[:, i], width) for i, width in enumerate(widths)])
        channels = smooth(channels, since[-1] / (frames - 1), each)
    curve = make_interp_spline(since, channels, k=min(DEGREE, frames - 1)) if frames > 1 else None
    return Trajectory(
        float(clock[0]),
        float(clock[-1]),
        curve,
        origin,
        (*batch, kept.shape[2]),
        cutoffs.reshape(*batch, 2),
    )


def _body_rates(quat: Array, first: Array, second: Array) -> tuple[Array, Array, Array]:
    """Turn a curve that is not normalised into unit quaternions and exact body rates."""
    norm = np.sqrt(np.sum(quat * quat, axis=-1, keepdims=True))
    dnorm = np.sum(quat * first, axis=-1, keepdims=True) / norm
    ddnorm = np.sum(first * first + quat * second, axis=-1, keepdims=True)
    ddnorm = (ddnorm - dnorm * dnorm) / norm
    unit = quat / norm
    dunit = (first - unit * dnorm) / norm
    ddunit = (second - 2 * dunit * dnorm - unit * ddnorm) / norm
    inverse = quat_conjugate(unit)
    rate = 2 * quat_multiply(inverse, dunit)[..., 1:]
    return unit, rate, 2 * quat_multiply(inverse, ddunit)[..., 1:]


def _cutoffs(since: Array, track: Array, smoothing: str | float | None) -> Array:
    if smoothing is None or len(since) < 2:
        return np.full(track.shape[1], np.inf)
    if isinstance(smoothing, str):
        return choose_cutoffs(track, since[-1] / (len(since) - 1))
    return np.full(track.shape[1], float(smoothing))


def _is_even(since: Array) -> bool:
    steps = np.diff(since)
    return bool(np.ptp(steps) <= 1e-6 * np.mean(steps))


def _even_out(since: Array, *tracks: Array) -> tuple[Array, ...]:
    """Resample onto as many evenly spaced times; a cubic keeps jitter of the stamps harmless."""
    even = np.linspace(0.0, since[-1], len(since))
    degree = min(3, len(since) - 1)
    return even, *(make_interp_spline(since, track, k=degree)(even) for track in tracks)


def _check_times(times: ArrayLike) -> Array:
    clock = real_array(times, "times", "time stamps in s")
    if clock.ndim != 1 or clock.size == 0:
        raise ValueError(
            f"times must be a vector with one entry per sample, got shape {clock.shape}."
        )
    if not np.isfinite(clock).all() or np.any(np.diff(clock) <= 0):
        raise ValueError("times must be finite and strictly increasing, in s.")
    return clock


def _check_tracks(frames: int, quats: ArrayLike, trans: ArrayLike) -> tuple[Array, Array]:
    rotations = real_array(quats, "quats", "unit quaternions (w, x, y, z)")
    moves = real_array(trans, "trans", "positions in m")
    if rotations.ndim < 3 or rotations.shape[0] != frames or rotations.shape[-1] != 4:
        raise ValueError(
            f"quats must have shape ({frames}, ..., joints, 4) to match times, got "
            f"{rotations.shape}."
        )
    if moves.shape != (*rotations.shape[:-2], 3):
        raise ValueError(
            f"trans must have shape {(*rotations.shape[:-2], 3)} to match quats, got {moves.shape}."
        )
    if not np.isfinite(rotations).all() or not np.isfinite(moves).all():
        raise ValueError(
            "Rotations and translations must be finite: interpolate gaps (NaN) or cut them out."
        )
    norms = np.linalg.norm(rotations, axis=-1)
    if rotations.size and np.abs(norms - 1).max() > 1e-3:
        raise ValueError(
            f"Quaternions must have length 1 (w, x, y, z); lengths from {norms.min():.3g} to "
            f"{norms.max():.3g} were given. Normalise them."
        )
    return rotations, moves


def _check_smoothing(smoothing: str | float | None) -> None:
    if smoothing is None or (isinstance(smoothing, str) and smoothing == "auto"):
        return
    if not is_number(smoothing):
        raise ValueError(f"smoothing must be 'auto', a cut-off in Hz or None, got {smoothing!r}.")
    check_rate(smoothing, "The cut-off smoothing=")
