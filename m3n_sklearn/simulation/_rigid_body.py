"""Readings of an IMU on a rigid body whose position and orientation were tracked.

With the body's rotation R, position p, rate w and angular acceleration w' (in its axes), a sensor
with mount M at the offset d reads

    acc  = M' (R' (p'' - g) + w' x d + w x (w x d))
    gyro = M' w
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from .._typing import Array
from .._validation import check_positive, check_rotation, check_vector, real_array
from .._warn import warn
from ..motion import warn_if_fast
from ..skeleton import matrix_from_quat, quat_conjugate, quat_rotate
from ._batch import Readout, sample_begins
from ._guard import LIMITS
from .trajectory._trajectory import fit_trajectory

__all__ = ["GRAVITY", "output_times", "rigid_body_imu"]

GRAVITY = (0.0, 0.0, -9.80665)
"""Standard gravity in the z-up world, in m/s²."""


def rigid_body_imu(
    position: ArrayLike,
    quaternion: ArrayLike,
    *,
    rate: float | None = None,
    times: ArrayLike | None = None,
    out_rate: float | None = None,
    smoothing: str | float | None = None,
    mount: ArrayLike | None = None,
    lever_arm: ArrayLike | None = None,
    gravity: Sequence[float] = GRAVITY,
    readout: str = "point",
) -> tuple[Array, Array]:
    """Predict the readings of an IMU on a tracked rigid body.

    Parameters
    ----------
    position : array-like of shape (F, 3)
        Track of the body's origin in the world, in m.
    quaternion : array-like of shape (F, 4)
        Unit quaternions (w, x, y, z) from body axes to world axes.
    rate : float, optional
        Samples per second of the track. Give either `rate` or `times`.
    times : array-like of shape (F,), optional
        Time stamps in s, if the samples are not evenly spaced.
    out_rate : float, optional
        Samples per second of the readings. By default the readings have the time stamps of the
        track.
    smoothing : {"auto"}, float or None, default=None
        As in :func:`fit_trajectory`. None differentiates the samples without smoothing.
    mount : array-like of shape (3, 3), optional
        Rotation whose columns are the sensor's axes in the body frame. Identity by default.
    lever_arm : array-like of shape (3,), optional
        Position of the sensor in the body frame, in m. The origin by default.
    gravity : sequence of 3 floats, default=(0.0, 0.0, -9.80665)
        Acceleration of free fall in the world, in m/s².
    readout : {"point", "mean"}, default="point"
        ``"point"`` gives values at the samples. ``"mean"`` gives means over the interval that
        ends at each sample, as chips that integrate internally report them. The rate is then the
        rotation since the sample before, over the time in between. The first sample has no
        interval and is always a point.

    Returns
    -------
    acc : ndarray of shape (T, 3), float64
        Specific force in m/s², in the sensor's axes.
    gyro : ndarray of shape (T, 3), float64
        Angular rate in rad/s, in the sensor's axes.

    Raises
    ------
    ValueError
        If shapes do not match, values are not finite, the rate is missing, `mount` is not a
        rotation matrix, or `readout` is unknown.

    Warns
    -----
    UserWarning
        If readings are beyond 16 g or 2000 °/s, for example because a marker jumps.

    See Also
    --------
    SMPLIMUSimulator : Readings of sensors on a person.

    Examples
    --------
    A sensor at rest measures gravity, pointing up:

    >>> import numpy as np
    >>> acc, gyro = rigid_body_imu(np.zeros((50, 3)), [[1.0, 0, 0, 0]] * 50, rate=50.0)
    >>> acc[0], gyro[0]
    (array([0.     , 0.     , 9.80665]), array([0., 0., 0.]))
    """
    # 1. Check the track and its clock
    track = real_array(position, "position", "a track of shape (frames, 3) in m")
    turns = real_array(quaternion, "quaternion", "unit quaternions (w, x, y, z)")
    if track.ndim != 2 or track.shape[1] != 3 or len(track) == 0:
        raise ValueError(f"position must have shape (frames, 3), got {track.shape}.")
    if turns.shape != (len(track), 4):
        raise ValueError(
            f"quaternion must have shape ({len(track)}, 4) to match position, got {turns.shape}."
        )
    clock = _clock(len(track), rate, times)
    if len(clock) > 2 and (np.diff(clock) > 0).all():
        warn_if_fast(track, np.diff(clock))
    wanted = clock if out_rate is None else output_times(clock[0], clock[-1], out_rate)
    # 2. The state at the times that the readings need
    path = fit_trajectory(clock, turns[:, None], track, smoothing)
    plan = Readout.of(readout, sample_begins(wanted), wanted, path.start, path.stop)
    state = path.evaluate(plan.times)
    q, w, alpha = (values[:, 0] for values in state[:3])
    # 3. Specific force at the sensor, in the axes of the body
    arm = np.zeros(3) if lever_arm is None else check_vector(lever_arm, "lever_arm")
    force = quat_rotate(
        quat_conjugate(q), state.linear_acceleration - check_vector(gravity, "gravity")
    )
    force = force + np.cross(alpha, arm) + np.cross(w, np.cross(w, arm))
    # 4. Readings in the axes of the sensor
    turn = np.eye(3) if mount is None else check_rotation(mount, "mount")
    acc, gyro = plan.read(force @ turn, matrix_from_quat(q) @ turn, w @ turn)
    _warn_if_implausible(acc, gyro, wanted)
    return acc, gyro


def _warn_if_implausible(acc: Array, gyro: Array, times: Array) -> None:
    """Warn if the track jumps."""
    lengths = [np.linalg.norm(x, axis=1) for x in (acc, gyro)]
    beyond = np.maximum(*(x / limit for x, limit in zip(lengths, LIMITS, strict=True)))
    if len(beyond) and beyond.max() > 1:
        worst = int(beyond.argmax())
        warn(
            f"The track gives readings that no body produces: {lengths[0][worst]:,.0f} m/s² and "
            f"{np.rad2deg(lengths[1][worst]):,.0f} °/s at {times[worst]:.2f} s; "
            f"{np.sum(beyond > 1)} of {len(beyond)} samples are beyond 16 g or 2000 °/s. Does a "
            "marker jump, or is the rate too high? Repair the track there, or give smoothing= a "
            "cut-off in Hz."
        )


def output_times(start: float, stop: float, rate: float) -> Array:
    """Return the sample times (T,) from `start` on; none is after `stop`, up to rounding."""
    hertz = check_positive(rate, "The output rate", "Hz")
    return start + np.arange(int(np.floor((stop - start) * hertz + 1e-6)) + 1) / hertz


def _clock(frames: int, rate: float | None, times: ArrayLike | None) -> Array:
    """Return the time stamps of the track in s."""
    if (rate is None) == (times is None):
        raise ValueError("Give either rate= (samples per second) or times= (s), not both.")
    if times is not None:
        clock = np.asarray(times, dtype=np.float64)
        if clock.shape != (frames,):
            raise ValueError(f"times must have shape ({frames},), got {clock.shape}.")
        return clock
    return np.arange(frames) / check_positive(rate, "rate", "Hz")
