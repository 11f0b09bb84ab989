"""What a mounted, imperfect sensor reads, and the derivatives by its parameters.

Model
-----
At the motion's time ``t - lag`` a site has the rotation R (site to world), the acceleration a (in
the world, without gravity) and the angular rate w (in the site's axes). A sensor with mount M sits
at the offset d from it, and L d is the acceleration that this offset adds (in the world). Its
readings are

    f    = R' (a + L d - g)                 specific force in the site's axes, m/s²
    acc  = (1 + s_a) * M' f + b_a           m/s²
    gyro = (1 + s_g) * M' w + b_g           rad/s

with gravity g, biases b and relative scale errors s of each axis (``*`` is elementwise).

Parameters
----------
The vector theta holds, in this order: the turn e of the mount (``M <- M exp([e]x)``, in rad, zero
at the current estimate), the tilt of gravity about two horizontal axes (rad), d (m), b_a, s_a,
b_g, s_g, and one lag per clock (s).

Derivatives
-----------
With ``k = 1 + s``, ``h = M' f`` for the accelerometer and ``h = M' w`` for the gyroscope:

    by e     k * [h]x                       since (M exp([e]x))' f = h - e x h + O(e^2)
    by tilt  -k * M' R' dg/dtilt            accelerometer only
    by d     k * M' R' L                    accelerometer only
    by b     identity
    by s     diag(h)
    by lag   -k * dh/dt
"""

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
    "DERIVATIVES",
    "GROUPS",
    "MOUNT",
    "N_SHARED",
    "Clip",
    "Group",
    "Parameters",
    "SiteMotion",
    "horizontal_axes",
    "predict",
    "site_motion",
    "site_motion_with_change",
]

TIME_STEP = 1e-4
"""Seconds. Half the step of the central differences in time."""

TILT_STEP = 1e-6
"""Rad. Half the step of the central differences in the tilt of gravity."""

# ---- columns of theta

MOUNT, TILT, LEVER_ARM = slice(0, 3), slice(3, 5), slice(5, 8)
ACC_BIAS, ACC_SCALE = slice(8, 11), slice(11, 14)
GYRO_BIAS, GYRO_SCALE = slice(14, 17), slice(17, 20)
N_SHARED = 20
"""Number of parameters that all clips share; the lags follow."""
LAGS = slice(N_SHARED, None)


class Group(NamedTuple):
    """Parameters that are identified or given up together."""

    columns: slice  # in theta
    unit: str  # in a report
    prior_sd: float  # standard deviation among sensors; the prior of parameters with few data
    max_error: float  # standard error above which a parameter counts as not identified
    max_value: float  # larger magnitudes are implausible: the error lies elsewhere


GROUPS = {
    "mount": Group(MOUNT, "rad", np.pi, 0.06, np.inf),
    "gravity": Group(TILT, "rad", 0.2, 0.03, 0.8),
    "lag": Group(LAGS, "s", 0.5, 0.02, np.inf),
    "lever_arm": Group(LEVER_ARM, "m", 0.05, 0.015, 0.2),
    "acc_bias": Group(ACC_BIAS, "m/s²", 0.5, 0.15, 2.0),
    "acc_scale": Group(ACC_SCALE, "", 0.03, 0.01, 0.15),
    "gyro_bias": Group(GYRO_BIAS, "rad/s", 0.1, 0.02, 0.5),
    "gyro_scale": Group(GYRO_SCALE, "", 0.03, 0.01, 0.15),
}
"""Priors and limits of biases and scales cover the zero-g and zero-rate offsets (60 to 80 mg,
5 deg/s) and the sensitivity tolerances (3 %) of the MPU-9250's datasheet."""


@dataclass(frozen=True)
class Parameters:
    """A mounted sensor; the names are those of :class:`Calibration`."""

    mount: Array
    nominal_gravity: Array
    tilt: Array  # (2,), rad, about two axes perpendicular to the nominal gravity
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
    def gravity_by_tilt(self) -> Array:
        """Derivative (3, 2) of gravity by the tilt."""
        sides = [
            self._tilted(self.tilt + s) - self._tilted(self.tilt - s) for s in TILT_STEP * np.eye(2)
        ]
        return np.stack(sides, axis=1) / (2 * TILT_STEP)

    def _tilted(self, tilt: Array) -> Array:
        """Turn the nominal gravity."""
        turn = matrix_from_rotvec(horizontal_axes(self.nominal_gravity) @ tilt)
        return turn @ self.nominal_gravity

    @property
    def vector(self) -> Array:
        """Return theta; its first 3 entries are 0, because the mount holds all turns so far."""
        parts = (self.tilt, self.lever_arm, self.acc_bias, self.acc_scale)
        return np.concatenate([np.zeros(3), *parts, self.gyro_bias, self.gyro_scale, self.lags])

    def with_vector(self, vector: Array) -> Parameters:
        """Return the parameters of a theta, whose first 3 entries turn the mount."""
        return replace(
            self,
            mount=self.mount @ matrix_from_rotvec(vector[MOUNT]),
            tilt=vector[TILT],
            lever_arm=vector[LEVER_ARM],
            acc_bias=vector[ACC_BIAS],
            acc_scale=vector[ACC_SCALE],
            gyro_bias=vector[GYRO_BIAS],
            gyro_scale=vector[GYRO_SCALE],
            lags=vector[LAGS],
        )


