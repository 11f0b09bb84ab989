"""What a mounted, imperfect sensor reads, and how that depends on its parameters."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..._typing import Array
from ...skeleton import matrix_from_rotvec
from ._sensor_track import SensorTrack, skew

__all__ = [
    "GROUPS",
    "SLOPES",
    "Clip",
    "Felt",
    "Group",
    "Parameters",
    "across",
    "feel",
    "in_site",
    "predict",
]

TICK = 1e-4
"""Seconds: half the step of the differences in time that tell what a lag does."""


class Group(NamedTuple):
    """Parameters that belong together, and what is known about such things beforehand.

    Attributes
    ----------
    columns : slice
        Where they are in the vector of parameters.
    unit : str
        Of a report.
    spread : float
        Standard deviation among sensors; it holds back what the data hardly show.
    matters : float
        Standard error from which on the parameter counts as not identified.
    limit : float
        A sensor with more is implausible: something else is wrong.
    """

    columns: slice
    unit: str
    spread: float
    matters: float
    limit: float


GROUPS = {
    "mount": Group(slice(0, 3), "rad", np.pi, 0.06, np.inf),
    "gravity": Group(slice(3, 5), "rad", 0.2, 0.03, 0.8),
    "lag": Group(slice(20, None), "s", 0.5, 0.02, np.inf),
    "lever_arm": Group(slice(5, 8), "m", 0.05, 0.015, 0.2),
    "acc_bias": Group(slice(8, 11), "m/s²", 0.5, 0.15, 2.0),
    "acc_scale": Group(slice(11, 14), "", 0.03, 0.01, 0.15),
    "gyro_bias": Group(slice(14, 17), "rad/s", 0.1, 0.02, 0.5),
    "gyro_scale": Group(slice(17, 20), "", 0.03, 0.01, 0.15),
}
"""Spreads and limits of biases and scales cover the zero-g and zero-rate offsets (60 to 80 mg,
5 deg/s) and the sensitivity tolerances (3 %) of the MPU-9250's datasheet."""


@dataclass(frozen=True)
class Parameters:
    """A mounted sensor: see :class:`Calibration`, whose names these are."""

    mount: Array
    nominal_gravity: Array
    tilt: Array  # (2,), rad, about two axes across the nominal gravity
    lever_arm: Array
    acc_bias: Array
    acc_scale: Array  # minus 1
    gyro_bias: Array
    gyro_scale: Array  # minus 1
    lags: Array

    @classmethod
    def default(cls, mount: Array, gravity: Array, lags: Array) -> Parameters:
        """Return a perfect sensor at its site."""
        zero = np.zeros(3)
        return cls(mount, gravity, np.zeros(2), zero, zero, zero, zero, zero, lags)

    @cached_property
    def gravity(self) -> Array:
        """Free-fall acceleration in the world, of the nominal magnitude."""
        return self._tilted(self.tilt)

    @cached_property
    def tilting(self) -> Array:
        """Derivative (3, 2) of gravity by the tilt."""
        sides = [
            self._tilted(self.tilt + s) - self._tilted(self.tilt - s) for s in 1e-6 * np.eye(2)
        ]
        return np.stack(sides, axis=1) / 2e-6

    def _tilted(self, tilt: Array) -> Array:
        return matrix_from_rotvec(across(self.nominal_gravity) @ tilt) @ self.nominal_gravity

    @property
    def vector(self) -> Array:
        """All but the mount, which is 0: steps turn it."""
        parts = (self.tilt, self.lever_arm, self.acc_bias, self.acc_scale)
        return np.concatenate([np.zeros(3), *parts, self.gyro_bias, self.gyro_scale, self.lags])

    def with_vector(self, vector: Array) -> Parameters:
        """Return the parameters of a vector; its first 3 entries turn the mount (rad)."""
        turn, tilt, arm, bias, scale, gyro_bias, gyro_scale, lags = np.split(
            vector, [3, 5, 8, 11, 14, 17, 20]
        )
        mount = self.mount @ matrix_from_rotvec(turn)
        return replace(
            self,
            mount=mount,
            tilt=tilt,
            lever_arm=arm,
            acc_bias=bias,
            acc_scale=scale,
            gyro_bias=gyro_bias,
            gyro_scale=gyro_scale,
            lags=lags,
        )


class Felt(NamedTuple):
    """Motion in the site's own axes, in which readings are linear.

    Attributes
    ----------
    linear : ndarray of shape (T, 3)
        Acceleration without gravity, in m/s².
    turn : ndarray of shape (T, 3, 3)
        World to site.
    lever : ndarray of shape (T, 3, 3)
        Change of `linear` by a shift of the sensor.
    rate : ndarray of shape (T, 3)
        In rad/s.
    """

    linear: Array
    turn: Array
    lever: Array
    rate: Array

    def force(self, gravity: Array, arm: Array) -> Array:
        """Specific force in the site's axes (T, 3), in m/s²."""
        return self.linear + self.lever @ arm - self.turn @ gravity


