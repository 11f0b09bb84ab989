"""Figures, players and pages: data, sensors on a body, signals, learning curves, timelines."""

from __future__ import annotations

from ._comparison import ComparisonDisplay
from ._describe import Description, describe
from ._findings import Finding
from ._label_efficiency import LabelEfficiencyDisplay
from ._motion_display import MotionDisplay
from ._motion_player import MotionPlayer
from ._nouns_html import motion_html as motion_html
from ._nouns_html import recording_html as recording_html
from ._nouns_html import windows_html as windows_html
from ._page import write_page
from ._recording_display import RecordingDisplay
from ._report import report
from ._sensors import SensorsDisplay
from ._signals import SignalDisplay
from ._timeline import TimelineDisplay
from ._windows_display import WindowsDisplay

__all__ = [
    "ComparisonDisplay",
    "Description",
    "Finding",
    "LabelEfficiencyDisplay",
    "MotionDisplay",
    "MotionPlayer",
    "RecordingDisplay",
    "SensorsDisplay",
    "SignalDisplay",
    "TimelineDisplay",
    "WindowsDisplay",
    "describe",
    "report",
    "write_page",
]
