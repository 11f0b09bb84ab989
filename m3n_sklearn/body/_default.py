"""The default body: joints and surface from an anthropometric survey, without any file."""

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
    """Return a body of average proportions.

    Segment lengths, breadths and girths are mean values of ANSUR II [1]_ by sex, relative to
    stature. Joint centers lie inside the surface landmarks, so that limb lengths agree with those
    between joint centers of de Leva [2]_. The body has SMPL's 24 joints. The rest pose is a
    T-pose with the pelvis at the origin.

    The surface consists of elliptic tubes with about 3000 vertices. It is accurate enough to place
    a sensor on the skin, but does not look like a person. Left and right are exact mirror images.
    The twist of the forearm's skin grows smoothly from its middle to the wrist.

    The body has no shape coefficients (``n_betas == 0``), so SMPL's betas do not apply to it. Its
    size is set by `stature`, its proportions by `sex`.

    Parameters
    ----------
    sex : {"neutral", "male", "female"}, default="neutral"
        Proportions. Neutral is the mean of male and female.
    stature : float or None, default=None
        Standing height in m. None is the mean of the survey for that sex: 1.756 m male, 1.629 m
        female, 1.692 m neutral.

    Returns
    -------
    BodyModel
        The body. Equal arguments may return the same object.

    Raises
    ------
    ValueError
        If `sex` is unknown, or `stature` is not between 0.4 m and 3 m.
    TypeError
        If `stature` is not a number.

    See Also
    --------
    read_body : Bodies of the SMPL family from files.
    body_from_mesh : Bodies from a skinned mesh.

    References
    ----------
    .. [1] C. C. Gordon et al., "2012 anthropometric survey of U.S. Army personnel: methods and
       summary statistics", Technical Report NATICK/TR-15/007, 2014.
    .. [2] P. de Leva, "Adjustments to Zatsiorsky-Seluyanov's segment inertia parameters", Journal
       of Biomechanics 29(9), 1996.

    Examples
    --------
    >>> from m3n_sklearn.body import default_body
    >>> body = default_body("female", stature=1.70)
    >>> body.n_joints, round(body.stature, 3)
    (24, 1.7)
    """
    if sex not in SEXES:
        raise ValueError(f"sex must be one of {list(SEXES)}, got {sex!r}.")
    if stature is None:
        stature = MEAN_STATURE[sex]
    if not is_number(stature):
        raise TypeError(f"stature must be a number of meters, got {type(stature).__name__}.")
    if not 0.4 <= stature <= 3.0:
        raise ValueError(
            f"stature must lie between 0.4 m and 3 m, got {stature!r}. Pass it in meters."
        )
    return _built(sex, float(stature))


@lru_cache(maxsize=16)  # bodies do not change, so people of one size can share one
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
