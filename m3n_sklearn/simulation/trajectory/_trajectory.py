"""A continuous curve through sampled rotations and translations, and its exact derivatives.

Each component of the quaternions and of the translation is smoothed and interpolated by a spline.
The spline q(t) does not have unit length. The rotation is q / |q|, and with the vector part v() of
a quaternion product its angular velocity in the rotating axes and the derivative of that are

    w  = 2 v(conj(q) q') / |q|^2
    w' = 2 v(conj(q) q'') / |q|^2 - 2 w (q . q') / |q|^2

because ``v(conj(q') q') = 0``.
"""

from __future__ import annotations

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

__all__ = ["Trajectory", "TrajectoryState", "check_smoothing", "fit_trajectory"]


class TrajectoryState(NamedTuple):
    """Rotations, translations and their derivatives at T times.

    Attributes
    ----------
    quaternion : ndarray of shape (T, ..., J, 4)
        Unit quaternions (w, x, y, z).
    rate, acceleration : ndarray of shape (T, ..., J, 3)
        Angular velocity in rad/s and angular acceleration in rad/s², both in the axes of the
        rotating frame.
    position, velocity, linear_acceleration : ndarray of shape (T, ..., 3)
        Translation in m and its derivatives in m/s and m/s², in the world.
    """

    quaternion: Array
    rate: Array
    acceleration: Array
    position: Array
    velocity: Array
    linear_acceleration: Array


