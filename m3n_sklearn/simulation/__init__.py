"""From motion to readings: continuous trajectories, exact kinematics, sensor errors."""

from __future__ import annotations

from .calibration import (
    Calibration,
    Measured,
    SensorTrack,
    SiteState,
    calibrate,
    track_of_rigid_body,
    track_of_site,
)
from .compare import IMUComparison, compare_imu
from .noise import (
    NOISE_PRESETS,
    AllanDeviation,
    IMUNoise,
    NoisePreset,
    SensorNoise,
    allan_deviation,
)
from .randomization import Randomization, draws_table
from .rigid_body import GRAVITY, rigid_body_imu
from .simulator import SMPLIMUSimulator
from .trajectory import (
    BodyNoise,
    NoiseFloor,
    PowerLaw,
    Trajectory,
    TrajectoryState,
    fit_trajectory,
    learn_noise_floor,
)

__all__ = [
    "GRAVITY",
    "NOISE_PRESETS",
    "AllanDeviation",
    "BodyNoise",
    "Calibration",
    "IMUComparison",
    "IMUNoise",
    "Measured",
    "NoiseFloor",
    "NoisePreset",
    "PowerLaw",
    "Randomization",
    "SMPLIMUSimulator",
    "SensorNoise",
    "SensorTrack",
    "SiteState",
    "Trajectory",
    "TrajectoryState",
    "allan_deviation",
    "calibrate",
    "compare_imu",
    "draws_table",
    "fit_trajectory",
    "learn_noise_floor",
    "rigid_body_imu",
    "track_of_rigid_body",
    "track_of_site",
]
