"""The catalogue of named sites: position on a bone, direction to the skin, sensor axes."""

from __future__ import annotations

from types import MappingProxyType
from typing import NamedTuple

__all__ = ["CATALOGUE", "Placement"]

Vector = tuple[float, float, float]
LEFT, UP, FRONT = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)
RIGHT, DOWN, BACK = (-1.0, 0.0, 0.0), (0.0, -1.0, 0.0), (0.0, 0.0, -1.0)


class Placement(NamedTuple):
    """A site on any body with SMPL's joints; directions are those of the rest pose."""

    bone: str  # joint whose bone carries the sensor
    start: str  # joints between which the sensor lies, before it is moved outward to the skin
    end: str
    fraction: float  # of the way from start to end
    outward: Vector  # direction to the skin, the sensor's z axis
    up: Vector  # direction of the sensor's y axis
    radius: float  # distance of the skin, relative to stature, for bodies without a surface
    limb: bool = True  # whether outward is made perpendicular to the line from start to end
    # height above that line, relative to stature: skeletons differ in the distance of neck and head
    lift: float = 0.0


def _both(name: str, left: Placement) -> dict[str, Placement]:
    """Return a site and its mirror image: x is negated, joints are those of the other side."""

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
        # a watch: on the back of the forearm (up in the T-pose), 12 o'clock at the little finger
        **_both(
            "wrist", Placement("left_elbow", "left_elbow", "left_wrist", 0.88, UP, BACK, 0.015)
        ),
        # the same watch with its glass on the palm's side, 12 o'clock at the thumb
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
