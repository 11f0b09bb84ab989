"""Data sets: loaders of official files, and generators that need no file."""

from __future__ import annotations

from ._bunch import cv_from_split
from ._generators import WRIST_ACTIVITIES, make_motions, make_wrist_har
from ._mmfit import load_mmfit, mmfit_split
from ._openpack import (
    OPENPACK_RATE,
    load_openpack,
    openpack_split,
    openpack_world_acceleration,
    read_openpack_atr,
    read_openpack_seconds,
)
from ._sp_sw_har import load_sp_sw_har
from ._utd_mhad import load_utd_mhad, utd_split

__all__ = [
    "OPENPACK_RATE",
    "WRIST_ACTIVITIES",
    "cv_from_split",
    "load_mmfit",
    "load_openpack",
    "load_sp_sw_har",
    "load_utd_mhad",
    "make_motions",
    "make_wrist_har",
    "mmfit_split",
    "openpack_split",
    "openpack_world_acceleration",
    "read_openpack_atr",
    "read_openpack_seconds",
    "utd_split",
]
