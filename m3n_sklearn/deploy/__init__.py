"""Exported models, which run without torch on windows, recordings and streams."""

from __future__ import annotations

from ._export import export
from ._runner import Runner, Table
from ._streaming import Prediction, StreamingClassifier

__all__ = ["Prediction", "Runner", "StreamingClassifier", "Table", "export"]
