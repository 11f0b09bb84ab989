"""The landmark network: what it returns for one region, in px and in m.

The network returns 39 landmarks of five numbers: x, y and z in px of its input, the logit of being
visible and that of being in the image; and 39 positions in m, in the axes of the region. The first
33 are those of the body. Landmarks 33 and 34 are the two points from which the next region follows.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .._typing import Array
from ._detector import region_between
from ._pose_model import Landmarks, Region

__all__ = ["INPUT", "jittered", "landmarks_of", "mean_landmarks"]

INPUT = 256
"""Width and height of the network's input in px."""

COUNT, ALL = 33, 39

MIN_PRESENCE = 0.5
"""Smallest probability that the region holds a person."""


class Jitter(NamedTuple):
    """A small change of a region: shifts and growth in shares of its size, turn in rad."""

    x: float
    y: float
    growth: float
    turn: float


JITTERS = (
    Jitter(0.0, 0.0, 0.0, 0.0),
    Jitter(0.02, -0.02, 0.04, 0.03),
    Jitter(-0.02, -0.02, -0.04, -0.03),
    Jitter(-0.02, 0.02, 0.04, -0.03),
    Jitter(0.02, 0.02, -0.04, 0.03),
    Jitter(0.0, 0.03, 0.08, 0.0),
    Jitter(0.03, 0.0, 0.0, -0.05),
    Jitter(-0.03, 0.0, 0.0, 0.05),
)
"""Changes of the region in each of `crops`; the first is none."""


def jittered(region: Region, crops: int) -> list[Region]:
    """Return a number of slightly different regions."""
    return [
        Region(
            region.x + region.size * change.x,
            region.y + region.size * change.y,
            region.size * (1 + change.growth),
            region.angle + change.turn,
            region.score,
        )
        for change in JITTERS[:crops]
    ]


def landmarks_of(screen: Array, presence: float, world: Array, region: Region) -> Landmarks | None:
    """Return landmarks from outputs (195,), a probability, and (117,) for a region."""
    if presence < MIN_PRESENCE:
        return None
    points = screen.reshape(ALL, 5).astype(np.float64)
    turn = np.array(
        [
            [np.cos(region.angle), -np.sin(region.angle)],
            [np.sin(region.angle), np.cos(region.angle)],
        ]
    )
    # 1. Px of the input to px of the image
    image = (points[:, :2] / INPUT - 0.5) * region.size @ turn.T + [region.x, region.y]
    # 2. Meters, turned back into the axes of the image
    places = world.reshape(ALL, 3)[:COUNT].astype(np.float64)
    places[:, :2] = places[:, :2] @ turn.T
    # 3. The network's visibility asks for both: in the image, and not hidden
    visibility = 1.0 / (1.0 + np.exp(-points[:COUNT, 3]))
    following = region_between(image[COUNT], image[COUNT + 1], float(presence))
    return Landmarks(places, image[:COUNT], visibility, following)


def mean_landmarks(all_of_them: list[Landmarks]) -> Landmarks:
    """Return the mean of several estimates of the same landmarks."""
    if len(all_of_them) == 1:
        return all_of_them[0]
    regions = [one.region for one in all_of_them if one.region is not None]
    x, y, size = (float(np.mean([getattr(r, n) for r in regions])) for n in ("x", "y", "size"))
    angle = np.angle(np.mean([np.exp(1j * r.angle) for r in regions]))
    return Landmarks(
        np.mean([one.world for one in all_of_them], axis=0),
        np.mean([one.image for one in all_of_them], axis=0),
        np.mean([one.visibility for one in all_of_them], axis=0),
        Region(x, y, size, float(angle), regions[0].score),
    )
