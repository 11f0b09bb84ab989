"""Error model of inertial sensors, and the Allan deviation that measures it."""

from __future__ import annotations

from ._noise import IMUNoise, SensorNoise, resolve_noise, sensor_errors
from .allan import AllanDeviation, allan_deviation
from .presets import NOISE_PRESETS, NoisePreset

__all__ = [
    "NOISE_PRESETS",
    "AllanDeviation",
    "IMUNoise",
    "NoisePreset",
    "SensorNoise",
    "allan_deviation",
    "resolve_noise",
    "sensor_errors",
]
