"""Body motion: the clip, its skeleton, and the ways it comes in."""

from __future__ import annotations

from ._motion import Motion
from .skeleton import MIRROR_JOINTS, SMPL_JOINTS, SMPL_PARENTS

__all__ = ["MIRROR_JOINTS", "SMPL_JOINTS", "SMPL_PARENTS", "Motion"]
