"""Videos: files of one camera become motions, folders of them become sources of a corpus."""

from __future__ import annotations

from ._corpus import corpus_source
from ._from_video import motion_from_video
from ._pose_model import Landmarks, PoseModel, Region

__all__ = [
    "Landmarks",
    "PoseModel",
    "Region",
    "corpus_source",
    "motion_from_video",
]
