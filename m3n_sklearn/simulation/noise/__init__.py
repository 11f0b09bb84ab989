"""Errors of real inertial sensors, and how they are measured."""

from __future__ import annotations

from ._noise import IMUNoise, resolve_noise, sensor_errors
from .allan import AllanDeviation, allan_deviation
from .presets import NOISE_PRESETS, NoisePreset

__all__ = [
    "NOISE_PRESETS",
    "AllanDeviation",
    "IMUNoise",
    "NoisePreset",
    "allan_deviation",
    "resolve_noise",
    "sensor_errors",
]
