"""Temporal context: window probabilities along a recording become a path of activities."""

from __future__ import annotations

from ._hmm import HMMClassifier

__all__ = ["HMMClassifier"]
