"""Videos: files of one camera become motions, folders of them become sources of a corpus."""

from __future__ import annotations

from ._from_video import motion_from_video
from ._pose_model import Landmarks, PoseModel, Region

__all__ = [
    "Landmarks",
    "PoseModel",
    "Region",
    "motion_from_video",
]
