"""The body that needs no file: built from anthropometric tables, with a skinned surface."""

from __future__ import annotations

from ..motion.skeleton import SMPL_JOINTS, SMPL_PARENTS
from ._anthropometry import MEAN_STATURE, measures
from ._model import BodyModel
from ._skeleton import landmark_joints

__all__ = ["default_body"]


def default_body(sex: str = "neutral", stature: float | None = None) -> BodyModel:
    """Build a body."""
    m = measures(sex)
    H = MEAN_STATURE[sex] if stature is None else stature
    j = landmark_joints(m)
    return BodyModel(SMPL_JOINTS, SMPL_PARENTS, (j - j[0]) * H, stature=H)
