"""Error models of named devices, with the sources of the numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

__all__ = ["NOISE_PRESETS", "NoisePreset"]

_G = 9.80665
_DEGREE = np.pi / 180


@dataclass(frozen=True)
class NoisePreset:
    """Error model of a device.

    Attributes
    ----------
    source : str
        Where the numbers come from.
    checked : bool
        True if all numbers were compared with that source. The names of the others end in
        ``_estimate``.
    acc, gyro : mapping of str to float, or None
        Parameters of `SensorNoise`; errors without an entry are off. None is an ideal sensor.
    density_convention : {"two-sided", "one-sided"}
        As in `IMUNoise`.
    """

    source: str
    checked: bool
    acc: Mapping[str, float] | None = None
    gyro: Mapping[str, float] | None = None
    density_convention: str = "two-sided"


def _triad(**parameters: float) -> Mapping[str, float]:
    """Return parameters of a `SensorNoise`, read-only."""
    return MappingProxyType(parameters)


_IDEAL = NoisePreset("no errors", checked=True)

# A tolerance is taken as two standard deviations. Densities of data sheets are one-sided.
_MPU9250 = NoisePreset(
    "InvenSense, MPU-9250 Product Specification, PS-MPU-9250A-01, revision 1.0 (2014), tables 1 "
    "and 2, at ±16 g and ±2000 °/s. White noise only: the total of 8 mg rms in 94 Hz that the "
    "sheet also states is more than that.",
    checked=True,
    density_convention="one-sided",
    acc=_triad(
        density=300e-6 * _G,
        bias=0.060 * _G / 2,
        scale=0.03 / 2,
        misalignment=0.02 / 2,
        range=16 * _G,
        resolution=_G / 2048,
    ),
    gyro=_triad(
        density=0.01 * _DEGREE,
        bias=5 * _DEGREE / 2,
        scale=0.03 / 2,
        misalignment=0.02 / 2,
        range=2000 * _DEGREE,
        resolution=_DEGREE / 16.4,
    ),
)

_EMPATICA_E4 = NoisePreset(
    "Empatica support, 'How is the acceleration data formatted in E4 connect?': ±2 g in steps of "
    "g/64 at 32 Hz. It states no noise, which these steps hide. There is no gyroscope.",
    checked=True,
    acc=_triad(range=2 * _G, resolution=_G / 64),
)

_BMI160 = NoisePreset(
    "Bosch Sensortec BMI160, typical values as quoted by others, taken as one standard deviation; "
    "at ±16 g and ±2000 °/s",
    checked=False,
    density_convention="one-sided",
    acc=_triad(density=180e-6 * _G, bias=0.040 * _G, range=16 * _G, resolution=_G / 2048),
    gyro=_triad(
        density=0.007 * _DEGREE,
        bias=3 * _DEGREE,
        range=2000 * _DEGREE,
        resolution=_DEGREE / 16.4,
    ),
)

_BMI270 = NoisePreset(
    "Bosch Sensortec BMI270, typical values as quoted by others (the gyroscope's density, ranges "
    "and 16 bits also on page 2 of BST-BMI270-DS000-05); at ±16 g and ±2000 °/s",
    checked=False,
    density_convention="one-sided",
    acc=_triad(
        density=160e-6 * _G,
        bias=0.020 * _G,
        scale=0.004,
        range=16 * _G,
        resolution=_G / 2048,
    ),
    gyro=_triad(
        density=0.007 * _DEGREE,
        bias=0.5 * _DEGREE,
        scale=0.004,
        range=2000 * _DEGREE,
        resolution=_DEGREE / 16.4,
    ),
)

_LSM6DSO = NoisePreset(
    "STMicroelectronics LSM6DSO: steps of 0.488 mg and 70 mdps from DS12140 revision 2; densities "
    "and offsets as quoted by others; at ±16 g and ±2000 °/s",
    checked=False,
    density_convention="one-sided",
    acc=_triad(density=70e-6 * _G, bias=0.020 * _G / 2, range=16 * _G, resolution=0.000488 * _G),
    gyro=_triad(
        density=0.0038 * _DEGREE,
        bias=1 * _DEGREE / 2,
        range=2000 * _DEGREE,
        resolution=0.070 * _DEGREE,
    ),
)

_OPENPACK_ATR = NoisePreset(
    "ATR TSND151 as OpenPack publishes it: ±4 g, at which its readings stop, and steps of 1/32768 "
    "of ±2000 °/s, which its readings show; noise and tolerances of an MPU-9250",
    checked=False,
    density_convention="one-sided",
    acc=_triad(**{**(_MPU9250.acc or {}), "range": 4 * _G, "resolution": 4 * _G / 32768}),
    gyro=_triad(**{**(_MPU9250.gyro or {}), "resolution": 2000 * _DEGREE / 32768}),
)

NOISE_PRESETS: Mapping[str, NoisePreset] = MappingProxyType(
    {
        "ideal": _IDEAL,
        "mpu9250": _MPU9250,
        "empatica_e4": _EMPATICA_E4,
        "bmi160_estimate": _BMI160,
        "bmi270_estimate": _BMI270,
        "lsm6dso_estimate": _LSM6DSO,
        "openpack_atr_estimate": _OPENPACK_ATR,
    }
)
"""Presets by name; ``IMUNoise.preset(name)`` makes a model of one."""
