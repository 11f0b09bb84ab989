"""Bodies: joints and skin, their kinematics, and the sites of sensors."""

from __future__ import annotations

from ._default import default_body
from ._files import read_body
from ._forward import PosedJoints, forward_kinematics
from ._kinematics import SiteKinematics, site_kinematics
from ._model import BodyModel
from ._own import body_from_mesh, body_from_skeleton
from ._sites import Site, list_sites, resolve_sites
from ._skin import skin
from ._smplx import body_from_smplx

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
