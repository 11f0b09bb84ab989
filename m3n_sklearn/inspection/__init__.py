"""Figures: sensors on a body, signals, comparisons, learning curves, timelines."""

from __future__ import annotations

from ._comparison import ComparisonDisplay
from ._label_efficiency import LabelEfficiencyDisplay
from ._motion_player import MotionPlayer
from ._page import write_page
from ._report import report
from ._sensors import SensorsDisplay
from ._signals import SignalDisplay
from ._timeline import TimelineDisplay

__all__ = [
    "ComparisonDisplay",
    "LabelEfficiencyDisplay",
    "MotionPlayer",
    "SensorsDisplay",
    "SignalDisplay",
    "TimelineDisplay",
    "report",
    "write_page",
]
