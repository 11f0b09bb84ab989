"""Labels from IMU windows: the classifier and what it is made of."""

from __future__ import annotations

from ._classifier import Multi3NetClassifier
from .temporal import HMMClassifier

__all__ = ["HMMClassifier", "Multi3NetClassifier"]
