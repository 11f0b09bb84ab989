"""A continuous curve through poses: what is noise in them, smoothing, exact derivatives."""

from __future__ import annotations

from ._trajectory import Trajectory, TrajectoryState, fit_trajectory
from .body_noise import BodyNoise
from .noise_floor import NoiseFloor, PowerLaw, learn_noise_floor

__all__ = [
    "BodyNoise",
    "NoiseFloor",
    "PowerLaw",
    "Trajectory",
    "TrajectoryState",
    "fit_trajectory",
    "learn_noise_floor",
]
