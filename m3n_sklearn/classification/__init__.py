"""Classifiers of IMU windows."""

from __future__ import annotations

from ._classifier import Multi3NetClassifier
from .temporal import HMMClassifier

__all__ = ["HMMClassifier", "Multi3NetClassifier"]
