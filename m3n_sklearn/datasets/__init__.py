"""Data sets: generators."""

from __future__ import annotations

from .generators import WRIST_ACTIVITIES, make_motions, make_wrist_har

__all__ = ["WRIST_ACTIVITIES", "make_motions", "make_wrist_har"]
