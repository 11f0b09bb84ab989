"""Temporal context: window probabilities along a recording become a path of activities."""

from __future__ import annotations

from ._hmm import HMMClassifier
from ._stretches import Rows as Rows
from ._stretches import join_rows as join_rows
from ._stretches import read_rows as read_rows

__all__ = ["HMMClassifier"]
