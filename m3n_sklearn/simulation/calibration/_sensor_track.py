"""The motion of a sensor as a function of time, from a rigid body or from a person's poses.

:func:`calibrate` reads it at the sample times of the sensor, for any lag between the two clocks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ..._typing import Array
from ..._validation import real_array
from ...body import BodyModel, Site, SiteKinematics, resolve_sites, site_kinematics
from ...motion import Motion
from ...skeleton import matrix_from_quat, quat_from_rotvec
from .._site_cutoffs import bone_of, site_cutoffs
from ..trajectory._noise_floor import BodyNoise
from ..trajectory._smoothing import band_of
from ..trajectory._track import Track
from ..trajectory._trajectory import Trajectory, check_smoothing, fit_trajectory

if TYPE_CHECKING:
    from ..trajectory._noise_floor import NoiseFloor

__all__ = ["SensorTrack", "SiteState", "skew", "track_of_rigid_body", "track_of_site"]

OFFSET = 0.1
"""Meters between a site and the three points that give the effect of a lever arm."""


class SiteState(NamedTuple):
    """State of a site at T times.

    Attributes
    ----------
    rotation : ndarray of shape (T, 3, 3)
        Site to world.
    acceleration : ndarray of shape (T, 3)
        In the world, in m/s², without gravity.
    lever : ndarray of shape (T, 3, 3)
        ``lever[t] @ d`` is the acceleration in the world that an offset `d` of the sensor adds.
        `d` is in m, in the axes of the bone's rest pose.
    rate : ndarray of shape (T, 3)
        Angular velocity in the site's axes, in rad/s.
    """

    rotation: Array
    acceleration: Array
    lever: Array
    rate: Array


@dataclass(frozen=True, eq=False)
class SensorTrack:
    """Motion of a sensor's site over one clip, as a function of time.

    :func:`track_of_rigid_body` and :func:`track_of_site` make it; a function of your own works too.

    Parameters
    ----------
    evaluate : callable
        Takes times (T,) in s on the motion's clock. Returns a :class:`SiteState`, or a tuple of
        the same four arrays.
    start, stop : float
        First and last time at which the motion is known, in s.

    Examples
    --------
    A site at rest at the origin, with the axes of the world:

    >>> import numpy as np
    >>> def still(times):
    ...     n = len(times)
    ...     zero = np.zeros((n, 3))
    ...     return np.tile(np.eye(3), (n, 1, 1)), zero, np.zeros((n, 3, 3)), zero
    >>> track = SensorTrack(still, start=0.0, stop=60.0)
    >>> track.evaluate(np.arange(5.0))[1].shape
    (5, 3)
    """

    evaluate: Callable[[Array], SiteState | tuple[Array, Array, Array, Array]]
    start: float
    stop: float


def track_of_rigid_body(
    times: ArrayLike,
    position: ArrayLike,
    quaternion: ArrayLike,
    smoothing: str | float | None = "auto",
    *,
    noise_floor: NoiseFloor | None = None,
) -> SensorTrack:
    """Return the motion of a tracked rigid body as that of a site at its origin.

    Parameters
    ----------
    times : array-like of shape (F,)
        Strictly increasing times in s.
    position : array-like of shape (F, 3)
        Track of the body's origin in the world, in m.
    quaternion : array-like of shape (F, 4)
        Unit quaternions (w, x, y, z) from body axes to world axes.
    smoothing : {"auto"}, float or None, default="auto"
        As in :func:`fit_trajectory`.
    noise_floor : NoiseFloor, optional
        As in :func:`fit_trajectory`.

    Returns
    -------
    SensorTrack
        Lever arms are in the body's axes.

    Raises
    ------
    ValueError
        If shapes do not match, or values are not finite.

    See Also
    --------
    calibrate : Identifies how a sensor on this body was worn.

    Examples
    --------
    >>> import numpy as np
    >>> t = np.arange(100) / 100.0
    >>> turning = np.stack([np.cos(t), 0 * t, 0 * t, np.sin(t)], axis=-1)  # 2 rad/s about z
    >>> state = track_of_rigid_body(t, np.zeros((100, 3)), turning).evaluate([0.5])
    >>> (state.lever[0] @ [1.0, 0, 0] @ state.rotation[0]).round(4) + 0.0  # centripetal
    array([-4.,  0.,  0.])
    """
    turns = real_array(quaternion, "quaternion", "unit quaternions (w, x, y, z)")
    if turns.ndim != 2 or turns.shape[1] != 4:
        raise ValueError(f"quaternion must have shape (frames, 4), got {turns.shape}.")
    trajectory = fit_trajectory(times, turns[:, None], position, smoothing, noise_floor=noise_floor)

    def evaluate(wanted: Array) -> SiteState:
        state = trajectory.evaluate(wanted)
        rotation = matrix_from_quat(state.quaternion[:, 0])
        # Euler and centripetal acceleration of a point at d: alpha x d + w x (w x d)
        omega, alpha = (skew(x[:, 0]) for x in (state.rate, state.acceleration))
        lever = rotation @ (alpha + omega @ omega)
        return SiteState(rotation, state.linear_acceleration, lever, state.rate[:, 0])

    return SensorTrack(evaluate, trajectory.start, trajectory.stop)


def track_of_site(
    body: BodyModel,
    site: str | Site,
    motion: Motion,
    smoothing: str | float | None = "auto",
    *,
    frame: str = "skin",
    noise: BodyNoise | None = None,
) -> SensorTrack:
    """Return the motion of a site on a moving person.

    Parameters
    ----------
    body : BodyModel
        The body, in the shape of the person.
    site : str or Site
        Where the sensor sits; see :func:`~m3n_sklearn.body.resolve_sites`.
    motion : Motion
        One clip.
    smoothing : {"auto"}, float or None, default="auto"
        As in :class:`SMPLIMUSimulator`.
    frame : {"skin", "bone", "triangle"}, default="skin"
        What the sensor is attached to; see :func:`~m3n_sklearn.body.site_kinematics`.
    noise : BodyNoise, optional
        Noise of the source of the motion. With ``"auto"`` it can lower the cut-off.

    Returns
    -------
    SensorTrack
        Lever arms are in the axes of the rest pose (x left, y up, z front). They add to the site's
        ``offset``.

    Raises
    ------
    ValueError
        If the site, the frame or the smoothing is unknown.

    Notes
    -----
    A skinned point depends linearly on its position in the rest pose. The effect of any offset
    therefore follows exactly from the accelerations of three offset points.

    Examples
    --------
    >>> import numpy as np
    >>> from m3n_sklearn.body import default_body
    >>> from m3n_sklearn.motion import Motion
    >>> still = Motion(np.zeros((61, 24, 3)), rate=60.0)
    >>> track = track_of_site(default_body(), "left_wrist", still)
    >>> track.stop, float(abs(track.evaluate(np.array([0.5])).acceleration).max())
    (1.0, 0.0)
    """
    [placed] = resolve_sites(body, site)
    assert placed.offset is not None  # resolved sites have one
    # the site, and three points next to it
    shifted = [placed]
    for axis in range(3):
        step = OFFSET * np.eye(3)[axis]
        shifted.append(replace(placed, name=f"{axis}", offset=placed.offset + step))
    trajectory = curve_of_site(body, placed, motion, smoothing, noise)

    def evaluate(wanted: Array) -> SiteState:
        moved = _kinematics_of_sites(body, shifted, trajectory, wanted, frame)
        here = moved.acceleration[:, :1]
        lever = np.swapaxes(moved.acceleration[:, 1:] - here, 1, 2) / OFFSET
        return SiteState(moved.rotation[:, 0], here[:, 0], lever, moved.angular_velocity[:, 0])

    return SensorTrack(evaluate, trajectory.start, trajectory.stop)


def curve_of_site(
    body: BodyModel,
    site: Site,
    motion: Motion,
    smoothing: str | float | None,
    noise: BodyNoise | None,
) -> Trajectory:
    """Fit the curve through the poses that the simulator uses for this site."""
    check_smoothing(smoothing)

    def read(first: int, last: int) -> tuple[Array, Array]:
        return quat_from_rotvec(motion.poses[first:last])[:, None], motion.trans[first:last, None]

    smoothed = smoothing is not None
    observed = None if motion.observed is None else motion.observed[:, None]
    track = Track(motion.times, read, smoothed, observed=observed, check_plausible=smoothed)
    if smoothing == "auto":
        band = band_of(motion.source)
        cutoffs = site_cutoffs(track, body, [bone_of(body, site)], band, noise)[0]
    else:
        cutoffs = track.cutoffs(1, smoothing)
    curve, origin = track.curve(track.frames_of(), cutoffs)
    return Trajectory(track.start, track.stop, curve, origin, (motion.n_joints,), cutoffs.hertz[0])


def _kinematics_of_sites(
    body: BodyModel, sites: list[Site], trajectory: Trajectory, wanted: Array, frame: str
) -> SiteKinematics:
    """Evaluate the kinematics of some sites."""
    state = trajectory.evaluate(wanted)
    return site_kinematics(
        body,
        sites,
        state.quaternion,
        state.rate,
        state.acceleration,
        state.position,
        state.velocity,
        state.linear_acceleration,
        frame=frame,
    )


def skew(vectors: Array) -> Array:
    """Matrices (T, 3, 3) of the cross products with vectors (T, 3)."""
    x, y, z = vectors.T
    zero = np.zeros_like(x)
    rows = [[zero, -z, y], [z, zero, -x], [-y, x, zero]]
    return np.moveaxis(np.array(rows), -1, 0)
