"""Bodies: joints and skin, their kinematics, and the sites of sensors."""

from __future__ import annotations

from ._default import default_body
from ._forward import PosedJoints, forward_kinematics, skin
from ._kinematics import BoneEnd as BoneEnd
from ._kinematics import JointMotion as JointMotion
from ._kinematics import Sensors as Sensors
from ._kinematics import SiteKinematics, site_kinematics
from ._kinematics import carry as carry
from ._model import BodyModel
from ._own import body_from_mesh, body_from_skeleton
from ._points import PointPlan as PointPlan
from ._points import Points as Points
from ._readers import body_from_smplx, read_body
from ._sites import Site, list_sites, resolve_sites

__all__ = [
    "BodyModel",
    "PosedJoints",
    "Site",
    "SiteKinematics",
    "body_from_mesh",
    "body_from_skeleton",
    "body_from_smplx",
    "default_body",
    "forward_kinematics",
    "list_sites",
    "read_body",
    "resolve_sites",
    "site_kinematics",
    "skin",
]
