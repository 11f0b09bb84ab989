"""IMU recordings: samples with units, rates and channel names, and their windows."""

from __future__ import annotations

from .._channel_names import STANDARD_GRAVITY, UnitsWarning
from ._channels import SENSORS as SENSORS
from ._channels import channel_names, parse_channels, to_site_axes
from ._cutting import Cut, cut
from ._cutting import Item as Item
from ._fates import WindowFates as WindowFates
from ._fates import window_fates as window_fates
from ._recording import Recording
from ._recording import doubts_of as doubts_of
from ._recording import doubts_of_readings as doubts_of_readings
from ._resampling import resample_timestamps, resample_windows
from ._units import acc_from_g, gyro_from_dps, warn_units
from ._units import find_doubts as find_doubts
from ._units import segments as segments
from ._units import sites_in_doubt as sites_in_doubt

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
