"""Simulated against measured sensors: where they sit, and how they err."""

from __future__ import annotations

from ._calibration import Calibration, calibrate
from ._checks import Measured
from ._tracks import SensorTrack, SiteState, track_of_rigid_body, track_of_site

__all__ = [
    "Calibration",
    "Measured",
    "SensorTrack",
    "SiteState",
    "calibrate",
    "track_of_rigid_body",
    "track_of_site",
]
