"""Figures: sensors on a body, signals, comparisons, learning curves, timelines."""

from __future__ import annotations

from ._comparison import ComparisonDisplay
from ._label_efficiency import LabelEfficiencyDisplay
from ._report import report
from ._sensors import SensorsDisplay
from ._signals import SignalDisplay
from ._timeline import TimelineDisplay

__all__ = [
    "ComparisonDisplay",
    "LabelEfficiencyDisplay",
    "SensorsDisplay",
    "SignalDisplay",
    "TimelineDisplay",
    "report",
]
