"""Readers of the result files of tools that estimate motion from video."""

from __future__ import annotations

from .gvhmr import read_gvhmr
from .humans4d import read_4dhumans
from .mediapipe import read_mediapipe
from .wham import read_wham

__all__ = ["read_4dhumans", "read_gvhmr", "read_mediapipe", "read_wham"]
