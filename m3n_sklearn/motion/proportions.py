"""The joints of an average adult in the T-pose, and the stature that fits bone lengths."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from .._anthropometry import joint_centers, measures
from .skeleton import SMPL_JOINTS

__all__ = [
    "LIMB_SEGMENTS",
    "fitted_stature",
    "reference_joints",
    "segment_lengths",
    "stature_from_lengths",
    "warn_if_small",
]

Array = NDArray[np.float64]

GROWN = 1.4
"""Stature in m below which a warning says that the person is a child."""

LIMB_SEGMENTS: dict[str, tuple[str, str]] = {
    "upper arm": ("shoulder", "elbow"),
    "forearm": ("elbow", "wrist"),
    "thigh": ("hip", "knee"),
    "shin": ("knee", "ankle"),
}
"""The four segments of the limbs, each from one joint (of either side) to the next."""


def reference_joints(stature: float = 1.0) -> Array:
    """Joint centers of an average adult in SMPL's rest frame (x left, y up, z front).

    The pelvis is at the origin, and the unit is that of `stature`. The proportions are those of the
    neutral :func:`m3n_sklearn.body.default_body`.

    Examples
    --------
    >>> reference_joints(1.70)[4].round(3)  # the left knee
    array([ 0.088, -0.474,  0.008])
    """
    return stature * _unit_joints()


@cache
def _unit_joints() -> Array:
    """Joint centers of the neutral adult of stature 1, relative to the pelvis."""
    centers = joint_centers(measures("neutral"))
    joints = np.array([centers[name] for name in SMPL_JOINTS])
    # rounded, so that the last bits of the means do not reach retargeted motions
    return (joints - joints[0]).round(6)


def segment_lengths(joints: Mapping[str, Array]) -> dict[str, float]:
    """Median lengths of the limbs' segments over frames and sides, from positions by joint name.

    Examples
    --------
    >>> lengths = segment_lengths(dict(zip(SMPL_JOINTS, reference_joints(1.7))))
    >>> round(lengths["thigh"], 3)
    0.396
    """
    return {
        segment: float(
            np.median(
                [
                    np.linalg.norm(joints[f"{side}_{end}"] - joints[f"{side}_{start}"], axis=-1)
                    for side in ("left", "right")
                ]
            )
        )
        for segment, (start, end) in LIMB_SEGMENTS.items()
    }


def fitted_stature(lengths: Mapping[str, float]) -> float:
    """Height of an average adult with such limbs, in the unit of the lengths.

    It is the median over the segments of length / (length in a body of unit stature), so that one
    badly tracked segment does not matter.

    Examples
    --------
    >>> round(fitted_stature({"thigh": 40.0, "upper arm": 28.0}))
    172
    """
    unit = segment_lengths(dict(zip(SMPL_JOINTS, reference_joints(), strict=True)))
    return float(np.median([length / unit[segment] for segment, length in lengths.items()]))


def stature_from_lengths(
    lengths: Mapping[str, float], *, what: str = "skeleton", cure: str = ""
) -> float:
    """Estimate body height in m from the lengths of the limbs' segments, and check their unit.

    `what` names the source in the error message, and `cure` ends it.

    Examples
    --------
    >>> round(stature_from_lengths({"thigh": 0.40, "upper arm": 0.28}), 2)
    1.72
    """
    stature = fitted_stature(lengths)
    if 0.5 <= stature <= 2.5:
        return stature
    listed = ", ".join(f"{name} {length:.4g}" for name, length in lengths.items())
    for unit_name, factor in (("millimeters", 1e-3), ("centimeters", 1e-2), ("inches", 0.0254)):
        if 1.2 <= stature * factor <= 2.2:
            raise ValueError(
                f"The bones of the {what} ({listed}) belong to a person {stature:.4g} m tall, so "
                f"they seem to be in {unit_name}. Multiply the positions by {factor:g} to get "
                f"meters.{cure}"
            )
    raise ValueError(
        f"The bones of the {what} ({listed}) belong to a person {stature:.4g} m tall. Positions "
        f"and offsets must be in meters, of a human body. Check also the order of the joints.{cure}"
    )


def warn_if_small(statures: Sequence[float], cure: str, *, stacklevel: int = 3) -> None:
    """Warn once if people are as small as positions without a unit make them."""
    if min(statures) < GROWN:
        warnings.warn(
            f"The limbs belong to a person {min(statures):.3g} m tall: either a child, or lengths "
            "that are not in meters, such as those of poses lifted from images. Every acceleration "
            f"is proportional to them. {cure}",
            UserWarning,
            stacklevel=stacklevel,
        )
