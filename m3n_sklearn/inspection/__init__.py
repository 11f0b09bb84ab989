"""Figures: sensors on a body, signals, comparisons, learning curves, timelines."""

from __future__ import annotations

from ._comparison import ComparisonDisplay
from ._describe import Description, describe
from ._findings import Finding
from ._label_efficiency import LabelEfficiencyDisplay
from ._report import report
from ._sensors import SensorsDisplay
from ._signals import SignalDisplay
from ._timeline import TimelineDisplay

__all__ = [
    "ComparisonDisplay",
    "Description",
    "Finding",
    "LabelEfficiencyDisplay",
    "SensorsDisplay",
    "SignalDisplay",
    "TimelineDisplay",
    "describe",
    "report",
]
