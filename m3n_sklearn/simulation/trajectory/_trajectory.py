"""A continuous trajectory through sampled rotations and translations, with exact derivatives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.interpolate import BSpline

from ..._engines import load_engine
from ..._typing import Array
from ..._validation import check_positive, is_number, real_array
from ._track import Track

if TYPE_CHECKING:
    from ._noise_floor import NoiseFloor

__all__ = ["Trajectory", "TrajectoryState", "fit_trajectory"]


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

    def evaluate(self, times: ArrayLike, engine: str = "numpy") -> TrajectoryState:
        """Return rotations, translations and their exact derivatives.

        Parameters
        ----------
        times : array-like of shape (T,)
            Times in s. Before the first and after the last sample the state is held.
        engine : {"numpy", "numba"}, default="numpy"
            What computes the body rates.

        Returns
        -------
        TrajectoryState
            Rotations in their own frames, translations in the world.

        Raises
        ------
        ValueError
            If `times` are not one-dimensional or the engine is unknown.
        ImportError
            If numba is asked for and not installed.
        """
        inside = np.clip(np.asarray(times, dtype=np.float64), self.start, self.stop) - self.start
        if inside.ndim != 1:
            raise ValueError(f"times must be one-dimensional, got shape {inside.shape}.")
        values = [self._derivative(inside, order) for order in range(3)]
        values[0] += self.origin
        split = 4 * int(np.prod(self.shape))
        quats = [v[:, :split].reshape(-1, *self.shape, 4) for v in values]
        moves = [v[:, split:].reshape(-1, *self.shape[:-1], 3) for v in values]
        rates = load_engine(engine, __package__)
        turning = _body_rates(*quats) if rates is None else rates.body_rates(*quats)
        return TrajectoryState(*turning, *moves)

    def _derivative(self, since: Array, order: int) -> Array:
        if self.curve is None:
            return np.zeros((len(since), len(self.origin)))
        values: Array = self.curve(since, nu=order)
        return values


def fit_trajectory(
    times: ArrayLike,
    quats: ArrayLike,
    trans: ArrayLike,
    smoothing: str | float | None = "auto",
    *,
    joints: Sequence[int] | None = None,
    noise_floor: NoiseFloor | None = None,
) -> Trajectory:
    """Fit a smooth curve to sampled rotations and translations.

    Quaternion components (their signs aligned) and translations are smoothed, then
    interpolated by a spline of degree 9. Differentiating pose space rather than the positions of
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
    noise_floor : NoiseFloor, optional
        What is known about the noise of the source, see `learn_noise_floor`; with ``"auto"`` it
        replaces the estimate from the clip itself.

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
    At the ends the spline has the first four derivatives of the quintic through the nearest six
    samples; fewer samples are interpolated by the polynomial through all of them. Clips of more
    than 16384 frames choose their cut-offs by eight stretches of 2048 frames.

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
    check_smoothing(smoothing)
    batch = rotations.shape[1:-2]
    turns = rotations.reshape(len(clock), -1, *rotations.shape[-2:])
    steps = moves.reshape(len(clock), -1, 3)
    track = Track(clock, lambda lo, hi: (turns[lo:hi], steps[lo:hi]), smoothing is not None)
    cutoffs = track.cutoffs(turns.shape[1], smoothing, noise_floor)
    curve, origin = track.curve(track.frames_of(), cutoffs, joints)
    kept = rotations.shape[-2] if joints is None else len(joints)
    return Trajectory(
        track.start, track.stop, curve, origin, (*batch, kept), cutoffs.hertz.reshape(*batch, 2)
    )


def _body_rates(quat: Array, first: Array, second: Array) -> tuple[Array, Array, Array]:
    """Turn a curve that is not normalised into unit quaternions and exact body rates.

    The length of q only enters the scalar part of ``conj(q) q'``, so the rate is
    ``2 vec(conj(q) q') / |q|^2``, and its derivative follows by the quotient rule.
    """
    square = np.sum(quat * quat, axis=-1, keepdims=True)
    growth = np.sum(quat * first, axis=-1, keepdims=True) / square
    rate = 2 * _vector_part(quat, first) / square
    acceleration = 2 * _vector_part(quat, second) / square - 2 * growth * rate
    return quat / np.sqrt(square), rate, acceleration


def _vector_part(left: Array, right: Array) -> Array:
    """Vector part of ``conj(left) right``."""
    a, x, y, z = np.moveaxis(left, -1, 0)
    b, u, v, w = np.moveaxis(right, -1, 0)
    parts = (a * u - b * x - y * w + z * v, a * v - b * y - z * u + x * w)
    return np.stack([*parts, a * w - b * z - x * v + y * u], axis=-1)


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


def check_smoothing(smoothing: str | float | None) -> None:
    """Refuse what is neither a rule, a cut-off in Hz nor None."""
    if smoothing is None or (isinstance(smoothing, str) and smoothing == "auto"):
        return
    if not is_number(smoothing):
        raise ValueError(f"smoothing must be 'auto', a cut-off in Hz or None, got {smoothing!r}.")
    check_positive(smoothing, "The cut-off smoothing=", "Hz")
