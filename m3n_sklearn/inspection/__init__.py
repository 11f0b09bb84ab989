"""Displays: where sensors sit, what they feel, how true that is, and what few labels are worth."""

from __future__ import annotations

from ._comparison import ComparisonDisplay
from ._label_efficiency import LabelEfficiencyDisplay
from ._sensors import SensorsDisplay
from ._signals import SignalDisplay

__all__ = ["ComparisonDisplay", "LabelEfficiencyDisplay", "SensorsDisplay", "SignalDisplay"]
