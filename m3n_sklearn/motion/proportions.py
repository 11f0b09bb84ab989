"""Where an average adult's joints lie in the T-pose, and what bone lengths say about stature."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from .skeleton import MIRROR_JOINTS, SMPL_JOINTS

__all__ = ["LIMB_SEGMENTS", "reference_joints", "stature_from_lengths"]

Array = NDArray[np.float64]

_CENTRE_AND_LEFT: dict[str, tuple[float, float, float]] = {
    "pelvis": (0.0, 0.0, 0.0),
    "left_hip": (0.0519, -0.0459, 0.005),
    "spine1": (0.0, 0.0605, -0.01),
    "left_knee": (0.0519, -0.279, 0.005),
    "spine2": (0.0, 0.1233, -0.015),
    "left_ankle": (0.0519, -0.522, -0.01),
    "spine3": (0.0, 0.1653, -0.015),
    "left_foot": (0.0519, -0.55, 0.0522),
    "neck": (0.0, 0.2985, -0.015),
    "left_collar": (0.0254, 0.2458, -0.005),
    "head": (0.0, 0.3318, 0.0),
    "left_shoulder": (0.0922, 0.2381, -0.015),
    "left_elbow": (0.2545, 0.2381, -0.015),
    "left_wrist": (0.4049, 0.2381, -0.015),
    "left_hand": (0.4548, 0.2381, -0.015),
}
"""Joint centres in units of stature: the default body's (neutral), to four digits."""

LIMB_SEGMENTS: dict[str, tuple[str, str]] = {
    "upper arm": ("shoulder", "elbow"),
    "forearm": ("elbow", "wrist"),
    "thigh": ("hip", "knee"),
    "shin": ("knee", "ankle"),
}
"""The four segments of the limbs, each from one joint (of either side) to the next."""


def reference_joints(stature: float = 1.0) -> Array:
    """Joint centres of an average adult in SMPL's rest frame (x left, y up, z front).

    Parameters
    ----------
    stature : float, default=1.0
        Body height; the joints come in the same unit.

    Returns
    -------
    ndarray of shape (24, 3)
        Joints in SMPL's order, T-pose, the pelvis at the origin.

    Notes
    -----
    The proportions are those of :func:`m3n_sklearn.body.default_body`, which names the
    anthropometric survey that they come from.

    Examples
    --------
    >>> reference_joints(1.70)[4].round(3)  # the left knee
    array([ 0.088, -0.474,  0.008])
    """
    known = _CENTRE_AND_LEFT
    joints = [
        known[name]
        if name in known
        else np.multiply(known[SMPL_JOINTS[MIRROR_JOINTS[index]]], (-1, 1, 1))
        for index, name in enumerate(SMPL_JOINTS)
    ]
    return stature * np.array(joints, dtype=np.float64)


def stature_from_lengths(lengths: Mapping[str, float], *, what: str = "skeleton") -> float:
    """Estimate body height from the lengths of the limbs' segments.

    The median over the segments of length / (length in a body of unit stature), so that one
    badly tracked segment does not matter.

    Parameters
    ----------
    lengths : mapping of str to float
        Length in m of some of "upper arm", "forearm", "thigh", "shin".
    what : str, default="skeleton"
        Names the source in the error message.

    Returns
    -------
    float
        Stature in m.

    Raises
    ------
    ValueError
        If the lengths are no human's; millimetres, centimetres and inches are recognised.

    Examples
    --------
    >>> round(stature_from_lengths({"thigh": 0.40, "upper arm": 0.28}), 2)
    1.72
    """
    joints = dict(zip(SMPL_JOINTS, reference_joints(), strict=True))
    ratios = []
    for segment, length in lengths.items():
        start, end = LIMB_SEGMENTS[segment]
        unit = np.linalg.norm(joints[f"left_{end}"] - joints[f"left_{start}"])
        ratios.append(length / unit)
    stature = float(np.median(ratios))
    if 0.5 <= stature <= 2.5:
        return stature
    listed = ", ".join(f"{name} {length:.4g}" for name, length in lengths.items())
    for unit_name, factor in (("millimetres", 1e-3), ("centimetres", 1e-2), ("inches", 0.0254)):
        if 1.2 <= stature * factor <= 2.2:
            raise ValueError(
                f"The bones of this {what} ({listed}) belong to a person {stature:.4g} m tall: "
                f"these look like {unit_name}. Multiply the positions by {factor:g} to get metres."
            )
    raise ValueError(
        f"The bones of this {what} ({listed}) belong to a person {stature:.4g} m tall. Positions "
        "and offsets must be in metres, of a human body; check the order of the joints too."
    )
