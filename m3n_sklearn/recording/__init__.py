"""IMU recordings: samples with units, rates and channel names, and their windows."""

from __future__ import annotations

from ._channels import SENSORS as SENSORS
from ._channels import (
    STANDARD_GRAVITY,
    UnitsWarning,
    acc_from_g,
    channel_names,
    gyro_from_dps,
    parse_channels,
    to_site_axes,
    warn_units,
)
from ._cutting import Cut, cut
from ._cutting import Item as Item
from ._recording import Recording
from ._resampling import resample_timestamps, resample_windows

__all__ = [
    "STANDARD_GRAVITY",
    "Cut",
    "Recording",
    "UnitsWarning",
    "acc_from_g",
    "channel_names",
    "cut",
    "gyro_from_dps",
    "parse_channels",
    "resample_timestamps",
    "resample_windows",
    "to_site_axes",
    "warn_units",
]
