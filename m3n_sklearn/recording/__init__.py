"""IMU recordings: the samples, their units and rates, and cutting them into windows."""

from __future__ import annotations

from ._recording import Recording
from .axes import to_site_axes
from .channels import Triad, channel_names, parse_channels, sites_of
from .cutting import Cut, cut
from .resampling import resample_signal, resample_timestamps, resample_windows
from .units import STANDARD_GRAVITY, UnitsWarning, acc_from_g, gyro_from_dps, warn_units

__all__ = [
    "STANDARD_GRAVITY",
    "Cut",
    "Recording",
    "Triad",
    "UnitsWarning",
    "acc_from_g",
    "channel_names",
    "cut",
    "gyro_from_dps",
    "parse_channels",
    "resample_signal",
    "resample_timestamps",
    "resample_windows",
    "sites_of",
    "to_site_axes",
    "warn_units",
]
