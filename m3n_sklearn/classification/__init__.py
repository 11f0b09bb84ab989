"""Classifiers of IMU windows."""

from __future__ import annotations

from ._classifier import Multi3NetClassifier

__all__ = ["Multi3NetClassifier"]
