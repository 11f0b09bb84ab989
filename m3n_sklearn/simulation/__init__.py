"""From motion to readings: continuous trajectories, exact kinematics, sensor errors."""

from __future__ import annotations

from ._allan import AllanDeviation, allan_deviation
from ._compare import IMUComparison, compare_imu
from ._keys import keyed_rng as keyed_rng
from ._noise import IMUNoise, SensorNoise
from ._noise_presets import NOISE_PRESETS, NoisePreset
from ._randomization import Randomization, draws_table
from ._rigid_body import rigid_body_imu
from ._simulator import SMPLIMUSimulator
from .calibration._calibration import Calibration, Measured, calibrate
from .calibration._sensor_track import SensorTrack, SiteState, track_of_rigid_body, track_of_site
from .trajectory._noise_floor import BodyNoise, NoiseFloor, learn_noise_floor
from .trajectory._spectrum import PowerLaw
from .trajectory._trajectory import Trajectory, TrajectoryState, fit_trajectory

__all__ = [
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
