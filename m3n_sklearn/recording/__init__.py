"""IMU recordings: the samples, their units and rates, and cutting them into windows."""

from __future__ import annotations

from ._recording import Recording

__all__ = ["Recording"]
