"""Which axis of a given world points up, as far as a body in it tells.

People stand or sit most of the time: then trunk and legs point along one axis of the world.
Someone who lies all the time looks like someone who stands in a world with another axis up; only
the height of the pelvis and the format's own convention speak against it.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._limbs import limbs_of
from .rotations import quat_rotate
from .worlds import to_z_up

__all__ = ["Stance", "find_up", "stance_of"]

Array = NDArray[np.float64]

MOST = 3000
"""Frames of a long motion that are looked at."""
AXES = ("x", "y", "z", "-x", "-y", "-z")
ALONG = np.cos(np.deg2rad(35.0))
"""Cosine of the angle within which a trunk stands along an axis."""
LEGS_ALONG = 0.4
"""Least cosine of the legs with that axis: those of people who stand or sit on chairs.

Of someone who bends forward the trunk alone is along another axis.
"""
UPRIGHT = 0.3
"""Mean cosine of trunk and legs with an axis below which nobody is upright, however bent."""
CONTRADICTED = 0.5
"""Cosine between two axes below which one contradicts the other."""
NECK = 0.5
"""Distance in m from pelvis to neck."""
SEEN_STANDING = 0.05
"""Least part of a clip in which someone is seen standing before lying down, or after."""
RISE = 0.3
"""Height in m by which the pelvis is higher then."""
CLEARER = 0.25
"""How much more upright a body is along another axis when the format's is in doubt."""
LYING = (0.02, 0.45)
"""Height in m of pelvis, neck and ankles of a person who lies on the floor."""
STRETCHED = 0.9
"""Least cosine between trunk and legs of a person who lies: not one who sits."""
STAYS = 0.4
"""Distance in m that the pelvis of a person who lies may move."""
STANDING = (0.5, 1.3)
"""Height in m of the pelvis of a person who stands on it or sits."""
ON_FLOOR = 0.2
"""Height in m of ankles that stand on the floor."""


@dataclass(frozen=True)
class Stance:
    """How a body stands in the given world."""

    trunk: Array  # (F, 3): unit vectors from the pelvis to the neck and from the ankles to the hips
    legs: Array  # (F, 3): unit vectors from the pelvis to the neck and from the ankles to the hips
    pelvis: Array  # (F, 3): where the pelvis is, in m
    ankles: Array  # (F, 3): where the middle of the ankles is, in m

    def axis(self) -> str | None:
        """Axis along which the body stands most of the time, if there is one."""
        return next((name for name in AXES if np.mean(self._stands(name)) > 0.5), None)

    def uprightness(self, up: str | ArrayLike) -> float:
        """Mean of the median cosines of trunk and legs with a direction."""
        return float(
            np.mean([np.median(part @ to_z_up(up)[2]) for part in (self.trunk, self.legs)])
        )

    def rise(self, up: str | ArrayLike) -> float:
        """Height in m of the pelvis in frames that stand along a direction, above the others."""
        # Someone who lies down, or gets up, in a clip may lie for the longer part of it.
        standing = self._stands(up)
        if not SEEN_STANDING < np.mean(standing) < 1:
            return 0.0
        heights = self.pelvis @ to_z_up(up)[2]
        return float(np.median(heights[standing]) - np.median(heights[~standing]))

    def _stands(self, up: str | ArrayLike) -> NDArray[np.bool_]:
        """Frames (F,) in which trunk and legs are along a direction."""
        high = to_z_up(up)[2]
        return np.asarray((self.trunk @ high > ALONG) & (self.legs @ high > LEGS_ALONG))

    def lies(self, usual: str, standing: str) -> bool:
        """Whether places fit a person who lies on the floor rather than one who stands."""
        # All of the body is stretched out low above the floor and the pelvis stays where it is;
        # and the ankles are not on a floor that the standing person would have.
        places = (self.pelvis, self.ankles, self.pelvis + NECK * self.trunk)
        lows = [float(np.median(place @ to_z_up(usual)[2])) for place in places]
        stays = np.ptp(np.quantile(self.pelvis, [0.05, 0.95], axis=0), axis=0).max() < STAYS
        high = to_z_up(standing)[2]
        stands = STANDING[0] < np.median(self.pelvis @ high) < STANDING[1]
        grounded = np.abs(np.median(self.ankles @ high)) < ON_FLOOR
        low = all(LYING[0] < height < LYING[1] for height in lows)
        stretched = np.median(np.sum(self.trunk * self.legs, axis=-1)) > STRETCHED
        return bool(low and stays and stretched and not (stands and grounded))


def stance_of(poses: Array, trans: Array) -> Stance:
    """Stance of a motion whose world is not yet turned, in so many of its frames."""
    every = max(len(poses) // MOST, 1)
    limbs, pelvis = limbs_of(poses[::every]), trans[::every]
    ankles = quat_rotate(limbs.pelvis, limbs.ankles.mean(axis=1))
    return Stance(limbs.trunk_in_world(), limbs.legs_in_world(), pelvis, pelvis + ankles)


def find_up(
    stance: Stance,
    up: str | ArrayLike,
    *,
    usual: str,
    camera: bool = False,
    stacklevel: int = 3,
) -> str | ArrayLike:
    """Choose the axis that points up, or check the given one."""
    axis = stance.axis()
    expected = usual if isinstance(up, str) and up == "auto" else up
    if stance.rise(expected) > max(RISE, 0.0 if axis is None else stance.rise(axis)):
        return expected  # who lies down and gets up shows where up is
    if not isinstance(up, str) or up != "auto":
        against = axis is not None and to_z_up(axis)[2] @ to_z_up(up)[2] < CONTRADICTED
        if against:
            _warn(
                f"The body stands along {axis} most of the time, but up={up!r} was given. Unless "
                f"the person lies, pass up={axis!r}, or up='auto'.",
                stacklevel,
            )
        return up
    if axis == usual:
        return usual
    if axis is None:
        best = max(map(stance.uprightness, AXES))
        if stance.uprightness(usual) < max(UPRIGHT, best - CLEARER):
            _warn(
                f"The body is upright along no axis most of the time, so its pose does not tell "
                f"which one points up. Took this format's up={usual!r}; pass up= to be sure.",
                stacklevel,
            )
        return usual
    opposite = to_z_up(axis)[2] @ to_z_up(usual)[2] < -CONTRADICTED
    if not opposite and (camera or stance.lies(usual, axis)):
        _warn(
            f"The body is stretched along {axis} most of the time: a person who lies, or who "
            f"stands while {axis} points up. Took this format's up={usual!r} for lying; pass "
            f"up={axis!r} if the person stands.",
            stacklevel,
        )
        return usual
    _warn(
        f"The body stands along {axis} most of the time, so up={axis!r} was taken instead of this "
        f"format's {usual!r}. Pass up={axis!r} to confirm, or up={usual!r} if the person lies.",
        stacklevel,
    )
    return axis


def _warn(message: str, stacklevel: int) -> None:
    warnings.warn(message, UserWarning, stacklevel=stacklevel + 1)