@dataclass(frozen=True, eq=False)
class Clip:
    """One clip: the motion, and what the sensor read."""

    track: SensorTrack
    times: Array
    readings: tuple[Array | None, Array | None]  # acc, gyro
    lag: int  # which of the lags is its own

    def meets(self, lag: float) -> NDArray[np.bool_]:
        """Whether the motion is known when a sample was taken."""
        moments = self.times - lag
        return (moments >= self.track.start) & (moments <= self.track.stop)


def across(gravity: Array) -> Array:
    """Return two unit vectors perpendicular to a vector, as columns (3, 2)."""
    return np.asarray(np.linalg.svd(gravity[None])[2][1:].T)


def feel(track: SensorTrack, times: Array) -> tuple[Felt, Felt]:
    """Evaluate a track and its change in the site's axes.

    Parameters
    ----------
    track : SensorTrack
        The motion.
    times : ndarray of shape (T,)
        In s, on the motion's clock.

    Returns
    -------
    felt, change : Felt
        The motion, and its derivative in time.
    """
    inside = np.clip(times, track.start + TICK, track.stop - TICK)
    moments = np.concatenate([inside - TICK, inside, inside + TICK])  # one call costs least
    parts = [x.reshape(3, len(times), *x.shape[1:]) for x in in_site(track, moments)]
    return Felt(*(x[1] for x in parts)), Felt(*((x[2] - x[0]) / (2 * TICK) for x in parts))


def in_site(track: SensorTrack, times: Array) -> Felt:
    """Evaluate a track in the site's axes.

    Parameters
    ----------
    track : SensorTrack
        The motion.
    times : ndarray of shape (T,)
        In s, on the motion's clock.

    Returns
    -------
    Felt
        The motion.
    """
    rotation, acceleration, lever, rate = track.evaluate(times)
    turn = np.swapaxes(rotation, 1, 2)
    return Felt((turn @ acceleration[..., None])[..., 0], turn, turn @ lever, np.asarray(rate))


def predict(sensor: Parameters, felt: Felt) -> tuple[Array, Array]:
    """Return the readings of an imperfect sensor: acc (T, 3) in m/s², gyro (T, 3) in rad/s."""
    force = felt.force(sensor.gravity, sensor.lever_arm) @ sensor.mount
    acc = (1 + sensor.acc_scale) * force + sensor.acc_bias
    return acc, (1 + sensor.gyro_scale) * (felt.rate @ sensor.mount) + sensor.gyro_bias


def _acc_slopes(sensor: Parameters, felt: Felt, change: Felt, lag: NDArray[np.int64]) -> Array:
    gravity, arm = sensor.gravity, sensor.lever_arm
    gain, axes = (1 + sensor.acc_scale)[:, None], sensor.mount.T
    force = felt.force(gravity, arm) @ sensor.mount
    slopes = np.zeros((len(force), 3, len(sensor.vector)))
    slopes[:, :, 0:3] = gain * skew(force)
    slopes[:, :, 3:5] = gain * (axes @ felt.turn @ -sensor.tilting)
    slopes[:, :, 5:8] = gain * (axes @ felt.lever)
    slopes[:, :, 8:11] = np.eye(3)
    slopes[:, :, 11:14] = force[:, :, None] * np.eye(3)
    later = -gain[:, 0] * (change.force(gravity, arm) @ sensor.mount)
    slopes[np.arange(len(force)), :, 20 + lag] = later
    return slopes


def _gyro_slopes(sensor: Parameters, felt: Felt, change: Felt, lag: NDArray[np.int64]) -> Array:
    gain, rate = (1 + sensor.gyro_scale)[:, None], felt.rate @ sensor.mount
    slopes = np.zeros((len(rate), 3, len(sensor.vector)))
    slopes[:, :, 0:3] = gain * skew(rate)
    slopes[:, :, 14:17] = np.eye(3)
    slopes[:, :, 17:20] = rate[:, :, None] * np.eye(3)
    later = -gain[:, 0] * (change.rate @ sensor.mount)
    slopes[np.arange(len(rate)), :, 20 + lag] = later
    return slopes


SLOPES = (_acc_slopes, _gyro_slopes)
"""Derivatives (T, 3, P) of both parts of :func:`predict` by :attr:`Parameters.vector`, where
``lag`` (T,) says which of the lags is that of a sample."""
