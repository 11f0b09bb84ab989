"""A continuous curve through poses: what is noise in them, smoothing, exact derivatives."""

from __future__ import annotations

from ._track import in_pause
from ._trajectory import Trajectory, TrajectoryState, fit_trajectory
from .noise_floor import NoiseFloor, PowerLaw, learn_noise_floor

__all__ = [
    "NoiseFloor",
    "PowerLaw",
    "Trajectory",
    "TrajectoryState",
    "fit_trajectory",
    "in_pause",
    "learn_noise_floor",
]
