"""From motion to readings: continuous trajectories, exact kinematics, sensor errors."""

from __future__ import annotations

from .compare import IMUComparison, compare_imu
from .noise import NOISE_PRESETS, IMUNoise
from .randomization import Randomization
from .rigid_body import GRAVITY, rigid_body_imu
from .simulator import SMPLIMUSimulator
from .trajectory import Trajectory, TrajectoryState, fit_trajectory

__all__ = [
    "GRAVITY",
    "NOISE_PRESETS",
    "IMUComparison",
    "IMUNoise",
    "Randomization",
    "SMPLIMUSimulator",
    "Trajectory",
    "TrajectoryState",
    "compare_imu",
    "fit_trajectory",
    "rigid_body_imu",
]
