"""Classifiers of IMU windows."""

from __future__ import annotations

from ._classifier import Multi3NetClassifier
from ._conformal import ConformalSets, conformalize
from ._prediction import CROP as CROP
from ._prediction import fixed_turns as fixed_turns
from ._pretrained import only_length as only_length

__all__ = ["ConformalSets", "Multi3NetClassifier", "conformalize"]
