"""Errors of real inertial sensors: white noise, bias, scale, range and resolution."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator

from .._checks import real_array
from ._checks import check_rate, is_number

__all__ = ["NOISE_PRESETS", "IMUNoise", "resolve_noise"]

Array = NDArray[np.float64]


@dataclass(eq=True, repr=False)
class IMUNoise(BaseEstimator):
    """Errors that an inertial sensor adds to ideal readings.

    ``y = clip(quantise((1 + scale) x + bias + white noise))``, per axis. Everything is off by
    default, and what is off leaves the samples bit for bit as they are. Parameters can be
    searched like those of an estimator, such as ``simulator__noise__acc_density``.

    Parameters
    ----------
    acc_density, gyro_density : float, default=0.0
        White noise density N in m/s²/√Hz and rad/s/√Hz, two-sided: samples at rate f get the
        standard deviation N √f, and the Allan deviation at 1 s is N (the convention of IEEE
        952 and of Kalibr). Data sheets mostly state the one-sided density, which is √2 N.
    acc_bias, gyro_bias : float, default=0.0
        Standard deviation of the turn-on bias in m/s² and rad/s: drawn once per sensor axis.
    acc_scale, gyro_scale : float, default=0.0
        Standard deviation of the relative error of scale, drawn once per sensor axis.
    acc_range, gyro_range : float, default=inf
        Largest magnitude that an axis can read, in m/s² and rad/s.
    acc_resolution, gyro_resolution : float, default=0.0
        Step between neighbouring readings, in m/s² and rad/s; 0 is continuous.

    References
    ----------
    IEEE Std 952-1997, annex C. Rehder et al. (2016), Extending kalibr, ICRA.

    Examples
    --------
    >>> import numpy as np
    >>> from m3n_sklearn.simulation import IMUNoise
    >>> still = np.tile([0.0, 0.0, 9.80665, 0.0, 0.0, 0.0], (1000, 1))
    >>> noisy = IMUNoise(acc_density=0.002).apply(still, 100.0, np.random.default_rng(0))
    >>> float((noisy - still)[:, 0].std().round(3))
    0.02
    """

    acc_density: float = 0.0
    gyro_density: float = 0.0
    acc_bias: float = 0.0
    gyro_bias: float = 0.0
    acc_scale: float = 0.0
    gyro_scale: float = 0.0
    acc_range: float = np.inf
    gyro_range: float = np.inf
    acc_resolution: float = 0.0
    gyro_resolution: float = 0.0

    @property
    def is_random(self) -> bool:
        """Whether any draw is needed."""
        return any(
            getattr(self, f"{sensor}_{kind}") > 0
            for sensor in ("acc", "gyro")
            for kind in ("density", "bias", "scale")
        )

    def apply(
        self,
        data: ArrayLike,
        rate: float,
        rng: np.random.Generator,
        device: np.random.Generator | None = None,
    ) -> Array:
        """Return readings with errors added.

        Parameters
        ----------
        data : array-like of shape (T, 6)
            Ideal readings of one sensor: specific force x y z in m/s², angular rate x y z in
            rad/s.
        rate : float
            Samples per second.
        rng : numpy.random.Generator
            Draws the white noise.
        device : numpy.random.Generator, optional
            Draws what is constant for one sensor (bias, scale); `rng` by default. Seed it alike
            for several stretches of one sensor.

        Returns
        -------
        ndarray of shape (T, 6)
            A new array.

        Raises
        ------
        ValueError
            If `data` has another shape, or a parameter is negative.
        """
        self.check()
        check_rate(rate, "rate")
        if not isinstance(rng, np.random.Generator):
            raise TypeError(
                f"rng must be a numpy.random.Generator, such as numpy.random.default_rng(0); got "
                f"{rng!r}."
            )
        ideal = real_array(data, "data", "readings of shape (samples, 6)")
        if ideal.ndim != 2 or ideal.shape[1] != 6:
            raise ValueError(
                "data must have shape (samples, 6): acc x y z, gyro x y z of one sensor; got "
                f"{ideal.shape}."
            )
        if not np.isfinite(ideal).all():
            raise ValueError("data has values that are not finite: cut or interpolate them.")
        halves = [
            self._sensor(ideal[:, columns], sensor, rate, rng, rng if device is None else device)
            for sensor, columns in (("acc", slice(0, 3)), ("gyro", slice(3, 6)))
        ]
        return np.concatenate(halves, axis=1)

    def _sensor(
        self,
        values: Array,
        sensor: str,
        rate: float,
        rng: np.random.Generator,
        device: np.random.Generator,
    ) -> Array:
        density, bias, scale, limit, step = (
            getattr(self, f"{sensor}_{kind}")
            for kind in ("density", "bias", "scale", "range", "resolution")
        )
        # drawn whether used or not: switching one error on leaves the draws of the others alone
        offset, gain = device.standard_normal(3), device.standard_normal(3)
        white = rng.standard_normal(values.shape)
        if scale > 0:
            values = values * (1 + scale * gain)
        if bias > 0:
            values = values + bias * offset
        if density > 0:
            values = values + density * np.sqrt(rate) * white
        return _digitise(values, limit, step)

    def check(self) -> None:
        """Complain about parameters that make no sense.

        Raises
        ------
        TypeError
            If one is not a number.
        ValueError
            If one is negative or NaN, a range is 0, or anything but a range is infinite.
        """
        for field in fields(self):
            value = getattr(self, field.name)
            if not is_number(value):
                raise TypeError(f"{field.name} must be a number, got {value!r}.")
            is_range = field.name.endswith("range")
            if not value >= 0 or (is_range and value == 0) or (not is_range and value == np.inf):
                limits = "above 0" if is_range else "of at least 0, and finite"
                raise ValueError(f"{field.name} must be a magnitude {limits}; got {value!r}.")


def _digitise(values: Array, limit: float, step: float) -> Array:
    """Round to multiples of a step and saturate, never beyond the largest multiple in range."""
    if step > 0:
        counts = np.rint(values / step)
        if np.isfinite(limit):
            counts = np.clip(counts, -np.floor(limit / step), np.floor(limit / step))
        return counts * step
    return np.clip(values, -limit, limit) if np.isfinite(limit) else values


_G = 9.80665
_DEGREE = np.pi / 180

NOISE_PRESETS = {
    "ideal": IMUNoise(),
    # data sheet PS-MPU-9250A-01: densities are one-sided; tolerances are taken as two sigma;
    # ranges of 16 g and 2000 deg/s with 16 bits
    "mpu9250": IMUNoise(
        acc_density=300e-6 * _G / np.sqrt(2),
        gyro_density=0.01 * _DEGREE / np.sqrt(2),
        acc_bias=0.060 * _G / 2,
        gyro_bias=5 * _DEGREE / 2,
        acc_scale=0.03 / 2,
        gyro_scale=0.03 / 2,
        acc_range=16 * _G,
        gyro_range=2000 * _DEGREE,
        acc_resolution=_G / 2048,
        gyro_resolution=_DEGREE / 16.4,
    ),
}
"""Named sensors: ``"ideal"``, and ``"mpu9250"`` after its data sheet."""


def resolve_noise(noise: IMUNoise | str | None) -> IMUNoise:
    """Return the noise model behind a name.

    Parameters
    ----------
    noise : IMUNoise, str or None
        A model, a name of `NOISE_PRESETS`, or None for an ideal sensor.

    Returns
    -------
    IMUNoise
        The model, checked.

    Raises
    ------
    ValueError
        If there is no preset of that name.
    TypeError
        If it is something else.
    """
    if noise is None:
        return NOISE_PRESETS["ideal"]
    if isinstance(noise, str):
        if noise not in NOISE_PRESETS:
            raise ValueError(f"noise must be one of {', '.join(NOISE_PRESETS)}, got {noise!r}.")
        return NOISE_PRESETS[noise]
    if not isinstance(noise, IMUNoise):
        raise TypeError(f"noise must be an IMUNoise, a name or None, got {type(noise).__name__}.")
    noise.check()
    return noise