class SiteMotion(NamedTuple):
    """Motion in the site's own axes, in which readings are linear."""

    acceleration: Array  # (T, 3), without gravity, in m/s²
    to_site: Array  # (T, 3, 3), R': world to site
    lever: Array  # (T, 3, 3), R' L: acceleration by the offset of the sensor
    rate: Array  # (T, 3), in rad/s

    def force(self, gravity: Array, lever_arm: Array) -> Array:
        """Specific force in the site's axes (T, 3), in m/s²."""
        return self.acceleration + self.lever @ lever_arm - self.to_site @ gravity


@dataclass(frozen=True, eq=False)
class Clip:
    """One clip: the motion, and what the sensor read."""

    track: SensorTrack
    times: Array
    readings: tuple[Array | None, Array | None]  # acc, gyro
    lag: int  # index of its lag

    def overlap(self, lag: float) -> NDArray[np.bool_]:
        """Return which samples were taken while the motion is known."""
        moments = self.times - lag
        return (moments >= self.track.start) & (moments <= self.track.stop)


def horizontal_axes(gravity: Array) -> Array:
    """Return two unit vectors perpendicular to gravity, as columns (3, 2)."""
    return np.asarray(np.linalg.svd(gravity[None])[2][1:].T)


def site_motion(track: SensorTrack, times: Array) -> SiteMotion:
    """Evaluate a track in the site's axes at times (T,) in s on the motion's clock."""
    rotation, acceleration, lever, rate = track.evaluate(times)
    to_site = np.swapaxes(rotation, 1, 2)
    local = (to_site @ acceleration[..., None])[..., 0]
    return SiteMotion(local, to_site, to_site @ lever, np.asarray(rate))


def site_motion_with_change(track: SensorTrack, times: Array) -> tuple[SiteMotion, SiteMotion]:
    """Return the motion at times (T,), and its derivative in time by central differences."""
    inside = np.clip(times, track.start + TIME_STEP, track.stop - TIME_STEP)
    # one call for all three times: its fixed cost is the largest
    moments = np.concatenate([inside - TIME_STEP, inside, inside + TIME_STEP])
    parts = [x.reshape(3, len(times), *x.shape[1:]) for x in site_motion(track, moments)]
    change = SiteMotion(*((x[2] - x[0]) / (2 * TIME_STEP) for x in parts))
    return SiteMotion(*(x[1] for x in parts)), change


def predict(sensor: Parameters, motion: SiteMotion) -> tuple[Array, Array]:
    """Return the readings of an imperfect sensor: acc (T, 3) in m/s², gyro (T, 3) in rad/s."""
    force = motion.force(sensor.gravity, sensor.lever_arm) @ sensor.mount
    acc = (1 + sensor.acc_scale) * force + sensor.acc_bias
    return acc, (1 + sensor.gyro_scale) * (motion.rate @ sensor.mount) + sensor.gyro_bias


def _acc_derivatives(
    sensor: Parameters, motion: SiteMotion, change: SiteMotion, lag: NDArray[np.int64]
) -> Array:
    """Return the derivatives (T, 3, P) of the accelerometer's readings by theta."""
    gravity, arm = sensor.gravity, sensor.lever_arm
    gain, axes = (1 + sensor.acc_scale)[:, None], sensor.mount.T
    force = motion.force(gravity, arm) @ sensor.mount
    result = np.zeros((len(force), 3, len(sensor.vector)))
    result[:, :, MOUNT] = gain * skew(force)
    result[:, :, TILT] = gain * (axes @ motion.to_site @ -sensor.gravity_by_tilt)
    result[:, :, LEVER_ARM] = gain * (axes @ motion.lever)
    result[:, :, ACC_BIAS] = np.eye(3)
    result[:, :, ACC_SCALE] = force[:, :, None] * np.eye(3)
    by_lag = -gain[:, 0] * (change.force(gravity, arm) @ sensor.mount)
    result[np.arange(len(force)), :, N_SHARED + lag] = by_lag
    return result


def _gyro_derivatives(
    sensor: Parameters, motion: SiteMotion, change: SiteMotion, lag: NDArray[np.int64]
) -> Array:
    """Return the derivatives (T, 3, P) of the gyroscope's readings by theta."""
    gain, rate = (1 + sensor.gyro_scale)[:, None], motion.rate @ sensor.mount
    result = np.zeros((len(rate), 3, len(sensor.vector)))
    result[:, :, MOUNT] = gain * skew(rate)
    result[:, :, GYRO_BIAS] = np.eye(3)
    result[:, :, GYRO_SCALE] = rate[:, :, None] * np.eye(3)
    by_lag = -gain[:, 0] * (change.rate @ sensor.mount)
    result[np.arange(len(rate)), :, N_SHARED + lag] = by_lag
    return result


DERIVATIVES = (_acc_derivatives, _gyro_derivatives)
"""Derivatives of both parts of :func:`predict` by theta; ``lag`` (T,) is the index of the lag of
each sample."""
