"""Named sensors: error parameters, where they come from, and whether they have been checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

__all__ = ["NOISE_PRESETS", "NoisePreset"]

_G = 9.80665
_DEGREE = np.pi / 180


@dataclass(frozen=True)
class NoisePreset:
    """Errors of a device.

    Attributes
    ----------
    parameters : mapping of str to object
        Parameters of `IMUNoise`; what is not named is off.
    source : str
        Where the numbers come from.
    checked : bool
        True if all of them were compared with that source. The names of the others end in
        ``_estimate``.
    """

    parameters: Mapping[str, Any]
    source: str
    checked: bool


def _preset(source: str, *, checked: bool, **parameters: Any) -> NoisePreset:
    return NoisePreset(MappingProxyType(parameters), source, checked)


_IDEAL = _preset("no errors at all", checked=True)

# tolerances are taken as two standard deviations, densities as one-sided
_MPU9250 = _preset(
    "InvenSense, MPU-9250 Product Specification, PS-MPU-9250A-01, revision 1.0 (2014), tables 1 "
    "and 2, at ±16 g and ±2000 °/s. White noise only: the total of 8 mg rms in 94 Hz that the "
    "sheet also states is more than that.",
    checked=True,
    density_convention="one-sided",
    acc_density=300e-6 * _G,
    gyro_density=0.01 * _DEGREE,
    acc_bias=0.060 * _G / 2,
    gyro_bias=5 * _DEGREE / 2,
    acc_scale=0.03 / 2,
    gyro_scale=0.03 / 2,
    acc_misalignment=0.02 / 2,
    gyro_misalignment=0.02 / 2,
    acc_range=16 * _G,
    gyro_range=2000 * _DEGREE,
    acc_resolution=_G / 2048,
    gyro_resolution=_DEGREE / 16.4,
)

_EMPATICA_E4 = _preset(
    "Empatica support, 'How is the acceleration data formatted in E4 connect?': ±2 g in steps of "
    "g/64 at 32 Hz. Nothing is said about noise, which these steps hide; there is no gyroscope.",
    checked=True,
    acc_range=2 * _G,
    acc_resolution=_G / 64,
)

_BMI160 = _preset(
    "Bosch Sensortec BMI160, typical values as quoted by others, taken as one standard deviation; "
    "at ±16 g and ±2000 °/s",
    checked=False,
    density_convention="one-sided",
    acc_density=180e-6 * _G,
    gyro_density=0.007 * _DEGREE,
    acc_bias=0.040 * _G,
    gyro_bias=3 * _DEGREE,
    acc_range=16 * _G,
    gyro_range=2000 * _DEGREE,
    acc_resolution=_G / 2048,
    gyro_resolution=_DEGREE / 16.4,
)

_BMI270 = _preset(
    "Bosch Sensortec BMI270, typical values as quoted by others (the gyroscope's density, ranges "
    "and 16 bits also on page 2 of BST-BMI270-DS000-05); at ±16 g and ±2000 °/s",
    checked=False,
    density_convention="one-sided",
    acc_density=160e-6 * _G,
    gyro_density=0.007 * _DEGREE,
    acc_bias=0.020 * _G,
    gyro_bias=0.5 * _DEGREE,
    acc_scale=0.004,
    gyro_scale=0.004,
    acc_range=16 * _G,
    gyro_range=2000 * _DEGREE,
    acc_resolution=_G / 2048,
    gyro_resolution=_DEGREE / 16.4,
)

_LSM6DSO = _preset(
    "STMicroelectronics LSM6DSO: steps of 0.488 mg and 70 mdps from DS12140 revision 2; densities "
    "and offsets as quoted by others; at ±16 g and ±2000 °/s",
    checked=False,
    density_convention="one-sided",
    acc_density=70e-6 * _G,
    gyro_density=0.0038 * _DEGREE,
    acc_bias=0.020 * _G / 2,
    gyro_bias=1 * _DEGREE / 2,
    acc_range=16 * _G,
    gyro_range=2000 * _DEGREE,
    acc_resolution=0.000488 * _G,
    gyro_resolution=0.070 * _DEGREE,
)

_OPENPACK_ATR = _preset(
    "ATR TSND151 as OpenPack publishes it: ±4 g, at which its readings stop, and steps of 1/32768 "
    "of ±2000 °/s, which its readings show; noise and tolerances of an MPU-9250",
    checked=False,
    **{
        **_MPU9250.parameters,
        "acc_range": 4 * _G,
        "acc_resolution": 4 * _G / 32768,
        "gyro_resolution": 2000 * _DEGREE / 32768,
    },
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
"""Devices by name. Get the errors of one with ``IMUNoise.preset(name)``."""
