"""Displays: what a sensor feels, and what few labels are worth."""

from __future__ import annotations

from ._label_efficiency import LabelEfficiencyDisplay
from ._signals import SignalDisplay

__all__ = ["LabelEfficiencyDisplay", "SignalDisplay"]
