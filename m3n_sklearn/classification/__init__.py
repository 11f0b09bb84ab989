"""Classifiers of IMU windows."""

from __future__ import annotations

from ._classifier import Multi3NetClassifier
from ._conformal import ConformalSets, conformalize
from ._foreign import ForeignEncoder
from ._foreign import is_foreign as is_foreign
from ._outputs import CROP as CROP
from ._outputs import fixed_turns as fixed_turns
from ._pretrained import only_length as only_length
from ._pretrained import read_pretrainer as read_pretrainer

__all__ = ["ConformalSets", "ForeignEncoder", "Multi3NetClassifier", "conformalize"]
