"""The catalogue of named sites: where on which bone, which way out, which way up."""

from __future__ import annotations

from types import MappingProxyType
from typing import NamedTuple

__all__ = ["CATALOGUE", "Placement"]

Vector = tuple[float, float, float]
LEFT, UP, FRONT = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)
RIGHT, DOWN, BACK = (-1.0, 0.0, 0.0), (0.0, -1.0, 0.0), (0.0, 0.0, -1.0)


class Placement(NamedTuple):
    """A site in words that fit any body with SMPL's joints."""

    # The sensor lies `fraction` of the way from joint `start` to joint `end` and `lift` above
    # that, pushed `outward` to the skin. Its z axis points outward, its y axis along `up`.
    # Directions are those of the rest pose: x left, y up, z front; on a limb, outward is first
    # made perpendicular to it. Skeletons agree on limbs, but not on how far neck and head are
    # apart: what sits there is lifted by a share of the stature.

    bone: str
    start: str
    end: str
    fraction: float
    outward: Vector
    up: Vector
    radius: float  # skin from the line, by stature, for bodies without a surface
    limb: bool = True
    lift: float = 0.0  # by stature


def _both(name: str, left: Placement) -> dict[str, Placement]:
    """Add the mirror image: on the right, x is flipped and every joint is the other side's."""

    def flip(vector: Vector) -> Vector:
        return (-vector[0], vector[1], vector[2])

    right = left._replace(
        bone=left.bone.replace("left_", "right_"),
        start=left.start.replace("left_", "right_"),
        end=left.end.replace("left_", "right_"),
        outward=flip(left.outward),
        up=flip(left.up),
    )
    return {f"left_{name}": left, f"right_{name}": right}


CATALOGUE = MappingProxyType(
    {
        # a watch: on the back of the forearm (up in the T-pose), 12 o'clock to the little finger
        **_both(
            "wrist", Placement("left_elbow", "left_elbow", "left_wrist", 0.88, UP, BACK, 0.015)
        ),
        # the same watch with its glass on the palm's side, 12 o'clock to the thumb
        **_both(
            "wrist_volar",
            Placement("left_elbow", "left_elbow", "left_wrist", 0.88, DOWN, FRONT, 0.015),
        ),
        # outside of the shank, above the malleolus
        **_both("ankle", Placement("left_knee", "left_knee", "left_ankle", 0.88, LEFT, UP, 0.022)),
        # on the belt at the side
        **_both("hip", Placement("pelvis", "pelvis", "spine1", 0.3, LEFT, UP, 0.095, False)),
        # a telephone upright in the front trouser pocket
        **_both(
            "pocket", Placement("left_hip", "left_hip", "left_knee", 0.2, (0.5, 0, 1), UP, 0.056)
        ),
        "chest": Placement("spine3", "spine3", "neck", 0.2, FRONT, UP, 0.071, False),
        # on the forehead, as a headband
        "head": Placement("head", "neck", "head", 1.0, FRONT, UP, 0.066, False, 0.053),
        # an earbud, at the height of the ear canal
        **_both("ear", Placement("head", "neck", "head", 1.0, LEFT, UP, 0.043, False, 0.03)),
        # outside of the upper arm (up in the T-pose)
        **_both(
            "upper_arm",
            Placement("left_shoulder", "left_shoulder", "left_elbow", 0.5, UP, RIGHT, 0.027),
        ),
        **_both("thigh", Placement("left_hip", "left_hip", "left_knee", 0.5, FRONT, UP, 0.048)),
        # on the instep, y to the toes
        **_both("foot", Placement("left_ankle", "left_ankle", "left_foot", 0.5, UP, FRONT, 0.017)),
        "lower_back": Placement("pelvis", "pelvis", "spine1", 0.8, BACK, UP, 0.059, False),
    }
)