@dataclass(frozen=True, eq=False)
class Trajectory:
    """A curve through sampled quaternions and translations; made by :func:`fit_trajectory`.

    Parameters
    ----------
    start, stop : float
        Times of the first and the last sample, in s.
    curve : BSpline or None
        Spline of all K channels over the time since `start`; None for a single sample.
    origin : ndarray of shape (K,)
        Values that were subtracted from the channels to limit rounding errors.
    shape : tuple of int
        Shape of the rotations at one time, without the last axis: (..., J).
    cutoffs : ndarray of shape (..., 2)
        Cut-offs of the smoother in Hz, of the rotations and of the translation. Infinite where
        nothing was smoothed.

    See Also
    --------
    fit_trajectory : Makes it.

    Examples
    --------
    >>> import numpy as np
    >>> from m3n_sklearn.simulation import fit_trajectory
    >>> t = np.arange(60) / 60.0
    >>> still = np.tile([1.0, 0.0, 0.0, 0.0], (60, 1, 1))
    >>> curve = fit_trajectory(t, still, np.stack([2 * t, 0 * t, 0 * t], axis=1))
    >>> curve.shape, curve.evaluate([0.5]).velocity.round(6) + 0.0
    ((1,), array([[2., 0., 0.]]))
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
            Which implementation computes the angular velocities.

        Returns
        -------
        TrajectoryState
            Arrays of float64. Angular velocities are in the rotating axes, translations in the
            world.

        Raises
        ------
        ValueError
            If `times` are not one-dimensional, or the engine is unknown.
        ImportError
            If the engine is "numba" and numba is not installed.
        """
        inside = np.clip(np.asarray(times, dtype=np.float64), self.start, self.stop) - self.start
        if inside.ndim != 1:
            raise ValueError(f"times must be one-dimensional, got shape {inside.shape}.")
        # 1. The channels and their first two derivatives
        values = [self._derivative(inside, order) for order in range(3)]
        values[0] += self.origin
        split = 4 * int(np.prod(self.shape))
        quats = [v[:, :split].reshape(-1, *self.shape, 4) for v in values]
        moves = [v[:, split:].reshape(-1, *self.shape[:-1], 3) for v in values]
        # 2. Unit quaternions and angular velocities
        rates = load_engine(engine, __package__)
        turning = _body_rates(*quats) if rates is None else rates.body_rates(*quats)
        return TrajectoryState(*turning, *moves)

    def _derivative(self, since: Array, order: int) -> Array:
        """Evaluate a derivative of the spline at times since `start`."""
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
    noise_floor: NoiseFloor | None = None,
) -> Trajectory:
    """Fit a smooth curve to sampled rotations and translations.

    Quaternion components, with their signs aligned, and translations are smoothed and then
    interpolated by a spline of degree 9. Differentiating the pose instead of the positions of
    sensors prevents that the joints along the chain amplify the noise of one joint.

    Parameters
    ----------
    times : array-like of shape (F,)
        Strictly increasing times in s; they may be unevenly spaced.
    quats : array-like of shape (F, ..., J, 4)
        Unit quaternions (w, x, y, z), for example of J joints. The axes in between are
        independent clips.
    trans : array-like of shape (F, ..., 3)
        Translations in m.
    smoothing : {"auto"}, float or None, default="auto"
        With ``"auto"`` each clip has two cut-offs, one for all its rotations and one for its
        translation. They minimize an unbiased estimate of the error of the acceleration, and
        clean tracks are not smoothed. Clips of fewer than 24 frames or less than one second are
        too short for the estimate and get min(8 Hz, a quarter of the frame rate). A number is
        one cut-off in Hz for all. None interpolates the samples.
    noise_floor : NoiseFloor, optional
        Known noise of the source, see `learn_noise_floor`. With ``"auto"`` it replaces the
        estimate from the clip itself.

    Returns
    -------
    Trajectory
        Its :meth:`~Trajectory.evaluate` gives the state at any time.

    Raises
    ------
    ValueError
        If shapes do not match, values are not finite, or a cut-off is not positive.

    Notes
    -----
    The smoother has order 4 and the gain 1 / (1 + (f / cutoff)^8). It leaves constant
    accelerations unchanged. A weak penalty at both ends bounds their curvature.

    At the ends the spline has the first four derivatives of the quintic through the nearest six
    samples. Fewer samples are interpolated by one polynomial. Clips of more than 16384 frames
    choose their cut-offs from eight segments of 2048 frames.

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
    # 1. Check the input; all axes of clips become one
    clock = _check_times(times)
    rotations, moves = _check_tracks(len(clock), quats, trans)
    check_smoothing(smoothing)
    batch = rotations.shape[1:-2]
    turns = rotations.reshape(len(clock), -1, *rotations.shape[-2:])
    steps = moves.reshape(len(clock), -1, 3)
    # 2. Cut-offs, smoothing and interpolation
    track = Track(clock, lambda lo, hi: (turns[lo:hi], steps[lo:hi]), smoothing is not None)
    cutoffs = track.cutoffs(turns.shape[1], smoothing, noise_floor)
    curve, origin = track.curve(track.frames_of(), cutoffs)
    return Trajectory(
        track.start,
        track.stop,
        curve,
        origin,
        rotations.shape[1:-1],
        cutoffs.hertz.reshape(*batch, 2),
    )


def _body_rates(quat: Array, first: Array, second: Array) -> tuple[Array, Array, Array]:
    """Return unit quaternions, angular velocities and their derivatives."""
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
    """Return time stamps as an array, or raise an error."""
    clock = real_array(times, "times", "time stamps in s")
    if clock.ndim != 1 or clock.size == 0:
        raise ValueError(
            f"times must be a vector with one entry per sample, got shape {clock.shape}."
        )
    if not np.isfinite(clock).all() or np.any(np.diff(clock) <= 0):
        raise ValueError("times must be finite and strictly increasing, in s.")
    return clock


def _check_tracks(frames: int, quats: ArrayLike, trans: ArrayLike) -> tuple[Array, Array]:
    """Return quaternions and translations as arrays, or raise an error."""
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
            f"{norms.max():.3g} were given. Normalize them."
        )
    return rotations, moves


def check_smoothing(smoothing: str | float | None) -> None:
    """Raise an error for anything but "auto", a cut-off in Hz or None."""
    if smoothing is None or (isinstance(smoothing, str) and smoothing == "auto"):
        return
    if not is_number(smoothing):
        raise ValueError(f"smoothing must be 'auto', a cut-off in Hz or None, got {smoothing!r}.")
    check_positive(smoothing, "The cut-off smoothing=", "Hz")
