"""IMU recordings: samples with units, rates and channel names, and their windows."""

from __future__ import annotations

from .._channel_names import STANDARD_GRAVITY, UnitsWarning
from ._channels import SENSORS as SENSORS
from ._channels import channel_names, parse_channels, to_site_axes
from ._cut_plan import Item as Item
from ._cutting import Cut, cut
from ._fates import WindowFates as WindowFates
from ._fates import window_fates as window_fates
from ._read_table import read_table
from ._recording import Recording
from ._recording import doubts_of as doubts_of
from ._recording import doubts_of_readings as doubts_of_readings
from ._resampling import resample_timestamps, resample_windows
from ._table_report import TableReport
from ._units import acc_from_g, gyro_from_dps, warn_units
from ._units import find_doubts as find_doubts
from ._units import segments as segments
from ._units import sites_in_doubt as sites_in_doubt
from ._write_table import write_table

__all__ = [
    "STANDARD_GRAVITY",
    "Cut",
    "Recording",
    "TableReport",
    "UnitsWarning",
    "acc_from_g",
    "channel_names",
    "cut",
    "gyro_from_dps",
    "parse_channels",
    "read_table",
    "resample_timestamps",
    "resample_windows",
    "to_site_axes",
    "warn_units",
    "write_table",
]
