"""The body that needs no file: built from an anthropometric survey, with a skinned surface."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from .._anthropometry import MEAN_STATURE, SEXES, joint_centers, measures
from .._checks import is_number
from ..motion.skeleton import SMPL_JOINTS, SMPL_PARENTS
from ._model import BodyModel
from ._surface import skin_surface

__all__ = ["default_body"]


def default_body(sex: str = "neutral", stature: float | None = None) -> BodyModel:
    """Build a body of average proportions.

    Segment lengths, breadths and girths are mean values of ANSUR II [1]_ by sex, as fractions
    of stature; joint centres are moved inwards from the surface landmarks so that limb lengths
    agree with those between joint centres of de Leva [2]_. Joints and tree are SMPL's 24; the
    rest pose is the T-pose with the pelvis joint at the origin. The surface is made of
    elliptic tubes (about 3000 vertices): good enough to put a sensor on the skin, no likeness
    of a person. Left and right are exact mirror images. The forearm's twist grows smoothly
    from its middle to the wrist.

    The body has no shape coefficients (``n_betas == 0``): betas of SMPL mean nothing to it.
    Size is set by `stature`, proportions by `sex`.

    Parameters
    ----------
    sex : {"neutral", "male", "female"}, default="neutral"
        Proportions; neutral is the mean of male and female.
    stature : float or None, default=None
        Standing height in m; None is the survey's mean of that sex (1.756 m male, 1.629 m
        female, 1.692 m neutral).

    Returns
    -------
    BodyModel
        The body.

    Raises
    ------
    ValueError
        If `sex` is unknown, or `stature` is not between 0.4 m and 3 m.

    References
    ----------
    .. [1] C. C. Gordon et al., "2012 Anthropometric Survey of U.S. Army Personnel: Methods and
       Summary Statistics", Technical Report NATICK/TR-15/007, 2014.
    .. [2] P. de Leva, "Adjustments to Zatsiorsky-Seluyanov's segment inertia parameters",
       J. Biomechanics 29(9), 1996.

    Examples
    --------
    >>> body = default_body("female", stature=1.70)
    >>> body.n_joints, round(body.stature, 3)
    (24, 1.7)
    """
    if sex not in SEXES:
        raise ValueError(f"sex must be one of {list(SEXES)}, got {sex!r}.")
    if stature is None:
        stature = MEAN_STATURE[sex]
    if not is_number(stature):
        raise TypeError(f"stature must be a number of m, got {type(stature).__name__}.")
    if not 0.4 <= stature <= 3.0:
        raise ValueError(
            f"stature must lie between 0.4 m and 3 m, got {stature!r}. Give it in metres."
        )
    return _built(sex, float(stature))


@lru_cache(maxsize=16)  # a body never changes, and people of one size share it
def _built(sex: str, stature: float) -> BodyModel:
    dimensions = measures(sex)
    centers = joint_centers(dimensions)
    joints = np.array([centers[name] for name in SMPL_JOINTS])
    surface = skin_surface(dimensions, joints)
    return BodyModel(
        joint_names=SMPL_JOINTS,
        parents=SMPL_PARENTS,
        rest_joints=stature * (joints - joints[0]),
        vertices=stature * (surface.vertices - joints[0]),
        weights=surface.weights,
        faces=surface.faces,
        name=f"the default {sex} body",
    )
