"""Data sets: readers of official files, and generators that need none."""

from __future__ import annotations

from .generators import WRIST_ACTIVITIES, make_motions, make_wrist_har
from .splits import Fold, cv_from_split
from .utd_mhad import load_utd_mhad, utd_split

__all__ = [
    "WRIST_ACTIVITIES",
    "Fold",
    "cv_from_split",
    "load_utd_mhad",
    "make_motions",
    "make_wrist_har",
    "utd_split",
]
